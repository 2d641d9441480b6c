// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/model_config.h"
#include "model/layers.h"
#include "model/uvit.h"

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

namespace duodiff
{

/// Uncertainty probes and output heads that let an image leave a U-ViT early.
///
/// Layers are counted as blocks run: at layer i, i blocks are done. The DuoDiff authors' probe and head i
/// read the tokens before block i, that is at layer i; the AdaDiff authors' probe i reads them after
/// block i, at layer i + 1, and leaves through the backbone's own head. Probe rows keep their authors'
/// numbers (0..depth-1). All in fp32.
class Exits
{
public:
    /// `source` names the tensors as their authors do (`matrix.*`, `*_head*` or `lte_classifer.*`).
    Exits(ProbeKind kind, const UVitConfig& config, const TensorSource& source);

    ProbeKind kind() const { return kind_; }
    int rows() const { return depth_; }

    /// The probe that reads the tokens at `layer`, if any does.
    std::optional<int> probe_at(int layer) const;
    /// The layer that probe `row` reads.
    int layer_of(int row) const;

    /// tokens (B, L, D) at the probe's layer -> u (B), fp32. Smaller is more certain. For certainty maps
    /// u = 1 - mean(map); the attention probe's u is unbounded, all others' are in [0, 1].
    at::Tensor uncertainty(int row, int t, const at::Tensor& tokens) const;

    /// Uncertainty (or, for certainty maps, certainty) of every pixel: (B, C, H, W), fp32; for the MLP
    /// probes one number a patch, spread over its pixels, (B, 1, H, W). Throws EngineError(usage) for the
    /// attention probe, which has none.
    at::Tensor map(int row, int t, const at::Tensor& tokens) const;

    /// The head an image leaves through at `layer` < depth; null: the backbone's own.
    const OutputHead* head_at(int layer) const;

    std::size_t bytes() const;

private:
    struct AttentionProbe {
        at::Tensor query;  ///< (D)
        Linear keys_values;
        Linear hidden;
        Linear output;
    };
    at::Tensor attention_uncertainty(const AttentionProbe& probe, const at::Tensor& tokens) const;
    at::Tensor certainty_map(int row, const at::Tensor& tokens) const;
    at::Tensor token_uncertainty(int row, int t, const at::Tensor& tokens) const;
    std::int64_t mlp_index(int row, int t) const;

    ProbeKind kind_;
    int depth_;
    UVitConfig config_;
    at::Tensor mlp_weight_;  ///< (probes, D), MLP kinds
    at::Tensor mlp_bias_;    ///< (probes)
    std::vector<AttentionProbe> attention_;
    std::vector<Linear> maps_;  ///< certainty maps: D -> patch^2 C
    std::vector<OutputHead> heads_;
};

}  // namespace duodiff
