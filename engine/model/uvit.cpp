// SPDX-License-Identifier: MIT
#include "model/uvit.h"

#include "base/error.h"
#include "model/fused_block.h"
#include "model/libtorch_block.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <cmath>

namespace duodiff
{
namespace
{

/// Rows that a product is expected to have: a batch of 16. Only a hint to the packed layout.
std::int64_t expected_rows(const UVitConfig& config)
{
    return 16 * config.tokens();
}

/// f_k = exp(-ln(10000) k / (dim / 2)), (dim / 2)
at::Tensor time_frequencies(std::int64_t dim, c10::Device device)
{
    const std::int64_t half = dim / 2;
    const auto options = at::TensorOptions().dtype(at::kFloat).device(device);
    return at::exp(at::arange(half, options) * (-std::log(10000.0) / static_cast<double>(half)));
}

/// cat(cos(t f), sin(t f)): (1, dim)
at::Tensor sinusoidal_embedding(double t, const at::Tensor& frequencies, std::int64_t dim)
{
    const at::Tensor angles = (frequencies * t).unsqueeze(0);
    at::Tensor embedding = at::cat({at::cos(angles), at::sin(angles)}, -1);
    if (dim % 2 != 0) {
        embedding = at::cat({embedding, at::zeros({1, 1}, frequencies.options())}, -1);
    }
    return embedding;
}

BlockShape block_shape(const UVitConfig& config)
{
    return {.embed_dim = config.embed_dim,
            .num_heads = config.num_heads,
            .hidden_dim = config.mlp_dim(),
            .tokens = config.tokens()};
}

}  // namespace

at::Tensor unpatchify(const at::Tensor& patches, std::int64_t side, std::int64_t patch, std::int64_t channels)
{
    const std::int64_t batch = patches.size(0);
    return patches.reshape({batch, side, side, patch, patch, channels})
        .permute({0, 5, 1, 3, 2, 4})
        .reshape({batch, channels, side * patch, side * patch});
}

OutputHead OutputHead::load(const TensorSource& source, const UVitConfig& config)
{
    OutputHead head;
    if (has_fused_ends(source.device())) {
        head.fused_ = std::make_shared<const FusedHead>(source, config);
        return head;
    }
    head.norm_ = LayerNorm::load(source.under("norm."), at::kFloat);
    head.decoder_pred_ = Linear::load(source.under("decoder_pred."), at::kFloat, expected_rows(config));
    head.convolution_ = source.at("final_layer.weight", at::kFloat);
    head.convolution_bias_ = source.at("final_layer.bias", at::kFloat);
    head.extras_ = config.extras();
    head.patch_ = config.patch_size;
    head.side_ = config.img_size / config.patch_size;
    head.channels_ = config.in_chans;
    return head;
}

at::Tensor OutputHead::operator()(const at::Tensor& tokens) const
{
    if (fused_) {
        return (*fused_)(tokens);
    }
    // Dropping the extras first spares the norm and the product two of the tokens.
    const at::Tensor patches =
        tokens.narrow(1, extras_, tokens.size(1) - extras_).to(at::kFloat).contiguous();
    const at::Tensor image = unpatchify(decoder_pred_(norm_(patches)), side_, patch_, channels_);
    return at::conv2d(image, convolution_, convolution_bias_, {1, 1}, {1, 1});
}

std::size_t OutputHead::bytes() const
{
    return (fused_ ? fused_->bytes() : 0) + norm_.bytes() + decoder_pred_.bytes() +
           tensor_bytes(convolution_) + tensor_bytes(convolution_bias_);
}

UVit::UVit(const UVitConfig& config, const TensorSource& source, Arithmetic arithmetic)
    : config_(config), device_(source.device()), arithmetic_(arithmetic)
{
    patch_weight_ = source.at("patch_embed.proj.weight", at::kFloat).flatten(1);
    patch_bias_ = source.at("patch_embed.proj.bias", at::kFloat);
    pos_embed_ = source.at("pos_embed", at::kFloat);
    if (config_.num_classes > 0) {
        label_embed_ = source.at("label_emb.weight", at::kFloat);
    }
    if (has_fused_ends(device_)) {
        fused_embedding_.emplace(config_, patch_weight_, patch_bias_, pos_embed_, label_embed_);
        patch_weight_ = at::Tensor();
    }
    frequencies_ = time_frequencies(config_.embed_dim, device_);
    if (config_.mlp_time_embed) {
        time_fc1_ = Linear::load(source.under("time_embed.0."), at::kFloat, 1);
        time_fc2_ = Linear::load(source.under("time_embed.2."), at::kFloat, 1);
    }
    load_blocks(source);
    head_ = OutputHead::load(source, config_);
}

BlockChoice UVit::block_choice(const UVitConfig& config, c10::Device device, Arithmetic arithmetic)
{
    return choose_blocks(block_shape(config), device, arithmetic);
}

std::string UVit::int8_obstacle(const UVitConfig& config, c10::Device device)
{
    return duodiff::int8_obstacle(block_shape(config), device);
}

void UVit::load_blocks(const TensorSource& source)
{
    const BlockShape shape = block_shape(config_);
    const BlockPath path = block_choice(config_, device_, arithmetic_).path;
    const std::int64_t half = config_.depth / 2;
    for (std::int64_t i = 0; i < config_.depth; ++i) {
        const TensorSource block = source.under(i < half    ? fmt::format("in_blocks.{}.", i)
                                                : i == half ? std::string("mid_block.")
                                                            : fmt::format("out_blocks.{}.", i - half - 1));
        if (path == BlockPath::own_kernels) {
            blocks_.push_back(load_fused_block(shape, block, arithmetic_));
        } else {
            blocks_.push_back(std::make_unique<LibtorchBlock>(shape, block, type()));
        }
    }
}

at::Tensor UVit::time_token(int t) const
{
    const double time = config_.normalize_timesteps ? t / 1000.0 : t;
    at::Tensor token = sinusoidal_embedding(time, frequencies_, config_.embed_dim);
    if (time_fc1_) {
        token = (*time_fc2_)(at::silu((*time_fc1_)(token)));
    }
    return token.unsqueeze(1);
}

at::Tensor UVit::embed(const at::Tensor& x, int t, const at::Tensor& labels) const
{
    return embed(x, time_token(t), labels);
}

at::Tensor UVit::embed(const at::Tensor& x, const at::Tensor& time_token, const at::Tensor& labels) const
{
    const bool conditional = config_.num_classes > 0;
    if (conditional && !labels.defined()) {
        throw EngineError(ErrorCode::usage, "this model is class-conditional and was given no label", {},
                          fmt::format("Give every image a class from 0 to {}.", config_.num_classes - 1));
    }
    if (!conditional && labels.defined()) {
        throw EngineError(ErrorCode::usage, "this model is unconditional and takes no label");
    }
    if (fused_embedding_) {
        return (*fused_embedding_)(x, time_token, labels, type());
    }
    const std::int64_t batch = x.size(0);
    const std::int64_t p = config_.patch_size;
    const std::int64_t side = config_.img_size / p;
    const at::Tensor patches = x.reshape({batch, config_.in_chans, side, p, side, p})
                                   .permute({0, 2, 4, 1, 3, 5})
                                   .reshape({batch, side * side, config_.in_chans * p * p});
    std::vector<at::Tensor> tokens;
    if (conditional) {
        tokens.push_back(at::embedding(label_embed_, labels).unsqueeze(1));
    }
    tokens.push_back(time_token.expand({batch, 1, config_.embed_dim}));
    tokens.push_back(at::linear(patches, patch_weight_, patch_bias_));
    return (at::cat(tokens, 1) + pos_embed_).to(type());
}

at::Tensor UVit::run_block(int index, const at::Tensor& tokens, std::vector<at::Tensor>& skips) const
{
    const auto place = static_cast<std::size_t>(index);
    at::Tensor skip;
    if (index > depth() / 2) {
        skip = std::move(skips.back());
        skips.pop_back();
    }
    at::Tensor x = blocks_[place]->run(tokens, skip);
    if (index < depth() / 2) {
        skips.push_back(x);
    }
    return x;
}

std::size_t UVit::bytes() const
{
    std::size_t sum = tensor_bytes(patch_weight_) + tensor_bytes(patch_bias_) + tensor_bytes(pos_embed_) +
                      tensor_bytes(label_embed_) + head_.bytes();
    sum += fused_embedding_ ? fused_embedding_->bytes() : 0;
    sum += time_fc1_ ? time_fc1_->bytes() + time_fc2_->bytes() : 0;
    for (const auto& block : blocks_) {
        sum += block->bytes();
    }
    return sum;
}

}  // namespace duodiff
