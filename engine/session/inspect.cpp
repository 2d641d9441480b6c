// SPDX-License-Identifier: MIT
#include "session/inspect.h"
#include "model/cost.h"
#include "model/pack.h"
#include "session/guard.h"
#include "session/jobs.h"
#include "session/model_info.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

namespace duodiff
{
namespace
{

constexpr double giga = 1e9;

std::vector<std::pair<std::string, std::string>> config_lines(const ModelConfig& config)
{
    if (config.kind == ModelKind::autoencoder) {
        const AutoencoderConfig& a = config.autoencoder;
        return {{"ch", fmt::format("{}", a.ch)},
                {"ch_mult", fmt::format("{}", fmt::join(a.ch_mult, ", "))},
                {"num_res_blocks", fmt::format("{}", a.num_res_blocks)},
                {"in_channels", fmt::format("{}", a.in_channels)},
                {"z_channels", fmt::format("{}", a.z_channels)},
                {"scale_factor", fmt::format("{}", a.scale_factor)}};
    }
    const UVitConfig& u = config.uvit;
    return {{"img_size", fmt::format("{}", u.img_size)},
            {"patch_size", fmt::format("{}", u.patch_size)},
            {"in_chans", fmt::format("{}", u.in_chans)},
            {"embed_dim", fmt::format("{}", u.embed_dim)},
            {"depth", fmt::format("{}", u.depth)},
            {"num_heads", fmt::format("{}", u.num_heads)},
            {"mlp_ratio", fmt::format("{}", u.mlp_ratio)},
            {"qkv_bias", fmt::format("{}", u.qkv_bias)},
            {"mlp_time_embed", fmt::format("{}", u.mlp_time_embed)},
            {"num_classes", fmt::format("{}", u.num_classes)},
            {"normalize_timesteps", fmt::format("{}", u.normalize_timesteps)},
            {"parametrization", config.parametrization.value_or("not recorded")}};
}

std::vector<std::pair<std::string, double>> cost_lines(const UVitCost& cost)
{
    std::vector<std::pair<std::string, double>> lines = {{"embedding", cost.embedding / giga}};
    for (int i = 0; i < cost.depth; ++i) {
        lines.emplace_back(fmt::format("block {}", i), cost.block(i) / giga);
    }
    lines.emplace_back("head", cost.head / giga);
    if (cost.probe > 0) {
        lines.emplace_back("one probe", cost.probe / giga);
    }
    return lines;
}

PartInfo describe_part(const std::string& role, const ModelPart& part)
{
    PartInfo info;
    info.role = role;
    info.file = part.checkpoint.path.filename().string();
    info.kind = kind_of(part.config);
    info.convention = convention_of(part.config);
    info.sha256 = part.checkpoint.sha256;
    std::error_code ignored;
    info.file_bytes = std::filesystem::file_size(part.checkpoint.path, ignored);
    for (const auto& [name, shape] : expected_tensors(part.config)) {
        info.parameters += part.checkpoint.tensors.at(name).numel();
    }
    info.config = config_lines(part.config);
    if (part.config.kind != ModelKind::autoencoder) {
        if (part.config.probe) {
            info.probes = to_string(*part.config.probe);
        }
        const UVitCost cost(part.config.uvit, part.config.probe);
        info.gflops_per_step = cost.leaving_at(cost.depth, part.config.probe.has_value()) / giga;
        info.gflops_by_part = cost_lines(cost);
    }
    return info;
}

InfoReport describe_bare(const std::filesystem::path& path, const std::filesystem::path& config)
{
    ModelPart part;
    part.checkpoint = read_checkpoint(path);
    part.config = resolve_config(part.checkpoint, config);
    InfoReport report;
    report.path = path;
    report.name = path.stem().string();
    report.parametrization = part.config.parametrization.value_or("not recorded");
    report.description = kind_of(part.config);
    if (part.config.kind == ModelKind::autoencoder) {
        report.parts.push_back(describe_part("autoencoder", part));
    } else {
        report.parts.push_back(
            describe_part(part.config.kind == ModelKind::uvit ? "full" : "early_exit", part));
    }
    return report;
}

}  // namespace

InfoReport describe_files(const ModelFiles& files)
{
    const ModelInfo info = describe_model(files);
    InfoReport report;
    report.path = files.path;
    report.is_pack = files.is_pack;
    report.name = files.name;
    report.description = files.description.empty() ? info.description : files.description;
    report.licence = files.licence;
    report.provenance = files.provenance;
    report.class_names = files.class_names;
    report.parametrization = to_string(info.parametrization);
    report.schedule =
        fmt::format("{} {} .. {}, {} steps",
                    files.schedule.kind == ScheduleConfig::Kind::linear ? "linear" : "scaled linear",
                    files.schedule.beta_start, files.schedule.beta_end, files.schedule.steps);
    report.switch_step_default = files.defaults.switch_step;
    report.threshold_default = files.defaults.threshold;
    report.threshold_minimum = files.defaults.threshold_minimum;
    report.threshold_maximum = files.defaults.threshold_maximum;
    const auto add = [&](const char* role, const std::optional<ModelPart>& part) {
        if (part) {
            report.parts.push_back(describe_part(role, *part));
        }
    };
    add("full", files.full);
    add("shallow", files.shallow);
    add("early_exit", files.early_exit);
    if (files.early_exit) {
        report.parts.back().shares_backbone = files.shares_backbone && files.full;
    }
    add("autoencoder", files.autoencoder);
    return report;
}

InfoReport inspect(const std::filesystem::path& path, const std::filesystem::path& config)
{
    return guarded(path.string(), [&] {
        if (std::filesystem::is_directory(path) || is_pack(path)) {
            return describe_files(read_pack(path));
        }
        return describe_bare(path, config);
    });
}

}  // namespace duodiff
