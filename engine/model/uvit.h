// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/model_config.h"
#include "model/block.h"
#include "model/block_choice.h"
#include "model/fused_ends.h"
#include "model/layers.h"

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <vector>

namespace duodiff
{

/// norm, decoder_pred, unpatchify, final_layer: from tokens to a prediction in the shape of the image.
/// Computed in fp32 whatever the blocks' precision is: it costs next to nothing, and its rounding would
/// go into every later step.
class OutputHead
{
public:
    OutputHead() = default;
    static OutputHead load(const TensorSource& source, const UVitConfig& config);

    /// tokens (B, L, D) -> (B, C, H, W), fp32
    at::Tensor operator()(const at::Tensor& tokens) const;
    /// Null where LibTorch computes it.
    const FusedHead* fused() const { return fused_.get(); }
    std::size_t bytes() const;

private:
    std::shared_ptr<const FusedHead> fused_;  ///< where there is one, the rest is undefined
    LayerNorm norm_;
    Linear decoder_pred_;
    at::Tensor convolution_;
    at::Tensor convolution_bias_;
    std::int64_t extras_ = 1;
    std::int64_t patch_ = 1;
    std::int64_t side_ = 1;  ///< patches along one edge
    std::int64_t channels_ = 1;
};

/// (B, N, p1 p2 C) patches in row-major order -> (B, C, H, W)
at::Tensor unpatchify(const at::Tensor& patches, std::int64_t side, std::int64_t patch,
                      std::int64_t channels);

/// A U-ViT (Bao et al., "All are Worth Words", arXiv 2209.12152), run a block at a time. Immutable; blocks
/// are numbered 0..depth-1: in blocks, the mid block, out blocks.
class UVit
{
public:
    /// `source` names the tensors as the U-ViT authors do. `arithmetic`: of the blocks.
    UVit(const UVitConfig& config, const TensorSource& source, Arithmetic arithmetic);

    /// What the blocks of such a model run on.
    static BlockChoice block_choice(const UVitConfig& config, c10::Device device, Arithmetic arithmetic);
    /// See require_int8.
    static std::string int8_obstacle(const UVitConfig& config, c10::Device device);

    const UVitConfig& config() const { return config_; }
    int depth() const { return static_cast<int>(config_.depth); }
    c10::Device device() const { return device_; }
    /// Of the activations.
    c10::ScalarType type() const { return arithmetic_.type; }

    /// x (B, C, H, W) fp32 at timestep `t` (0..999), labels (B) int64 or undefined for an unconditional
    /// model -> tokens (B, L, D). Throws EngineError(usage) where labels and model do not fit.
    at::Tensor embed(const at::Tensor& x, int t, const at::Tensor& labels) const;

    /// What `t` becomes: (1, 1, D) fp32; and the rest of `embed`.
    at::Tensor time_token(int t) const;
    at::Tensor embed(const at::Tensor& x, const at::Tensor& time_token, const at::Tensor& labels) const;

    /// Block `index` of tokens (B, L, D). In blocks push their output on `skips`, out blocks take the
    /// last one off.
    at::Tensor run_block(int index, const at::Tensor& tokens, std::vector<at::Tensor>& skips) const;

    const OutputHead& head() const { return head_; }
    std::size_t bytes() const;

private:
    void load_blocks(const TensorSource& source);

    UVitConfig config_;
    c10::Device device_;
    Arithmetic arithmetic_;
    std::optional<FusedEmbedding> fused_embedding_;  ///< where there is one, patch_weight_ is undefined
    at::Tensor patch_weight_;                        ///< (D, C p p), fp32
    at::Tensor patch_bias_;
    at::Tensor pos_embed_;    ///< (1, L, D), fp32
    at::Tensor label_embed_;  ///< (classes, D), fp32; undefined for an unconditional model
    at::Tensor frequencies_;  ///< (D / 2), fp32
    std::optional<Linear> time_fc1_;
    std::optional<Linear> time_fc2_;
    std::vector<std::unique_ptr<const Block>> blocks_;
    OutputHead head_;
};

}  // namespace duodiff
