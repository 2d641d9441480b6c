// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>

namespace duodiff
{

/// What the blocks of one U-ViT have in common.
struct BlockShape {
    std::int64_t embed_dim = 0;
    std::int64_t num_heads = 1;
    std::int64_t hidden_dim = 0;  ///< of the MLP
    std::int64_t tokens = 0;      ///< of an image
    std::int64_t head_dim() const { return embed_dim / num_heads; }
};

/// One block of a U-ViT: where there is a skip, x = skip_linear(cat(x, skip)); then x + attn(norm1(x)), and
/// to that its MLP of norm2. Immutable.
class Block
{
public:
    virtual ~Block() = default;

    /// x (B, L, D), contiguous; skip of the same shape for a block with skip_linear, else undefined.
    virtual at::Tensor run(const at::Tensor& x, const at::Tensor& skip) const = 0;
    /// Of the weights.
    virtual std::size_t bytes() const = 0;
};

}  // namespace duodiff
