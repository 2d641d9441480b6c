// SPDX-License-Identifier: MIT
#include "session/reference_network.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <cmath>
#include <vector>

namespace duodiff
{

ReferenceNetwork::ReferenceNetwork(const UVitConfig& config, const std::map<std::string, at::Tensor>& tensors,
                                   c10::Device device, c10::ScalarType type)
    : config_(config), type_(type)
{
    for (const auto& [name, tensor] : tensors) {
        const bool is_block = name.find("blocks.") != std::string::npos || name.starts_with("mid_block.");
        const bool is_norm = name.find("norm") != std::string::npos;
        tensors_[name] = tensor.to(device, is_block && !is_norm ? type : at::kFloat).contiguous();
    }
}

at::Tensor ReferenceNetwork::linear(const std::string& name, const at::Tensor& x) const
{
    const auto bias = tensors_.find(name + ".bias");
    return at::linear(x, at(name + ".weight"),
                      bias == tensors_.end() ? std::optional<at::Tensor>() : std::optional(bias->second));
}

at::Tensor ReferenceNetwork::norm(const std::string& name, const at::Tensor& x) const
{
    const at::Tensor& weight = at(name + ".weight");
    return at::layer_norm(x.to(at::kFloat), weight.sizes(), weight, at(name + ".bias"), 1e-5);
}

at::Tensor ReferenceNetwork::block(const std::string& name, at::Tensor x, const at::Tensor& skip) const
{
    if (skip.defined()) {
        x = linear(name + ".skip_linear", at::cat({x, skip}, -1));
    }
    const at::Tensor qkv = linear(name + ".attn.qkv", norm(name + ".norm1", x).to(type_))
                               .reshape({x.size(0), x.size(1), 3, config_.num_heads, config_.head_dim()})
                               .permute({2, 0, 3, 1, 4});
    const at::Tensor attended =
        at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]).transpose(1, 2).reshape(x.sizes());
    x = x + linear(name + ".attn.proj", attended);
    const at::Tensor hidden = at::gelu(linear(name + ".mlp.fc1", norm(name + ".norm2", x).to(type_)));
    return x + linear(name + ".mlp.fc2", hidden);
}

at::Tensor ReferenceNetwork::embed(const at::Tensor& x, int t, const at::Tensor& labels) const
{
    const std::int64_t half = config_.embed_dim / 2;
    const auto options = x.options();
    const at::Tensor frequencies =
        at::exp(at::arange(half, options) * (-std::log(10000.0) / static_cast<double>(half)));
    const at::Tensor angles = frequencies * (config_.normalize_timesteps ? t / 1000.0 : t);
    const at::Tensor padding = at::zeros({config_.embed_dim % 2}, angles.options());
    at::Tensor time =
        at::cat({at::cos(angles), at::sin(angles), padding}).expand({x.size(0), 1, config_.embed_dim});
    if (config_.mlp_time_embed) {
        time = linear("time_embed.2", at::silu(linear("time_embed.0", time)));
    }
    const std::int64_t p = config_.patch_size;
    const at::Tensor patches =
        at::conv2d(x, at("patch_embed.proj.weight"), at("patch_embed.proj.bias"), {p, p})
            .flatten(2)
            .transpose(1, 2);
    std::vector<at::Tensor> tokens{time, patches};
    if (config_.num_classes > 0) {
        tokens.insert(tokens.begin(), at::embedding(at("label_emb.weight"), labels).unsqueeze(1));
    }
    return (at::cat(tokens, 1) + at("pos_embed")).to(type_);
}

at::Tensor ReferenceNetwork::forward(const at::Tensor& x, int t, const at::Tensor& labels) const
{
    at::Tensor tokens = embed(x, t, labels);
    std::vector<at::Tensor> skips;
    const std::int64_t half = config_.depth / 2;
    for (std::int64_t i = 0; i < half; ++i) {
        tokens = block(fmt::format("in_blocks.{}", i), tokens, {});
        skips.push_back(tokens);
    }
    tokens = block("mid_block", tokens, {});
    for (std::int64_t i = 0; i < half; ++i) {
        tokens = block(fmt::format("out_blocks.{}", i), tokens, skips.back());
        skips.pop_back();
    }
    const at::Tensor patches = linear("decoder_pred", norm("norm", tokens));
    const std::int64_t side = config_.img_size / config_.patch_size;
    const std::int64_t p = config_.patch_size;
    const at::Tensor image = patches.narrow(1, config_.extras(), side * side)
                                 .reshape({x.size(0), side, side, p, p, config_.in_chans})
                                 .permute({0, 5, 1, 3, 2, 4})
                                 .reshape(x.sizes());
    return at::conv2d(image, at("final_layer.weight"), at("final_layer.bias"), {1, 1}, {1, 1});
}

}  // namespace duodiff
