// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/model_config.h"

#include <optional>

namespace duodiff
{

/// Floating-point operations (2 for a multiply-add) of one image in one step, counted from the shapes:
/// products, attention and convolutions; normalisations and activations are left out, as in the papers.
struct UVitCost {
    explicit UVitCost(const UVitConfig& config, std::optional<ProbeKind> probes = std::nullopt);

    double embedding = 0.0;
    double plain_block = 0.0;  ///< in and mid blocks
    double out_block = 0.0;    ///< with skip_linear
    double head = 0.0;
    double probe = 0.0;  ///< one probe; 0 without
    int depth = 0;
    bool probe_after_block = false;

    double block(int index) const;
    /// Everything an image costs that leaves after `layer` blocks, 0..depth, its probes included where
    /// `reads_probes`.
    double leaving_at(int layer, bool reads_probes) const;
    double all_blocks() const { return leaving_at(depth, false); }
};

}  // namespace duodiff
