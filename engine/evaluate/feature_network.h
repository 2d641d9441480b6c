// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace duodiff
{

/// What makes feature vectors of images. Immutable, thread-safe.
class FeatureNetwork
{
public:
    virtual ~FeatureNetwork() = default;

    virtual std::int64_t dimension() const = 0;
    /// For people: "classifier features" or "Inception features". Only distances of the same features can be
    /// compared, and only those of Inception features have ever been called FID.
    virtual std::string name() const = 0;
    /// Tells other weights: the SHA-256 of their file.
    virtual std::string identity() const = 0;
    /// images (B, C, H, W) fp32 in [-1, 1] -> (B, dimension()) fp32 on the CPU. Throws EngineError(usage) for
    /// images that the network does not take.
    virtual at::Tensor features(const at::Tensor& images) const = 0;
};

/// A classifier's or Inception's weights, told apart by what is in the file. Throws EngineError(bad_file).
std::shared_ptr<const FeatureNetwork> open_feature_network(const std::filesystem::path& path,
                                                           c10::Device device);

}  // namespace duodiff
