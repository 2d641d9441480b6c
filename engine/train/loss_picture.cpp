// SPDX-License-Identifier: MIT
#include "train/loss_picture.h"

#include "report/curve_plot.h"

#include <fmt/format.h>

#include <functional>
#include <limits>
#include <set>

namespace duodiff
{
namespace
{

constexpr std::size_t enough_lines = 20;

Curve curve_of(const std::vector<LogLine>& log, std::int64_t from, std::string name,
               const std::function<double(const LogLine&)>& value)
{
    Curve curve{.name = std::move(name), .points = {}, .marks = false};
    for (const LogLine& line : log) {
        if (line.step >= from) {
            curve.points.push_back({.x = static_cast<double>(line.step), .y = value(line)});
        }
    }
    return curve;
}

}  // namespace

std::string loss_picture(const std::vector<LogLine>& log, const std::string& title)
{
    CurvePlot plot{.title = title, .x_label = "step", .y_label = "loss", .curves = {}};
    const std::int64_t from = log.size() > enough_lines ? log.back().step / 20 : 0;
    const std::size_t layers = log.empty() ? 0 : log.back().loss_by_layer.size();
    if (layers == 0) {
        plot.curves.push_back(curve_of(log, from, "loss", [](const LogLine& line) { return line.loss; }));
        return curve_plot_svg(plot);
    }
    plot.y_label = "mean squared error";
    for (const std::size_t layer : std::set<std::size_t>{0, layers / 2, layers - 1}) {
        plot.curves.push_back(curve_of(
            log, from, fmt::format("exit {} of {}", layer + 1, layers), [layer](const LogLine& line) {
                return layer < line.loss_by_layer.size() ? line.loss_by_layer[layer]
                                                         : std::numeric_limits<double>::quiet_NaN();
            }));
    }
    return curve_plot_svg(plot);
}

}  // namespace duodiff
