// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace duodiff
{

/// The keys of a configuration that mean something here; files carry many others.
inline constexpr std::array<std::string_view, 23> config_keys = {
    // U-ViT
    "img_size", "patch_size", "in_chans", "embed_dim", "depth", "num_heads", "mlp_ratio", "qkv_bias",
    "mlp_time_embed", "num_classes", "normalize_timesteps",
    // early exit, training
    "classifier_type", "parametrization", "model",
    // autoencoder
    "ch", "ch_mult", "num_res_blocks", "attn_resolutions", "in_channels", "out_ch", "resolution",
    "z_channels", "scale_factor"};

inline bool is_config_key(std::string_view key)
{
    return std::find(config_keys.begin(), config_keys.end(), key) != config_keys.end();
}

}  // namespace duodiff
