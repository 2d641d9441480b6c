// SPDX-License-Identifier: MIT
#include "model/autoencoder.h"

#include "base/noise.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/linalg_lstsq.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <fmt/format.h>

#include <cmath>

namespace duodiff
{
namespace
{

constexpr std::int64_t groups = 32;
constexpr double group_norm_eps = 1e-6;

}  // namespace

Autoencoder::Autoencoder(const AutoencoderConfig& config, const TensorSource& source)
    : config_(config), device_(source.device())
{
    const auto levels = static_cast<std::int64_t>(config_.ch_mult.size());
    const TensorSource down = source.under("encoder.");
    for (std::int64_t i = 0; i < levels; ++i) {
        encoder_.levels.push_back(
            load_level(down.under(fmt::format("down.{}.", i)), config_.num_res_blocks, "downsample.conv."));
    }
    load_trunk_ends(encoder_, down);

    const TensorSource up = source.under("decoder.");
    for (std::int64_t i = levels - 1; i >= 0; --i) {
        decoder_.levels.push_back(
            load_level(up.under(fmt::format("up.{}.", i)), config_.num_res_blocks + 1, "upsample.conv."));
    }
    load_trunk_ends(decoder_, up);

    quant_conv_ = load_convolution(source.under("quant_conv."));
    post_quant_conv_ = load_convolution(source.under("post_quant_conv."));
}

at::Tensor Autoencoder::load(const TensorSource& source, const char* name)
{
    const at::Tensor tensor = source.at(name, at::kFloat);
    bytes_ += tensor.nbytes();
    return tensor;
}

Autoencoder::Convolution Autoencoder::load_convolution(const TensorSource& source)
{
    return {load(source, "weight"), load(source, "bias")};
}

Autoencoder::Normalisation Autoencoder::load_normalisation(const TensorSource& source)
{
    return {load(source, "weight"), load(source, "bias")};
}

Autoencoder::ResidualBlock Autoencoder::load_residual(const TensorSource& source)
{
    ResidualBlock block;
    block.norm1 = load_normalisation(source.under("norm1."));
    block.conv1 = load_convolution(source.under("conv1."));
    block.norm2 = load_normalisation(source.under("norm2."));
    block.conv2 = load_convolution(source.under("conv2."));
    if (source.has("nin_shortcut.weight")) {
        block.shortcut = load_convolution(source.under("nin_shortcut."));
    }
    return block;
}

Autoencoder::AttentionBlock Autoencoder::load_attention(const TensorSource& source)
{
    return {load_normalisation(source.under("norm.")), load_convolution(source.under("q.")),
            load_convolution(source.under("k.")), load_convolution(source.under("v.")),
            load_convolution(source.under("proj_out."))};
}

Autoencoder::Level Autoencoder::load_level(const TensorSource& source, std::int64_t blocks,
                                           const char* resample)
{
    Level level;
    for (std::int64_t i = 0; i < blocks; ++i) {
        level.blocks.push_back(load_residual(source.under(fmt::format("block.{}.", i))));
        const TensorSource attention = source.under(fmt::format("attn.{}.", i));
        if (attention.has("norm.weight")) {
            level.attention.push_back(load_attention(attention));
        }
    }
    const TensorSource convolution = source.under(resample);
    if (convolution.has("weight")) {
        level.resample = load_convolution(convolution);
    }
    return level;
}

void Autoencoder::load_trunk_ends(Trunk& trunk, const TensorSource& source)
{
    trunk.conv_in = load_convolution(source.under("conv_in."));
    trunk.middle1 = load_residual(source.under("mid.block_1."));
    trunk.middle_attention = load_attention(source.under("mid.attn_1."));
    trunk.middle2 = load_residual(source.under("mid.block_2."));
    trunk.norm_out = load_normalisation(source.under("norm_out."));
    trunk.conv_out = load_convolution(source.under("conv_out."));
}

at::Tensor Autoencoder::run(const Convolution& convolution, const at::Tensor& x, std::int64_t padding)
{
    return at::conv2d(x, convolution.weight, convolution.bias, {1, 1}, {padding, padding});
}

at::Tensor Autoencoder::run(const Normalisation& norm, const at::Tensor& x)
{
    return at::group_norm(x, groups, norm.weight, norm.bias, group_norm_eps);
}

at::Tensor Autoencoder::run(const ResidualBlock& block, const at::Tensor& x)
{
    at::Tensor h = run(block.conv1, at::silu(run(block.norm1, x)), 1);
    h = run(block.conv2, at::silu(run(block.norm2, h)), 1);
    return (block.shortcut.weight.defined() ? run(block.shortcut, x, 0) : x) + h;
}

at::Tensor Autoencoder::run(const AttentionBlock& block, const at::Tensor& x)
{
    const std::int64_t batch = x.size(0);
    const std::int64_t channels = x.size(1);
    const std::int64_t area = x.size(2) * x.size(3);
    const at::Tensor h = run(block.norm, x);
    const at::Tensor q = run(block.q, h, 0).reshape({batch, channels, area}).transpose(1, 2);
    const at::Tensor k = run(block.k, h, 0).reshape({batch, channels, area});
    const at::Tensor v = run(block.v, h, 0).reshape({batch, channels, area});
    const at::Tensor weights = at::softmax(at::bmm(q, k) / std::sqrt(static_cast<double>(channels)), -1);
    const at::Tensor attended = at::bmm(v, weights.transpose(1, 2)).reshape(x.sizes());
    return x + run(block.proj_out, attended, 0);
}

at::Tensor Autoencoder::run_middle(const Trunk& trunk, const at::Tensor& x)
{
    return run(trunk.middle2, run(trunk.middle_attention, run(trunk.middle1, x)));
}

at::Tensor Autoencoder::decode(const at::Tensor& latents) const
{
    at::Tensor h = run(post_quant_conv_, latents.to(device_, at::kFloat) / config_.scale_factor, 0);
    h = run_middle(decoder_, run(decoder_.conv_in, h, 1));
    for (const Level& level : decoder_.levels) {
        for (std::size_t i = 0; i < level.blocks.size(); ++i) {
            h = run(level.blocks[i], h);
            if (i < level.attention.size()) {
                h = run(level.attention[i], h);
            }
        }
        if (level.resample.weight.defined()) {
            h = run(level.resample, at::upsample_nearest2d(h, {h.size(2) * 2, h.size(3) * 2}), 1);
        }
    }
    return run(decoder_.conv_out, at::silu(run(decoder_.norm_out, h)), 1);
}

at::Tensor Autoencoder::moments(const at::Tensor& images) const
{
    at::Tensor h = run(encoder_.conv_in, images.to(device_, at::kFloat), 1);
    for (const Level& level : encoder_.levels) {
        for (std::size_t i = 0; i < level.blocks.size(); ++i) {
            h = run(level.blocks[i], h);
            if (i < level.attention.size()) {
                h = run(level.attention[i], h);
            }
        }
        if (level.resample.weight.defined()) {
            // The authors pad only right and below before a convolution of stride 2.
            h = at::conv2d(at::constant_pad_nd(h, {0, 1, 0, 1}), level.resample.weight, level.resample.bias,
                           {2, 2});
        }
    }
    h = run_middle(encoder_, h);
    h = run(encoder_.conv_out, at::silu(run(encoder_.norm_out, h)), 1);
    return run(quant_conv_, h, 0);
}

at::Tensor Autoencoder::fit_preview() const
{
    constexpr std::int64_t pictures = 4;
    constexpr std::int64_t side = 8;
    const std::int64_t z = config_.embed_dim;
    const at::Tensor coarse = at::empty({pictures, z, side / 2, side / 2}, at::kFloat);
    fill_normal({coarse.data_ptr<float>(), static_cast<std::size_t>(coarse.numel())}, 0, NoiseStream::probe,
                0);
    const at::Tensor latents = at::upsample_bilinear2d(coarse, {side, side}, false);
    const at::Tensor decoded = at::adaptive_avg_pool2d(decode(latents).cpu(), {side, side});
    const at::Tensor inputs =
        at::cat({latents, at::ones({pictures, 1, side, side})}, 1).permute({0, 2, 3, 1}).reshape({-1, z + 1});
    const at::Tensor targets = decoded.permute({0, 2, 3, 1}).reshape({-1, decoded.size(1)});
    return std::get<0>(at::linalg_lstsq(inputs, targets)).t().contiguous();
}

std::size_t Autoencoder::bytes() const
{
    return bytes_;
}

}  // namespace duodiff
