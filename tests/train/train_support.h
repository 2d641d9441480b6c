// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "train/objective.h"
#include "train/parameters.h"
#include "train/train_config.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

#include <string>
#include <vector>

/// Small networks, and batches for them.
namespace duodiff::test
{

inline constexpr ProbeKind all_probes[] = {ProbeKind::mlp_per_layer, ProbeKind::mlp_per_timestep,
                                           ProbeKind::mlp_per_layer_per_timestep, ProbeKind::attention,
                                           ProbeKind::certainty_map};
inline constexpr Parametrization all_parametrizations[] = {
    Parametrization::predict_noise, Parametrization::predict_original, Parametrization::predict_previous};

inline TrainConfig small_config()
{
    TrainConfig config;
    config.model.img_size = 8;
    config.model.patch_size = 2;
    config.model.in_chans = 1;
    config.model.embed_dim = 16;
    config.model.depth = 3;
    config.model.num_heads = 2;
    config.training.steps = 20;
    config.training.batch_size = 8;
    config.training.precision = Precision::fp32;
    config.optimizer.warmup_steps = 2;
    config.seed = 7;
    return config;
}

inline TrainConfig with_exits(TrainConfig config, ProbeKind probe, bool train_backbone)
{
    config.kind = TrainKind::early_exit;
    config.exits.probe = probe;
    config.exits.train_backbone = train_backbone;
    config.exits.backbone = "full.safetensors";
    return config;
}

inline at::Generator generator(std::uint64_t seed)
{
    return at::make_generator<at::CPUGeneratorImpl>(seed);
}

/// Parameters that are not the first ones, so that no bias is 0 and no norm 1.
inline Parameters random_parameters(const TrainConfig& config, std::uint64_t seed = 3)
{
    Parameters parameters(parameter_shapes(model_config_of(config)), c10::Device(c10::kCPU));
    const at::NoGradGuard no_grad;
    auto random = generator(seed);
    for (const auto& [name, leaf] : parameters.leaves()) {
        at::Tensor target = leaf;
        const double centre = name.find("norm") != std::string::npos && name.ends_with("weight") ? 1.0 : 0.0;
        target.copy_(at::randn(leaf.sizes(), random, at::kFloat) * 0.2 + centre);
    }
    return parameters;
}

struct Images {
    at::Tensor x;
    at::Tensor labels;
};

inline Images random_images(const TrainConfig& config, std::int64_t count, std::uint64_t seed = 5)
{
    auto random = generator(seed);
    const UVitConfig& m = config.model;
    return {at::rand({count, m.in_chans, m.img_size, m.img_size}, random, at::kFloat) * 2.0 - 1.0,
            at::randint(0, std::max<std::int64_t>(1, m.num_classes), {count}, random, at::kLong)};
}

}  // namespace duodiff::test
