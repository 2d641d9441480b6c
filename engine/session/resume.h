// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"
#include "sampler/sampler.h"
#include "session/engine.h"
#include "stream/trajectory.h"

#include <c10/core/Device.h>

#include <optional>

namespace duodiff
{

/// Why a run with `settings` (resolved) on `model` cannot go on from `point`, in words.
std::optional<Failure> check_resume(const ResumePoint& point, const SamplingSettings& settings,
                                    const ModelSummary& model);

/// Why a trajectory is not of this model, in words.
std::optional<Failure> check_trajectory_model(const Trajectory& trajectory, const ModelSummary& model);

/// The state as tensors on `device`.
BatchState to_batch_state(const TrajectoryState& state, c10::Device device);

/// What a trajectory keeps of a batch. `t`: of the step that comes next, -1 at the end.
TrajectoryState to_trajectory_state(const BatchJob& job, const BatchState& state, int t, bool predicted);

}  // namespace duodiff
