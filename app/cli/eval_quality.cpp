// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval_options.h"
#include "values.h"

#include "evaluate/frechet_files.h"

#include <fmt/format.h>

namespace duodiff::cli
{
namespace
{

/// The same measurement at few points, or at many.
struct Variant {
    std::string name;  ///< of the command, and of its files
    std::string description;
    PointFallback fallback;
    std::string default_switch_steps;
    std::string default_thresholds;
    std::string example;
};

std::string point_text(const FrechetPoint& point)
{
    switch (point.at.policy) {
        case PolicyKind::duodiff:
            return fmt::format("DuoDiff, t_s {}", point.at.value);
        case PolicyKind::adadiff:
            return fmt::format("AdaDiff, theta {}", point.at.value);
        default:
            return "full";
    }
}

void print_report(std::ostream& out, const FrechetReport& report)
{
    out << fmt::format("{} ({} of them), {} images of {}\n", report.features, report.dimension,
                       grouped(report.data.images), one_line(report.data.path));
    if (report.classifier_accuracy) {
        out << fmt::format("The classifier is right about {:.1f} % of the test data.\n",
                           100.0 * *report.classifier_accuracy);
    }
    out << fmt::format(
        "Times on {} ({}), {} thread{}, {} images at once: median, fastest and slowest round\n",
        report.machine.device, report.machine.precision, report.machine.threads,
        report.machine.threads == 1 ? "" : "s", report.base.batch);
    out << fmt::format("\n{:<22} {:>8} {:>10} {:>19} {:>9} {:>9} {:>10}\n", "policy", "images", "s/image", "",
                       "blocks", "GFLOPs", "distance");
    for (const FrechetPoint& point : report.points) {
        out << fmt::format("{:<22} {:>8} {:>10.4f} {:>19} {:>7.1f} % {:>9.3f} {:>10.3f}\n", point_text(point),
                           grouped(point.images), point.seconds_an_image,
                           fmt::format("({:.4f}-{:.4f})", point.fastest_seconds, point.slowest_seconds),
                           100.0 * point.block_share, point.gflops_an_image, point.distance);
    }
    if (report.test_distance) {
        out << fmt::format("{:<22} {:>8} {:>10} {:>19} {:>9} {:>9} {:>10.3f}\n", "test data",
                           grouped(report.test_images), "", "", "", "", *report.test_distance);
    }
}

int quality_command(const Context& context, const Arguments& arguments, const Variant& variant)
{
    FrechetRequest request;
    request.fallback = variant.fallback;
    SettingsChanges changes;
    bool json = false;
    const auto parser = make_parser(variant.description +
                                        "\nAll points make the same images, part by part in turn. What is "
                                        "finished is kept in --out; the same\n"
                                        "command goes on from there after an interrupt.",
                                    "duodiff eval " + variant.name);
    add_model_options(*parser, request.source);
    add_data_options(*parser, request.examples.data, "Images that the model was trained on");
    add_test_data(*parser, request.examples.test_data);
    add_path(*parser, "--features", request.features, "FILE",
             "Inception weights (pt_inception-2015-12-05) or a classifier; default: a classifier that is\n"
             "trained on --data and kept in --out");
    add_out_folder(*parser, request.folder);
    add_run_options(*parser, changes);
    add_switch_steps(*parser, request.switch_steps, variant.default_switch_steps);
    add_thresholds(*parser, request.thresholds, variant.default_thresholds);
    add_checked(
        *parser, "--save-every", "N",
        "Images after which the state is saved, and the next point has its turn; default 512",
        [&](const std::string& text) { request.part = read_integer("--save-every", text, 1, 1'000'000); });
    parser->add_flag("--json", json, "Print the results as one JSON object");
    parser->footer(
        "By default: the bundled model pack, ddim with 50 steps, 5120 images of every policy, every class in "
        "turn.\n"
        "A distance of classifier features is no FID, and only distances of the same features and as many\n"
        "images can be compared.\n\n"
        "Example:\n  duodiff eval " +
        variant.name + " --data images/ " + variant.example + " --out results");
    if (const auto status = parse(*parser, context, arguments)) {
        return *status;
    }
    require_options(*parser, {"--data", "--out"});
    require_source(context, request.source);
    request.base = eval_settings(changes);

    context.hooks.watch_stop();
    EvalProgress progress(context);
    const FrechetReport report =
        context.hooks.evaluate_frechet(request, progress.callback(), context.hooks.stop);
    progress.end();
    write_frechet_files(report, request.folder, variant.name);
    if (json) {
        context.out << frechet_json(report);
        return 0;
    }
    print_report(context.out, report);
    const auto file = [&](const char* ending) { return variant.name + ending; };
    print_end(context.out, report.notes, request.folder,
              {file(".json"), file(".csv"), file(".svg"), file(".png")});
    return 0;
}

}  // namespace

int frechet_command(const Context& context, const Arguments& arguments)
{
    return quality_command(
        context, arguments,
        {.name = "frechet",
         .description =
             "Quality and time: the Fr\u00e9chet distance between the features of a model's images and of "
             "the "
             "data,\n"
             "and the measured time an image took, of the full network, of DuoDiff and of AdaDiff.",
         .fallback = PointFallback::own,
         .default_switch_steps = "the model's",
         .default_thresholds = "the model's",
         .example = "--switch-step 300 --threshold 0.03"});
}

int sweep_command(const Context& context, const Arguments& arguments)
{
    return quality_command(
        context, arguments,
        {.name = "sweep",
         .description =
             "Quality against time over t_s and theta: what eval frechet measures, at points over the whole "
             "range\n"
             "of DuoDiff and of AdaDiff, with the full network to compare with.",
         .fallback = PointFallback::spread,
         .default_switch_steps = "200,400,600,800",
         .default_thresholds = "four, over the model's useful range",
         .example = "--switch-step 200,300,500 --threshold 0.03,0.05"});
}

}  // namespace duodiff::cli
