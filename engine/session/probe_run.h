// SPDX-License-Identifier: MIT
#pragma once

#include "model/bundle.h"

#include <stop_token>

namespace duodiff
{

struct ProbeRunOptions {
    int images = 8;
    int steps = 50;
};

/// Samples a few images with DDIM, all layers of the early-exit network run and every probe read, and
/// finds from these uncertainties the range of theta that matters: from where 2 % of the blocks would be
/// skipped to where 75 % would be (or as many as the probes allow); the default skips 30 %. Needs an
/// early-exit network; `defaults.switch_step` stays. Throws EngineError(cancelled) when stopped.
PolicyDefaults find_threshold_range(const ModelFiles& files, const ProbeRunOptions& options,
                                    PolicyDefaults defaults, const std::stop_token& stop = {});

}  // namespace duodiff
