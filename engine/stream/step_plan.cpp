// SPDX-License-Identifier: MIT
#include "stream/step_plan.h"

#include <cmath>
#include <limits>

namespace duodiff
{

int timestep_of(int step, int steps)
{
    if (steps <= 1) {
        return diffusion_steps - 1;
    }
    return static_cast<int>(std::lround((diffusion_steps - 1.0) * (steps - 1 - step) / (steps - 1)));
}

double own_parameter(const SamplingSettings& settings)
{
    switch (settings.policy) {
        case PolicyKind::duodiff:
            return settings.switch_step;
        case PolicyKind::adadiff:
            return settings.threshold;
        case PolicyKind::static_layer:
            return settings.exit_layer;
        case PolicyKind::full:
            break;
    }
    return std::numeric_limits<double>::quiet_NaN();
}

bool switches_one_step_late(Compat compat, SolverKind solver)
{
    return compat == Compat::reference && solver == SolverKind::ddim;
}

bool runs_shallow(int switch_step, const SwitchPosition& position)
{
    const bool first_late_step = position.one_step_late && position.previous_t < 0;
    const int t = position.one_step_late ? position.previous_t : position.t;
    return switch_step > 0 && (first_late_step || t >= diffusion_steps - switch_step);
}

NetworkRole network_of_step(const SamplingSettings& settings, int step, bool has_early_exit)
{
    switch (settings.policy) {
        case PolicyKind::duodiff: {
            const SwitchPosition position{
                .t = timestep_of(step, settings.steps),
                .previous_t = step > 0 ? timestep_of(step - 1, settings.steps) : -1,
                .one_step_late = switches_one_step_late(settings.compat, settings.solver)};
            return runs_shallow(settings.switch_step, position) ? NetworkRole::shallow : NetworkRole::full;
        }
        case PolicyKind::adadiff:
            return NetworkRole::early_exit;
        case PolicyKind::static_layer:
            return has_early_exit ? NetworkRole::early_exit : NetworkRole::full;
        case PolicyKind::full:
            break;
    }
    return NetworkRole::full;
}

}  // namespace duodiff
