// SPDX-License-Identifier: MIT
#include "evaluate/trend_files.h"

#include "evaluate/result_files.h"
#include "report/atomic_file.h"

#include <fmt/format.h>

namespace duodiff
{
namespace
{

ResultJson transition_json(const std::optional<TrendTransition>& transition)
{
    if (!transition) {
        return {};
    }
    ResultJson json = {{"t", transition->t},
                       {"step", transition->at.index},
                       {"level_before", transition->at.level_before},
                       {"level_after", transition->at.level_after},
                       {"explained", transition->at.explained},
                       {"switch_step", nullptr}};
    if (transition->switch_step) {
        json["switch_step"] = *transition->switch_step;
    }
    return json;
}

ResultJson curve_json(const TrendCurve& curve)
{
    ResultJson steps = ResultJson::array();
    for (std::size_t i = 0; i < curve.exits.left.size(); ++i) {
        const auto& left = curve.exits.left[i];
        steps.push_back({{"t", curve.exits.timesteps[i]},
                         {"mean_exit_layer", mean_layer(left)},
                         {"deviation", layer_deviation(left)},
                         {"left", left}});
    }
    return {{"threshold", curve.threshold},
            {"images", curve.exits.images},
            {"block_share", curve.block_share},
            {"gflops_per_image", finite_or_null(curve.gflops_an_image)},
            {"phase_transition", transition_json(curve.transition)},
            {"steps", steps}};
}

std::string summary_csv(const TrendReport& report)
{
    std::string text =
        "threshold,images,block_share,gflops_per_image,transition_t,level_before,level_after,switch_step\n";
    for (const TrendCurve& curve : report.curves) {
        text += fmt::format("{},{},{},{},", curve.threshold, curve.exits.images, field(curve.block_share),
                            field(curve.gflops_an_image));
        if (curve.transition) {
            text += fmt::format("{},{},{},", curve.transition->t, field(curve.transition->at.level_before),
                                field(curve.transition->at.level_after));
            text += curve.transition->switch_step ? std::to_string(*curve.transition->switch_step) : "";
        } else {
            text += ",,,";
        }
        text += '\n';
    }
    return text;
}

std::string curve_csv(const TrendCurve& curve)
{
    std::string text = "step,t,images,mean_exit_layer,deviation";
    for (std::size_t layer = 0; layer < curve.exits.left.front().size(); ++layer) {
        text += fmt::format(",left_at_{}", layer);
    }
    text += '\n';
    for (std::size_t i = 0; i < curve.exits.left.size(); ++i) {
        const auto& left = curve.exits.left[i];
        text += fmt::format("{},{},{},{},{}", i, curve.exits.timesteps[i], curve.exits.images,
                            field(mean_layer(left)), field(layer_deviation(left)));
        for (const std::int64_t images : left) {
            text += fmt::format(",{}", images);
        }
        text += '\n';
    }
    return text;
}

CurvePlot plot_of(const TrendReport& report)
{
    CurvePlot plot;
    plot.title = fmt::format("Mean exit layer and one standard deviation, {} images a threshold, {} {} steps",
                             report.base.count, report.base.steps, display_name(report.base.solver));
    plot.x_label = "timestep t";
    plot.y_label = "blocks run";
    plot.x_falls = true;
    plot.y_from_zero = true;
    for (const TrendCurve& curve : report.curves) {
        Curve drawn{
            .name = fmt::format("\u03b8 = {}", curve.threshold), .points = {}, .marks = false, .line = true};
        for (std::size_t i = 0; i < curve.exits.left.size(); ++i) {
            const bool jumps = curve.transition && curve.transition->at.index == i;
            drawn.points.push_back({.x = static_cast<double>(curve.exits.timesteps[i]),
                                    .y = mean_layer(curve.exits.left[i]),
                                    .label = jumps ? fmt::format("t {}", curve.transition->t) : std::string(),
                                    .spread = layer_deviation(curve.exits.left[i])});
        }
        plot.curves.push_back(std::move(drawn));
    }
    return plot;
}

}  // namespace

std::string trend_json(const TrendReport& report)
{
    ResultJson curves = ResultJson::array();
    for (const TrendCurve& curve : report.curves) {
        curves.push_back(curve_json(curve));
    }
    return result_text({{"what", "exit layers of AdaDiff by timestep"},
                        {"depth", report.model.depth},
                        {"model", model_json(report.model)},
                        {"settings", settings_json(report.base)},
                        {"machine", machine_json(report.machine)},
                        {"curves", curves},
                        {"notes", report.notes}});
}

void write_trend_files(const TrendReport& report, const std::filesystem::path& folder)
{
    for (const TrendCurve& curve : report.curves) {
        write_file_atomically(folder / fmt::format("trend-{}.csv", curve.threshold), curve_csv(curve));
    }
    write_file_atomically(folder / "trend.csv", summary_csv(report));
    write_plot(folder, "trend", plot_of(report));
    write_file_atomically(folder / "trend.json", trend_json(report));
}

}  // namespace duodiff
