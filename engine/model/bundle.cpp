// SPDX-License-Identifier: MIT
#include "model/bundle.h"

#include "base/error.h"

#include <fmt/format.h>

#include <utility>

namespace duodiff
{
namespace
{

std::shared_ptr<const UVit> make_backbone(const ModelPart& part, c10::Device device, Arithmetic arithmetic)
{
    const TensorSource source(part.checkpoint.tensors, device, backbone_prefix(part.config));
    return std::make_shared<const UVit>(part.config.uvit, source, arithmetic);
}

void require_equal(const char* what, double one, double other, const Checkpoint& first,
                   const Checkpoint& second)
{
    if (one != other) {
        throw EngineError(
            ErrorCode::bad_file,
            fmt::format("the networks do not belong together: {} is {} in {} and {} in {}", what, one,
                        first.path.filename().string(), other, second.path.filename().string()),
            second.path.string());
    }
}

void require_same_shape(const ModelPart& a, const ModelPart& b)
{
    const UVitConfig& p = a.config.uvit;
    const UVitConfig& q = b.config.uvit;
    const auto check = [&](const char* what, std::int64_t one, std::int64_t other) {
        require_equal(what, static_cast<double>(one), static_cast<double>(other), a.checkpoint, b.checkpoint);
    };
    check("img_size", p.img_size, q.img_size);
    check("in_chans", p.in_chans, q.in_chans);
    check("num_classes", p.num_classes, q.num_classes);
}

std::optional<Parametrization> recorded_parametrization(const ModelConfig& config)
{
    return config.parametrization ? from_string<Parametrization>(*config.parametrization) : std::nullopt;
}

ModelPart read_part(const std::filesystem::path& path, const std::filesystem::path& config)
{
    ModelPart part;
    part.checkpoint = read_checkpoint(path);
    part.config = resolve_config(part.checkpoint, config);
    return part;
}

}  // namespace

const UVitConfig& ModelFiles::shape() const
{
    const auto& part = full ? full : early_exit ? early_exit : shallow;
    if (!part) {
        throw EngineError(ErrorCode::bad_file, "there is no network in it", path.string());
    }
    return part->config.uvit;
}

void ModelFiles::drop_pages() const
{
    for (const auto* part : {&full, &shallow, &early_exit, &autoencoder}) {
        if (*part && (*part)->checkpoint.file) {
            (*part)->checkpoint.file->drop_pages();
        }
    }
}

int ModelFiles::depth() const
{
    return static_cast<int>(shape().depth);
}

std::string backbone_prefix(const ModelConfig& config)
{
    return config.kind == ModelKind::early_exit ? "uvit." : "";
}

ModelFiles read_checkpoints(const std::filesystem::path& model, const std::filesystem::path& config,
                            const std::filesystem::path& late_model, const std::filesystem::path& late_config)
{
    ModelFiles files;
    files.path = model;
    files.name = model.stem().string();
    ModelPart part = read_part(model, config);
    if (part.config.kind == ModelKind::autoencoder) {
        throw EngineError(ErrorCode::bad_file, "this is an autoencoder, which makes no pictures by itself",
                          model.string(), "Use it with `duodiff decode`, or in a pack beside a U-ViT.");
    }
    files.parametrization = recorded_parametrization(part.config);
    if (late_model.empty()) {
        (part.config.kind == ModelKind::uvit ? files.full : files.early_exit) = std::move(part);
        files.shares_backbone = files.early_exit.has_value();
        return files;
    }
    ModelPart late = read_part(late_model, late_config);
    if (part.config.kind != ModelKind::uvit) {
        throw EngineError(ErrorCode::bad_file, "the early network of a DuoDiff pair has to be a plain U-ViT",
                          model.string());
    }
    if (late.config.kind == ModelKind::autoencoder) {
        throw EngineError(ErrorCode::bad_file, "this is an autoencoder, not a network to sample with",
                          late_model.string());
    }
    files.name = late_model.stem().string();
    files.shallow = std::move(part);
    files.shares_backbone = late.config.kind != ModelKind::uvit;
    (late.config.kind == ModelKind::uvit ? files.full : files.early_exit) = std::move(late);
    check_parts(files);
    return files;
}

void check_parts(const ModelFiles& files)
{
    const std::optional<ModelPart>& reference = files.full ? files.full : files.early_exit;
    if (!reference) {
        throw EngineError(ErrorCode::bad_file, "there is no full network in it", files.path.string());
    }
    for (const auto* part : {&files.shallow, &files.early_exit}) {
        if (*part) {
            require_same_shape(*reference, **part);
            const auto one = recorded_parametrization(reference->config);
            const auto other = recorded_parametrization((*part)->config);
            if (one && other && *one != *other) {
                throw EngineError(
                    ErrorCode::bad_file,
                    fmt::format("the networks do not belong together: {} is trained with {}, {} with {}",
                                reference->checkpoint.path.filename().string(), to_string(*one),
                                (*part)->checkpoint.path.filename().string(), to_string(*other)));
            }
        }
    }
    if (files.full && files.early_exit) {
        require_equal("depth", static_cast<double>(files.full->config.uvit.depth),
                      static_cast<double>(files.early_exit->config.uvit.depth), files.full->checkpoint,
                      files.early_exit->checkpoint);
    }
    if (files.autoencoder) {
        require_equal("the number of latent channels", static_cast<double>(reference->config.uvit.in_chans),
                      static_cast<double>(files.autoencoder->config.autoencoder.embed_dim),
                      reference->checkpoint, files.autoencoder->checkpoint);
    }
}

ModelBundle::ModelBundle(const ModelFiles& files, c10::Device device, Arithmetic arithmetic)
{
    std::shared_ptr<const UVit> backbone;
    if (files.full) {
        backbone = make_backbone(*files.full, device, arithmetic);
        full_ = std::make_shared<const Network>(backbone);
    }
    if (files.early_exit) {
        const ModelPart& part = *files.early_exit;
        if (!backbone || !files.shares_backbone) {
            backbone = make_backbone(part, device, arithmetic);
        }
        if (!full_) {
            full_ = std::make_shared<const Network>(backbone);
        }
        const TensorSource source(part.checkpoint.tensors, device);
        early_exit_ = std::make_shared<const Network>(
            backbone, std::make_shared<const Exits>(part.config.probe.value(), part.config.uvit, source));
    }
    if (files.shallow) {
        shallow_ = std::make_shared<const Network>(make_backbone(*files.shallow, device, arithmetic));
    }
    if (files.autoencoder) {
        const TensorSource source(files.autoencoder->checkpoint.tensors, device);
        autoencoder_ = std::make_shared<const Autoencoder>(files.autoencoder->config.autoencoder, source);
        preview_map_ = autoencoder_->fit_preview();
    }
}

bool ModelBundle::has(NetworkRole role) const
{
    switch (role) {
        case NetworkRole::full:
            return full_ != nullptr;
        case NetworkRole::shallow:
            return shallow_ != nullptr;
        case NetworkRole::early_exit:
            return early_exit_ != nullptr;
    }
    return false;
}

const Network& ModelBundle::network(NetworkRole role) const
{
    if (!has(role)) {
        throw EngineError(ErrorCode::usage, fmt::format("this model has no {} network", to_string(role)));
    }
    return role == NetworkRole::full ? *full_ : role == NetworkRole::shallow ? *shallow_ : *early_exit_;
}

std::size_t ModelBundle::bytes() const
{
    std::size_t sum = 0;
    if (full_) {
        sum += full_->backbone().bytes();
    }
    if (shallow_) {
        sum += shallow_->backbone().bytes();
    }
    if (early_exit_) {
        const bool shared = full_ && &full_->backbone() == &early_exit_->backbone();
        sum += early_exit_->exits()->bytes() + (shared ? 0 : early_exit_->backbone().bytes());
    }
    return sum + (autoencoder_ ? autoencoder_->bytes() : 0);
}

}  // namespace duodiff
