// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace duodiff
{

/// The step at which the mean exit layer jumps from one level to another.
struct PhaseTransition {
    std::size_t index = 0;      ///< first step of the second level
    double level_before = 0.0;  ///< mean of the curve before it
    double level_after = 0.0;   ///< mean of the curve from it on
    double explained = 0.0;     ///< share of the curve's variance that the step function explains, 0..1
};

struct PhaseTransitionOptions {
    std::size_t minimum_segment = 3;  ///< steps that each level must last
    double minimum_jump = 1.0;        ///< in layers; smaller jumps are no transition
    double minimum_explained = 0.5;
};

/// Least-squares fit of a step function with one change point to the mean exit layer of each step, in
/// the order the steps ran (the classic single change-point estimate: the index that maximises the
/// between-segment sum of squares). Works on the prefix of a run in progress, in O(n). Nothing where
/// the curve has no jump that passes `options`.
std::optional<PhaseTransition> find_phase_transition(std::span<const double> mean_exit_layer,
                                                     const PhaseTransitionOptions& options = {});

}  // namespace duodiff
