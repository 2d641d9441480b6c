// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/model_config.h"

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

namespace duodiff
{

/// A U-ViT as the authors' program computes it: operator by operator through plain LibTorch, nothing packed,
/// nothing fused. The baseline of the benchmark, and a second opinion on our own path.
class ReferenceNetwork
{
public:
    /// `type`: fp32; bf16 for what autocast makes of the program: weights and activations rounded, norms and
    /// the head in fp32.
    ReferenceNetwork(const UVitConfig& config, const std::map<std::string, at::Tensor>& tensors,
                     c10::Device device, c10::ScalarType type);

    /// x (B, C, H, W) fp32 at timestep t, labels (B) int64 or undefined -> prediction of the same shape,
    /// fp32.
    at::Tensor forward(const at::Tensor& x, int t, const at::Tensor& labels) const;

private:
    const at::Tensor& at(const std::string& name) const { return tensors_.at(name); }
    at::Tensor linear(const std::string& name, const at::Tensor& x) const;
    at::Tensor norm(const std::string& name, const at::Tensor& x) const;
    at::Tensor block(const std::string& name, at::Tensor x, const at::Tensor& skip) const;
    at::Tensor embed(const at::Tensor& x, int t, const at::Tensor& labels) const;

    UVitConfig config_;
    c10::ScalarType type_;
    std::map<std::string, at::Tensor> tensors_;
};

}  // namespace duodiff
