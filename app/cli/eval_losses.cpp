// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval_options.h"
#include "values.h"

#include "evaluate/losses_files.h"

#include <fmt/format.h>

#include <cmath>

namespace duodiff::cli
{
namespace
{

constexpr int default_images = 1024;

/// Mean over all t.
double mean_error(const LossCurve& curve)
{
    double sum = 0.0;
    for (const LossCell& cell : curve.buckets) {
        sum += cell.mean;
    }
    return sum / static_cast<double>(curve.buckets.size());
}

std::string number_text(double value)
{
    return std::isfinite(value) ? fmt::format("{:.3f}", value) : std::string("-");
}

const ProbeCalibration* probe_of(const LossesReport& report, const LossCurve& curve)
{
    if (curve.network == NetworkRole::early_exit) {
        for (const ProbeCalibration& probe : report.calibration) {
            if (probe.layer == curve.layer) {
                return &probe;
            }
        }
    }
    return nullptr;
}

void print_report(std::ostream& out, const LossesReport& report)
{
    const std::size_t last = report.bucket_edges.size() - 1;
    out << fmt::format("Mean squared errors ({}), {} images of {}, the same noise for all\n\n",
                       report.parametrization, grouped(report.images), one_line(report.data.path));
    out << fmt::format(
        "{:<12} {:>6} {:>9} {:>13} {:>13} {:>9} {:>9} {:>10} {:>13}\n", "network", "blocks", "all t",
        fmt::format("t {}-{}", report.bucket_edges[last - 1], report.bucket_edges[last] - 1),
        fmt::format("t 0-{}", report.bucket_edges[1] - 1), "Pearson", "Spearman", "within t", "|u - error|");
    for (const LossCurve& curve : report.curves) {
        out << fmt::format("{:<12} {:>6} {:>9.5f} {:>13.5f} {:>13.5f}", to_string(curve.network), curve.layer,
                           mean_error(curve), curve.buckets.back().mean, curve.buckets.front().mean);
        if (const ProbeCalibration* probe = probe_of(report, curve)) {
            out << fmt::format(" {:>9} {:>9} {:>10} {:>13}", number_text(probe->pearson),
                               number_text(probe->spearman), number_text(probe->pearson_within_t),
                               number_text(probe->error));
        }
        out << '\n';
    }
}

}  // namespace

int losses_command(const Context& context, const Arguments& arguments)
{
    LossesRequest request;
    SettingsChanges changes;
    bool json = false;
    const auto parser = make_parser(
        "Errors of every layer by timestep: the mean squared error of each exit, of the shallow network and "
        "of\n"
        "the full one on the same noisy images; and how the probes' uncertainty goes with the true error. "
        "Every\n"
        "finished batch is kept in --out; the same command goes on from there after an interrupt.",
        "duodiff eval losses");
    add_model_options(*parser, request.source);
    add_data_options(*parser, request.data, "Images, better such that were not trained on (--split test)");
    add_out_folder(*parser, request.folder);
    add_image_options(*parser, changes);
    add_checked(*parser, "--buckets", "N", "Parts of 0..999 that t is drawn from in turn; default 20",
                [&](const std::string& text) { request.buckets = read_integer("--buckets", text, 1, 1000); });
    parser->add_flag("--json", json, "Print the results as one JSON object");
    parser->footer(
        "By default: the bundled model pack, 1024 images in batches of 64, each at one t of every bucket.\n\n"
        "Example:\n  duodiff eval losses --data images/ --split test --out results");
    if (const auto status = parse(*parser, context, arguments)) {
        return *status;
    }
    require_options(*parser, {"--data", "--out"});
    require_source(context, request.source);
    request.base = eval_settings();
    request.base.count = default_images;
    changes.apply(request.base);

    context.hooks.watch_stop();
    EvalProgress progress(context);
    const LossesReport report =
        context.hooks.evaluate_losses(request, progress.callback(), context.hooks.stop);
    progress.end();
    const std::vector<std::string> files = write_losses_files(report, request.folder);
    if (json) {
        context.out << losses_json(report);
    } else {
        print_report(context.out, report);
        print_end(context.out, report.notes, request.folder, files);
    }
    return 0;
}

}  // namespace duodiff::cli
