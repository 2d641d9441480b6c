// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/model_config.h"
#include "model/packed_linear.h"

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>

namespace duodiff
{

/// Whether the two ends of a U-ViT are computed by the CPU's own kernels on this device.
bool has_fused_ends(c10::Device device);

/// An output head on the CPU's own kernels: norm, decoder_pred, unpatchify and final_layer of one image
/// without a pass over memory between them. In fp32.
class FusedHead
{
public:
    FusedHead(const TensorSource& source, const UVitConfig& config);

    /// tokens (L, D) of one image, contiguous, in fp32 or bf16 -> out (C, H, W). On the calling thread.
    /// Throws std::bad_alloc.
    void run(const void* tokens, c10::ScalarType type, float* out) const;
    /// tokens (B, L, D) -> (B, C, H, W), fp32, the images shared out to the threads.
    at::Tensor operator()(const at::Tensor& tokens) const;

    std::size_t bytes() const;

private:
    std::int64_t image_size() const { return channels_ * side_ * patch_ * side_ * patch_; }

    at::Tensor norm_weight_;
    at::Tensor norm_bias_;
    PackedLinear<float> decoder_pred_;
    at::Tensor convolution_;  ///< (C, C, 3, 3)
    at::Tensor convolution_bias_;
    std::int64_t dim_;
    std::int64_t extras_;
    std::int64_t patch_;
    std::int64_t side_;  ///< patches along one edge
    std::int64_t channels_;
};

/// The tokens that a U-ViT begins with, on the CPU's own kernels: patches, label and time with their
/// positions. In fp32, rounded at the end.
class FusedEmbedding
{
public:
    /// patch_weight (D, C p p), patch_bias (D), pos_embed (1, L, D), label_embed (classes, D) or undefined;
    /// all fp32
    FusedEmbedding(const UVitConfig& config, const at::Tensor& patch_weight, const at::Tensor& patch_bias,
                   at::Tensor pos_embed, at::Tensor label_embed);

    /// x (B, C, H, W) fp32, time (D) fp32, labels (B) int64 or undefined -> tokens (B, L, D) of `type`.
    /// Throws EngineError(usage) for a label that the model does not have.
    at::Tensor operator()(const at::Tensor& x, const at::Tensor& time, const at::Tensor& labels,
                          c10::ScalarType type) const;

    std::size_t bytes() const { return patches_.bytes(); }

private:
    void embed_image(const float* x, const float* time, const std::int64_t* label, float* tokens) const;

    UVitConfig config_;
    PackedLinear<float> patches_;
    at::Tensor pos_embed_;
    at::Tensor label_embed_;
};

}  // namespace duodiff
