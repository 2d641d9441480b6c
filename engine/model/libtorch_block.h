// SPDX-License-Identifier: MIT
#pragma once

#include "model/block.h"
#include "model/layers.h"

#include <optional>

namespace duodiff
{

/// A block out of LibTorch's operators, on any device; on the CPU with oneDNN's packed products.
class LibtorchBlock final : public Block
{
public:
    /// Takes norm1, attn, norm2, mlp and, where it is there, skip_linear from `source`.
    LibtorchBlock(const BlockShape& shape, const TensorSource& source, c10::ScalarType type);

    at::Tensor run(const at::Tensor& x, const at::Tensor& skip) const override;
    std::size_t bytes() const override;

private:
    at::Tensor attention(const at::Tensor& x) const;

    BlockShape shape_;
    LayerNorm norm1_;
    Linear qkv_;
    Linear proj_;
    LayerNorm norm2_;
    Linear fc1_;
    Linear fc2_;
    std::optional<Linear> skip_linear_;
};

}  // namespace duodiff
