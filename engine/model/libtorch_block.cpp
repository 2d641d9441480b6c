// SPDX-License-Identifier: MIT
#include "model/libtorch_block.h"

#include "cuda/choice.h"
#include "cuda/gpu.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/scaled_dot_product_attention.h>

namespace duodiff
{
namespace
{

/// Rows that a product is expected to have: a batch of 16. Only a hint to the packed layout.
std::int64_t expected_rows(const BlockShape& shape)
{
    return 16 * shape.tokens;
}

}  // namespace

LibtorchBlock::LibtorchBlock(const BlockShape& shape, const TensorSource& source, c10::ScalarType type)
    : shape_(shape),
      norm1_(LayerNorm::load(source.under("norm1."), type)),
      qkv_(Linear::load(source.under("attn.qkv."), type, expected_rows(shape))),
      proj_(Linear::load(source.under("attn.proj."), type, expected_rows(shape))),
      norm2_(LayerNorm::load(source.under("norm2."), type)),
      fc1_(Linear::load(source.under("mlp.fc1."), type, expected_rows(shape))),
      fc2_(Linear::load(source.under("mlp.fc2."), type, expected_rows(shape)))
{
    if (source.has("skip_linear.weight")) {
        skip_linear_ = Linear::load(source.under("skip_linear."), type, expected_rows(shape));
    }
}

at::Tensor LibtorchBlock::attention(const at::Tensor& x) const
{
    const std::int64_t batch = x.size(0);
    const std::int64_t length = x.size(1);
    const at::Tensor qkv =
        qkv_(x).reshape({batch, length, 3, shape_.num_heads, shape_.head_dim()}).permute({2, 0, 3, 1, 4});
    return (cuda::runs_on(x.device()) ? cuda::attention(qkv[0], qkv[1], qkv[2])
                                      : at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]))
        .transpose(1, 2)
        .reshape({batch, length, shape_.embed_dim});
}

at::Tensor LibtorchBlock::run(const at::Tensor& tokens, const at::Tensor& skip) const
{
    const at::Tensor x = skip_linear_ ? (*skip_linear_)(at::cat({tokens, skip}, -1)) : tokens;
    const LayerNorm::SumAndNorm mid = norm2_.of_sum(proj_, attention(norm1_(x)), x);
    return fc2_.add(fc1_.gelu(mid.normalised), mid.sum);
}

std::size_t LibtorchBlock::bytes() const
{
    return norm1_.bytes() + qkv_.bytes() + proj_.bytes() + norm2_.bytes() + fc1_.bytes() + fc2_.bytes() +
           (skip_linear_ ? skip_linear_->bytes() : 0);
}

}  // namespace duodiff
