// SPDX-License-Identifier: MIT
#include "train/parameters.h"

#include "base/error.h"
#include "base/noise.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

namespace duodiff
{
namespace
{

/// Elements: each parameter starts at a multiple of 64 bytes.
constexpr std::int64_t alignment = 16;
constexpr int timesteps = 1000;

std::int64_t numel_of(const std::vector<std::int64_t>& shape)
{
    return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

/// A tensor over a part of `piece` that autograd does not know as a view.
at::Tensor part(const at::Tensor& piece, std::int64_t first, const std::vector<std::int64_t>& shape)
{
    return at::from_blob(
        piece.mutable_data_ptr<float>() + first, shape, [piece](void*) {}, piece.options());
}

bool ends_with(const std::string& name, std::string_view end)
{
    return std::string_view(name).ends_with(end);
}

bool is_norm(const std::string& name)
{
    return name.find("norm") != std::string::npos;
}

bool is_convolution(const std::string& name)
{
    return name.find("final_layer.") != std::string::npos ||
           name.find("patch_embed.proj.") != std::string::npos;
}

/// The linear probes of a network, in the order of their rows.
std::vector<std::string> probe_names(const ModelConfig& config)
{
    std::vector<std::string> names;
    const auto depth = static_cast<int>(config.uvit.depth);
    if (!config.probe) {
        return names;
    }
    switch (*config.probe) {
        case ProbeKind::mlp_per_layer:
            for (int i = 0; i < depth; ++i) {
                names.push_back(fmt::format("matrix.{}.classifier.0.", i));
            }
            break;
        case ProbeKind::mlp_per_timestep:
            for (int t = 0; t < timesteps; ++t) {
                names.push_back(fmt::format("matrix.{}.classifier.0.", t));
            }
            break;
        case ProbeKind::mlp_per_layer_per_timestep:
            for (int i = 0; i < depth; ++i) {
                for (int t = 0; t < timesteps; ++t) {
                    names.push_back(fmt::format("matrix.{}, {}.classifier.0.", i, t));
                }
            }
            break;
        default:
            break;
    }
    return names;
}

/// FNV-1a: the number of a parameter's own random sequence, whatever others there are.
std::uint32_t sequence_of(const std::string& name)
{
    std::uint32_t hash = 2166136261U;
    for (const char c : name) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    }
    return hash;
}

std::vector<float> first_values(const std::string& name, const at::Tensor& leaf, const Tensors& leaves,
                                std::uint64_t seed)
{
    std::vector<float> values(static_cast<std::size_t>(leaf.numel()), 0.0F);
    const bool is_bias = ends_with(name, "bias");
    if (is_norm(name)) {
        std::fill(values.begin(), values.end(), is_bias ? 0.0F : 1.0F);
    } else if (is_convolution(name)) {
        const std::string stem = name.substr(0, name.rfind('.') + 1);
        const at::Tensor& weight = leaves.at(stem + "weight");
        const auto fan_in = static_cast<double>(weight.numel() / weight.size(0));
        const auto bound = static_cast<float>(1.0 / std::sqrt(fan_in));
        for (std::size_t i = 0; i < values.size(); ++i) {
            const std::uint32_t bits = random_bits(seed, NoiseStream::train_weights, sequence_of(name),
                                                   static_cast<std::uint32_t>(i));
            values[i] = bound * (static_cast<float>(bits) * 0x1p-31F - 1.0F);
        }
    } else if (!is_bias) {
        fill_normal(values, seed, NoiseStream::train_weights, sequence_of(name));
        const float deviation = ends_with(name, "label_emb.weight") ? 1.0F : 0.02F;
        for (float& value : values) {
            value *= deviation;
        }
    }
    return values;
}

}  // namespace

bool is_decayed(const ParameterShape& parameter)
{
    const std::string& name = parameter.name;
    return !ends_with(name, "bias") && !is_norm(name) && !ends_with(name, "pos_embed") &&
           !ends_with(name, "label_emb.weight") && !ends_with(name, ".q");
}

Parameters::Parameters(const std::vector<ParameterShape>& shapes, c10::Device device)
{
    for (const bool decayed : {true, false}) {
        for (const ParameterShape& shape : shapes) {
            if (is_decayed(shape) == decayed) {
                places_.push_back({shape.name, shape.shape, count_});
                count_ += (numel_of(shape.shape) + alignment - 1) / alignment * alignment;
            }
        }
        decayed_ = decayed ? count_ : decayed_;
    }
    const auto options = at::TensorOptions().dtype(at::kFloat).device(device);
    for (at::Tensor* piece : {&values_, &gradients_, &first_moment_, &second_moment_, &average_}) {
        *piece = at::zeros({count_}, options);
    }
    for (const Place& place : places_) {
        at::Tensor leaf = part(values_, place.first, place.shape);
        leaf.requires_grad_(true);
        leaf.mutable_grad() = part(gradients_, place.first, place.shape);
        leaves_.emplace(place.name, std::move(leaf));
    }
}

Tensors Parameters::parts_of(const at::Tensor& piece) const
{
    Tensors parts;
    for (const Place& place : places_) {
        parts.emplace(place.name, part(piece, place.first, place.shape));
    }
    return parts;
}

std::vector<ParameterShape> parameter_shapes(const ModelConfig& config)
{
    const std::vector<std::string> probes = probe_names(config);
    std::vector<ParameterShape> shapes;
    for (const auto& [name, shape] : expected_tensors(config)) {
        if (probes.empty() || !name.starts_with("matrix.")) {
            shapes.push_back({name, shape});
        }
    }
    if (!probes.empty()) {
        const auto count = static_cast<std::int64_t>(probes.size());
        shapes.push_back({"matrix.weight", {count, config.uvit.embed_dim}});
        shapes.push_back({"matrix.bias", {count}});
    }
    return shapes;
}

Tensors to_file_names(const Tensors& tensors, const ModelConfig& config)
{
    const std::vector<std::string> probes = probe_names(config);
    if (probes.empty()) {
        return tensors;
    }
    Tensors named = tensors;
    const at::Tensor weight = tensors.at("matrix.weight");
    const at::Tensor bias = tensors.at("matrix.bias");
    named.erase("matrix.weight");
    named.erase("matrix.bias");
    for (std::size_t i = 0; i < probes.size(); ++i) {
        const auto row = static_cast<std::int64_t>(i);
        named.emplace(probes[i] + "weight", weight.narrow(0, row, 1));
        named.emplace(probes[i] + "bias", bias.narrow(0, row, 1));
    }
    return named;
}

Tensors from_file_names(const Tensors& tensors, const ModelConfig& config)
{
    const std::vector<std::string> probes = probe_names(config);
    if (probes.empty()) {
        return tensors;
    }
    const auto count = static_cast<std::int64_t>(probes.size());
    at::Tensor weight = at::zeros({count, config.uvit.embed_dim}, at::kFloat);
    at::Tensor bias = at::zeros({count}, at::kFloat);
    Tensors named = tensors;
    for (std::size_t i = 0; i < probes.size(); ++i) {
        const auto row = static_cast<std::int64_t>(i);
        weight.narrow(0, row, 1).copy_(tensors.at(probes[i] + "weight"));
        bias.narrow(0, row, 1).copy_(tensors.at(probes[i] + "bias"));
        named.erase(probes[i] + "weight");
        named.erase(probes[i] + "bias");
    }
    named.emplace("matrix.weight", weight);
    named.emplace("matrix.bias", bias);
    return named;
}

void initialise(const Tensors& leaves, std::uint64_t seed)
{
    const at::NoGradGuard no_grad;
    for (const auto& [name, leaf] : leaves) {
        std::vector<float> values = first_values(name, leaf, leaves, seed);
        at::Tensor target = leaf;
        target.copy_(at::from_blob(values.data(), leaf.sizes(), at::kFloat));
    }
}

}  // namespace duodiff
