// SPDX-License-Identifier: MIT
#pragma once

#include "model/bundle.h"
#include "session/engine.h"

#include <c10/core/Device.h>

#include <cstdint>

namespace duodiff
{

/// What a run works on.
struct OpenModel {
    const ModelFiles& files;
    const ModelSummary& summary;
    const ModelBundle& bundle;  ///< on `device`, in the precision of the settings
    c10::Device device;
};

/// What a caller gave besides the settings.
struct RunRequest {
    std::uint64_t run_id = 0;
    FrameSink& sink;
    const RunControls& controls;
    const LiveParameters* live;
    const SampleOptions& options;
};

/// Samples all batches of a run. `settings` are resolved and checked. Throws EngineError(usage) for options
/// that do not fit them.
RunOutcome sample_run(const OpenModel& model, const SamplingSettings& settings, const RunRequest& request);

}  // namespace duodiff
