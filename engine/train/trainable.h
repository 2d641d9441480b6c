// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/model_config.h"
#include "train/parameters.h"

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>

namespace duodiff
{

/// What a network is shown in training; t differs from image to image.
struct TrainInput {
    at::Tensor x;       ///< (B, C, H, W) fp32
    at::Tensor t;       ///< (B) int64
    at::Tensor labels;  ///< (B) int64; undefined for an unconditional model
    /// (B) fp32, 0 where an image lost its label: its label token is then zero in place of the class's
    /// vector, plus the position as ever. Undefined: every image keeps its label.
    at::Tensor label_kept;
};

/// A U-ViT that autograd sees through: what model/uvit.h computes, in plain LibTorch. Under bf16 the
/// products are bf16, and so are the sums after a product that takes in a skip; all else is fp32. Parameters
/// stay the caller's.
class TrainableUVit
{
public:
    /// `tensors` names them as files do, `prefix` first.
    TrainableUVit(const UVitConfig& config, const Tensors& tensors, std::string prefix);

    /// (B, L, D), all blocks run. `at_layer`, if any, is shown the tokens before each block, at layers
    /// 0..depth-1, and after the last, at layer depth.
    at::Tensor run(const TrainInput& input,
                   const std::function<void(int layer, const at::Tensor& tokens)>& at_layer = {}) const;

    /// The network's own head: tokens -> (B, C, H, W) fp32
    at::Tensor head(const at::Tensor& tokens) const;

    /// The head whose tensors' names begin with `prefix`.
    at::Tensor head(const at::Tensor& tokens, const std::string& prefix) const;

    const UVitConfig& config() const { return config_; }

private:
    at::Tensor embed(const TrainInput& input) const;
    at::Tensor attention(const at::Tensor& x, const std::string& block) const;
    at::Tensor block(const at::Tensor& x, const at::Tensor& skip, const std::string& name) const;
    at::Tensor linear(const at::Tensor& x, const std::string& name) const;
    at::Tensor norm(const at::Tensor& x, const std::string& name) const;
    const at::Tensor& at(const std::string& name) const { return tensors_->at(name); }

    UVitConfig config_;
    const Tensors* tensors_;
    std::string prefix_;
};

/// Probes of an early-exit network, with gradients. Rows are numbered as in model/exits.h.
class TrainableProbes
{
public:
    TrainableProbes(ProbeKind kind, const UVitConfig& config, const Tensors& tensors);

    /// The row that reads the tokens at `layer`; negative: none does.
    int row_at(int layer) const;

    /// tokens (B, L, D) at the row's layer, t (B) -> u (B); of certainty maps the map c (B, C, H, W).
    at::Tensor operator()(int row, const at::Tensor& t, const at::Tensor& tokens) const;

private:
    at::Tensor linear_probe(int row, const at::Tensor& t, const at::Tensor& tokens) const;
    at::Tensor attention_probe(int row, const at::Tensor& tokens) const;
    at::Tensor certainty_map(int row, const at::Tensor& tokens) const;

    ProbeKind kind_;
    UVitConfig config_;
    const Tensors* tensors_;
};

/// The name of the head through which images leave at `layer`; empty: the backbone's own.
std::string head_prefix(const ModelConfig& config, int layer);

/// Products in bf16 on this thread, in its scope, where `enabled`.
class Autocast
{
public:
    Autocast(bool enabled, c10::Device device);
    ~Autocast();
    Autocast(const Autocast&) = delete;
    Autocast& operator=(const Autocast&) = delete;

private:
    c10::DeviceType device_;
    bool before_;
};

}  // namespace duodiff
