// SPDX-License-Identifier: MIT
#pragma once

#include "data/dataset.h"
#include "train/train_config.h"

#include <memory>
#include <stop_token>

namespace duodiff
{

/// Opens the examples that the configuration names, in the shape that its model takes. Throws
/// EngineError(bad_file) also where labels and model do not fit.
std::shared_ptr<const Dataset> open_training_data(const TrainConfig& config, const DataProgress& progress,
                                                  const std::stop_token& stop);

}  // namespace duodiff
