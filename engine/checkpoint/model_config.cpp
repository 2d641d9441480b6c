// SPDX-License-Identifier: MIT
#include "checkpoint/model_config.h"

#include "checkpoint/shape_inference.h"

#include <algorithm>
#include <string>
#include <utility>

namespace duodiff
{
namespace
{

using Shape = std::vector<std::int64_t>;
using Shapes = std::map<std::string, Shape>;

constexpr std::int64_t timesteps = 1000;

void add_affine(Shapes& shapes, const std::string& name, Shape weight)
{
    shapes[name + ".bias"] = {weight.front()};
    shapes[name + ".weight"] = std::move(weight);
}

void add_norm(Shapes& shapes, const std::string& name, std::int64_t dim)
{
    add_affine(shapes, name, {dim});
}

void add_head(Shapes& shapes, const std::string& prefix, const UVitConfig& config)
{
    add_norm(shapes, prefix + "norm", config.embed_dim);
    add_affine(shapes, prefix + "decoder_pred", {config.patch_dim(), config.embed_dim});
    add_affine(shapes, prefix + "final_layer", {config.in_chans, config.in_chans, 3, 3});
}

void add_block(Shapes& shapes, const std::string& name, const UVitConfig& config)
{
    const std::int64_t dim = config.embed_dim;
    add_norm(shapes, name + ".norm1", dim);
    add_norm(shapes, name + ".norm2", dim);
    shapes[name + ".attn.qkv.weight"] = {3 * dim, dim};
    if (config.qkv_bias) {
        shapes[name + ".attn.qkv.bias"] = {3 * dim};
    }
    add_affine(shapes, name + ".attn.proj", {dim, dim});
    add_affine(shapes, name + ".mlp.fc1", {config.mlp_dim(), dim});
    add_affine(shapes, name + ".mlp.fc2", {dim, config.mlp_dim()});
}

void add_uvit(Shapes& shapes, const std::string& prefix, const UVitConfig& config)
{
    const std::int64_t dim = config.embed_dim;
    add_affine(shapes, prefix + "patch_embed.proj",
               {dim, config.in_chans, config.patch_size, config.patch_size});
    shapes[prefix + "pos_embed"] = {1, config.tokens(), dim};
    if (config.num_classes > 0) {
        shapes[prefix + "label_emb.weight"] = {config.num_classes, dim};
    }
    if (config.mlp_time_embed) {
        add_affine(shapes, prefix + "time_embed.0", {4 * dim, dim});
        add_affine(shapes, prefix + "time_embed.2", {dim, 4 * dim});
    }
    add_block(shapes, prefix + "mid_block", config);
    for (std::int64_t i = 0; i < config.depth / 2; ++i) {
        const std::string number = std::to_string(i);
        add_block(shapes, prefix + "in_blocks." + number, config);
        add_block(shapes, prefix + "out_blocks." + number, config);
        add_affine(shapes, prefix + "out_blocks." + number + ".skip_linear", {dim, 2 * dim});
    }
    add_head(shapes, prefix, config);
}

void add_attention_probe(Shapes& shapes, const std::string& name, std::int64_t dim)
{
    shapes[name + ".q"] = {1, 1, 1, dim};
    add_affine(shapes, name + ".weight_kv", {2 * dim, dim});
    add_affine(shapes, name + ".classification.0", {dim, dim});
    add_affine(shapes, name + ".classification.2", {1, dim});
}

void add_probes(Shapes& shapes, ProbeKind probe, const UVitConfig& config)
{
    const auto add_mlp = [&](const std::string& key) {
        add_affine(shapes, "matrix." + key + ".classifier.0", {1, config.embed_dim});
    };
    const std::int64_t count = probe == ProbeKind::mlp_per_timestep ? timesteps : config.depth;
    for (std::int64_t i = 0; i < count; ++i) {
        const std::string number = std::to_string(i);
        switch (probe) {
            case ProbeKind::mlp_per_layer:
            case ProbeKind::mlp_per_timestep:
                add_mlp(number);
                break;
            case ProbeKind::mlp_per_layer_per_timestep:
                for (std::int64_t t = 0; t < timesteps; ++t) {
                    add_mlp(number + ", " + std::to_string(t));
                }
                break;
            case ProbeKind::attention:
                add_attention_probe(shapes, "matrix." + number, config.embed_dim);
                break;
            case ProbeKind::certainty_map:
                add_affine(shapes, "lte_classifer." + number + ".lte",
                           {config.patch_dim(), config.embed_dim});
                break;
        }
    }
}

void add_res_block(Shapes& shapes, const std::string& name, std::int64_t in, std::int64_t out)
{
    add_norm(shapes, name + ".norm1", in);
    add_affine(shapes, name + ".conv1", {out, in, 3, 3});
    add_norm(shapes, name + ".norm2", out);
    add_affine(shapes, name + ".conv2", {out, out, 3, 3});
    if (in != out) {
        add_affine(shapes, name + ".nin_shortcut", {out, in, 1, 1});
    }
}

void add_conv_attention(Shapes& shapes, const std::string& name, std::int64_t channels)
{
    add_norm(shapes, name + ".norm", channels);
    for (const char* part : {".q", ".k", ".v", ".proj_out"}) {
        add_affine(shapes, name + part, {channels, channels, 1, 1});
    }
}

void add_middle(Shapes& shapes, const std::string& name, std::int64_t channels)
{
    add_res_block(shapes, name + ".block_1", channels, channels);
    add_conv_attention(shapes, name + ".attn_1", channels);
    add_res_block(shapes, name + ".block_2", channels, channels);
}

/// One resolution of the encoder or decoder; returns the channels that leave it.
std::int64_t add_level(Shapes& shapes, const std::string& name, std::int64_t in, std::int64_t out,
                       std::int64_t blocks, bool attention)
{
    for (std::int64_t j = 0; j < blocks; ++j) {
        add_res_block(shapes, name + ".block." + std::to_string(j), j == 0 ? in : out, out);
        if (attention) {
            add_conv_attention(shapes, name + ".attn." + std::to_string(j), out);
        }
    }
    return out;
}

// Layout of "High-Resolution Image Synthesis with Latent Diffusion Models" (arXiv 2112.10752), whose
// decoder counts its levels from the full resolution as the encoder does.
Shapes autoencoder_shapes(const AutoencoderConfig& config)
{
    Shapes shapes;
    const auto levels = static_cast<std::int64_t>(config.ch_mult.size());
    const auto width = [&](std::int64_t level) {
        return config.ch * config.ch_mult[static_cast<std::size_t>(level)];
    };
    const auto has_attention = [&](std::int64_t level) {
        const auto& where = config.attn_resolutions;
        return std::find(where.begin(), where.end(), config.resolution >> level) != where.end();
    };
    add_affine(shapes, "encoder.conv_in", {config.ch, config.in_channels, 3, 3});
    std::int64_t channels = config.ch;
    for (std::int64_t level = 0; level < levels; ++level) {
        const std::string name = "encoder.down." + std::to_string(level);
        channels =
            add_level(shapes, name, channels, width(level), config.num_res_blocks, has_attention(level));
        if (level + 1 < levels) {
            add_affine(shapes, name + ".downsample.conv", {channels, channels, 3, 3});
        }
    }
    add_middle(shapes, "encoder.mid", channels);
    add_norm(shapes, "encoder.norm_out", channels);
    add_affine(shapes, "encoder.conv_out", {2 * config.z_channels, channels, 3, 3});
    add_affine(shapes, "quant_conv", {2 * config.embed_dim, 2 * config.z_channels, 1, 1});

    add_affine(shapes, "post_quant_conv", {config.z_channels, config.embed_dim, 1, 1});
    add_affine(shapes, "decoder.conv_in", {channels, config.z_channels, 3, 3});
    add_middle(shapes, "decoder.mid", channels);
    for (std::int64_t level = levels; level-- > 0;) {
        const std::string name = "decoder.up." + std::to_string(level);
        channels =
            add_level(shapes, name, channels, width(level), config.num_res_blocks + 1, has_attention(level));
        if (level > 0) {
            add_affine(shapes, name + ".upsample.conv", {channels, channels, 3, 3});
        }
    }
    add_norm(shapes, "decoder.norm_out", channels);
    add_affine(shapes, "decoder.conv_out", {config.out_ch, channels, 3, 3});
    return shapes;
}

}  // namespace

std::map<std::string, std::vector<std::int64_t>> expected_tensors(const ModelConfig& config)
{
    if (config.kind == ModelKind::autoencoder) {
        return autoencoder_shapes(config.autoencoder);
    }
    Shapes shapes;
    add_uvit(shapes, std::string(backbone_prefix(config.kind)), config.uvit);
    if (config.kind == ModelKind::early_exit) {
        for (std::int64_t i = 0; i < config.uvit.depth / 2; ++i) {
            add_head(shapes, "in_blocks_heads." + std::to_string(i) + ".", config.uvit);
            add_head(shapes, "out_blocks_heads." + std::to_string(i) + ".", config.uvit);
        }
        add_head(shapes, "mid_block_head.", config.uvit);
    }
    if (config.probe) {
        add_probes(shapes, *config.probe, config.uvit);
    }
    return shapes;
}

std::string_view to_string(ProbeKind kind)
{
    switch (kind) {
        case ProbeKind::mlp_per_layer:
            return "mlp_probe_per_layer";
        case ProbeKind::mlp_per_timestep:
            return "mlp_probe_per_timestep";
        case ProbeKind::mlp_per_layer_per_timestep:
            return "mlp_probe_per_layer_per_timestep";
        case ProbeKind::attention:
            return "attention_probe";
        case ProbeKind::certainty_map:
            return "certainty_map";
    }
    return "unknown";
}

std::string_view to_string(ModelKind kind)
{
    switch (kind) {
        case ModelKind::uvit:
            return "uvit";
        case ModelKind::early_exit:
            return "early_exit";
        case ModelKind::adadiff_original:
            return "adadiff_original";
        case ModelKind::autoencoder:
            return "autoencoder";
    }
    return "unknown";
}

}  // namespace duodiff
