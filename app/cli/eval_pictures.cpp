// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval_options.h"
#include "values.h"

#include "evaluate/grid_job.h"
#include "evaluate/maps_job.h"

#include <fmt/format.h>

namespace duodiff::cli
{
namespace
{

SamplingSettings few_images(const SettingsChanges& changes, int count)
{
    SamplingSettings settings = eval_settings(changes);
    if (!changes.given("--count")) {
        settings.count = count;
    }
    return settings;
}

constexpr int default_grid_images = 10;
constexpr int default_map_images = 2;

}  // namespace

int grid_command(const Context& context, const Arguments& arguments)
{
    GridRequest request;
    SettingsChanges changes;
    bool json = false;
    const auto parser = make_parser(
        "Pictures from the same noise under every policy: a row of images of the full network, of DuoDiff "
        "at\n"
        "every t_s and of AdaDiff at every theta. Every finished row is kept in --out; the same command goes "
        "on\n"
        "from there after an interrupt.",
        "duodiff eval grid");
    add_model_options(*parser, request.source);
    add_out_folder(*parser, request.folder);
    add_run_options(*parser, changes);
    add_switch_steps(*parser, request.switch_steps, "200,400,600,800");
    add_thresholds(*parser, request.thresholds, "four, over the model's useful range");
    parser->add_flag("--json", json, "Print the results as one JSON object");
    parser->footer(
        "By default: the bundled model pack, ddim with 50 steps, 10 images, every class in turn.\n\n"
        "Example:\n  duodiff eval grid --switch-step 300,600 --threshold 0.03,0.05 --out results");
    if (const auto status = parse(*parser, context, arguments)) {
        return *status;
    }
    require_options(*parser, {"--out"});
    require_source(context, request.source);
    request.base = few_images(changes, default_grid_images);

    context.hooks.watch_stop();
    EvalProgress progress(context);
    const auto engine = context.hooks.make_engine();
    const GridReport report = evaluate_grid(*engine, request, progress.callback(), context.hooks.stop);
    progress.end();
    write_grid_files(report, request.folder);
    if (json) {
        context.out << grid_json(report);
        return 0;
    }
    context.out << fmt::format("{:<16} {:>9} {:>18}\n", "row", "blocks", "from full (RMS)");
    for (const GridRow& row : report.rows) {
        context.out << fmt::format("{:<16} {:>7.1f} % {:>18.4f}\n", point_name(row.at),
                                   100.0 * row.block_share, row.difference);
    }
    print_end(context.out, report.notes, request.folder, {"grid.png", "grid.csv", "grid.json"});
    return 0;
}

int maps_command(const Context& context, const Arguments& arguments)
{
    MapsRequest request;
    SettingsChanges changes;
    bool json = false;
    const auto parser = make_parser(
        "Uncertainty maps: what the probe of every layer says of every patch, at several timesteps on the "
        "way\n"
        "that the full network takes an image. The attention probe says one number an image, so its models\n"
        "have no maps. Every finished image is kept in --out; the same command goes on from there.",
        "duodiff eval maps");
    add_model_options(*parser, request.source);
    add_out_folder(*parser, request.folder);
    add_run_options(*parser, changes);
    add_checked(*parser, "--columns", "N",
                "Timesteps that are looked at, the first and the last among them; "
                "default 10",
                [&](const std::string& text) { request.columns = read_integer("--columns", text, 1, 1000); });
    parser->add_flag("--json", json, "Print the results as one JSON object");
    parser->footer(
        "By default: the bundled model pack, ddim with 50 steps, 2 images, every class in turn.\n\n"
        "Example:\n  duodiff eval maps --seed 7 --count 1 --out results");
    if (const auto status = parse(*parser, context, arguments)) {
        return *status;
    }
    require_options(*parser, {"--out"});
    require_source(context, request.source);
    request.base = few_images(changes, default_map_images);

    context.hooks.watch_stop();
    EvalProgress progress(context);
    const auto engine = context.hooks.make_engine();
    const MapsReport report = evaluate_maps(*engine, request, progress.callback(), context.hooks.stop);
    progress.end();
    const std::vector<std::string> files = write_maps_files(report, request.folder);
    if (json) {
        context.out << maps_json(report);
        return 0;
    }
    context.out << fmt::format("{} image{}, {} layers, maps of {} x {}\n", report.images.size(),
                               report.images.size() == 1 ? "" : "s", report.layers.size(), report.map_height,
                               report.map_width);
    print_end(context.out, report.notes, request.folder, files);
    return 0;
}

}  // namespace duodiff::cli
