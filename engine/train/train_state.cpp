// SPDX-License-Identifier: MIT
#include "train/train_state.h"

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "train/looking_on.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <system_error>

namespace duodiff
{
namespace
{

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

constexpr const char* format_key = "duodiff_training";
constexpr const char* window_name = "log.window";

struct Piece {
    const char* prefix;
    const at::Tensor& (Parameters::*of)() const;
};
constexpr std::array<Piece, 4> pieces = {{{"parameters/", &Parameters::values},
                                          {"average/", &Parameters::average},
                                          {"first_moment/", &Parameters::first_moment},
                                          {"second_moment/", &Parameters::second_moment}}};

json config_json(const TrainConfig& config)
{
    json values = json::object();
    for (const TrainKey& key : train_keys()) {
        values[key.name] = key.get(config);
    }
    return values;
}

const std::string& metadata_of(const Checkpoint& file, const char* key)
{
    const auto found = file.metadata.find(key);
    if (found == file.metadata.end()) {
        throw EngineError(ErrorCode::bad_file,
                          fmt::format("this is no training checkpoint: \"{}\" is missing", key),
                          file.path.string());
    }
    return found->second;
}

json parsed(const Checkpoint& file, const char* key)
{
    try {
        json value = json::parse(metadata_of(file, key));
        if (value.is_object()) {
            return value;
        }
    } catch (const json::exception&) {
    }
    throw EngineError(ErrorCode::bad_file, fmt::format("its \"{}\" is damaged", key), file.path.string());
}

/// What a run may not go on with, in words; fills `notes` with what it may.
void compare_configs(const json& before, const TrainConfig& config, const fs::path& path,
                     std::vector<std::string>& notes)
{
    std::string refused;
    for (const TrainKey& key : train_keys()) {
        const auto found = before.find(key.name);
        const std::string now = key.get(config);
        const std::string then = found != before.end() && found->is_string() ? found->get<std::string>() : "";
        if (then == now) {
            continue;
        }
        const std::string change = fmt::format("{} was {}, is now {}", key.name, then, now);
        if (!key.may_change) {
            refused += (refused.empty() ? "" : "; ") + change;
        } else if (key.name == "training.threads" || key.name == "training.device") {
            notes.push_back(change +
                            ": the sums round differently, so the weights will not be those of an "
                            "uninterrupted run to the bit");
        } else if (key.name == "training.steps") {
            notes.push_back(change + ": the learning rate follows the new number from here on");
        }
    }
    if (!refused.empty()) {
        throw EngineError(ErrorCode::usage, "this run cannot go on with another configuration: " + refused,
                          path.string(),
                          "Resume with the run's own config.yaml, or train anew in another output.folder.");
    }
}

void compare_identities(const Checkpoint& file, const TrainIdentity& identity)
{
    const auto compare = [&](const char* key, const std::string& now, const char* what) {
        if (metadata_of(file, key) != now) {
            throw EngineError(ErrorCode::usage, fmt::format("this run was trained with {}", what),
                              file.path.string(),
                              "Resume with the same, or train anew in another output.folder.");
        }
    };
    compare("data_digest", identity.data, "other data: the examples' digest differs");
    compare("backbone_sha256", identity.backbone, "another backbone: the digest of its file differs");
}

void load_piece(const Checkpoint& file, const Tensors& parts, const std::string& prefix)
{
    const at::NoGradGuard no_grad;
    for (const auto& [name, part] : parts) {
        const auto found = file.tensors.find(prefix + name);
        if (found == file.tensors.end() || found->second.sizes() != part.sizes() ||
            found->second.scalar_type() != at::kFloat) {
            throw EngineError(ErrorCode::bad_file,
                              fmt::format("the tensor \"{}{}\" is missing or of another shape", prefix, name),
                              file.path.string());
        }
        at::Tensor target = part;
        target.copy_(found->second);
    }
}

template <class Number>
Number number_of(const json& object, const char* key, const Checkpoint& file)
{
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number()) {
        throw EngineError(ErrorCode::bad_file, fmt::format("its \"{}\" is damaged", key), file.path.string());
    }
    return found->get<Number>();
}

}  // namespace

