// SPDX-License-Identifier: MIT
#include "model/cost.h"

#include <algorithm>

namespace duodiff
{

UVitCost::UVitCost(const UVitConfig& config, std::optional<ProbeKind> probes)
{
    const auto dim = static_cast<double>(config.embed_dim);
    const auto length = static_cast<double>(config.tokens());
    const auto patches = static_cast<double>(config.patches());
    const auto patch_dim = static_cast<double>(config.patch_dim());
    const auto channels = static_cast<double>(config.in_chans);
    const auto pixels = static_cast<double>(config.img_size * config.img_size);
    const auto mlp = static_cast<double>(config.mlp_dim());

    depth = static_cast<int>(config.depth);
    embedding = 2 * patches * patch_dim * dim + (config.mlp_time_embed ? 2 * 8 * dim * dim : 0);
    plain_block = 2 * length * (4 * dim * dim + 2 * dim * mlp) + 4 * length * length * dim;
    out_block = plain_block + 2 * length * 2 * dim * dim;
    head = 2 * patches * dim * patch_dim + 2 * 9 * pixels * channels * channels;
    if (probes == ProbeKind::attention) {
        probe = 2 * (length - 1) * dim * 2 * dim + 4 * (length - 1) * dim + 2 * dim * dim + 2 * dim;
    } else if (probes == ProbeKind::certainty_map) {
        probe = 2 * patches * dim * patch_dim;
        probe_after_block = true;
    } else if (probes) {
        probe = 2 * length * dim;
    }
}

double UVitCost::block(int index) const
{
    return index > depth / 2 ? out_block : plain_block;
}

double UVitCost::leaving_at(int layer, bool reads_probes) const
{
    double sum = embedding + head;
    for (int i = 0; i < layer; ++i) {
        sum += block(i);
    }
    if (reads_probes) {
        // An image that runs to the end meets no probe there; one placed after the last block is not read.
        const int read = probe_after_block ? std::min(layer, depth - 1) : std::min(layer + 1, depth);
        sum += read * probe;
    }
    return sum;
}

}  // namespace duodiff
