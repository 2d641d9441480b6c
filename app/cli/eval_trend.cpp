// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval_options.h"

#include "evaluate/trend_files.h"

#include <fmt/format.h>

namespace duodiff::cli
{
namespace
{

std::string transition_text(const TrendCurve& curve)
{
    if (!curve.transition) {
        return "none found";
    }
    const TrendTransition& found = *curve.transition;
    std::string text = fmt::format("t {}, from {:.1f} to {:.1f} blocks", found.t, found.at.level_before,
                                   found.at.level_after);
    if (found.switch_step) {
        text += fmt::format(", as t_s {}", *found.switch_step);
    }
    return text;
}

void print_report(std::ostream& out, const TrendReport& report)
{
    out << fmt::format("Exit layers of {} blocks, {} images a theta, {} steps of {}\n\n", report.model.depth,
                       grouped(report.base.count), report.base.steps, to_string(report.base.solver));
    out << fmt::format("{:>8} {:>9} {:>13}  {}\n", "theta", "blocks", "GFLOPs/image", "phase transition");
    for (const TrendCurve& curve : report.curves) {
        out << fmt::format("{:>8} {:>7.1f} % {:>13.3f}  {}\n", curve.threshold, 100.0 * curve.block_share,
                           curve.gflops_an_image, transition_text(curve));
    }
}

}  // namespace

int trend_command(const Context& context, const Arguments& arguments)
{
    TrendRequest request;
    SettingsChanges changes;
    bool json = false;
    const auto parser = make_parser(
        "Where AdaDiff's images leave: mean and standard deviation of the exit layer at every timestep, for\n"
        "several theta, and the phase transition in it. Every finished batch is kept in --out; the same\n"
        "command goes on from there after an interrupt.",
        "duodiff eval trend");
    add_model_options(*parser, request.source);
    add_out_folder(*parser, request.folder);
    add_run_options(*parser, changes);
    add_thresholds(*parser, request.thresholds, "five, over the model's useful range");
    parser->add_flag("--json", json, "Print the results as one JSON object");
    parser->footer(
        "By default: the bundled model pack, ddim with 50 steps, 5120 images of every theta, every class in "
        "turn.\n\n"
        "Example:\n  duodiff eval trend --threshold 0.02,0.03,0.05 --out results");
    if (const auto status = parse(*parser, context, arguments)) {
        return *status;
    }
    require_options(*parser, {"--out"});
    require_source(context, request.source);
    request.base = eval_settings(changes);

    context.hooks.watch_stop();
    EvalProgress progress(context);
    const auto engine = context.hooks.make_engine();
    const TrendReport report = evaluate_trend(*engine, request, progress.callback(), context.hooks.stop);
    progress.end();
    write_trend_files(report, request.folder);
    if (json) {
        context.out << trend_json(report);
    } else {
        print_report(context.out, report);
        print_end(context.out, report.notes, request.folder,
                  {"trend.json", "trend.csv", "trend-THETA.csv", "trend.svg", "trend.png"});
    }
    return 0;
}

}  // namespace duodiff::cli
