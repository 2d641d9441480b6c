// SPDX-License-Identifier: MIT
#include "train/train_config.h"

#include "base/closest_name.h"
#include "base/error.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

namespace duodiff
{
namespace
{

constexpr std::uintmax_t max_yaml = 1U << 20U;

const TrainKey& key_of(const std::string& name, ErrorCode code, const std::string& where)
{
    const std::vector<TrainKey>& keys = train_keys();
    const auto found =
        std::find_if(keys.begin(), keys.end(), [&](const TrainKey& key) { return key.name == name; });
    if (found != keys.end()) {
        return *found;
    }
    std::vector<std::string> names;
    for (const TrainKey& key : keys) {
        names.push_back(key.name);
    }
    const auto nearest = closest_name(name, names);
    throw EngineError(
        code, fmt::format("there is no key '{}'", name), where,
        nearest ? fmt::format("Did you mean '{}'?", *nearest) : "docs/training.md lists the keys.");
}

void set_key(TrainConfig& config, const std::string& name, const std::string& text, ErrorCode code,
             const std::string& where)
{
    const TrainKey& key = key_of(name, code, where);
    try {
        key.set(config, text);
    } catch (const EngineError& error) {
        throw EngineError(code, fmt::format("{}: {}", name, error.failure().what), where,
                          error.failure().remedy);
    }
}

class YamlReader
{
public:
    YamlReader(TrainConfig& config, std::string where) : config_(config), where_(std::move(where)) {}

    void read(const YAML::Node& node, const std::string& prefix = {})
    {
        for (const auto& entry : node) {
            if (!entry.first.IsScalar()) {
                refuse("a key is not a word", entry.first.Mark());
            }
            const std::string name = prefix + entry.first.Scalar();
            if (entry.second.IsMap() && prefix.empty()) {
                read(entry.second, name + ".");
            } else if (entry.second.IsScalar()) {
                if (!seen_.insert(name).second) {
                    refuse(fmt::format("the key '{}' is there twice", name), entry.first.Mark());
                }
                set_key(config_, name, entry.second.Scalar(), ErrorCode::bad_file, where_);
            } else if (entry.second.IsNull()) {
                refuse(fmt::format("the key '{}' has no value", name), entry.first.Mark());
            } else {
                key_of(name, ErrorCode::bad_file, where_);
                refuse(fmt::format("the value of '{}' is not a number or a word", name), entry.second.Mark());
            }
        }
    }

private:
    [[noreturn]] void refuse(const std::string& what, const YAML::Mark& mark) const
    {
        throw EngineError(ErrorCode::bad_file, fmt::format("line {}: {}", mark.line + 1, what), where_);
    }

    TrainConfig& config_;
    std::string where_;
    std::set<std::string> seen_;
};

std::string read_text(const std::filesystem::path& path)
{
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    if (error || size > max_yaml) {
        throw EngineError(ErrorCode::bad_file,
                          error ? "cannot be read: " + error.message() : "is too large for a configuration",
                          path.string());
    }
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file || text.str().find('\0') != std::string::npos) {
        throw EngineError(ErrorCode::bad_file, "this is not a YAML file", path.string());
    }
    return text.str();
}

[[noreturn]] void refuse(const std::string& key, std::string what, std::string remedy = {})
{
    throw EngineError(ErrorCode::usage, std::move(what), key, std::move(remedy));
}

void check_model(const UVitConfig& model)
{
    for (const auto& [key, value] :
         {std::pair{"img_size", model.img_size}, std::pair{"patch_size", model.patch_size},
          std::pair{"in_chans", model.in_chans}, std::pair{"embed_dim", model.embed_dim},
          std::pair{"depth", model.depth}, std::pair{"num_heads", model.num_heads}}) {
        if (value < 1) {
            refuse(fmt::format("model_params.{}", key), "is missing", "Give it in the configuration.");
        }
    }
    if (model.depth % 2 == 0) {
        refuse("model_params.depth",
               fmt::format("{} is even, but there is one mid block between as many in as out blocks",
                           model.depth),
               fmt::format("Use {} or {}.", model.depth - 1, model.depth + 1));
    }
    if (model.img_size % model.patch_size != 0) {
        refuse("model_params.patch_size", fmt::format("img_size {} cannot be divided into patches of {}",
                                                      model.img_size, model.patch_size));
    }
    if (model.embed_dim % model.num_heads != 0 || model.embed_dim % 2 != 0) {
        refuse("model_params.embed_dim", fmt::format("{} is odd, or cannot be divided among {} heads",
                                                     model.embed_dim, model.num_heads));
    }
}

void check_exits(const TrainConfig& config)
{
    if (!config.training.start_from.empty()) {
        refuse("training.start_from", "is for full and shallow networks",
               "Give the trained full network as exits.backbone.");
    }
    if (config.exits.backbone.empty() && !config.exits.train_backbone) {
        refuse("exits.backbone", "is missing: a frozen backbone has to be trained before",
               "Give a trained full network, or set exits.train_backbone to true.");
    }
    if (config.exits.uncertainty_weight == 0.0 && config.exits.exit_weight == 0.0 &&
        config.exits.unweighted_weight == 0.0) {
        refuse("exits", "all weights are 0: there is nothing to train");
    }
}

}  // namespace

