// SPDX-License-Identifier: MIT
#include "model/pack.h"
#include "session/guard.h"
#include "session/inspect.h"
#include "session/jobs.h"
#include "session/probe_run.h"

#include <fmt/format.h>

#include <algorithm>

namespace duodiff
{
namespace
{

namespace fs = std::filesystem;

/// The configuration among `configs` that is meant for `checkpoint`: the one of the same stem, else the
/// only one there is. An autoencoder takes none but its own.
fs::path config_for(const fs::path& checkpoint, const std::vector<fs::path>& configs, bool is_autoencoder)
{
    const auto same_stem = std::find_if(configs.begin(), configs.end(), [&](const fs::path& config) {
        return config.stem() == checkpoint.stem();
    });
    if (same_stem != configs.end()) {
        return *same_stem;
    }
    return configs.size() == 1 && !is_autoencoder ? configs.front() : fs::path();
}

ModelPart read_part(const fs::path& checkpoint, const ImportRequest& request, const char* role)
{
    const bool wants_autoencoder = std::string_view(role) == "autoencoder";
    ModelPart part;
    part.checkpoint = read_checkpoint(checkpoint);
    part.config = resolve_config(part.checkpoint, config_for(checkpoint, request.configs, wants_autoencoder));
    const bool plain = part.config.kind == ModelKind::uvit;
    const bool autoencoder = part.config.kind == ModelKind::autoencoder;
    const bool wants_exits = std::string_view(role) == "early-exit";
    const bool fits = wants_autoencoder ? autoencoder : wants_exits ? !plain && !autoencoder : plain;
    if (!fits) {
        throw EngineError(
            ErrorCode::bad_file,
            fmt::format("is a {}, which cannot be the {} part", to_string(part.config.kind), role),
            checkpoint.string());
    }
    return part;
}

ModelFiles read_parts(const ImportRequest& request)
{
    if (request.full.empty() && request.early_exit.empty()) {
        throw EngineError(ErrorCode::usage, "a pack needs a full network", "import",
                          "Give it with --full, or a model with exits with --early-exit.");
    }
    ModelFiles files;
    if (!request.full.empty()) {
        files.full = read_part(request.full, request, "full");
    }
    if (!request.shallow.empty()) {
        files.shallow = read_part(request.shallow, request, "shallow");
    }
    if (!request.early_exit.empty()) {
        files.early_exit = read_part(request.early_exit, request, "early-exit");
    }
    if (!request.autoencoder.empty()) {
        files.autoencoder = read_part(request.autoencoder, request, "autoencoder");
        // The U-ViT authors' latent models are trained with Stable Diffusion's schedule.
        files.schedule = {ScheduleConfig::Kind::scaled_linear, 0.00085, 0.012, 1000};
    }
    check_parts(files);
    files.shares_backbone =
        files.early_exit && (!files.full || backbones_equal(*files.full, *files.early_exit));
    for (const auto* part : {&files.full, &files.shallow, &files.early_exit}) {
        if (*part && (*part)->config.parametrization) {
            files.parametrization = from_string<Parametrization>(*(*part)->config.parametrization);
        }
    }
    return files;
}

void name_pack(ModelFiles& files, const ImportRequest& request)
{
    files.path = request.output;
    files.is_pack = true;
    const fs::path folder = request.output.has_filename() ? request.output : request.output.parent_path();
    files.name = request.name.empty() ? folder.filename().string() : request.name;
    files.licence = request.licence;
    files.provenance = request.provenance;
    files.class_names = request.class_names;
    const auto classes = static_cast<std::size_t>(files.shape().num_classes);
    if (!files.class_names.empty() && files.class_names.size() != classes) {
        throw EngineError(ErrorCode::usage,
                          fmt::format("{} class names are given, but the networks have {} classes",
                                      files.class_names.size(), classes),
                          "--classes");
    }
}

InfoReport do_import(const ImportRequest& request, const Progress& progress)
{
    const auto report = [&](const char* what, double fraction) {
        if (progress) {
            progress(what, fraction);
        }
    };
    if (fs::exists(request.output) && !request.overwrite) {
        throw EngineError(ErrorCode::usage, "exists already", request.output.string(),
                          "Choose another name, or add --overwrite.");
    }
    report("Reading the checkpoints", 0.0);
    ModelFiles files = read_parts(request);
    name_pack(files, request);
    if (files.early_exit) {
        report("Probe run: finding the useful range of the threshold", 0.2);
        files.defaults = find_threshold_range(files, {}, files.defaults);
        files.has_defaults = true;
    }
    report("Writing the pack", 0.9);
    write_pack(files, request.output, request.overwrite);
    report("Done", 1.0);
    return describe_files(read_pack(request.output));
}

}  // namespace

InfoReport import_pack(const ImportRequest& request, const Progress& progress)
{
    return guarded("import", [&] { return do_import(request, progress); });
}

}  // namespace duodiff
