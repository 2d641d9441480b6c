// SPDX-License-Identifier: MIT
#pragma once

#include "stream/phase_transition.h"
#include "stream/run_record.h"
#include "stream/what_if.h"

#include <optional>
#include <span>
#include <string>

namespace duodiff
{

/// A t_s for DuoDiff, and what it would cost.
struct SwitchProposal {
    int switch_step = 0;                 ///< t_s
    std::size_t step = 0;                ///< index of the first step of the full network
    int t = 0;                           ///< its timestep
    PhaseTransition transition;          ///< that it was read from
    double block_share = 0.0;            ///< of the full network's blocks, 0..1
    double saved_share = 0.0;            ///< 1 - block_share
    std::optional<double> predicted_ms;  ///< of a run with it; nothing where the run has no times
    std::optional<double> full_ms;       ///< predicted for the full network, to compare with
    std::string caution;                 ///< a sentence about what speaks against it; may be empty
};

struct SwitchAdvice {
    std::optional<SwitchProposal> proposal;
    std::string reason;  ///< without a proposal: why, in a sentence without its final stop
};

/// Where the images of an AdaDiff run begin to need the whole network, DuoDiff should switch to it: fits a
/// step function to the mean exit layer and proposes the t_s that switches at its jump.
SwitchAdvice advise_switch_step(const WhatIfIndex& index, const RunRecord& record);

/// The same for another curve over the record's steps, such as that of another theta (mean_exit_layers()
/// of a WhatIf); one value a step.
SwitchAdvice advise_switch_step(const WhatIfIndex& index, const RunRecord& record,
                                std::span<const double> mean_exit_layer);

/// The smallest t_s with the shallow network before step `index` of the record and the full one from it on.
std::optional<int> switch_step_for(const RunRecord& record, std::size_t index);

}  // namespace duodiff
