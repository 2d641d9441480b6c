// SPDX-License-Identifier: MIT
#pragma once

#include "train/parameters.h"
#include "train/train_config.h"

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace duodiff
{

/// The learning rate of update `step`, from 0: rising in a line over the warm-up, then along half a cosine
/// to the final rate, or constant.
double learning_rate_at(const TrainConfig& config, std::int64_t step);

/// The moving average's decay after `step` updates: it follows the young network faster.
double ema_decay_at(const TrainConfig& config, std::int64_t step);

/// One AdamW step (Loshchilov and Hutter, arXiv 1711.05101) with the gradients that have added up, clipped
/// together by their norm, then the moving average. A norm that is not finite changes no parameter.
/// Returns the norm before clipping, on the device.
at::Tensor update(Parameters& parameters, const TrainConfig& config, std::int64_t step);

}  // namespace duodiff
