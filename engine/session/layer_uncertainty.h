// SPDX-License-Identifier: MIT
#pragma once

#include "model/network.h"
#include "session/engine.h"
#include "stream/trajectory.h"

#include <c10/core/Device.h>

namespace duodiff
{

/// Every layer of `network`, which has exits, on `state`; see Engine::uncertainty_of.
LayerUncertainty read_layer_uncertainty(const Network& network, const TrajectoryState& state,
                                        c10::Device device);

}  // namespace duodiff
