// SPDX-License-Identifier: GPL-3.0-or-later
#include "command.h"
#include "progress_line.h"
#include "settings_options.h"
#include "values.h"

#include "evaluate/frechet_files.h"

#include <fmt/format.h>

namespace duodiff::cli
{
namespace
{

constexpr DataSettings::Format data_formats[] = {DataSettings::Format::automatic,
                                                 DataSettings::Format::image_folder,
                                                 DataSettings::Format::cifar10, DataSettings::Format::idx};
const std::vector<std::string> format_names = {"auto", "folder", "cifar10", "idx"};
const std::vector<std::string> split_names = {"train", "test"};

SamplingSettings default_settings()
{
    SamplingSettings settings;
    settings.solver = SolverKind::ddim;
    settings.count = 5120;
    settings.batch = 64;
    return settings;
}

void add_path(CLI::App& parser, const std::string& option, std::filesystem::path& path,
              const std::string& value_name, const std::string& description)
{
    add_checked(parser, option, value_name, description, [&path, option](const std::string& text) {
        if (text.empty()) {
            throw EngineError(ErrorCode::usage, "the path is empty", option);
        }
        path = text;
    });
}

void add_data_options(CLI::App& parser, FrechetRequest& request)
{
    add_path(
        parser, "--data", request.data.path, "PATH",
        "Images that the model was trained on: a folder of images, CIFAR-10's binary files, or IDX files");
    add_path(parser, "--test-data", request.test_data, "PATH",
             "Images that it was not trained on; default: the other part of --data, where it has one");
    add_checked(parser, "--format", "NAME", "auto (default), folder, cifar10, idx: what --data is",
                [&](const std::string& text) {
                    request.data.format = data_formats[read_choice_index("--format", text, format_names)];
                });
    add_checked(parser, "--split", "NAME",
                "train (default) or test: the part of --data that images are compared with",
                [&](const std::string& text) {
                    request.data.split = read_choice_index("--split", text, split_names) == 0
                                             ? DataSettings::Split::train
                                             : DataSettings::Split::test;
                });
    parser.add_flag("--strict", request.data.strict, "A file of the data that cannot be used is an error");
    add_path(parser, "--features", request.features, "FILE",
             "Inception weights (pt_inception-2015-12-05) or a classifier; default: a classifier that is\n"
             "trained on --data and kept in --out");
}

std::string point_text(const FrechetPoint& point)
{
    switch (point.policy) {
        case PolicyKind::duodiff:
            return fmt::format("DuoDiff, t_s {}", point.value);
        case PolicyKind::adadiff:
            return fmt::format("AdaDiff, theta {}", point.value);
        default:
            return "full";
    }
}

void print_report(std::ostream& out, const FrechetReport& report, const std::filesystem::path& folder)
{
    out << fmt::format("{} ({} of them), {} images of {}\n", report.features, report.dimension,
                       grouped(report.data_images), one_line(report.data_path));
    if (report.classifier_accuracy) {
        out << fmt::format("The classifier is right about {:.1f} % of the test data.\n",
                           100.0 * *report.classifier_accuracy);
    }
    out << fmt::format("\n{:<22} {:>8} {:>10} {:>9} {:>10}\n", "policy", "images", "s/image", "blocks",
                       "distance");
    for (const FrechetPoint& point : report.points) {
        out << fmt::format("{:<22} {:>8} {:>10.4f} {:>7.1f} % {:>10.3f}\n", point_text(point),
                           grouped(point.images), point.seconds_an_image, 100.0 * point.block_share,
                           point.distance);
    }
    if (report.test_distance) {
        out << fmt::format("{:<22} {:>8} {:>10} {:>9} {:>10.3f}\n", "test data", grouped(report.test_images),
                           "", "", *report.test_distance);
    }
    out << '\n';
    for (const std::string& note : report.notes) {
        out << "note: " << one_line(note) << '\n';
    }
    out << fmt::format("Written to {}: frechet.json, frechet.csv, frechet.svg, frechet.png\n",
                       folder.string());
}

int frechet_command(const Context& context, const Arguments& arguments)
{
    FrechetRequest request;
    request.base = default_settings();
    SettingsChanges changes;
    bool json = false;
    const auto parser = make_parser(
        "Quality against time: the Fr\u00e9chet distance between the features of a model's images and of the "
        "data,\n"
        "and the measured time an image took, of the full network, of DuoDiff and of AdaDiff. What is "
        "finished\n"
        "is kept in --out; the same command goes on from there after an interrupt.",
        "duodiff eval frechet");
    add_model_options(*parser, request.source);
    add_data_options(*parser, request);
    add_path(*parser, "--out", request.folder, "DIR",
             "Folder for the results, and for what an interrupted run needs");
    add_run_options(*parser, changes);
    add_checked(*parser, "--switch-step", "T_S,...", "Values of t_s for DuoDiff; default: the model's",
                [&](const std::string& text) {
                    request.switch_steps = read_integers("--switch-step", text, 0, 1000);
                });
    add_checked(*parser, "--threshold", "THETA,...", "Values of theta for AdaDiff; default: the model's",
                [&](const std::string& text) { request.thresholds = read_numbers("--threshold", text); });
    add_checked(
        *parser, "--save-every", "N", "Images after which the state is saved; default 500",
        [&](const std::string& text) { request.part = read_integer("--save-every", text, 1, 1'000'000); });
    parser->add_flag("--json", json, "Print the results as one JSON object");
    parser->footer(
        "By default: the bundled model pack, ddim with 50 steps, 5120 images of every policy, every class in "
        "turn.\n"
        "A distance of classifier features is no FID, and only distances of the same features and as many\n"
        "images can be compared.\n\n"
        "Example:\n  duodiff eval frechet --data images/ --switch-step 200,300,500 --threshold 0.06,0.08 "
        "--out results");
    if (const auto status = parse(*parser, context, arguments)) {
        return *status;
    }
    require_options(*parser, {"--data", "--out"});
    if (request.source.model.empty()) {
        request.source.model = require_bundled_pack(context);
    }
    changes.apply(request.base);
    if (!changes.given("--steps")) {
        request.base.steps = default_steps(request.base.solver);
    }
    require_model_files(request.source);

    context.hooks.watch_stop();
    ProgressLine line(context.err, context.hooks.terminal);
    const FrechetReport report =
        context.hooks.evaluate_frechet(request, job_progress(context, line), context.hooks.stop);
    line.end();
    write_frechet_files(report, request.folder);
    if (json) {
        context.out << frechet_json(report);
    } else {
        print_report(context.out, report, request.folder);
    }
    return 0;
}

constexpr const char* overview =
    "Measure the quality of a model's images.\n\nUsage: duodiff eval MEASUREMENT [options]\n\nMeasurements:\n"
    "  frechet  Fr\u00e9chet distance of features against time, for the full network, DuoDiff and AdaDiff\n"
    "\n'duodiff eval MEASUREMENT --help' explains its options.\n";

}  // namespace

int eval_command(const Context& context, const Arguments& arguments)
{
    if (arguments.empty()) {
        throw EngineError(ErrorCode::usage, "a measurement is missing: frechet");
    }
    const std::string& name = arguments.front();
    if (name == "-h" || name == "--help") {
        context.out << overview;
        return 0;
    }
    if (name != "frechet") {
        throw EngineError(ErrorCode::usage, fmt::format("there is no measurement '{}'", one_line(name)), {},
                          did_you_mean(name, {"frechet"}));
    }
    return frechet_command(context, Arguments(arguments.begin() + 1, arguments.end()));
}

}  // namespace duodiff::cli
