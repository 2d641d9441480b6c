// SPDX-License-Identifier: MIT
#include "train/export_job.h"

#include "base/error.h"
#include "base/only_engine_errors.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/pytorch_writer.h"
#include "model/pack.h"
#include "report/atomic_file.h"
#include "train/backbone.h"
#include "train/train_state.h"

#include <fmt/format.h>

#include <optional>

namespace duodiff
{
namespace
{

namespace fs = std::filesystem;

struct Network {
    ModelConfig config;
    Tensors tensors;
};

[[noreturn]] void refuse_part(const fs::path& path, const std::string& wanted, const std::string& there)
{
    throw EngineError(ErrorCode::usage, fmt::format("there is no part '{}' in it", wanted), path.string(),
                      fmt::format("It has: {}.", there));
}

Network network_of(const std::optional<ModelPart>& part)
{
    return {part->config, part->checkpoint.tensors};
}

/// The network under the exits: a full one like any other.
Network backbone_of(const Network& exits)
{
    Network network{exits.config, {}};
    network.config.kind = ModelKind::uvit;
    network.config.probe.reset();
    const std::string prefix = backbone_prefix(exits.config);
    for (const auto& [name, shape] : expected_tensors(network.config)) {
        network.tensors.emplace(name, exits.tensors.at(prefix + name));
    }
    return network;
}

Network from_pack(const ModelFiles& files, const ExportRequest& request)
{
    const std::pair<const char*, const std::optional<ModelPart>*> parts[] = {
        {"full", &files.full}, {"shallow", &files.shallow}, {"early_exit", &files.early_exit}};
    std::string there;
    for (const auto& [name, part] : parts) {
        if (*part) {
            if (request.part.empty() || request.part == name) {
                return network_of(*part);
            }
            if (request.part == "full" && part == &files.early_exit) {
                return backbone_of(network_of(*part));
            }
            there += (there.empty() ? "" : ", ") + std::string(name);
        }
    }
    refuse_part(files.path, request.part, there);
}

Network from_training(const Checkpoint& file, const ExportRequest& request)
{
    StateNetwork state = read_state_network(file, request.average);
    const std::string kind(to_string(state.config.kind));
    const bool under_exits = request.part == "full" && state.config.kind == TrainKind::early_exit;
    if (!request.part.empty() && request.part != kind && !under_exits) {
        refuse_part(file.path, request.part, kind);
    }
    if (state.config.kind == TrainKind::early_exit && !state.config.exits.train_backbone) {
        const Backbone backbone = read_backbone(state.config.exits.backbone, state.config);
        if (backbone.sha256 != file.metadata.at("backbone_sha256")) {
            throw EngineError(ErrorCode::bad_file, "is not the backbone that these exits were trained on",
                              state.config.exits.backbone, "Put the original file back.");
        }
        state.tensors.insert(backbone.tensors.begin(), backbone.tensors.end());
    }
    Network network{model_config_of(state.config), std::move(state.tensors)};
    return under_exits ? backbone_of(network) : network;
}

Network from_checkpoint(const Checkpoint& file, const ExportRequest& request)
{
    Network network{resolve_config(file, request.config), file.tensors};
    const bool has_exits = network.config.kind != ModelKind::uvit;
    if (network.config.kind == ModelKind::autoencoder) {
        throw EngineError(ErrorCode::usage, "is an autoencoder, not a network to export", file.path.string());
    }
    if (has_exits && request.part == "full") {
        return backbone_of(network);
    }
    const bool fits =
        request.part.empty() ||
        (has_exits ? request.part == "early_exit" : request.part == "full" || request.part == "shallow");
    if (!fits) {
        refuse_part(file.path, request.part, has_exits ? "early_exit" : "full");
    }
    return network;
}

Network read_network(const ExportRequest& request)
{
    if (is_pack(request.model)) {
        return from_pack(read_pack(request.model), request);
    }
    const Checkpoint file = read_checkpoint(request.model);
    return is_state_file(file) ? from_training(file, request) : from_checkpoint(file, request);
}

ExportResult do_export(const ExportRequest& request)
{
    fs::path yaml = request.output;
    yaml.replace_extension(".yaml");
    for (const fs::path& file : {request.output, yaml}) {
        std::error_code ignored;
        if (!request.overwrite && fs::exists(file, ignored)) {
            throw EngineError(ErrorCode::usage, "exists already", file.string(),
                              "Choose another name, or add --overwrite.");
        }
    }
    const Network network = read_network(request);
    ExportResult result;
    result.kind = std::string(to_string(network.config.kind));
    result.output = request.output;
    result.config = yaml;
    Tensors tensors;
    for (const auto& [name, shape] : expected_tensors(network.config)) {
        const at::Tensor& tensor = network.tensors.at(name);
        result.parameters += tensor.numel();
        tensors.emplace(name, tensor.to(request.bf16 ? at::kBFloat16 : at::kFloat));
    }
    result.tensors = static_cast<std::int64_t>(tensors.size());
    if (request.format == ExportRequest::Format::reference) {
        write_pytorch(request.output, tensors);
    } else {
        write_safetensors(request.output, tensors);
    }
    write_file_atomically(yaml, model_yaml(network.config));
    return result;
}

}  // namespace

ExportResult export_model(const ExportRequest& request)
{
    return only_engine_errors(request.model.string(), [&] { return do_export(request); });
}

}  // namespace duodiff