fs::path state_path(const fs::path& folder, std::int64_t step)
{
    return folder / fmt::format("{}{:08}.safetensors", step_prefix, step);
}

std::vector<fs::path> find_states(const fs::path& folder)
{
    std::vector<fs::path> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(step_prefix) && name.ends_with(".safetensors")) {
            found.push_back(entry.path());
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

void forget_old_states(const fs::path& folder, std::int64_t keep)
{
    const std::vector<fs::path> states = find_states(folder);
    for (std::size_t i = 0; i + static_cast<std::size_t>(keep) < states.size(); ++i) {
        std::error_code ignored;
        fs::remove(states[i], ignored);
    }
}

void write_state(const fs::path& path, const Parameters& parameters, const TrainState& state,
                 const TrainConfig& config, const TrainIdentity& identity)
{
    Tensors tensors;
    for (const Piece& piece : pieces) {
        for (const auto& [name, part] : parameters.parts_of((parameters.*piece.of)())) {
            tensors.emplace(piece.prefix + name, part);
        }
    }
    const std::vector<double> window = state.window.flat();
    at::Tensor window_tensor = at::empty({static_cast<std::int64_t>(window.size())}, at::kDouble);
    std::copy(window.begin(), window.end(), window_tensor.data_ptr<double>());
    tensors.emplace(window_name, window_tensor);
    const json progress = {
        {"step", state.step}, {"seconds", state.seconds}, {"usual_loss", state.usual_loss}};
    write_safetensors(path, tensors,
                      {{format_key, "1"},
                       {"progress", progress.dump()},
                       {"config", config_json(config).dump()},
                       {"data_digest", identity.data},
                       {"backbone_sha256", identity.backbone}});
}

Resumed read_state(const fs::path& path, Parameters& parameters, const TrainConfig& config,
                   const TrainIdentity& identity)
{
    const Checkpoint file = read_checkpoint(path);
    metadata_of(file, format_key);
    Resumed resumed;
    compare_configs(parsed(file, "config"), config, path, resumed.notes);
    compare_identities(file, identity);
    const json progress = parsed(file, "progress");
    resumed.state.step = number_of<std::int64_t>(progress, "step", file);
    resumed.state.seconds = number_of<double>(progress, "seconds", file);
    resumed.state.usual_loss = number_of<double>(progress, "usual_loss", file);
    const auto window = file.tensors.find(window_name);
    if (window != file.tensors.end() && window->second.scalar_type() == at::kDouble) {
        const at::Tensor values = window->second.contiguous();
        if (const auto read = LogWindow::from_flat(
                {values.const_data_ptr<double>(), static_cast<std::size_t>(values.numel())})) {
            resumed.state.window = *read;
        }
    }
    for (const Piece& piece : pieces) {
        load_piece(file, parameters.parts_of((parameters.*piece.of)()), piece.prefix);
    }
    return resumed;
}

bool is_state_file(const Checkpoint& checkpoint)
{
    return checkpoint.metadata.contains(format_key);
}

StateNetwork read_state_network(const Checkpoint& file, bool average)
{
    StateNetwork network;
    const json config = parsed(file, "config");
    for (const TrainKey& key : train_keys()) {
        if (const auto found = config.find(key.name); found != config.end() && found->is_string()) {
            key.set(network.config, found->get<std::string>());
        }
    }
    network.step = number_of<std::int64_t>(parsed(file, "progress"), "step", file);
    const std::string prefix = average ? "average/" : "parameters/";
    Tensors tensors;
    for (const auto& [name, tensor] : file.tensors) {
        if (name.starts_with(prefix)) {
            tensors.emplace(name.substr(prefix.size()), tensor);
        }
    }
    network.tensors = to_file_names(tensors, model_config_of(network.config));
    return network;
}

}  // namespace duodiff
