// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"
#include "model/bundle.h"
#include "sampler/solver.h"
#include "stream/settings.h"

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <optional>

namespace duodiff
{

/// What is wrong with `settings` for this model and this machine, in words; nothing where they can run.
std::optional<Failure> check_settings(const SamplingSettings& settings, const ModelFiles& files);

/// The settings with everything filled in that was left to the model or the machine.
SamplingSettings resolve_settings(const SamplingSettings& settings, const ModelFiles& files,
                                  c10::Device device);

SolverOptions solver_options(const SamplingSettings& settings);

/// `automatic` is bf16 where the device multiplies bf16 in hardware and the products are large enough for
/// that to pay, else fp32.
Precision resolve_precision(Precision wanted, c10::Device device, const UVitConfig& shape);
/// Of the blocks in a precision that is not `automatic`.
Arithmetic arithmetic_of(Precision precision);

/// Class of image `index` of a run; -1 for an unconditional model.
std::int64_t label_of(const SamplingSettings& settings, int index, int num_classes);

}  // namespace duodiff
