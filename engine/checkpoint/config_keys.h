// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace duodiff
{

inline constexpr std::array<std::string_view, 11> uvit_keys = {
    "img_size", "patch_size",     "in_chans",    "embed_dim",          "depth", "num_heads", "mlp_ratio",
    "qkv_bias", "mlp_time_embed", "num_classes", "normalize_timesteps"};

inline constexpr std::array<std::string_view, 10> autoencoder_keys = {
    "ch",     "ch_mult",    "num_res_blocks", "attn_resolutions", "in_channels",
    "out_ch", "resolution", "z_channels",     "embed_dim",        "scale_factor"};

/// True for the keys of a configuration that mean something here; files carry many others.
inline bool is_config_key(std::string_view key)
{
    const auto among = [key](const auto& keys) {
        return std::find(keys.begin(), keys.end(), key) != keys.end();
    };
    return among(uvit_keys) || among(autoencoder_keys) || key == "classifier_type" ||
           key == "parametrization";
}

}  // namespace duodiff
