// SPDX-License-Identifier: MIT
#include "train/backbone.h"

#include "base/error.h"
#include "model/pack.h"
#include "train/trainable.h"

#include <fmt/format.h>

namespace duodiff
{
namespace
{

ModelPart part_for(TrainKind kind, const std::filesystem::path& path)
{
    const bool pack = is_pack(path);
    ModelFiles files = pack ? read_pack(path) : read_checkpoints(path, {}, {}, {});
    const bool shallow = pack && kind == TrainKind::shallow;
    auto& part = shallow ? files.shallow : files.full ? files.full : files.early_exit;
    if (!part) {
        throw EngineError(ErrorCode::bad_file,
                          fmt::format("holds no {} network", shallow ? "shallow" : "full"), path.string());
    }
    return std::move(*part);
}

void require_same(const char* key, std::int64_t wanted, std::int64_t there, const std::filesystem::path& path)
{
    if (wanted != there) {
        throw EngineError(ErrorCode::bad_file,
                          fmt::format("its {} is {}, but model_params says {}", key, there, wanted),
                          path.string(), "Its shape and model_params have to be the same.");
    }
}

}  // namespace

Backbone read_backbone(const std::filesystem::path& path, const TrainConfig& config)
{
    const ModelPart part = part_for(config.kind, path);
    const UVitConfig& there = part.config.uvit;
    const UVitConfig& wanted = config.model;
    require_same("img_size", wanted.img_size, there.img_size, path);
    require_same("patch_size", wanted.patch_size, there.patch_size, path);
    require_same("in_chans", wanted.in_chans, there.in_chans, path);
    require_same("embed_dim", wanted.embed_dim, there.embed_dim, path);
    require_same("depth", wanted.depth, there.depth, path);
    require_same("num_heads", wanted.num_heads, there.num_heads, path);
    require_same("number of hidden units", wanted.mlp_dim(), there.mlp_dim(), path);
    require_same("qkv_bias", wanted.qkv_bias, there.qkv_bias, path);
    require_same("mlp_time_embed", wanted.mlp_time_embed, there.mlp_time_embed, path);
    require_same("num_classes", wanted.num_classes, there.num_classes, path);
    require_same("normalize_timesteps", wanted.normalize_timesteps, there.normalize_timesteps, path);

    const std::string from = backbone_prefix(part.config);
    const std::string to = backbone_prefix(model_config_of(config));
    ModelConfig plain;
    plain.uvit = wanted;
    Backbone backbone;
    backbone.sha256 = part.checkpoint.sha256;
    for (const auto& [name, shape] : expected_tensors(plain)) {
        backbone.tensors.emplace(to + name, part.checkpoint.tensors.at(from + name).to(at::kFloat));
    }
    return backbone;
}

void start_heads(const Tensors& network, const ModelConfig& config)
{
    if (!config.probe) {
        return;
    }
    const std::string own = backbone_prefix(config);
    for (int layer = 0; layer < config.uvit.depth; ++layer) {
        const std::string prefix = head_prefix(config, layer);
        if (prefix.empty()) {
            continue;  // its images leave through the backbone's
        }
        for (const auto& [name, tensor] : network) {
            if (name.starts_with(prefix)) {
                tensor.copy_(network.at(own + name.substr(prefix.size())));
            }
        }
    }
}

}  // namespace duodiff
