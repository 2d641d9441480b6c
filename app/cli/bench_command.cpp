// SPDX-License-Identifier: GPL-3.0-or-later
#include "command.h"
#include "progress_line.h"
#include "settings_options.h"
#include "values.h"

#include "report/atomic_file.h"
#include "report/report_numbers.h"
#include "report/run_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace duodiff::cli
{
namespace
{

std::string share_or_dash(double share)
{
    return std::isfinite(share) ? share_text(share) : "-";
}

void print_bench(std::ostream& out, const BenchReport& report)
{
    const SamplingSettings& base = report.request.base;
    out << fmt::format("{}: {} images, batch {}, {} {} steps, {} rounds; {}, {}, {} threads\n\n",
                       report.model.name, base.count, base.batch, base.steps, display_name(base.solver),
                       report.request.rounds, report.machine.device, report.machine.precision,
                       report.machine.threads);
    out << fmt::format("{:<26} {:>11} {:>9} {:>15} {:>13} {:>12}\n", "policy", "median ms", "ratio",
                       "blocks skipped", "became time", "exit layer");
    for (const BenchRow& row : report.rows) {
        out << fmt::format("{:<26} {:>11.0f} {:>9} {:>15} {:>13} {:>12}\n", row.name, row.median_ms,
                           factor_text(row.speedup), share_text(row.blocks_skipped),
                           share_or_dash(row.skipped_became_time), layer_text(row.mean_exit_layer));
    }
    out << "\nratio: the full network's time over this one's, median over the rounds. became time: the share "
           "of\n"
           "the skipped blocks that is missing from the wall time as well.\n";
}

nlohmann::json bench_json(const BenchReport& report)
{
    const MachineInfo& machine = report.machine;
    nlohmann::json json = {
        {"model",
         {{"name", report.model.name}, {"path", report.model.path}, {"sha256", report.model.sha256}}},
        {"machine",
         {{"cpu", machine.cpu},
          {"cores", machine.cores},
          {"threads", machine.threads},
          {"device", machine.device},
          {"precision", machine.precision},
          {"attention", machine.attention},
          {"os", machine.os},
          {"libtorch", machine.libtorch},
          {"program", machine.program},
          {"memory_bytes", machine.memory_bytes}}},
        {"settings", nlohmann::json::parse(settings_to_json(report.request.base))},
        {"rounds", report.request.rounds},
        {"rows", nlohmann::json::array()},
    };
    for (const BenchRow& row : report.rows) {
        nlohmann::json ledger;
        for (const auto& [name, ms] : row.ledger.parts()) {
            ledger[name] = ms;
        }
        ledger["other"] = row.ledger.other();
        ledger["wall"] = row.ledger.wall;
        json["rows"].push_back({{"name", row.name},
                                {"ms", row.ms},
                                {"median_ms", row.median_ms},
                                {"speedup", row.speedup},
                                {"blocks_skipped", row.blocks_skipped},
                                {"skipped_became_time", row.skipped_became_time},
                                {"mean_exit_layer", row.mean_exit_layer},
                                {"ledger", ledger}});
    }
    return json;
}

/// The model's own t_s and theta, and for each one that saves more.
void take_model_values(BenchRequest& request, const ModelInfo& info)
{
    if (request.switch_steps.empty()) {
        request.switch_steps = {info.switch_step_default, std::min(1000, info.switch_step_default + 200)};
    }
    if (request.thresholds.empty()) {
        request.thresholds = {info.threshold_default};
        if (info.threshold_maximum > info.threshold_default) {
            request.thresholds.push_back(0.5 * (info.threshold_default + info.threshold_maximum));
        }
    }
}

BenchRequest default_request()
{
    BenchRequest request;
    request.base.solver = SolverKind::ddim;
    request.base.count = 32;
    request.base.batch = 32;
    return request;
}

}  // namespace

int bench_command(const Context& context, const Arguments& arguments)
{
    BenchRequest request = default_request();
    SettingsChanges changes;
    std::string json_file;
    const auto parser = make_parser(
        "Time full, DuoDiff and AdaDiff against each other in one process, in turn, and show how much of\n"
        "the skipped work became time: (1 - time / full time) / (share of blocks skipped).",
        "duodiff bench");
    add_model_options(*parser, request.source);
    add_run_options(*parser, changes);
    add_checked(*parser, "--switch-step", "T_S,...", "Values of t_s to time; default: the model's and more",
                [&](const std::string& text) {
                    request.switch_steps = read_integers("--switch-step", text, 0, 1000);
                });
    add_checked(*parser, "--threshold", "THETA,...", "Values of theta to time; default: the model's and more",
                [&](const std::string& text) { request.thresholds = read_numbers("--threshold", text); });
    add_checked(*parser, "--rounds", "N", "How often each policy is timed; default 3",
                [&](const std::string& text) { request.rounds = read_integer("--rounds", text, 1, 1000); });
    CLI::Option* json =
        parser
            ->add_option("--json", json_file,
                         "Write one JSON object: to FILE, or instead of the table when no FILE "
                         "is given")
            ->type_name("[FILE]")
            ->expected(0, 1);
    parser->footer(
        "By default: the bundled model pack, ddim with 50 steps, 32 images at once.\n\n"
        "Example:\n  duodiff bench --switch-step 200,300 --threshold 0.08 --json bench.json");
    if (const auto status = parse(*parser, context, arguments)) {
        return *status;
    }
    if (request.source.model.empty()) {
        if (context.hooks.bundled_pack.empty()) {
            throw EngineError(ErrorCode::bad_file, "the bundled model pack was not found", {},
                              "Give a model with --model, or set DUODIFF_PACK_DIR to the pack's folder.");
        }
        request.source.model = context.hooks.bundled_pack;
    }
    changes.apply(request.base);
    if (!changes.given("--steps")) {
        request.base.steps = default_steps(request.base.solver);
    }
    require_model_files(request.source);
    const bool to_file = !json_file.empty() && json_file != "-";
    if (to_file) {
        require_writable_file("--json", json_file);
    }

    context.hooks.watch_stop();
    ProgressLine line(context.err, context.hooks.terminal);
    if (request.switch_steps.empty() || request.thresholds.empty()) {
        take_model_values(request, context.hooks.make_engine()->open(
                                       request.source, job_progress(context, line), context.hooks.stop));
    }
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
