// SPDX-License-Identifier: MIT
#pragma once

#include "stream/frame.h"
#include "stream/run_record.h"
#include "stream/trajectory.h"

#include <optional>
#include <vector>

namespace duodiff
{

/// A frame as the record kept it, without pictures; its ms is the step's, shared among its images. Nothing
/// where the batch did not reach the step.
std::optional<Frame> recorded_frame(const RunRecord& record, int batch, int step);

/// theta, t_s or the static layer that was in force; nothing where the batch did not reach the step or the
/// policy has none.
std::optional<double> parameter_at(const RunRecord& record, int batch, int step);

/// Steps that batch `batch` has behind it when a run is resumed at `step`: of the nearest state held.
int steps_held(const Trajectory& trajectory, int batch, int step);

/// The class list that each part of a branch has.
struct ClassPlan {
    std::vector<std::int64_t> classes;    ///< in force in the end, SamplingSettings::classes
    std::vector<EarlierClasses> earlier;  ///< RunRecord::earlier_classes
};
/// A run of `parent` resumed at `step` with `classes`. The parent's own classes mean: as the parent had
/// them, its changes after `step` too.
ClassPlan branch_classes(const RunRecord& parent, int step, const std::vector<std::int64_t>& classes);

/// The record that a run resumed at `step` begins with: the parent's steps up to the states that its
/// batches go on from. `settings` are the new run's.
RunRecord begin_branch(const RunRecord& parent, const SamplingSettings& settings,
                       const Trajectory& trajectory, int step);

}  // namespace duodiff
