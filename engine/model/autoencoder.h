// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/model_config.h"
#include "model/layers.h"

#include <ATen/core/Tensor.h>

#include <vector>

namespace duodiff
{

/// KL-regularised autoencoder of latent diffusion (Rombach et al., arXiv 2112.10752), fp32.
class Autoencoder
{
public:
    Autoencoder(const AutoencoderConfig& config, const TensorSource& source);

    const AutoencoderConfig& config() const { return config_; }
    int factor() const { return 1 << (static_cast<int>(config_.ch_mult.size()) - 1); }

    /// Latents (B, z, h, w), scaled as the diffusion model sees them -> images (B, C, f h, f w) in about
    /// [-1, 1].
    at::Tensor decode(const at::Tensor& latents) const;

    /// Images (B, C, H, W) in [-1, 1] -> (B, 2 z, H / f, W / f): mean and log-variance, not scaled.
    at::Tensor moments(const at::Tensor& images) const;

    /// A linear map from latent channels to image channels, (C, z + 1) with the bias last: the cheap
    /// approximation that previews use, fitted by least squares to decoded smooth random latents.
    at::Tensor fit_preview() const;

    std::size_t bytes() const;

private:
    struct Convolution {
        at::Tensor weight;
        at::Tensor bias;
    };
    struct Normalisation {
        at::Tensor weight;
        at::Tensor bias;
    };
    struct ResidualBlock {
        Normalisation norm1;
        Convolution conv1;
        Normalisation norm2;
        Convolution conv2;
        Convolution shortcut;  ///< undefined where the channels stay
    };
    struct AttentionBlock {
        Normalisation norm;
        Convolution q;
        Convolution k;
        Convolution v;
        Convolution proj_out;
    };
    struct Level {
        std::vector<ResidualBlock> blocks;
        std::vector<AttentionBlock> attention;  ///< none, or one a block
        Convolution resample;                   ///< undefined at the last level
    };
    struct Trunk {
        Convolution conv_in;
        std::vector<Level> levels;  ///< in the order they run
        ResidualBlock middle1;
        AttentionBlock middle_attention;
        ResidualBlock middle2;
        Normalisation norm_out;
        Convolution conv_out;
    };

    Convolution load_convolution(const TensorSource& source);
    Normalisation load_normalisation(const TensorSource& source);
    ResidualBlock load_residual(const TensorSource& source);
    AttentionBlock load_attention(const TensorSource& source);
    Level load_level(const TensorSource& source, std::int64_t blocks, const char* resample);
    void load_trunk_ends(Trunk& trunk, const TensorSource& source);
    at::Tensor load(const TensorSource& source, const char* name);

    static at::Tensor run(const Convolution& convolution, const at::Tensor& x, std::int64_t padding);
    static at::Tensor run(const Normalisation& norm, const at::Tensor& x);
    static at::Tensor run(const ResidualBlock& block, const at::Tensor& x);
    static at::Tensor run(const AttentionBlock& block, const at::Tensor& x);
    static at::Tensor run_middle(const Trunk& trunk, const at::Tensor& x);

    AutoencoderConfig config_;
    c10::Device device_;
    Trunk encoder_;
    Trunk decoder_;
    Convolution quant_conv_;
    Convolution post_quant_conv_;
    std::size_t bytes_ = 0;
};

}  // namespace duodiff
