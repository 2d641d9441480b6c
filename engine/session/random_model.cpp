// SPDX-License-Identifier: MIT
#include "session/random_model.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>

namespace duodiff
{
namespace
{

UVitConfig uvit(std::int64_t img_size, std::int64_t patch_size, std::int64_t in_chans, std::int64_t embed_dim,
                std::int64_t depth, std::int64_t num_heads, std::int64_t num_classes)
{
    UVitConfig config;
    config.img_size = img_size;
    config.patch_size = patch_size;
    config.in_chans = in_chans;
    config.embed_dim = embed_dim;
    config.depth = depth;
    config.num_heads = num_heads;
    config.num_classes = num_classes;
    return config;
}

}  // namespace

const std::vector<StandardShape>& standard_shapes()
{
    static const std::vector<StandardShape> shapes{
        {"cifar10", "CIFAR-10 shape", uvit(32, 2, 3, 512, 13, 8, 0)},
        {"imagenet64", "ImageNet-64 shape", uvit(64, 4, 3, 768, 17, 12, 1000)},
        {"imagenet256", "ImageNet-256 latent shape", uvit(32, 2, 4, 1024, 21, 16, 1000)},
    };
    return shapes;
}

UVitConfig shallow_partner(UVitConfig config)
{
    config.depth = 3;
    return config;
}

std::map<std::string, at::Tensor> random_weights(const UVitConfig& shape, std::uint64_t seed)
{
    constexpr double scale = 0.02;  // as U-ViTs are initialised
    const auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    ModelConfig config;
    config.uvit = shape;
    std::map<std::string, at::Tensor> tensors;
    for (const auto& [name, sizes] : expected_tensors(config)) {
        tensors[name] = at::randn(sizes, generator, at::kFloat) * scale;
    }
    return tensors;
}

}  // namespace duodiff
