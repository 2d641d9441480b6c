// SPDX-License-Identifier: MIT
#include "model/exits.h"

#include "base/error.h"
#include "cuda/gpu.h"
#include "cuda/ops.h"
#include "kernels/kernels.h"
#include "kernels/parallel.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace duodiff
{
namespace
{

constexpr int timesteps = 1000;

/// Names of the MLP probes under `matrix.`, in the order of Exits::mlp_index.
std::vector<std::string> mlp_probe_names(ProbeKind kind, int depth)
{
    std::vector<std::string> names;
    if (kind == ProbeKind::mlp_per_layer) {
        for (int i = 0; i < depth; ++i) {
            names.push_back(fmt::format("{}", i));
        }
    } else if (kind == ProbeKind::mlp_per_timestep) {
        for (int t = 0; t < timesteps; ++t) {
            names.push_back(fmt::format("{}", t));
        }
    } else {
        for (int i = 0; i < depth; ++i) {
            for (int t = 0; t < timesteps; ++t) {
                names.push_back(fmt::format("{}, {}", i, t));
            }
        }
    }
    return names;
}

template <class T>
void mean_sigmoid_of(const Kernels<T>& kernels, const at::Tensor& tokens, const float* weight, float bias,
                     float* u)
{
    const std::int64_t length = tokens.size(1);
    const std::int64_t dim = tokens.size(2);
    const auto* data = static_cast<const T*>(tokens.const_data_ptr());
    const auto probe = [&](std::int64_t image) {
        u[image] = kernels.mean_sigmoid(data + image * length * dim, length, dim, weight, bias);
    };
    // Waking the other threads takes longer than reading so few numbers.
    constexpr std::int64_t worth_sharing = 1 << 19;
    if (tokens.numel() >= worth_sharing) {
        parallel_for(tokens.size(0), [&](std::int64_t image) { probe(image); });
        return;
    }
    for (std::int64_t image = 0; image < tokens.size(0); ++image) {
        probe(image);
    }
}

/// tokens (B, L, D) on the CPU -> the mean over the tokens of sigmoid(weight . token + bias), (B)
at::Tensor mean_sigmoid(const at::Tensor& tokens, const at::Tensor& weight, const at::Tensor& bias)
{
    const at::Tensor whole = tokens.contiguous();
    at::Tensor u = at::empty({tokens.size(0)}, at::kFloat);
    const auto* w = weight.const_data_ptr<float>();
    const float b = *bias.const_data_ptr<float>();
    if (tokens.scalar_type() == at::kBFloat16) {
        mean_sigmoid_of(bfloat16_kernels(best_bfloat16_isa()), whole, w, b, u.data_ptr<float>());
    } else {
        mean_sigmoid_of(float_kernels(best_float_isa()), whole, w, b, u.data_ptr<float>());
    }
    return u;
}

bool is_mlp(ProbeKind kind)
{
    return kind == ProbeKind::mlp_per_layer || kind == ProbeKind::mlp_per_timestep ||
           kind == ProbeKind::mlp_per_layer_per_timestep;
}

}  // namespace

Exits::Exits(ProbeKind kind, const UVitConfig& config, const TensorSource& source)
    : kind_(kind), depth_(static_cast<int>(config.depth)), config_(config)
{
    const std::int64_t rows = 16 * config.tokens();
    if (is_mlp(kind_)) {
        std::vector<at::Tensor> weights;
        std::vector<at::Tensor> biases;
        for (const std::string& name : mlp_probe_names(kind_, depth_)) {
            const TensorSource probe = source.under("matrix." + name + ".classifier.0.");
            weights.push_back(probe.at("weight", at::kFloat).reshape({config.embed_dim}));
            biases.push_back(probe.at("bias", at::kFloat).reshape({}));
        }
        mlp_weight_ = at::stack(weights);
        mlp_bias_ = at::stack(biases);
    } else if (kind_ == ProbeKind::attention) {
        for (int i = 0; i < depth_; ++i) {
            const TensorSource probe = source.under(fmt::format("matrix.{}.", i));
            attention_.push_back({probe.at("q", at::kFloat).reshape({config.embed_dim}),
                                  Linear::load(probe.under("weight_kv."), at::kFloat, rows),
                                  Linear::load(probe.under("classification.0."), at::kFloat, 16),
                                  Linear::load(probe.under("classification.2."), at::kFloat, 16)});
        }
    } else {
        for (int i = 0; i < depth_; ++i) {
            maps_.push_back(
                Linear::load(source.under(fmt::format("lte_classifer.{}.lte.", i)), at::kFloat, rows));
        }
        return;
    }
    const int half = depth_ / 2;
    for (int i = 0; i < depth_; ++i) {
        const std::string name = i < half    ? fmt::format("in_blocks_heads.{}.", i)
                                 : i == half ? std::string("mid_block_head.")
                                             : fmt::format("out_blocks_heads.{}.", i - half - 1);
        heads_.push_back(OutputHead::load(source.under(name), config));
    }
}

std::optional<int> Exits::probe_at(int layer) const
{
    const int row = kind_ == ProbeKind::certainty_map ? layer - 1 : layer;
    return row >= 0 && row < depth_ ? std::optional<int>(row) : std::nullopt;
}

int Exits::layer_of(int row) const
{
    return kind_ == ProbeKind::certainty_map ? row + 1 : row;
}

std::int64_t Exits::mlp_index(int row, int t) const
{
    switch (kind_) {
        case ProbeKind::mlp_per_layer:
            return row;
        case ProbeKind::mlp_per_timestep:
            return t;
        default:
            return static_cast<std::int64_t>(row) * timesteps + t;
    }
}

at::Tensor Exits::token_uncertainty(int row, int t, const at::Tensor& tokens) const
{
    const std::int64_t index = mlp_index(row, t);
    const at::Tensor logits = at::matmul(tokens.to(at::kFloat), mlp_weight_[index]);
    return at::sigmoid(logits + mlp_bias_[index]);
}

at::Tensor Exits::attention_uncertainty(const AttentionProbe& probe, const at::Tensor& tokens) const
{
    const std::int64_t dim = config_.embed_dim;
    const at::Tensor rest = tokens.narrow(1, 1, tokens.size(1) - 1).to(at::kFloat).contiguous();
    const at::Tensor keys_values = probe.keys_values(rest);
    const at::Tensor keys = keys_values.narrow(2, 0, dim);
    const at::Tensor values = keys_values.narrow(2, dim, dim);
    const at::Tensor scores = at::matmul(keys, probe.query) / std::sqrt(static_cast<double>(dim));
    const at::Tensor attended = at::matmul(at::softmax(scores, -1).unsqueeze(1), values).squeeze(1);
    return probe.output(at::silu(probe.hidden(attended))).squeeze(-1);
}

at::Tensor Exits::certainty_map(int row, const at::Tensor& tokens) const
{
    const std::int64_t extras = config_.extras();
    const at::Tensor patches = tokens.narrow(1, extras, tokens.size(1) - extras).to(at::kFloat).contiguous();
    return unpatchify(at::sigmoid(maps_[static_cast<std::size_t>(row)](patches)),
                      config_.img_size / config_.patch_size, config_.patch_size, config_.in_chans);
}

at::Tensor Exits::uncertainty(int row, int t, const at::Tensor& tokens) const
{
    if (is_mlp(kind_)) {
        const std::int64_t index = mlp_index(row, t);
        if (cuda::runs_on(tokens.device())) {
            return cuda::probe_uncertainty(tokens.contiguous(), mlp_weight_[index], mlp_bias_[index]);
        }
        return tokens.is_cpu() ? mean_sigmoid(tokens, mlp_weight_[index], mlp_bias_[index])
                               : token_uncertainty(row, t, tokens).mean(1);
    }
    if (kind_ == ProbeKind::attention) {
        return attention_uncertainty(attention_[static_cast<std::size_t>(row)], tokens);
    }
    return 1.0 - certainty_map(row, tokens).mean({1, 2, 3});
}

at::Tensor Exits::map(int row, int t, const at::Tensor& tokens) const
{
    if (kind_ == ProbeKind::attention) {
        throw EngineError(ErrorCode::usage, "the attention probe gives one number an image, not a map");
    }
    if (kind_ == ProbeKind::certainty_map) {
        return certainty_map(row, tokens);
    }
    const std::int64_t extras = config_.extras();
    const std::int64_t side = config_.img_size / config_.patch_size;
    const std::int64_t pixels = config_.patch_size * config_.patch_size;
    const at::Tensor patches =
        token_uncertainty(row, t, tokens.narrow(1, extras, tokens.size(1) - extras)).unsqueeze(-1);
    return unpatchify(patches.expand({-1, -1, pixels}), side, config_.patch_size, 1);
}

const OutputHead* Exits::head_at(int layer) const
{
    return heads_.empty() ? nullptr : &heads_[static_cast<std::size_t>(layer)];
}

std::size_t Exits::bytes() const
{
    std::size_t sum = tensor_bytes(mlp_weight_) + tensor_bytes(mlp_bias_);
    for (const AttentionProbe& probe : attention_) {
        sum += tensor_bytes(probe.query) + probe.keys_values.bytes() + probe.hidden.bytes() +
               probe.output.bytes();
    }
    for (const Linear& map : maps_) {
        sum += map.bytes();
    }
    for (const OutputHead& head : heads_) {
        sum += head.bytes();
    }
    return sum;
}

}  // namespace duodiff
