// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/training_curves.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <span>

namespace duodiff::ui
{

namespace
{

constexpr int scheduleSteps = 1000;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

QString tr(const char* text)
{
    return QCoreApplication::translate("TrainingCurves", text);
}

double place(std::size_t index, std::size_t count)
{
    return count > 1 ? static_cast<double>(index) / static_cast<double>(count - 1) : 0.5;
}

using Values = std::vector<double> TrainCurves::*;

/// A curve for each place of a list that every line has.
std::vector<Curve> curvesOf(const std::vector<TrainCurves>& log, Values values,
                            const std::function<QString(std::size_t, std::size_t)>& nameOf)
{
    std::size_t count = 0;
    for (const TrainCurves& line : log) {
        count = std::max(count, (line.*values).size());
    }
    std::vector<Curve> curves(count);
    for (std::size_t index = 0; index < count; ++index) {
        Curve& curve = curves[index];
        curve.name = nameOf(index, count);
        curve.shade = place(index, count);
        curve.x.reserve(static_cast<qsizetype>(log.size()));
        curve.y.reserve(static_cast<qsizetype>(log.size()));
        for (const TrainCurves& line : log) {
            curve.x << static_cast<double>(line.step);
            curve.y << (index < (line.*values).size() ? (line.*values)[index] : nan);
        }
    }
    return curves;
}

std::vector<Curve> byLayer(const std::vector<TrainCurves>& log, Values values, const std::vector<int>& layers)
{
    return curvesOf(log, values, [&](std::size_t index, std::size_t count) {
        return layers.size() == count ? tr("layer %1").arg(layers[index]) : tr("exit %1").arg(index + 1);
    });
}

/// u of the exits at a timestep
std::span<const float> rowOf(const TrainExitCurve& exits, std::size_t step)
{
    return std::span(exits.uncertainty).subspan(step * exits.layers.size(), exits.layers.size());
}

}  // namespace

std::vector<Curve> lossCurves(const std::vector<TrainCurves>& log)
{
    if (log.empty()) {
        return {};
    }
    Curve curve;
    curve.name = tr("loss");
    for (const TrainCurves& line : log) {
        curve.x << static_cast<double>(line.step);
        curve.y << line.loss;
    }
    return {curve};
}

std::vector<Curve> timestepCurves(const std::vector<TrainCurves>& log)
{
    return curvesOf(log, &TrainCurves::loss_by_timestep, [](std::size_t index, std::size_t count) {
        const auto edge = [count](std::size_t part) {
            return static_cast<int>(part * static_cast<std::size_t>(scheduleSteps) / count);
        };
        return tr("t %1–%2").arg(edge(index)).arg(edge(index + 1) - 1);
    });
}

std::vector<Curve> layerCurves(const std::vector<TrainCurves>& log, const std::vector<int>& layers)
{
    return byLayer(log, &TrainCurves::loss_by_layer, layers);
}

std::vector<Curve> errorCurves(const std::vector<TrainCurves>& log, const std::vector<int>& layers)
{
    return byLayer(log, &TrainCurves::uncertainty_error_by_layer, layers);
}

std::vector<Curve> uncertaintyCurves(const TrainExitCurve& exits)
{
    std::vector<Curve> curves;
    for (std::size_t probe = 0; probe < exits.layers.size(); ++probe) {
        Curve curve;
        curve.name = tr("layer %1").arg(exits.layers[probe]);
        curve.shade = place(probe, exits.layers.size());
        for (std::size_t step = 0; step < exits.timesteps.size(); ++step) {
            curve.x << exits.timesteps[step];
            curve.y << static_cast<double>(rowOf(exits, step)[probe]);
        }
        curves.push_back(std::move(curve));
    }
    return curves;
}

std::vector<Curve> exitLayerCurve(const TrainExitCurve& exits, double theta, int depth)
{
    if (exits.timesteps.empty() || exits.layers.empty()) {
        return {};
    }
    Curve curve;
    curve.name = tr("exit layer");
    for (std::size_t step = 0; step < exits.timesteps.size(); ++step) {
        const auto row = rowOf(exits, step);
        // As the engine compares: in single precision.
        const auto first =
            std::find_if(row.begin(), row.end(), [theta](float u) { return u <= static_cast<float>(theta); });
        curve.x << exits.timesteps[step];
        curve.y << (first == row.end() ? depth : exits.layers[static_cast<std::size_t>(first - row.begin())]);
    }
    return {curve};
}

double meanExitLayer(const TrainExitCurve& exits, double theta, int depth)
{
    const auto curves = exitLayerCurve(exits, theta, depth);
    if (curves.empty()) {
        return nan;
    }
    double sum = 0.0;
    for (const double layer : curves.front().y) {
        sum += layer;
    }
    return sum / static_cast<double>(curves.front().y.size());
}

double middleThreshold(const TrainExitCurve& exits)
{
    std::vector<float> known;
    std::copy_if(exits.uncertainty.begin(), exits.uncertainty.end(), std::back_inserter(known),
                 [](float u) { return std::isfinite(u); });
    if (known.empty()) {
        return 0.1;
    }
    const auto middle = known.begin() + static_cast<std::ptrdiff_t>(known.size() / 2);
    std::nth_element(known.begin(), middle, known.end());
    return static_cast<double>(*middle);
}

}  // namespace duodiff::ui
