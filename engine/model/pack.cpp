// SPDX-License-Identifier: MIT
#include "model/pack.h"

#include "base/error.h"

#include <ATen/ops/equal.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <limits>
#include <system_error>
#include <utility>

namespace duodiff
{
namespace
{

using json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr const char* format_name = "duodiff-pack";
constexpr int format_version = 1;
constexpr std::uintmax_t largest_pack_file = 4U << 20U;

[[noreturn]] void refuse(const fs::path& file, const std::string& what)
{
    throw EngineError(ErrorCode::bad_file, what, file.string());
}

json config_to_json(const ModelConfig& config)
{
    json values = {{"kind", to_string(config.kind)}};
    if (config.kind == ModelKind::autoencoder) {
        const AutoencoderConfig& a = config.autoencoder;
        values.update({{"ch", a.ch},
                       {"ch_mult", a.ch_mult},
                       {"num_res_blocks", a.num_res_blocks},
                       {"attn_resolutions", a.attn_resolutions},
                       {"in_channels", a.in_channels},
                       {"out_ch", a.out_ch},
                       {"resolution", a.resolution},
                       {"z_channels", a.z_channels},
                       {"embed_dim", a.embed_dim},
                       {"scale_factor", a.scale_factor}});
        return values;
    }
    const UVitConfig& u = config.uvit;
    values.update({{"img_size", u.img_size},
                   {"patch_size", u.patch_size},
                   {"in_chans", u.in_chans},
                   {"embed_dim", u.embed_dim},
                   {"depth", u.depth},
                   {"num_heads", u.num_heads},
                   {"mlp_ratio", u.mlp_ratio},
                   {"qkv_bias", u.qkv_bias},
                   {"mlp_time_embed", u.mlp_time_embed},
                   {"num_classes", u.num_classes},
                   {"normalize_timesteps", u.normalize_timesteps}});
    if (config.kind == ModelKind::early_exit) {
        values["classifier_type"] = to_string(config.probe.value());
    }
    if (config.parametrization) {
        values["parametrization"] = *config.parametrization;
    }
    return values;
}

ConfigValues config_from_json(const json& values, const fs::path& file)
{
    ConfigValues config;
    for (const auto& [key, value] : values.items()) {
        if (key == "kind") {
            continue;
        }
        if (value.is_boolean()) {
            config[key] = value.get<bool>();
        } else if (value.is_number_integer()) {
            config[key] = value.get<std::int64_t>();
        } else if (value.is_number_float()) {
            config[key] = value.get<double>();
        } else if (value.is_string()) {
            config[key] = value.get<std::string>();
        } else if (value.is_array()) {
            config[key] = value.get<std::vector<std::int64_t>>();
        } else {
            refuse(file, fmt::format("the value of \"{}\" is of no known kind", key));
        }
    }
    return config;
}

json load_json(const fs::path& file)
{
    std::error_code error;
    const std::uintmax_t size = fs::file_size(file, error);
    if (error) {
        refuse(file, "cannot be read: " + error.message());
    }
    if (size > largest_pack_file) {
        refuse(file, fmt::format("is too large for a pack description ({} bytes)", size));
    }
    std::ifstream stream(file);
    if (!stream) {
        refuse(file, "cannot be opened");
    }
    return json::parse(stream);
}

/// A part's file lies in the pack itself, whatever pack.json says.
fs::path part_file(const fs::path& folder, const std::string& name, const fs::path& pack_file)
{
    const fs::path relative = name;
    if (name.empty() || relative.is_absolute() || relative.has_parent_path() || name == ".." || name == ".") {
        refuse(pack_file, fmt::format("\"{}\" is not the name of a file in the pack", name));
    }
    return folder / relative;
}

ModelPart read_part(const json& entry, const fs::path& folder, const fs::path& pack_file,
                    const ModelPart* full)
{
    ModelPart part;
    part.checkpoint = read_checkpoint(part_file(folder, entry.at("file").get<std::string>(), pack_file));
    const auto expected = entry.at("sha256").get<std::string>();
    if (part.checkpoint.sha256 != expected) {
        throw EngineError(ErrorCode::bad_file,
                          "is not the file that the pack was made with (its SHA-256 differs)",
                          part.checkpoint.path.string(), "Get the pack again, or import it anew.");
    }
    part.checkpoint.args = config_from_json(entry.at("config"), pack_file);
    if (full) {
        const auto kind = entry.at("config").at("kind").get<std::string>();
        const std::string prefix = kind == to_string(ModelKind::early_exit) ? "uvit." : "";
        for (const auto& [name, tensor] : full->checkpoint.tensors) {
            part.checkpoint.tensors.emplace(prefix + name, tensor);
        }
    }
    part.config = resolve_config(part.checkpoint);
    const auto kind = entry.at("config").at("kind").get<std::string>();
    if (kind != to_string(part.config.kind)) {
        refuse(pack_file,
               fmt::format("says that {} is of kind \"{}\", but its tensors are of kind {}",
                           part.checkpoint.path.filename().string(), kind, to_string(part.config.kind)));
    }
    return part;
}

ScheduleConfig schedule_from_json(const json& entry, const fs::path& file)
{
    ScheduleConfig schedule;
    const auto kind = entry.at("kind").get<std::string>();
    if (kind != "linear" && kind != "scaled_linear") {
        refuse(file, fmt::format("the schedule \"{}\" is unknown", kind));
    }
    schedule.kind = kind == "linear" ? ScheduleConfig::Kind::linear : ScheduleConfig::Kind::scaled_linear;
    schedule.beta_start = entry.at("beta_start").get<double>();
    schedule.beta_end = entry.at("beta_end").get<double>();
    schedule.steps = entry.at("steps").get<int>();
    if (schedule.steps != 1000 || !(schedule.beta_start > 0) || !(schedule.beta_end >= schedule.beta_start) ||
        !(schedule.beta_end < 1)) {
        refuse(file, "the schedule makes no sense: 0 < beta_start <= beta_end < 1 and 1000 steps are needed");
    }
    return schedule;
}

ModelFiles from_json(const json& pack, const fs::path& folder, const fs::path& file)
{
    if (pack.at("format").get<std::string>() != format_name ||
        pack.at("version").get<int>() > format_version) {
        refuse(file, "is not a pack description that this version knows");
    }
    ModelFiles files;
    files.path = folder;
    files.is_pack = true;
    files.name = pack.at("name").get<std::string>();
    files.description = pack.value("description", "");
    files.licence = pack.value("licence", "");
    files.provenance = pack.value("provenance", "");
    files.class_names = pack.value("classes", std::vector<std::string>());
    files.schedule = schedule_from_json(pack.at("schedule"), file);
    const auto parametrization = pack.at("parametrization").get<std::string>();
    files.parametrization = from_string<Parametrization>(parametrization);
    if (!files.parametrization) {
        refuse(file, fmt::format("the parametrization \"{}\" is unknown", parametrization));
    }
    if (pack.contains("defaults")) {
        const json& defaults = pack["defaults"];
        files.defaults.switch_step = defaults.value("switch_step", files.defaults.switch_step);
        files.has_defaults = defaults.contains("threshold");
        if (files.has_defaults) {
            files.defaults.threshold = defaults.at("threshold").get<double>();
            const auto range = defaults.at("threshold_range").get<std::vector<double>>();
            if (range.size() != 2 || !(range[0] < range[1]) || files.defaults.switch_step < 0 ||
                files.defaults.switch_step > 1000) {
                refuse(file, "its defaults make no sense");
            }
            files.defaults.threshold_minimum = range[0];
            files.defaults.threshold_maximum = range[1];
        }
    }
    const json& parts = pack.at("parts");
    for (const auto& [role, entry] : parts.items()) {
        if (role != "full" && role != "shallow" && role != "early_exit" && role != "autoencoder") {
            refuse(file, fmt::format("the part \"{}\" is unknown", role));
        }
    }
    if (parts.contains("full")) {
        files.full = read_part(parts["full"], folder, file, nullptr);
    }
    if (parts.contains("shallow")) {
        files.shallow = read_part(parts["shallow"], folder, file, nullptr);
    }
    if (parts.contains("early_exit")) {
        const std::string shared = parts["early_exit"].value("shares_backbone_of", "");
        if (!shared.empty() && (shared != "full" || !files.full)) {
            refuse(file, "the early-exit part shares the backbone of a part that is not there");
        }
        files.shares_backbone = !shared.empty() || !files.full;
        files.early_exit =
            read_part(parts["early_exit"], folder, file, shared.empty() ? nullptr : &*files.full);
    }
    if (parts.contains("autoencoder")) {
        files.autoencoder = read_part(parts["autoencoder"], folder, file, nullptr);
    }
    check_parts(files);
    const auto classes = static_cast<std::size_t>(files.shape().num_classes);
    if (!files.class_names.empty() && files.class_names.size() != classes) {
        refuse(file, fmt::format("it names {} classes, but the networks have {}", files.class_names.size(),
                                 classes));
    }
    return files;
}

/// What other programs read about a part: Stability AI's ModelSpec 1.0. Without a date, so that the same
/// model makes the same files.
std::map<std::string, std::string> model_spec(const ModelFiles& files, const ModelPart& part,
                                              const std::string& role)
{
    std::map<std::string, std::string> spec = {
        {"modelspec.sai_model_spec", "1.0.0"},
        {"modelspec.architecture", std::string(to_string(part.config.kind))},
        {"modelspec.implementation", "duodiff"},
        {"modelspec.title", files.name.empty() ? role : fmt::format("{} ({})", files.name, role)}};
    const auto add = [&spec](const char* key, const std::string& value) {
        if (!value.empty()) {
            spec[key] = value;
        }
    };
    add("modelspec.description", files.description);
    add("modelspec.license", files.licence);
    if (role == "autoencoder") {
        return spec;
    }
    // In the units the network works in: latents, where the model has an autoencoder.
    const std::int64_t side = part.config.uvit.img_size;
    spec["modelspec.resolution"] = fmt::format("{0}x{0}", side);
    if (files.parametrization == Parametrization::predict_noise) {
        spec["modelspec.prediction_type"] = "epsilon";
    } else if (files.parametrization == Parametrization::predict_original) {
        spec["modelspec.prediction_type"] = "sample";
    }
    return spec;
}

json write_part(const ModelFiles& files, const ModelPart& part, const fs::path& folder,
                const std::string& role, const std::map<std::string, at::Tensor>& tensors)
{
    const std::string name = role + ".safetensors";
    write_safetensors(folder / name, tensors, model_spec(files, part, role));
    return {{"file", name},
            {"sha256", read_checkpoint(folder / name).sha256},
            {"source", part.checkpoint.path.filename().string()},
            {"source_sha256", part.checkpoint.sha256},
            {"config", config_to_json(part.config)}};
}

void write_json(const fs::path& file, const json& value)
{
    std::FILE* stream = std::fopen(file.c_str(), "wb");
    const std::string text = value.dump(2) + "\n";
    const bool written = stream && std::fwrite(text.data(), 1, text.size(), stream) == text.size() &&
                         std::fflush(stream) == 0 && fsync(fileno(stream)) == 0;
    if (stream) {
        std::fclose(stream);
    }
    if (!written) {
        throw EngineError(ErrorCode::failed, "cannot be written: " + std::generic_category().message(errno),
                          file.string());
    }
}

/// Every tensor of the part that is not the backbone's.
std::map<std::string, at::Tensor> exits_only(const ModelPart& part)
{
    const std::string prefix = backbone_prefix(part.config);
    ModelConfig backbone = part.config;
    backbone.kind = ModelKind::uvit;
    backbone.probe.reset();
    std::map<std::string, at::Tensor> rest = part.checkpoint.tensors;
    for (const auto& [name, shape] : expected_tensors(backbone)) {
        rest.erase(prefix + name);
    }
    return rest;
}

json to_json(const ModelFiles& files, const fs::path& folder)
{
    json pack = {{"format", format_name},    {"version", format_version},
                 {"name", files.name},       {"description", files.description},
                 {"licence", files.licence}, {"provenance", files.provenance}};
    if (!files.class_names.empty()) {
        pack["classes"] = files.class_names;
    }
    pack["parametrization"] = to_string(files.parametrization.value_or(Parametrization::predict_noise));
    pack["schedule"] = {
        {"kind", files.schedule.kind == ScheduleConfig::Kind::linear ? "linear" : "scaled_linear"},
        {"beta_start", files.schedule.beta_start},
        {"beta_end", files.schedule.beta_end},
        {"steps", files.schedule.steps}};
    pack["defaults"] = json::object();
    if (files.shallow) {
        pack["defaults"]["switch_step"] = files.defaults.switch_step;
    }
    if (files.has_defaults) {
        pack["defaults"]["threshold"] = files.defaults.threshold;
        pack["defaults"]["threshold_range"] = {files.defaults.threshold_minimum,
                                               files.defaults.threshold_maximum};
    }
    json& parts = pack["parts"] = json::object();
    if (files.full) {
        parts["full"] = write_part(files, *files.full, folder, "full", files.full->checkpoint.tensors);
    }
    if (files.shallow) {
        parts["shallow"] =
            write_part(files, *files.shallow, folder, "shallow", files.shallow->checkpoint.tensors);
    }
    if (files.early_exit) {
        const bool shared = files.full && backbones_equal(*files.full, *files.early_exit);
        parts["early_exit"] =
            write_part(files, *files.early_exit, folder, "early_exit",
                       shared ? exits_only(*files.early_exit) : files.early_exit->checkpoint.tensors);
        if (shared) {
            parts["early_exit"]["shares_backbone_of"] = "full";
        }
    }
    if (files.autoencoder) {
        parts["autoencoder"] = write_part(files, *files.autoencoder, folder, "autoencoder",
                                          files.autoencoder->checkpoint.tensors);
    }
    return pack;
}

}  // namespace

bool is_pack(const fs::path& path)
{
    std::error_code ignored;
    return fs::is_regular_file(path / pack_file_name, ignored) ||
           (path.filename() == pack_file_name && fs::is_regular_file(path, ignored));
}

ModelFiles read_pack(const fs::path& path)
{
    const bool is_file = path.filename() == pack_file_name;
    const fs::path folder = is_file ? path.parent_path() : path;
    const fs::path file = folder / pack_file_name;
    if (!is_pack(path)) {
        throw EngineError(ErrorCode::bad_file, "is not a model pack: there is no pack.json in it",
                          path.string(), "Make one with `duodiff import`.");
    }
    try {
        return from_json(load_json(file), folder, file);
    } catch (const json::exception& error) {
        refuse(file, fmt::format("is not a valid pack description: {}", error.what()));
    }
}

bool backbones_equal(const ModelPart& full, const ModelPart& early_exit)
{
    if (full.config.uvit != early_exit.config.uvit) {
        return false;
    }
    const std::string prefix = backbone_prefix(early_exit.config);
    for (const auto& [name, tensor] : full.checkpoint.tensors) {
        const auto found = early_exit.checkpoint.tensors.find(prefix + name);
        if (found == early_exit.checkpoint.tensors.end() || found->second.dtype() != tensor.dtype() ||
            !at::equal(found->second, tensor)) {
            return false;
        }
    }
    return true;
}

void write_pack(const ModelFiles& files, const fs::path& folder, bool overwrite)
{
    const fs::path target = fs::absolute(folder).lexically_normal();
    const fs::path clean = target.has_filename() ? target : target.parent_path();
    if (fs::exists(clean) && !overwrite) {
        throw EngineError(ErrorCode::usage, "exists already", clean.string(),
                          "Choose another name, or allow it to be replaced.");
    }
    if (fs::exists(clean) && !is_pack(clean) && !(fs::is_directory(clean) && fs::is_empty(clean))) {
        throw EngineError(ErrorCode::usage, "exists and is not a model pack, so it is not replaced",
                          clean.string());
    }
    const fs::path staging =
        clean.parent_path() / fmt::format(".{}.{}.tmp", clean.filename().string(), getpid());
    std::error_code error;
    fs::create_directories(staging, error);
    if (error) {
        throw EngineError(ErrorCode::failed, "cannot be made: " + error.message(), staging.string());
    }
    try {
        write_json(staging / pack_file_name, to_json(files, staging));
        read_pack(staging);
        fs::remove_all(clean);
        fs::rename(staging, clean);
    } catch (...) {
        fs::remove_all(staging, error);
        throw;
    }
}

}  // namespace duodiff
