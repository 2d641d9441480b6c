// SPDX-License-Identifier: MIT
#include "stream/expected_steps.h"

#include "stream/step_plan.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>

namespace duodiff
{

namespace
{

bool had_one_threshold(const RunRecord& record)
{
    return record.settings.policy == PolicyKind::adadiff &&
           std::all_of(record.steps.begin(), record.steps.end(), [&](const StepRecord& step) {
               return std::all_of(step.parameters.begin(), step.parameters.end(), [&](double value) {
                   return !std::isfinite(value) || value == record.settings.threshold;
               });
           });
}

std::vector<std::int16_t> reached(const std::int16_t* layers, std::size_t count)
{
    std::vector<std::int16_t> found;
    std::copy_if(layers, layers + count, std::back_inserter(found),
                 [](std::int16_t layer) { return layer >= 0; });
    return found;
}

}  // namespace

ExpectedSteps::ExpectedSteps(const RunRecord& earlier) : model_(earlier.model), index_(earlier)
{
    if (const auto fitted = fit_time_model(earlier)) {
        rates_ = *fitted;
    } else {
        // No times: the blocks alone say how the steps relate to each other.
        rates_.networks[static_cast<std::size_t>(NetworkRole::early_exit)].block_ms = 1.0;
    }
    if (had_one_threshold(earlier)) {
        recorded_threshold_ = earlier.settings.threshold;
        for (const StepRecord& step : earlier.steps) {
            recorded_.push_back({step.t, reached(step.exit_layers.data(), step.exit_layers.size())});
        }
    }
}

bool ExpectedSteps::can_learn_from(const RunRecord& record)
{
    return (record.settings.policy == PolicyKind::adadiff || record.probes > 0) && !record.steps.empty() &&
           record.steps.back().step == record.settings.steps - 1;
}

std::vector<ExpectedSteps::Step> ExpectedSteps::steps_at(const SamplingSettings& settings) const
{
    const WhatIf found = index_.predict(policy_choice(settings));
    if (!found.available()) {
        return settings.threshold == recorded_threshold_ ? recorded_ : std::vector<Step>();
    }
    std::vector<Step> steps;
    const auto images = static_cast<std::size_t>(found.images);
    for (std::size_t i = 0; i < found.steps.size(); ++i) {
        steps.push_back({found.steps[i].t, reached(found.exit_layers.data() + i * images, images)});
    }
    return steps;
}

double ExpectedSteps::ms_of_layer(int layer) const
{
    const TimeModel::Network& network = rates_.of(NetworkRole::early_exit);
    return network.image_ms + network.block_ms * layer + rates_.probe_ms * probes_read(model_, layer) +
           (layer < model_.depth ? rates_.leaving_ms : 0.0);
}

double ExpectedSteps::mean_ms(const std::vector<std::int16_t>& layers) const
{
    double ms = 0.0;
    for (const std::int16_t layer : layers) {
        ms += ms_of_layer(layer);
    }
    return layers.empty() ? 0.0 : ms / static_cast<double>(layers.size());
}

double ExpectedSteps::ms_of(const Frame& frame) const
{
    return mean_ms(frame.exit_layers) * static_cast<double>(frame.exit_layers.size()) + rates_.step_ms;
}

std::vector<double> ExpectedSteps::ms_of_image(const SamplingSettings& settings) const
{
    if (settings.policy != PolicyKind::adadiff) {
        return {};
    }
    std::vector<Step> steps = steps_at(settings);
    std::erase_if(steps, [](const Step& step) { return step.layers.empty(); });
    if (steps.empty()) {
        return {};
    }
    const double batch = std::max(1, std::min(settings.batch, settings.count));
    std::vector<double> ms;
    for (int step = 0; step < settings.steps; ++step) {
        const int t = timestep_of(step, settings.steps);
        const auto nearest = std::min_element(steps.begin(), steps.end(), [t](const Step& a, const Step& b) {
            return std::abs(a.t - t) < std::abs(b.t - t);
        });
        ms.push_back(mean_ms(nearest->layers) + rates_.step_ms / batch);
    }
    return ms;
}

}  // namespace duodiff
