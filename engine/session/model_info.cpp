// SPDX-License-Identifier: MIT
#include "session/model_info.h"

#include "model/cost.h"
#include "model/pack.h"

#include <fmt/format.h>

#include <filesystem>

namespace duodiff
{
namespace
{

constexpr double giga = 1e9;

std::string description(const ModelFiles& files)
{
    const UVitConfig& shape = files.shape();
    std::string text = fmt::format("{} blocks", files.depth());
    if (files.shallow && (files.full || files.early_exit)) {
        text += fmt::format(" + {} blocks", files.shallow->config.uvit.depth);
    }
    if (files.early_exit) {
        text += fmt::format(", exits ({})", to_string(files.early_exit->config.probe.value()));
    }
    text += fmt::format(", {0}×{0}×{1}", shape.img_size, shape.in_chans);
    text += files.autoencoder ? " latents" : "";
    text += shape.num_classes > 0 ? fmt::format(", {} classes", shape.num_classes) : ", unconditional";
    return text;
}

void add_hashes(ModelSummary& summary, const ModelFiles& files)
{
    const auto add = [&](const char* role, const std::optional<ModelPart>& part) {
        if (part) {
            summary.sha256[role] = part->checkpoint.sha256;
        }
    };
    add("full", files.full);
    add("shallow", files.shallow);
    add("early_exit", files.early_exit);
    add("autoencoder", files.autoencoder);
}

ModelSummary summarize(const ModelFiles& files)
{
    ModelSummary summary;
    const UVitConfig& shape = files.shape();
    summary.name = files.name;
    summary.path = files.path.string();
    add_hashes(summary, files);
    summary.class_names = files.class_names;
    summary.image_size = static_cast<int>(shape.img_size);
    summary.channels = static_cast<int>(shape.in_chans);
    if (files.autoencoder) {
        const AutoencoderConfig& autoencoder = files.autoencoder->config.autoencoder;
        summary.image_size <<= autoencoder.ch_mult.size() - 1;
        summary.channels = static_cast<int>(autoencoder.out_ch);
    }
    summary.depth = files.depth();
    summary.has_early_exit = files.early_exit.has_value();
    if (files.early_exit && files.early_exit->config.probe == ProbeKind::certainty_map) {
        summary.first_probe_layer = 1;
    }
    summary.full_gflops = UVitCost(shape).all_blocks() / giga;
    if (files.shallow) {
        const UVitCost shallow(files.shallow->config.uvit);
        summary.shallow_depth = shallow.depth;
        summary.shallow_gflops = shallow.all_blocks() / giga;
    }
    const UVitCost cost(shape, files.early_exit ? files.early_exit->config.probe : std::nullopt);
    for (int layer = 0; layer <= cost.depth; ++layer) {
        summary.gflops_by_exit_layer.push_back(cost.leaving_at(layer, files.early_exit.has_value()) / giga);
    }
    return summary;
}

}  // namespace

std::string convention_of(const ModelConfig& config)
{
    switch (config.kind) {
        case ModelKind::uvit:
            return "U-ViT authors";
        case ModelKind::early_exit:
            return "DuoDiff authors";
        case ModelKind::adadiff_original:
            return "AdaDiff authors";
        case ModelKind::autoencoder:
            return "latent diffusion authors";
    }
    return {};
}

std::string kind_of(const ModelConfig& config)
{
    switch (config.kind) {
        case ModelKind::uvit:
            return "U-ViT";
        case ModelKind::early_exit:
        case ModelKind::adadiff_original:
            return "U-ViT with early exit";
        case ModelKind::autoencoder:
            return "KL autoencoder";
    }
    return {};
}

ModelFiles read_model(const ModelSource& source)
{
    const bool folder = std::filesystem::is_directory(source.model);
    if (folder || is_pack(source.model)) {
        if (!source.late_model.empty() || !source.config.empty() || !source.late_config.empty()) {
            throw EngineError(ErrorCode::usage, "a model pack holds all its networks and their configuration",
                              source.model.string(), "Leave out --late-model, --config and --late-config.");
        }
        return read_pack(source.model);
    }
    return read_checkpoints(source.model, source.config, source.late_model, source.late_config);
}

ModelInfo describe_model(const ModelFiles& files)
{
    ModelInfo info;
    info.summary = summarize(files);
    info.description = description(files);
    const std::optional<ModelPart>& main = files.early_exit ? files.early_exit
                                           : files.full     ? files.full
                                                            : files.shallow;
    info.convention = convention_of(main->config);
    info.licence = files.licence;
    info.is_pack = files.is_pack;
    info.latent = files.autoencoder.has_value();
    info.num_classes = static_cast<int>(files.shape().num_classes);
    info.parametrization = files.parametrization.value_or(Parametrization::predict_noise);
    info.has_shallow = files.shallow.has_value();
    info.has_early_exit = files.early_exit.has_value();
    info.threshold_is_probability =
        !files.early_exit || files.early_exit->config.probe.value() != ProbeKind::attention;
    info.threshold_minimum = files.defaults.threshold_minimum;
    info.threshold_maximum = files.defaults.threshold_maximum;
    info.threshold_default = files.defaults.threshold;
    info.switch_step_default = files.defaults.switch_step;
    return info;
}

}  // namespace duodiff
