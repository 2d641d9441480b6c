// SPDX-License-Identifier: MIT
#pragma once

#include "train/parameters.h"
#include "train/train_config.h"

#include <filesystem>
#include <string>

namespace duodiff
{

/// Trained weights that an early-exit run starts from.
struct Backbone {
    Tensors tensors;  ///< under the names of the early-exit network, fp32; may point into the file
    std::string sha256;
};

/// Reads the full network (or the backbone of an early-exit one) of a checkpoint or pack, and checks that it
/// is of the configured shape. Throws EngineError(bad_file).
Backbone read_backbone(const std::filesystem::path& path, const TrainConfig& config);

}  // namespace duodiff
