// SPDX-License-Identifier: MIT
#pragma once

#include "train/parameters.h"
#include "train/train_config.h"

#include <filesystem>
#include <string>

namespace duodiff
{

/// Trained weights that a run starts from: of a network like its own, or of an early-exit one's backbone.
struct Backbone {
    Tensors tensors;  ///< under the names of the early-exit network, fp32; may point into the file
    std::string sha256;
};

/// Reads the full network (or the backbone of an early-exit one) of a checkpoint or pack, for a shallow run a
/// pack's shallow one, and checks that it is of the configured shape. Throws EngineError(bad_file).
Backbone read_backbone(const std::filesystem::path& path, const TrainConfig& config);

/// Makes every head of an early-exit network, where these have their own, a copy of the backbone's: tokens on
/// the way to it are not far from what it reads, and a random final 3x3 filter would be slow to unlearn.
void start_heads(const Tensors& network, const ModelConfig& config);

}  // namespace duodiff
