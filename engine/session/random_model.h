// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/model_config.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace duodiff
{

/// A U-ViT of the papers, known by its shape.
struct StandardShape {
    std::string key;   ///< as an option names it
    std::string name;  ///< for people
    UVitConfig config;
};

/// CIFAR-10, ImageNet-64 and ImageNet-256 (latent) of the U-ViT paper (arXiv 2209.12152, table 1), full
/// depth.
const std::vector<StandardShape>& standard_shapes();

/// The three-block partner that DuoDiff trains.
UVitConfig shallow_partner(UVitConfig config);

/// Weights for `shape` from a seed, small enough that the activations stay ordinary.
std::map<std::string, at::Tensor> random_weights(const UVitConfig& shape, std::uint64_t seed);

}  // namespace duodiff
