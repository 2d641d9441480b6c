// SPDX-License-Identifier: MIT
#include "stream/branch.h"

#include <algorithm>
#include <cmath>

namespace duodiff
{
namespace
{

const StepRecord* find_step(const RunRecord& record, int step)
{
    const auto at = std::lower_bound(record.steps.begin(), record.steps.end(), step,
                                     [](const StepRecord& known, int wanted) { return known.step < wanted; });
    return at == record.steps.end() || at->step != step ? nullptr : &*at;
}

/// First image and end of a batch, in the run.
std::pair<std::size_t, std::size_t> images_of(const SamplingSettings& settings, int batch)
{
    const auto count = static_cast<std::size_t>(std::max(settings.count, 0));
    const auto size = static_cast<std::size_t>(std::max(settings.batch, 1));
    const std::size_t first = std::min(static_cast<std::size_t>(std::max(batch, 0)) * size, count);
    return {first, std::min(first + size, count)};
}

std::vector<float> uncertainty_of(const StepRecord& step, std::size_t first, std::size_t end)
{
    std::vector<float> values;
    const std::size_t images = step.exit_layers.size();
    for (std::size_t row = 0; row + images <= step.uncertainty.size(); row += images) {
        const auto begin = step.uncertainty.begin() + static_cast<std::ptrdiff_t>(row);
        values.insert(values.end(), begin + static_cast<std::ptrdiff_t>(first),
                      begin + static_cast<std::ptrdiff_t>(end));
    }
    return values;
}

}  // namespace

std::optional<Frame> recorded_frame(const RunRecord& record, int batch, int step)
{
    const StepRecord* recorded = find_step(record, step);
    const auto [first, end] = images_of(record.settings, batch);
    if (!recorded || first >= end || end > recorded->exit_layers.size() || recorded->exit_layers[first] < 0) {
        return std::nullopt;
    }
    const auto begin = recorded->exit_layers.begin();
    const auto reached =
        std::count_if(begin, recorded->exit_layers.end(), [](std::int16_t layer) { return layer >= 0; });
    Frame frame;
    frame.batch = batch;
    frame.first_image = static_cast<int>(first);
    frame.step = step;
    frame.t = recorded->t;
    frame.network = recorded->network_of(first);
    const auto place = static_cast<std::size_t>(batch);
    frame.parameter = place < recorded->parameters.size() ? recorded->parameters[place]
                                                          : std::numeric_limits<double>::quiet_NaN();
    frame.ms = recorded->ms * static_cast<double>(end - first) / static_cast<double>(reached);
    frame.exit_layers.assign(begin + static_cast<std::ptrdiff_t>(first),
                             begin + static_cast<std::ptrdiff_t>(end));
    frame.uncertainty = uncertainty_of(*recorded, first, end);
    return frame;
}

std::optional<double> parameter_at(const RunRecord& record, int batch, int step)
{
    const StepRecord* recorded = find_step(record, step);
    if (!recorded || batch < 0 || static_cast<std::size_t>(batch) >= recorded->parameters.size()) {
        return std::nullopt;
    }
    const double value = recorded->parameters[static_cast<std::size_t>(batch)];
    return std::isnan(value) ? std::nullopt : std::optional(value);
}

int steps_held(const Trajectory& trajectory, int batch, int step)
{
    const StatePointer state = trajectory.nearest(batch, step);
    return state ? state->steps_done : 0;
}

ClassPlan branch_classes(const RunRecord& parent, int step, const std::vector<std::int64_t>& classes)
{
    if (classes == parent.settings.classes) {
        return {classes, parent.earlier_classes};
    }
    ClassPlan plan{classes, {}};
    for (const EarlierClasses& part : parent.earlier_classes) {
        if (part.before_step < step) {
            plan.earlier.push_back(part);
        }
    }
    if (step > 0) {
        plan.earlier.push_back({step, classes_at(parent, step - 1)});
    }
    return plan;
}

RunRecord begin_branch(const RunRecord& parent, const SamplingSettings& settings,
                       const Trajectory& trajectory, int step)
{
    ClassPlan classes = branch_classes(parent, step, settings.classes);
    RunRecord record;
    record.settings = settings;
    record.settings.classes = std::move(classes.classes);
    record.earlier_classes = std::move(classes.earlier);
    record.machine = parent.machine;
    record.model = parent.model;
    record.probes = parent.probes;
    BranchRecord branch{.step = step, .taken_over_ms = 0.0};
    for (int batch = 0; batch < trajectory.batches(); ++batch) {
        for (int done = 0; done < steps_held(trajectory, batch, step); ++done) {
            if (const auto frame = recorded_frame(parent, batch, done)) {
                branch.taken_over_ms += frame->ms;
                record.add(*frame);
            }
        }
    }
    record.branch = branch;
    return record;
}

}  // namespace duodiff
