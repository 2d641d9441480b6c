// SPDX-License-Identifier: MIT
#pragma once

#include "stream/settings.h"

namespace duodiff
{

inline constexpr int diffusion_steps = 1000;  ///< T

/// The t of step `step` of `steps`: linspace(0, T - 1, steps), rounded, from above.
int timestep_of(int step, int steps);

/// The reference's DDIM loop looks at t only after the step, and starts with the shallow network.
bool switches_one_step_late(Compat compat, SolverKind solver);

/// The value that the policy reads: t_s, theta or the static layer; NaN for the full network, which reads
/// none.
double own_parameter(const SamplingSettings& settings);

/// A network call, as the switch between DuoDiff's networks sees it.
struct SwitchPosition {
    int t = 0;
    int previous_t = -1;  ///< timestep of the call before; -1 at the first
    bool one_step_late = false;
};

/// DuoDiff's rule (arXiv 2410.09633): the shallow network while t >= T - t_s.
bool runs_shallow(int switch_step, const SwitchPosition& position);

/// The network that step `step` of a run with these settings will use. `has_early_exit` matters to a
/// static layer only.
NetworkRole network_of_step(const SamplingSettings& settings, int step, bool has_early_exit = true);

}  // namespace duodiff
