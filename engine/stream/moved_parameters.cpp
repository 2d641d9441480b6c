// SPDX-License-Identifier: MIT
#include "stream/moved_parameters.h"

#include "stream/step_plan.h"

#include <algorithm>
#include <cmath>

namespace duodiff
{

MovedParameters moved_parameters_of(const RunRecord& record)
{
    MovedParameters moved;
    for (const StepRecord& step : record.steps) {
        const auto index = static_cast<std::size_t>(step.step);
        moved.resize(std::max(moved.size(), index + 1));
        moved[index] = step.parameters;
    }
    return moved;
}

bool has_moves(const MovedParameters& moved, const SamplingSettings& settings)
{
    const double own = own_parameter(settings);
    return std::any_of(moved.begin(), moved.end(), [own](const std::vector<double>& batches) {
        return std::any_of(batches.begin(), batches.end(),
                           [own](double value) { return std::isfinite(value) && value != own; });
    });
}

std::optional<double> moved_value(const MovedParameters& moved, int batch, int step)
{
    if (static_cast<std::size_t>(step) >= moved.size() || moved[static_cast<std::size_t>(step)].empty()) {
        return std::nullopt;
    }
    const std::vector<double>& batches = moved[static_cast<std::size_t>(step)];
    const double value = batches[std::min(static_cast<std::size_t>(batch), batches.size() - 1)];
    return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

void pin_precision(SamplingSettings& settings, const MachineInfo& machine)
{
    if (settings.precision == Precision::automatic) {
        settings.precision = from_string<Precision>(machine.precision).value_or(Precision::automatic);
    }
}

}  // namespace duodiff
