// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"
#include "model/bundle.h"
#include "stream/settings.h"
#include "stream/trajectory.h"

#include <c10/core/Device.h>

#include <cstdint>

namespace duodiff
{

/// Bytes that a run needs besides the weights, estimated from the shapes: the activations of one batch on
/// the device, what is kept of all images, and the states that go into `keep` (null: none), within its room.
struct MemoryNeed {
    double batch_bytes = 0.0;
    double run_bytes = 0.0;
    double kept_bytes = 0.0;
};
MemoryNeed memory_need(const SamplingSettings& settings, const ModelFiles& files,
                       const Trajectory* keep = nullptr);

/// Throws EngineError(out_of_memory) with a batch that fits where a run would not: on the CPU the system
/// would otherwise end the process without a word, on a GPU somewhere in the middle.
void require_memory(const SamplingSettings& settings, const ModelFiles& files, c10::Device device,
                    const Trajectory* keep = nullptr);
/// The same for a host with so many bytes free.
void require_memory_of(const MemoryNeed& need, const SamplingSettings& settings, double available);

/// `failure`, which memory running out on `device` has caused, with a batch to try instead.
Failure with_smaller_batch(Failure failure, const SamplingSettings& settings);

}  // namespace duodiff
