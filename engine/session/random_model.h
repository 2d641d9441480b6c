// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/model_config.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
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

/// Throws EngineError(usage) for a key that is none.
const StandardShape& standard_shape(const std::string& key);

/// The three-block partner that DuoDiff trains.
UVitConfig shallow_partner(UVitConfig config);

/// Weights for `shape` from a seed, as U-ViTs are initialised.
std::map<std::string, at::Tensor> random_weights(const UVitConfig& shape, std::uint64_t seed);

/// A pack of random weights in a folder of its own for temporary files, deleted with the object: the full
/// network, its shallow partner, and a probe and a head for every layer.
class TemporaryPack
{
public:
    /// Throws EngineError where there is no room.
    explicit TemporaryPack(const StandardShape& shape);
    ~TemporaryPack();
    TemporaryPack(const TemporaryPack&) = delete;
    TemporaryPack& operator=(const TemporaryPack&) = delete;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path folder_;
    std::filesystem::path path_;
};

}  // namespace duodiff
