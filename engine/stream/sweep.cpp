// SPDX-License-Identifier: MIT
#include "stream/sweep.h"

#include "stream/pareto.h"

#include <algorithm>
#include <cmath>

namespace duodiff
{

namespace
{

template <class Value>
std::vector<Value> ascending(std::vector<Value> values)
{
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return values;
}

double shown(float x)
{
    return std::clamp((static_cast<double>(x) + 1.0) / 2.0, 0.0, 1.0);
}

bool same_shape(const FinishedImage& a, const FinishedImage& b)
{
    return a.index == b.index && a.channels == b.channels && a.height == b.height && a.width == b.width &&
           a.pixels.size() == b.pixels.size();
}

}  // namespace

std::vector<SamplingSettings> sweep_settings(const SweepPlan& plan)
{
    std::vector<double> thresholds;
    std::copy_if(plan.thresholds.begin(), plan.thresholds.end(), std::back_inserter(thresholds),
                 [](double threshold) { return !std::isnan(threshold); });
    std::vector<SamplingSettings> runs;
    for (const int steps : ascending(plan.steps.empty() ? std::vector<int>{plan.base.steps} : plan.steps)) {
        SamplingSettings settings = plan.base;
        settings.steps = steps;
        settings.policy = PolicyKind::full;
        runs.push_back(settings);
        for (const int switch_step : ascending(plan.switch_steps)) {
            if (switch_step > 0) {
                settings.policy = PolicyKind::duodiff;
                settings.switch_step = switch_step;
                runs.push_back(settings);
            }
        }
        settings.switch_step = plan.base.switch_step;
        for (const double threshold : ascending(thresholds)) {
            settings.policy = PolicyKind::adadiff;
            settings.threshold = threshold;
            runs.push_back(settings);
        }
    }
    return runs;
}

std::string_view to_string(SweepState state)
{
    switch (state) {
        case SweepState::pending:
            return "pending";
        case SweepState::done:
            return "done";
        case SweepState::failed:
            return "failed";
    }
    return "unknown";
}

template <>
std::optional<SweepState> from_string(std::string_view name)
{
    for (const SweepState state : {SweepState::pending, SweepState::done, SweepState::failed}) {
        if (to_string(state) == name) {
            return state;
        }
    }
    return std::nullopt;
}

Sweep begin_sweep(const SweepPlan& plan)
{
    Sweep sweep;
    for (SamplingSettings& settings : sweep_settings(plan)) {
        sweep.rows.emplace_back().settings = std::move(settings);
    }
    return sweep;
}

std::optional<std::size_t> next_row(const Sweep& sweep)
{
    const auto pending = std::find_if(sweep.rows.begin(), sweep.rows.end(),
                                      [](const SweepRow& row) { return row.state == SweepState::pending; });
    return pending == sweep.rows.end()
               ? std::nullopt
               : std::optional(static_cast<std::size_t>(pending - sweep.rows.begin()));
}

std::optional<std::size_t> reference_row(const Sweep& sweep, std::size_t row)
{
    const int steps = sweep.rows.at(row).settings.steps;
    const auto found = std::find_if(sweep.rows.begin(), sweep.rows.end(), [steps](const SweepRow& full) {
        return full.settings.policy == PolicyKind::full && full.settings.steps == steps &&
               full.state == SweepState::done;
    });
    return found == sweep.rows.end() ? std::nullopt
                                     : std::optional(static_cast<std::size_t>(found - sweep.rows.begin()));
}

void finish_row(SweepRow& row, const RunRecord& record, double difference)
{
    if (record.state == RunState::failed) {
        row.state = SweepState::failed;
        return;
    }
    if (record.state != RunState::done || record.images.empty()) {
        return;
    }
    row.state = SweepState::done;
    row.sampling_ms = record.sampling_ms;
    row.ms_per_image = record.sampling_ms / record.images_finished();
    row.difference = difference;
    row.block_share = block_share(record);
    const std::int64_t pairs = image_steps(record);
    row.mean_exit_layer =
        pairs > 0 ? static_cast<double>(blocks_run(record)) / static_cast<double>(pairs) : 0.0;
    row.failure.clear();
}

std::vector<std::size_t> pareto_rows(const Sweep& sweep)
{
    std::vector<TradeOff> points;
    for (const SweepRow& row : sweep.rows) {
        const double none = std::numeric_limits<double>::quiet_NaN();
        const bool full = row.settings.policy == PolicyKind::full;
        points.push_back(row.state == SweepState::done
                             ? TradeOff{row.ms_per_image, full ? 0.0 : row.difference}
                             : TradeOff{none, none});
    }
    return pareto_front(points);
}

double picture_difference(std::span<const FinishedImage> images, std::span<const FinishedImage> reference)
{
    double sum = 0.0;
    double values = 0.0;
    for (std::size_t i = 0; i < images.size(); ++i) {
        if (images.size() != reference.size() || !same_shape(images[i], reference[i])) {
            return std::numeric_limits<double>::quiet_NaN();
        }
        for (std::size_t k = 0; k < images[i].pixels.size(); ++k) {
            const double by = shown(images[i].pixels[k]) - shown(reference[i].pixels[k]);
            sum += by * by;
            values += 1.0;
        }
    }
    return values > 0.0 ? std::sqrt(sum / values) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace duodiff