void check_train_config(const TrainConfig& config)
{
    check_model(config.model);
    if (config.data.path.empty()) {
        refuse("data.path", "is missing", "Give the folder or file with the training data.");
    }
    if (config.output.folder.empty()) {
        refuse("output.folder", "is missing", "Give the folder to write to.");
    }
    if (config.training.steps < 1) {
        refuse("training.steps", "is missing", "Give the number of steps.");
    }
    if (config.training.batch_size % config.training.accumulate != 0) {
        refuse("training.accumulate", fmt::format("a batch of {} cannot be split into {} equal parts",
                                                  config.training.batch_size, config.training.accumulate));
    }
    if (config.training.label_dropout > 0.0 && config.model.num_classes == 0) {
        refuse("training.label_dropout", "an unconditional model has no labels to drop");
    }
    if (config.optimizer.warmup_steps > config.training.steps) {
        refuse("optimizer.warmup_steps", fmt::format("{} is more than the {} steps of the training",
                                                     config.optimizer.warmup_steps, config.training.steps));
    }
    if (config.schedule.beta_start > config.schedule.beta_end) {
        refuse("schedule.beta_start", "is larger than beta_end");
    }
    if (config.kind == TrainKind::early_exit) {
        check_exits(config);
    }
}

TrainConfig read_train_config(const std::filesystem::path& path,
                              const std::vector<std::pair<std::string, std::string>>& overrides)
{
    TrainConfig config;
    try {
        const YAML::Node root = YAML::Load(read_text(path));
        if (!root.IsMap()) {
            throw EngineError(ErrorCode::bad_file, "the YAML file holds no keys and values", path.string());
        }
        YamlReader(config, path.string()).read(root);
    } catch (const YAML::Exception& error) {
        throw EngineError(ErrorCode::bad_file,
                          fmt::format("line {} is not valid YAML: {}", error.mark.line + 1, error.msg),
                          path.string());
    }
    for (const auto& [name, value] : overrides) {
        set_key(config, name, value, ErrorCode::usage, "--set");
    }
    config.model.num_classes = std::max<std::int64_t>(0, config.model.num_classes);
    check_train_config(config);
    return config;
}

std::string train_config_yaml(const TrainConfig& config)
{
    std::string text;
    std::string section;
    for (const TrainKey& key : train_keys()) {
        const std::size_t dot = key.name.find('.');
        const bool inside = dot != std::string::npos;
        if (inside && key.name.substr(0, dot) != section) {
            section = key.name.substr(0, dot);
            text += section + ":\n";
        }
        YAML::Emitter value;
        value << key.get(config);
        const std::string name = inside ? "  " + key.name.substr(dot + 1) : key.name;
        text += fmt::format("{}: {}\n", name, key.get(config).empty() ? "''" : value.c_str());
    }
    return text;
}

ModelConfig model_config_of(const TrainConfig& config)
{
    ModelConfig model;
    model.uvit = config.model;
    model.parametrization = std::string(to_string(config.parametrization));
    if (config.kind == TrainKind::early_exit) {
        model.probe = config.exits.probe;
        model.kind = config.exits.probe == ProbeKind::certainty_map ? ModelKind::adadiff_original
                                                                    : ModelKind::early_exit;
    }
    return model;
}

std::string model_yaml(const ModelConfig& config)
{
    const UVitConfig& u = config.uvit;
    std::string text = fmt::format(
        "model_params:\n  img_size: {}\n  patch_size: {}\n  in_chans: {}\n  embed_dim: {}\n  depth: {}\n"
        "  num_heads: {}\n  mlp_ratio: {}\n  qkv_bias: {}\n  mlp_time_embed: {}\n  num_classes: {}\n"
        "  normalize_timesteps: {}\n",
        u.img_size, u.patch_size, u.in_chans, u.embed_dim, u.depth, u.num_heads, u.mlp_ratio, u.qkv_bias,
        u.mlp_time_embed, u.num_classes > 0 ? u.num_classes : -1, u.normalize_timesteps);
    if (config.probe) {
        text += fmt::format("classifier_type: {}\n", to_string(*config.probe));
    }
    if (config.parametrization) {
        text += fmt::format("parametrization: {}\n", *config.parametrization);
    }
    return text;
}

std::string_view to_string(TrainKind kind)
{
    switch (kind) {
        case TrainKind::full:
            return "full";
        case TrainKind::shallow:
            return "shallow";
        case TrainKind::early_exit:
            return "early_exit";
    }
    return "unknown";
}

}  // namespace duodiff
