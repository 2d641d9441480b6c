// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench_text.h"
#include "command.h"
#include "progress_line.h"
#include "settings_options.h"
#include "values.h"

#include "report/atomic_file.h"

#include <nlohmann/json.hpp>

namespace duodiff::cli
{
namespace
{

BenchRequest default_request()
{
    BenchRequest request;
    request.base.solver = SolverKind::ddim;
    request.base.count = 32;
    request.base.batch = 32;
    request.switch_steps = {150, 300, 500};
    return request;
}

constexpr BenchPart all_parts[] = {BenchPart::steps, BenchPart::runs, BenchPart::loading,
                                   BenchPart::accuracy};
const std::vector<std::string> part_names = {"steps", "runs", "loading", "accuracy"};
const std::vector<std::string> shape_names = {"cifar10", "imagenet64", "imagenet256"};

std::vector<BenchPart> read_parts(const std::string& text)
{
    std::vector<BenchPart> parts;
    for (const std::string& name : split_list(text)) {
        parts.push_back(all_parts[read_choice_index("--part", name, part_names)]);
    }
    return parts;
}

std::vector<std::string> read_shapes(const std::string& text)
{
    if (lower_case(trimmed(text)) == "all") {
        return shape_names;
    }
    std::vector<std::string> shapes;
    for (const std::string& name : split_list(text)) {
        shapes.push_back(shape_names[read_choice_index("--shape", name, shape_names)]);
    }
    return shapes;
}

}  // namespace

int bench_command(const Context& context, const Arguments& arguments)
{
    BenchRequest request = default_request();
    SettingsChanges changes;
    std::string json_file;
    const auto parser = make_parser(
        "Time this machine: single steps against plain LibTorch, whole runs of DuoDiff and AdaDiff against "
        "the full\n"
        "network, loading, and bf16 and int8 against fp32. What is compared is measured in one process, in "
        "turn.",
        "duodiff bench");
    add_model_options(*parser, request.source);
    add_run_options(*parser, changes);
    add_checked(*parser, "--switch-step", "T_S,...", "Values of t_s to time; default 150,300,500",
                [&](const std::string& text) {
                    request.switch_steps = read_integers("--switch-step", text, 0, 1000);
                });
    add_checked(*parser, "--threshold", "THETA,...",
                "Values of theta to time; default: those that skip about 25, 50 and 75 % of the blocks",
                [&](const std::string& text) { request.thresholds = read_numbers("--threshold", text); });
    add_checked(*parser, "--rounds", "N", "How often each is timed; default 5",
                [&](const std::string& text) { request.rounds = read_integer("--rounds", text, 1, 1000); });
    add_checked(*parser, "--part", "NAME,...", "steps, runs, loading, accuracy; default: all of them",
                [&](const std::string& text) { request.parts = read_parts(text); });
    add_checked(*parser, "--shape", "NAME,...",
                "Standard shapes with random weights, too: cifar10, imagenet64, imagenet256, all",
                [&](const std::string& text) { request.shapes = read_shapes(text); });
    add_checked(
        *parser, "--shape-steps", "N", "Solver steps of their whole runs; default 8",
        [&](const std::string& text) { request.shape_steps = read_integer("--shape-steps", text, 1, 1000); });
    bool only_shapes = false;
    parser->add_flag("--only-shapes", only_shapes, "The shapes alone, no model");
    add_checked(
        *parser, "--step-batch", "N,...", "Batches of the single steps; default 1,4,16,64",
        [&](const std::string& text) { request.batches = read_integers("--step-batch", text, 1, 4096); });
    CLI::Option* json =
        parser
            ->add_option("--json", json_file,
                         "Write one JSON object: to FILE, or instead of the table when no FILE "
                         "is given")
            ->type_name("[FILE]")
            ->expected(0, 1);
    parser->footer(
        "By default: the bundled model pack, ddim with 50 steps, 32 images at once.\n\n"
        "Examples:\n  duodiff bench --part runs --switch-step 200,300 --threshold 0.03 --json bench.json\n"
        "  duodiff bench --part steps,runs --shape cifar10 --only-shapes");
    if (const auto status = parse(*parser, context, arguments)) {
        return *status;
    }
    if (only_shapes && (request.shapes.empty() || !request.source.model.empty())) {
        throw EngineError(ErrorCode::usage,
                          request.shapes.empty() ? "there is no shape to measure" : "contradicts --model",
                          "--only-shapes", request.shapes.empty() ? "Name some with --shape." : "");
    }
    if (request.source.model.empty() && !only_shapes) {
        request.source.model = require_bundled_pack(context);
    }
    changes.apply(request.base);
    if (!changes.given("--steps")) {
        request.base.steps = default_steps(request.base.solver);
    }
    if (!only_shapes) {
        require_model_files(request.source);
    }
    const bool to_file = !json_file.empty() && json_file != "-";
    if (to_file) {
        require_writable_file("--json", json_file);
    }

    context.hooks.watch_stop();
    ProgressLine line(context.err, context.hooks.terminal);
    const BenchReport report = context.hooks.bench(request, job_progress(context, line), context.hooks.stop);
    line.end();
    if (to_file) {
        write_file_atomically(json_file, json_text(bench_json(report)) + "\n");
    }
    if (json->count() > 0 && !to_file) {
        print_json(context.out, bench_json(report));
    } else {
        print_bench(context.out, report);
    }
    return 0;
}

}  // namespace duodiff::cli
