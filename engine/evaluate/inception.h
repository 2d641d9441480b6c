// SPDX-License-Identifier: MIT
#pragma once

#include "evaluate/feature_network.h"

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace duodiff
{

/// A convolution of the network with its batch norm (eps 1e-3) and ReLU.
struct InceptionLayer {
    std::string name;  ///< "Mixed_5b.branch1x1"; tensors are name.conv.weight, name.bn.weight, ...
    std::int64_t in = 0;
    std::int64_t out = 0;
    std::array<std::int64_t, 2> kernel{};
    std::array<std::int64_t, 2> padding{};
    std::int64_t stride = 1;
};

/// All convolutions of the network.
const std::vector<InceptionLayer>& inception_layers();

/// Inception v3 (Szegedy et al., arXiv 1512.00567) as it was converted from TensorFlow's graph of 2015-12-05,
/// on whose 2048 pooled features FID is defined (Heusel et al., arXiv 1706.08500). It differs from other
/// Inception v3 networks: average pools in the mixed blocks do not count the padding, and the last block
/// pools by maximum. Images are enlarged to 299 x 299 bilinearly (without aligned corners).
class Inception final : public FeatureNetwork
{
public:
    /// A file in the layout of `pt_inception-2015-12-05`: a PyTorch state dict or safetensors with its names.
    /// Throws EngineError(bad_file) that says what is different.
    static std::shared_ptr<const Inception> load(const std::filesystem::path& path, c10::Device device);
    /// `where` and `identity` are for errors and for identity().
    Inception(const std::map<std::string, at::Tensor>& tensors, const std::string& where,
              std::string identity, c10::Device device);

    std::int64_t dimension() const override { return 2048; }
    std::string name() const override { return "Inception features"; }
    std::string identity() const override { return identity_; }
    /// Gray images get three equal channels.
    at::Tensor features(const at::Tensor& images) const override;

private:
    struct Convolution {
        at::Tensor weight;
        at::Tensor bias;
        std::array<std::int64_t, 2> padding{};
        std::int64_t stride = 1;
    };

    at::Tensor run(const std::string& name, const at::Tensor& x) const;
    /// Runs `block + first`, then `block + second` on its result, ...
    at::Tensor chain(const std::string& block, std::initializer_list<const char*> names, at::Tensor x) const;
    at::Tensor mixed_5(const std::string& block, const at::Tensor& x) const;
    at::Tensor mixed_6a(const at::Tensor& x) const;
    at::Tensor mixed_6(const std::string& block, const at::Tensor& x) const;
    at::Tensor mixed_7a(const at::Tensor& x) const;
    at::Tensor mixed_7(const std::string& block, bool pool_by_maximum, const at::Tensor& x) const;

    std::map<std::string, Convolution> convolutions_;
    std::string identity_;
    c10::Device device_;
};

}  // namespace duodiff
