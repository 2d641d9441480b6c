// SPDX-License-Identifier: MIT
#include "train/trainable.h"

#include "model/uvit.h"

#include <ATen/TensorOperators.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <cmath>
#include <utility>
#include <vector>

namespace duodiff
{
namespace
{

constexpr int timesteps = 1000;

/// cat(cos(t f), sin(t f)), f_k = exp(-ln(10000) k / (dim / 2)): (B, dim)
at::Tensor sinusoidal_embedding(const at::Tensor& t, std::int64_t dim)
{
    const std::int64_t half = dim / 2;
    const auto options = at::TensorOptions().dtype(at::kFloat).device(t.device());
    const at::Tensor frequencies =
        at::exp(at::arange(half, options) * (-std::log(10000.0) / static_cast<double>(half)));
    const at::Tensor angles = t.unsqueeze(1) * frequencies.unsqueeze(0);
    std::vector<at::Tensor> parts = {at::cos(angles), at::sin(angles)};
    if (dim % 2 != 0) {
        parts.push_back(at::zeros({t.size(0), 1}, options));
    }
    return at::cat(parts, -1);
}

std::string block_name(std::int64_t index, std::int64_t depth)
{
    const std::int64_t half = depth / 2;
    return index < half    ? fmt::format("in_blocks.{}.", index)
           : index == half ? std::string("mid_block.")
                           : fmt::format("out_blocks.{}.", index - half - 1);
}

}  // namespace

TrainableUVit::TrainableUVit(const UVitConfig& config, const Tensors& tensors, std::string prefix)
    : config_(config), tensors_(&tensors), prefix_(std::move(prefix))
{
}

at::Tensor TrainableUVit::linear(const at::Tensor& x, const std::string& name) const
{
    const auto bias = tensors_->find(name + ".bias");
    return at::linear(x, at(name + ".weight"),
                      bias == tensors_->end() ? std::optional<at::Tensor>() : bias->second);
}

at::Tensor TrainableUVit::norm(const at::Tensor& x, const std::string& name) const
{
    return at::layer_norm(x, {config_.embed_dim}, at(name + ".weight"), at(name + ".bias"), 1e-5);
}

at::Tensor TrainableUVit::embed(const TrainInput& input) const
{
    const std::int64_t batch = input.x.size(0);
    const std::int64_t p = config_.patch_size;
    const std::int64_t side = config_.img_size / p;
    const at::Tensor patches = input.x.reshape({batch, config_.in_chans, side, p, side, p})
                                   .permute({0, 2, 4, 1, 3, 5})
                                   .reshape({batch, side * side, config_.in_chans * p * p});
    std::vector<at::Tensor> tokens;
    if (config_.num_classes > 0) {
        at::Tensor label = at::embedding(at(prefix_ + "label_emb.weight"), input.labels);
        if (input.label_kept.defined()) {
            label = label * input.label_kept.unsqueeze(1);
        }
        tokens.push_back(label.unsqueeze(1));
    }
    const at::Tensor time = input.t.to(at::kFloat);
    at::Tensor token =
        sinusoidal_embedding(config_.normalize_timesteps ? time / 1000.0 : time, config_.embed_dim);
    if (config_.mlp_time_embed) {
        token = linear(at::silu(linear(token, prefix_ + "time_embed.0")), prefix_ + "time_embed.2");
    }
    tokens.push_back(token.to(at::kFloat).unsqueeze(1));
    const at::Tensor weight = at(prefix_ + "patch_embed.proj.weight").flatten(1);
    tokens.push_back(at::linear(patches, weight, at(prefix_ + "patch_embed.proj.bias")).to(at::kFloat));
    return at::cat(tokens, 1) + at(prefix_ + "pos_embed");
}

at::Tensor TrainableUVit::attention(const at::Tensor& x, const std::string& block) const
{
    const std::int64_t batch = x.size(0);
    const std::int64_t length = x.size(1);
    const at::Tensor qkv = linear(x, block + "attn.qkv")
                               .reshape({batch, length, 3, config_.num_heads, config_.head_dim()})
                               .permute({2, 0, 3, 1, 4});
    const at::Tensor q = qkv.select(0, 0);
    const at::Tensor k = qkv.select(0, 1);
    const at::Tensor v = qkv.select(0, 2);
    // Processors without tiles for bf16 take twice as long for LibTorch's flash attention as for its parts.
    const bool in_parts = q.is_cpu() && q.scalar_type() == at::kBFloat16;
    const double scale = 1.0 / std::sqrt(static_cast<double>(config_.head_dim()));
    const at::Tensor out = in_parts
                               ? at::matmul(at::softmax(at::matmul(q * scale, k.transpose(-1, -2)), -1), v)
                               : at::scaled_dot_product_attention(q, k, v);
    return linear(out.transpose(1, 2).reshape({batch, length, config_.embed_dim}), block + "attn.proj");
}

at::Tensor TrainableUVit::block(const at::Tensor& tokens, const at::Tensor& skip,
                                const std::string& name) const
{
    at::Tensor x = skip.defined() ? linear(at::cat({tokens, skip}, -1), name + "skip_linear") : tokens;
    x = x + attention(norm(x, name + "norm1"), name);
    return x + linear(at::gelu(linear(norm(x, name + "norm2"), name + "mlp.fc1")), name + "mlp.fc2");
}

at::Tensor TrainableUVit::run(const TrainInput& input,
                              const std::function<void(int, const at::Tensor&)>& at_layer) const
{
    at::Tensor x = embed(input);
    std::vector<at::Tensor> skips;
    const std::int64_t half = config_.depth / 2;
    for (std::int64_t i = 0; i < config_.depth; ++i) {
        if (at_layer) {
            at_layer(static_cast<int>(i), x);
        }
        at::Tensor skip;
        if (i > half) {
            skip = std::move(skips.back());
            skips.pop_back();
        }
        x = block(x, skip, prefix_ + block_name(i, config_.depth));
        if (i < half) {
            skips.push_back(x);
        }
    }
    if (at_layer) {
        at_layer(static_cast<int>(config_.depth), x);
    }
    return x;
}

at::Tensor TrainableUVit::head(const at::Tensor& tokens) const
{
    return head(tokens, prefix_);
}

at::Tensor TrainableUVit::head(const at::Tensor& tokens, const std::string& prefix) const
{
    const std::int64_t extras = config_.extras();
    const at::Tensor patches = tokens.narrow(1, extras, tokens.size(1) - extras);
    const at::Tensor image =
        unpatchify(linear(norm(patches, prefix + "norm"), prefix + "decoder_pred"),
                   config_.img_size / config_.patch_size, config_.patch_size, config_.in_chans);
    return at::conv2d(image, at(prefix + "final_layer.weight"), at(prefix + "final_layer.bias"), {1, 1},
                      {1, 1})
        .to(at::kFloat);
}

TrainableProbes::TrainableProbes(ProbeKind kind, const UVitConfig& config, const Tensors& tensors)
    : kind_(kind), config_(config), tensors_(&tensors)
{
}

int TrainableProbes::row_at(int layer) const
{
    const int row = kind_ == ProbeKind::certainty_map ? layer - 1 : layer;
    return row < config_.depth ? row : -1;
}

at::Tensor TrainableProbes::operator()(int row, const at::Tensor& t, const at::Tensor& tokens) const
{
    switch (kind_) {
        case ProbeKind::attention:
            return attention_probe(row, tokens);
        case ProbeKind::certainty_map:
            return certainty_map(row, tokens);
        default:
            return linear_probe(row, t, tokens);
    }
}

at::Tensor TrainableProbes::linear_probe(int row, const at::Tensor& t, const at::Tensor& tokens) const
{
    const Autocast full_precision(false, tokens.device());
    const at::Tensor& weight = tensors_->at("matrix.weight");
    const at::Tensor& bias = tensors_->at("matrix.bias");
    const at::Tensor x = tokens.to(at::kFloat);
    if (kind_ == ProbeKind::mlp_per_layer) {
        return at::sigmoid(at::matmul(x, weight.select(0, row)) + bias.select(0, row)).mean(1);
    }
    const at::Tensor probe = kind_ == ProbeKind::mlp_per_timestep ? t : t + row * timesteps;
    const at::Tensor weights = weight.index_select(0, probe).unsqueeze(2);
    const at::Tensor logits = at::matmul(x, weights).squeeze(2) + bias.index_select(0, probe).unsqueeze(1);
    return at::sigmoid(logits).mean(1);
}

at::Tensor TrainableProbes::attention_probe(int row, const at::Tensor& tokens) const
{
    const std::string name = fmt::format("matrix.{}.", row);
    const auto linear = [&](const at::Tensor& x, const char* which) {
        const auto bias = tensors_->find(name + which + ".bias");
        return at::linear(x, tensors_->at(name + which + ".weight"),
                          bias == tensors_->end() ? std::optional<at::Tensor>() : bias->second);
    };
    const std::int64_t dim = config_.embed_dim;
    const at::Tensor rest = tokens.narrow(1, 1, tokens.size(1) - 1);
    const at::Tensor keys_values = linear(rest, "weight_kv").to(at::kFloat);
    const at::Tensor query = tensors_->at(name + "q").reshape({dim});
    const at::Tensor scores =
        at::matmul(keys_values.narrow(2, 0, dim), query) / std::sqrt(static_cast<double>(dim));
    const at::Tensor attended =
        at::matmul(at::softmax(scores.to(at::kFloat), -1).unsqueeze(1), keys_values.narrow(2, dim, dim))
            .squeeze(1);
    return linear(at::silu(linear(attended, "classification.0")), "classification.2")
        .squeeze(-1)
        .to(at::kFloat);
}

at::Tensor TrainableProbes::certainty_map(int row, const at::Tensor& tokens) const
{
    const std::string name = fmt::format("lte_classifer.{}.lte.", row);
    const std::int64_t extras = config_.extras();
    const at::Tensor patches = tokens.narrow(1, extras, tokens.size(1) - extras);
    const at::Tensor logits =
        at::linear(patches, tensors_->at(name + "weight"), tensors_->at(name + "bias")).to(at::kFloat);
    return unpatchify(at::sigmoid(logits), config_.img_size / config_.patch_size, config_.patch_size,
                      config_.in_chans);
}

std::string head_prefix(const ModelConfig& config, int layer)
{
    if (config.kind != ModelKind::early_exit || layer >= config.uvit.depth) {
        return {};
    }
    const auto half = static_cast<int>(config.uvit.depth / 2);
    return layer < half    ? fmt::format("in_blocks_heads.{}.", layer)
           : layer == half ? std::string("mid_block_head.")
                           : fmt::format("out_blocks_heads.{}.", layer - half - 1);
}

Autocast::Autocast(bool enabled, c10::Device device)
    : device_(device.type()), before_(at::autocast::is_autocast_enabled(device.type()))
{
    at::autocast::set_autocast_dtype(device_, at::kBFloat16);
    at::autocast::set_autocast_enabled(device_, enabled);
    at::autocast::increment_nesting();
}

Autocast::~Autocast()
{
    if (at::autocast::decrement_nesting() == 0) {
        at::autocast::clear_cache();
    }
    at::autocast::set_autocast_enabled(device_, before_);
}

}  // namespace duodiff
