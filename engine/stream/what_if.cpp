// SPDX-License-Identifier: MIT
#include "stream/what_if.h"

#include "stream/step_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace duodiff
{

namespace
{

constexpr float infinite = std::numeric_limits<float>::infinity();

/// The rows of one image that say what they would have said: those up to the last u that is there, and all
/// that the image passed on its way to its exit layer, where u may be NaN because the network made it so.
int known_rows(const StepRecord& step, std::size_t image, int rows, int first_layer, bool adaptive)
{
    const std::size_t images = step.exit_layers.size();
    int known = 0;
    for (int row = 0; row < rows; ++row) {
        if (!std::isnan(step.uncertainty[static_cast<std::size_t>(row) * images + image])) {
            known = row + 1;
        }
    }
    if (known == 0 && !adaptive) {
        return 0;
    }
    return std::max(known, std::clamp(step.exit_layers[image] + 1 - first_layer, 0, rows));
}

struct LayerSums {
    std::int64_t layers = 0;
    std::int64_t squares = 0;
};

LayerSums sum_layers(const std::int16_t* exits, std::size_t images)
{
    LayerSums sums;
    for (std::size_t image = 0; image < images; ++image) {
        const std::int64_t layer = std::max<std::int64_t>(exits[image], 0);
        sums.layers += layer;
        sums.squares += layer * layer;
    }
    return sums;
}

}  // namespace

PolicyChoice policy_choice(const SamplingSettings& settings)
{
    return {settings.policy, settings.switch_step, settings.threshold, settings.exit_layer};
}

std::vector<double> mean_exit_layers(const WhatIf& what_if)
{
    std::vector<double> means;
    means.reserve(what_if.steps.size());
    for (const WhatIfStep& step : what_if.steps) {
        means.push_back(step.mean);
    }
    return means;
}

void WhatIfIndex::update(const RunRecord& record, std::size_t first)
{
    settings_ = record.settings;
    model_ = record.model;
    images_ = std::max(record.settings.count, 0);
    const int rows = std::clamp(record.model.depth - record.model.first_probe_layer, 0, record.probes);
    if (rows != rows_ || record.probes != probes_) {
        first = 0;
    }
    rows_ = rows;
    probes_ = record.probes;
    steps_.resize(std::min(first, std::min(steps_.size(), record.steps.size())));
    steps_.reserve(record.steps.size());
    for (std::size_t i = steps_.size(); i < record.steps.size(); ++i) {
        steps_.push_back(index_step(record.steps[i]));
    }
    has_uncertainty_ =
        std::any_of(steps_.begin(), steps_.end(), [](const Step& step) { return !step.minima.empty(); });
    time_model_ = fit_time_model(record);
}

WhatIfIndex::Step WhatIfIndex::index_step(const StepRecord& step) const
{
    Step indexed;
    indexed.step = step.step;
    indexed.t = step.t;
    indexed.network = step.network;
    indexed.mixed = step.mixed();
    indexed.batches = batches_of(step, settings_.batch);
    indexed.exits = step.exit_layers;
    indexed.exits.resize(static_cast<std::size_t>(images_), -1);
    indexed.reached = static_cast<int>(std::count_if(indexed.exits.begin(), indexed.exits.end(),
                                                     [](std::int16_t layer) { return layer >= 0; }));
    const std::size_t images = step.exit_layers.size();
    const std::size_t rows = static_cast<std::size_t>(rows_);
    if (rows == 0 || images != indexed.exits.size() ||
        step.uncertainty.size() != images * static_cast<std::size_t>(probes_)) {
        return indexed;
    }
    indexed.minima.assign(rows * images, -infinite);
    indexed.known.assign(images, 0);
    bool any = false;
    for (std::size_t image = 0; image < images; ++image) {
        const bool adaptive = settings_.policy == PolicyKind::adadiff;
        const int known = step.exit_layers[image] < 0
                              ? 0
                              : known_rows(step, image, rows_, model_.first_probe_layer, adaptive);
        indexed.known[image] = static_cast<std::int16_t>(known);
        any = any || known > 0;
        float minimum = infinite;
        for (std::size_t row = 0; row < static_cast<std::size_t>(known); ++row) {
            const float u = step.uncertainty[row * images + image];
            minimum = u < minimum ? u : minimum;
            indexed.minima[row * images + image] = minimum;
        }
    }
    if (!any) {
        indexed.minima.clear();
        indexed.known.clear();
    }
    return indexed;
}

std::string WhatIfIndex::objection(const PolicyChoice& choice) const
{
    if (model_.depth <= 0) {
        return "the run does not say how many blocks its network has";
    }
    switch (choice.policy) {
        case PolicyKind::full:
            return {};
        case PolicyKind::duodiff:
            return model_.shallow_depth > 0 ? "" : "the model has no shallow network";
        case PolicyKind::static_layer:
            return choice.exit_layer >= 0 && choice.exit_layer <= model_.depth
                       ? ""
                       : fmt::format("there is no layer {}: the network has {}", choice.exit_layer,
                                     model_.depth);
        case PolicyKind::adadiff:
            break;
    }
    if (!model_.has_early_exit && probes_ == 0) {
        return "the model has no early exits";
    }
    return has_uncertainty_ ? "" : "the run holds no uncertainties of its layers; a probe run gives them";
}

NetworkRole WhatIfIndex::network_at(const PolicyChoice& choice, std::size_t index) const
{
    if (choice.policy == PolicyKind::duodiff) {
        const SwitchPosition position{
            .t = steps_[index].t,
            .previous_t = index > 0 ? steps_[index - 1].t : -1,
            .one_step_late = switches_one_step_late(settings_.compat, settings_.solver)};
        return runs_shallow(choice.switch_step, position) ? NetworkRole::shallow : NetworkRole::full;
    }
    if (choice.policy == PolicyKind::full) {
        return NetworkRole::full;
    }
    const bool exits = choice.policy == PolicyKind::adadiff || model_.has_early_exit;
    return exits ? NetworkRole::early_exit : NetworkRole::full;
}

void WhatIfIndex::predict_uniform(const Step& step, int layer, std::int16_t* exits) const
{
    for (std::size_t image = 0; image < step.exits.size(); ++image) {
        exits[image] = step.exits[image] < 0 ? std::int16_t{-1} : static_cast<std::int16_t>(layer);
    }
}

int WhatIfIndex::predict_adaptive(const Step& step, float threshold, std::vector<std::int32_t>& passed,
                                  std::int16_t* exits, Workload& work) const
{
    const std::size_t images = step.exits.size();
    const std::int16_t first_layer = static_cast<std::int16_t>(model_.first_probe_layer);
    // The minima fall from row to row, so the rows above theta are those before the exit. Counted in 32
    // bits, as wide as u, which lets the compiler do several images at once.
    passed.assign(images, 0);
    for (std::size_t row = 0; row * images < step.minima.size(); ++row) {
        const float* minima = step.minima.data() + row * images;
        std::int32_t* counts = passed.data();
        for (std::size_t image = 0; image < images; ++image) {
            counts[image] += minima[image] <= threshold ? 0 : 1;
        }
    }
    int bounded = 0;
    std::int64_t probes = 0;
    int leaving = 0;
    for (std::size_t image = 0; image < images; ++image) {
        if (step.exits[image] < 0) {
            exits[image] = -1;
            continue;
        }
        const int known = step.known.empty() ? 0 : step.known[image];
        const int row = std::min<int>(passed[image], known);
        const bool stays = row >= rows_;
        bounded += !stays && row >= known ? 1 : 0;
        probes += stays ? rows_ : row + 1;
        leaving += stays ? 0 : 1;
        exits[image] = static_cast<std::int16_t>(stays ? model_.depth : row + first_layer);
    }
    work.probes += static_cast<double>(probes);
    work.leaving += leaving;
    return bounded;
}

WhatIf WhatIfIndex::predict(const PolicyChoice& choice) const
{
    WhatIf result;
    predict(choice, result);
    return result;
}

void WhatIfIndex::predict(const PolicyChoice& choice, WhatIf& into) const
{
    std::vector<std::int16_t> exit_layers = std::move(into.exit_layers);
    std::vector<WhatIfStep> steps = std::move(into.steps);
    into = WhatIf{};
    into.choice = choice;
    into.images = images_;
    into.unavailable = objection(choice);
    if (!into.available()) {
        return;
    }
    const std::size_t images = static_cast<std::size_t>(images_);
    exit_layers.resize(steps_.size() * images);
    steps.assign(steps_.size(), {});
    // u is a float, and the sampler compares it with theta as a float.
    const float threshold = static_cast<float>(choice.threshold);
    std::vector<std::int32_t> passed;
    std::int64_t blocks = 0;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        const Step& recorded = steps_[i];
        const NetworkRole network = network_at(choice, i);
        std::int16_t* exits = exit_layers.data() + i * images;
        int bounded = 0;
        if (choice.policy == PolicyKind::adadiff) {
            bounded = predict_adaptive(recorded, threshold, passed, exits, into.work);
        } else {
            const int layer = choice.policy == PolicyKind::static_layer ? choice.exit_layer
                              : network == NetworkRole::shallow         ? model_.shallow_depth
                                                                        : model_.depth;
            predict_uniform(recorded, layer, exits);
        }
        const LayerSums sums = sum_layers(exits, images);
        const bool same = !recorded.mixed && recorded.network == network &&
                          std::equal(recorded.exits.begin(), recorded.exits.end(), exits);
        if (!same && !into.first_change && recorded.reached > 0) {
            into.first_change = i;
        }
        WhatIfStep& step = steps[i];
        step.step = recorded.step;
        step.t = recorded.t;
        step.network = network;
        step.images = recorded.reached;
        step.lower_bound = bounded > 0;
        if (recorded.reached > 0) {
            step.mean = static_cast<double>(sums.layers) / recorded.reached;
            const double variance =
                static_cast<double>(sums.squares) / recorded.reached - step.mean * step.mean;
            step.deviation = std::sqrt(std::max(variance, 0.0));
        }
        blocks += sums.layers;
        into.bounded += bounded;
        into.image_steps += recorded.reached;
        into.work.batch_steps += recorded.batches;
        into.work.of(network).image_steps += recorded.reached;
        into.work.of(network).blocks += static_cast<double>(sums.layers);
    }
    into.lower_bound = into.bounded > 0;
    if (into.image_steps > 0) {
        into.block_share =
            static_cast<double>(blocks) / (static_cast<double>(into.image_steps) * model_.depth);
        into.saved_share = 1.0 - into.block_share;
    }
    if (time_model_ && into.image_steps > 0) {
        into.predicted_ms = time_model_->predict_ms(into.work);
    }
    into.exit_layers = std::move(exit_layers);
    into.steps = std::move(steps);
}

}  // namespace duodiff
