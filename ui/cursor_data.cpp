// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/cursor_data.h"

#include <algorithm>
#include <cmath>

namespace duodiff::ui
{

namespace
{

struct Sums {
    int n = 0;
    double sum = 0.0;
    double squares = 0.0;
};

void readUncertainty(const RunRecord& record, const StepRecord& step, AtCursor& at)
{
    const std::size_t images = step.exit_layers.size();
    const auto probes = static_cast<std::size_t>(std::max(record.probes, 0));
    const bool complete = probes > 0 && step.uncertainty.size() == probes * images;
    const std::size_t rows = complete ? probes : step.mean_uncertainty.size();
    for (std::size_t row = 0; row < rows; ++row) {
        const std::size_t layer = row + static_cast<std::size_t>(record.model.first_probe_layer);
        if (layer >= at.layers.size()) {
            return;
        }
        LayerAtCursor& target = at.layers[layer];
        if (!complete) {
            target.mean = step.mean_uncertainty[row];
            continue;
        }
        const float* const values = step.uncertainty.data() + row * images;
        Sums sums;
        for (std::size_t image = 0; image < images; ++image) {
            const double u = values[image];
            if (!std::isnan(u)) {
                ++sums.n;
                sums.sum += u;
                sums.squares += u * u;
            }
        }
        target.asked = sums.n;
        if (sums.n > 0) {
            target.mean = sums.sum / sums.n;
            target.deviation = std::sqrt(std::max(sums.squares / sums.n - target.mean * target.mean, 0.0));
        }
        if (at.image && static_cast<std::size_t>(*at.image) < images) {
            target.own = values[static_cast<std::size_t>(*at.image)];
        }
    }
}

}  // namespace

bool AtCursor::hasUncertainty() const
{
    return std::any_of(layers.begin(), layers.end(),
                       [](const LayerAtCursor& layer) { return !std::isnan(layer.mean); });
}

std::optional<AtCursor> atCursor(const RunRecord& record, int step, std::optional<int> image)
{
    const auto found = std::lower_bound(record.steps.begin(), record.steps.end(), step,
                                        [](const StepRecord& one, int wanted) { return one.step < wanted; });
    if (found == record.steps.end() || found->step != step) {
        return std::nullopt;
    }
    const ExitStatistics statistics = exit_statistics(*found);
    if (statistics.n == 0) {
        return std::nullopt;
    }
    AtCursor at;
    at.step = step;
    at.steps = record.settings.steps;
    at.t = found->t;
    at.images = statistics.n;
    at.depth = std::max(record.model.depth, 0);
    at.network = found->network;
    at.mixed = found->mixed();
    at.policy = record.settings.policy;
    at.mean = statistics.mean;
    at.deviation = statistics.deviation;
    for (const double parameter : found->parameters) {
        if (std::isfinite(parameter)) {
            at.lowestParameter = std::fmin(at.lowestParameter, parameter);
            at.highestParameter = std::fmax(at.highestParameter, parameter);
        }
    }
    at.layers.resize(static_cast<std::size_t>(at.depth) + 1);
    for (int layer = 0; layer <= at.depth; ++layer) {
        at.layers[static_cast<std::size_t>(layer)].layer = layer;
    }
    for (const std::int16_t layer : found->exit_layers) {
        if (layer >= 0) {
            ++at.layers[static_cast<std::size_t>(std::min<int>(layer, at.depth))].leaving;
        }
    }
    if (image && *image >= 0 && static_cast<std::size_t>(*image) < found->exit_layers.size()) {
        at.image = image;
        at.imageExit = found->exit_layers[static_cast<std::size_t>(*image)];
    }
    readUncertainty(record, *found, at);
    return at;
}

}  // namespace duodiff::ui
