// SPDX-License-Identifier: MIT
#include "session/random_model.h"

#include "base/error.h"
#include "model/pack.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace duodiff
{
namespace
{

namespace fs = std::filesystem;

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

/// Weights around 0, of norms around 1; probes so large that uncertainties differ between images and layers.
std::map<std::string, at::Tensor> random_tensors(const ModelConfig& config, std::uint64_t seed)
{
    constexpr double scale = 0.02;  // as U-ViTs are initialised
    constexpr double probe_scale = 0.1;
    const auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    std::map<std::string, at::Tensor> tensors;
    for (const auto& [name, sizes] : expected_tensors(config)) {
        at::Tensor tensor =
            at::randn(sizes, generator, at::kFloat) * (name.starts_with("matrix.") ? probe_scale : scale);
        const bool is_norm =
            name.ends_with("norm.weight") || name.ends_with("norm1.weight") || name.ends_with("norm2.weight");
        tensors[name] = is_norm ? tensor + 1.0 : tensor;
    }
    return tensors;
}

ModelConfig config_of(const UVitConfig& shape)
{
    ModelConfig config;
    config.uvit = shape;
    return config;
}

ModelPart random_part(const ModelConfig& config, std::uint64_t seed)
{
    ModelPart part;
    part.config = config;
    part.checkpoint.tensors = random_tensors(config, seed);
    return part;
}

std::string errno_text()
{
    return std::generic_category().message(errno);
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

const StandardShape& standard_shape(const std::string& key)
{
    for (const StandardShape& shape : standard_shapes()) {
        if (shape.key == key) {
            return shape;
        }
    }
    throw EngineError(ErrorCode::usage, "there is no shape \"" + key + "\"");
}

UVitConfig shallow_partner(UVitConfig config)
{
    config.depth = 3;
    return config;
}

std::map<std::string, at::Tensor> random_weights(const UVitConfig& shape, std::uint64_t seed)
{
    return random_tensors(config_of(shape), seed);
}

TemporaryPack::TemporaryPack(const StandardShape& shape)
{
    ModelFiles files;
    files.is_pack = true;
    files.name = shape.name;
    files.provenance = "random weights";
    files.parametrization = Parametrization::predict_noise;
    files.has_defaults = true;
    files.shares_backbone = true;
    files.full = random_part(config_of(shape.config), 1);
    files.shallow = random_part(config_of(shallow_partner(shape.config)), 2);
    ModelConfig with_exits = config_of(shape.config);
    with_exits.kind = ModelKind::early_exit;
    with_exits.probe = ProbeKind::mlp_per_layer;
    files.early_exit = random_part(with_exits, 3);
    for (const auto& [name, tensor] : files.full->checkpoint.tensors) {
        files.early_exit->checkpoint.tensors["uvit." + name] = tensor;
    }
    std::string name = (fs::temp_directory_path() / "duodiff-bench-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
        throw EngineError(ErrorCode::failed, "no folder for temporary files could be made: " + errno_text(),
                          name, "Point TMPDIR to a folder that can be written to.");
    }
    folder_ = name;
    path_ = folder_ / shape.key;
    try {
        write_pack(files, path_, false);
    } catch (...) {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
        throw;
    }
}

TemporaryPack::~TemporaryPack()
{
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

}  // namespace duodiff
