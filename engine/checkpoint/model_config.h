// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace duodiff
{

/// Flat configuration values as a file gives them: YAML scalars, the checkpoint's own `args`, pack.json.
using ConfigValue = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>>;
using ConfigValues = std::map<std::string, ConfigValue>;

/// U-ViT shape (arXiv 2209.12152), the keys of the reference's `model_params`.
struct UVitConfig {
    std::int64_t img_size = 0;
    std::int64_t patch_size = 0;
    std::int64_t in_chans = 0;
    std::int64_t embed_dim = 0;
    std::int64_t depth = 0;  ///< number of blocks, odd: depth / 2 in, one mid, depth / 2 out
    std::int64_t num_heads = 0;
    double mlp_ratio = 4.0;
    bool qkv_bias = false;
    bool mlp_time_embed = false;
    std::int64_t num_classes = 0;  ///< 0: unconditional (the reference writes -1)
    bool normalize_timesteps = false;

    std::int64_t extras() const { return num_classes > 0 ? 2 : 1; }
    std::int64_t patches() const { return (img_size / patch_size) * (img_size / patch_size); }
    std::int64_t tokens() const { return patches() + extras(); }
    std::int64_t head_dim() const { return embed_dim / num_heads; }
    std::int64_t mlp_dim() const
    {
        return static_cast<std::int64_t>(static_cast<double>(embed_dim) * mlp_ratio);
    }
    std::int64_t patch_dim() const { return patch_size * patch_size * in_chans; }
    bool operator==(const UVitConfig&) const = default;
};

/// Uncertainty probes of an early-exit model.
enum class ProbeKind {
    mlp_per_layer,
    mlp_per_timestep,
    mlp_per_layer_per_timestep,
    attention,
    certainty_map,  ///< the AdaDiff authors' `lte_classifer`, placed after each block
};

/// KL autoencoder (f = 2^(len(ch_mult) - 1)).
struct AutoencoderConfig {
    std::int64_t ch = 128;
    std::vector<std::int64_t> ch_mult = {1, 2, 4, 4};
    std::int64_t num_res_blocks = 2;
    std::vector<std::int64_t> attn_resolutions;  ///< informative: what decides is which tensors exist
    std::int64_t in_channels = 3;
    std::int64_t out_ch = 3;
    std::int64_t resolution = 256;
    std::int64_t z_channels = 4;
    std::int64_t embed_dim = 4;
    double scale_factor = 0.18215;
    bool operator==(const AutoencoderConfig&) const = default;
};

enum class ModelKind { uvit, early_exit, adadiff_original, autoencoder };

/// What a checkpoint holds, once tensors and configuration agree.
struct ModelConfig {
    ModelKind kind = ModelKind::uvit;
    UVitConfig uvit;                             ///< all kinds but autoencoder
    std::optional<ProbeKind> probe;              ///< early_exit and adadiff_original
    AutoencoderConfig autoencoder;               ///< autoencoder only
    std::optional<std::string> parametrization;  ///< "predict_noise", ...: where the file tells
};

struct Checkpoint;

/// Puts together what `config_file` (if not empty), a .yaml beside the file, the checkpoint's own args
/// and the tensors' shapes say. Two sources that contradict each other are an error that names both,
/// with both values. What no source tells (num_heads and normalize_timesteps leave no trace in the
/// shapes) is an error that says how to give it. Then every tensor the kind needs is checked for presence
/// and shape, and tensors that do not belong are refused, naming the first few.
/// Throws EngineError(bad_file).
ModelConfig resolve_config(const Checkpoint& checkpoint, const std::filesystem::path& config_file = {});

/// The tensors a model of this configuration has: name -> shape. Names carry the file's own prefixes
/// ("uvit." for early_exit). An AdaDiff authors' file may hold one more certainty map, which is never used.
std::map<std::string, std::vector<std::int64_t>> expected_tensors(const ModelConfig& config);

/// The keys and values of a YAML configuration (the mapping itself, or what lies under `model_params`
/// or `autoencoder`). Throws EngineError(bad_file).
ConfigValues read_config_yaml(const std::filesystem::path& path);

std::string_view to_string(ProbeKind kind);  ///< "mlp_probe_per_layer", ..., "certainty_map"
std::string_view to_string(ModelKind kind);

}  // namespace duodiff
