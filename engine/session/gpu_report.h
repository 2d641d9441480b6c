// SPDX-License-Identifier: MIT
#pragma once

#include "cuda/graph_set.h"
#include "session/jobs.h"
#include "stream/run_record.h"

#include <c10/core/Device.h>

#include <vector>

namespace duodiff
{

/// Writes what a run on a GPU used into `machine`: which GPU, which attention kernels, and how its work was
/// queued since `before`. Leaves it as it is on a CPU.
void describe_gpu(MachineInfo& machine, const c10::Device& device, const cuda::GraphCounts& before);

/// What `doctor` has to say about GPUs, this program's kernels for them, and the choices made on `device`.
void add_gpu_findings(std::vector<Finding>& findings, const c10::Device& device);

}  // namespace duodiff
