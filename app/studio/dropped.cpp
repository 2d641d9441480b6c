// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/dropped.h"

#include "base/error.h"
#include "report/image8.h"
#include "report/image_metadata.h"
#include "report/png_file.h"
#include "report/run_file.h"
#include "report/uncertainty_file.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

namespace duodiff::studio
{

namespace
{

namespace fs = std::filesystem;

QString tr(const char* text)
{
    return QCoreApplication::translate("Dropped", text);
}

std::string firstBytes(const fs::path& path)
{
    std::array<char, 8> bytes{};
    std::ifstream file(path, std::ios::binary);
    file.read(bytes.data(), bytes.size());
    return {bytes.data(), static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount()))};
}

std::string lowerSuffix(const fs::path& path)
{
    std::string suffix = path.extension().string();
    std::transform(suffix.begin(), suffix.end(), suffix.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return suffix;
}

Dropped classifyFolder(const fs::path& path)
{
    if (fs::exists(path / "pack.json")) {
        return {DroppedKind::pack, path};
    }
    if (fs::exists(path / "run.json")) {
        return {DroppedKind::runFile, path / "run.json"};
    }
    throw EngineError(ErrorCode::bad_file, "This folder is neither a model pack nor a run", path.string(),
                      "A pack has a pack.json in it, an exported run has a run.json.");
}

void forgetUnmoved(EarlierRun& run)
{
    if (!has_moves(run.moved, run.settings)) {
        run.moved.clear();
        run.movedIsPartial = false;
    }
}

/// The run as this one image saw it: enough for the plot.
RunRecord recordOf(const ImageMetadata& metadata)
{
    RunRecord record;
    record.settings = metadata.settings;
    record.settings.count = 1;
    record.settings.batch = 1;
    record.settings.steps = std::max(1, static_cast<int>(metadata.trace.size()));
    record.machine = metadata.machine;
    record.model = metadata.model;
    record.started_at = metadata.started_at;
    if (metadata.steps_done > 0) {
        record.state = RunState::cancelled;
        record.settings.steps = metadata.settings.steps;
        record.unfinished.push_back({0, metadata.seed, metadata.label, {}, metadata.steps_done});
    } else if (metadata.index >= 0) {
        record.images.push_back({0, metadata.seed, metadata.label, {}});
    }
    for (const TracePoint& point : metadata.trace) {
        StepRecord step;
        step.step = static_cast<int>(record.steps.size());
        step.t = point.t;
        step.network = point.network;
        step.parameters = {point.parameter};
        step.exit_layers = {static_cast<std::int16_t>(point.exit_layer)};
        record.steps.push_back(std::move(step));
    }
    return record;
}

EarlierRun readImage(const fs::path& path)
{
    const ImageMetadata metadata = read_image_metadata(path);
    EarlierRun run;
    run.settings = metadata.settings;
    pin_precision(run.settings, metadata.machine);
    run.record = recordOf(metadata);
    run.earlierClasses = metadata.earlier_classes;
    run.seed = metadata.index >= 0 ? metadata.seed : metadata.settings.seed;
    for (const TracePoint& point : metadata.trace) {
        run.moved.push_back({point.parameter});
    }
    run.movedIsPartial = run.settings.count > run.settings.batch;
    forgetUnmoved(run);
    run.what = metadata.index < 0        ? tr("The grid of a run")
               : metadata.steps_done > 0 ? tr("Image %1 of a run, unfinished after %2 of %3 steps")
                                               .arg(metadata.index)
                                               .arg(metadata.steps_done)
                                               .arg(metadata.settings.steps)
                                         : tr("Image %1 of a run").arg(metadata.index);
    run.pictures = {path};
    return run;
}

/// Of a run that is too large for its run.json to hold them.
void readUncertaintyBeside(const fs::path& runFile, EarlierRun& run)
{
    const fs::path path = runFile.parent_path() / uncertainty_file_name;
    std::error_code error;
    if (run.record.probes == 0 || !fs::is_regular_file(path, error)) {
        return;
    }
    try {
        read_uncertainty(path, run.record);
    } catch (const EngineError& damage) {
        run.notice = tr("Its uncertainties could not be read (%1): what another θ would have given is not "
                        "known.")
                         .arg(QString::fromStdString(damage.failure().what));
    }
}

EarlierRun readRun(const fs::path& path)
{
    EarlierRun run;
    run.record = read_run_file(path);
    readUncertaintyBeside(path, run);
    run.settings = run.record.settings;
    run.earlierClasses = run.record.earlier_classes;
    pin_precision(run.settings, run.record.machine);
    run.seed = run.settings.seed;
    run.moved = moved_parameters_of(run.record);
    forgetUnmoved(run);
    run.what = tr("A run of %1 images").arg(run.settings.count);
    for (const auto* images : {&run.record.images, &run.record.unfinished}) {
        for (const ImageRecord& image : *images) {
            // A name out of a file: only its last part, so that it cannot lead elsewhere.
            const fs::path name = fs::path(image.file).filename();
            run.pictures.push_back(name.empty() ? fs::path() : path.parent_path() / name);
        }
    }
    return run;
}

/// The run's own pixels, as far as eight bits hold them.
FinishedImage toFinished(const Image8& image, const ImageRecord& record)
{
    FinishedImage finished{record.index, record.seed, record.label, image.channels, image.height,
                           image.width,  {}};
    const auto plane = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
    const auto channels = static_cast<std::size_t>(image.channels);
    finished.pixels.resize(plane * channels);
    for (std::size_t channel = 0; channel < channels; ++channel) {
        for (std::size_t pixel = 0; pixel < plane; ++pixel) {
            finished.pixels[channel * plane + pixel] =
                static_cast<float>(image.pixels[pixel * channels + channel]) / 127.5F - 1.0F;
        }
    }
    return finished;
}

/// The t of the last step that an unfinished image had.
int lastStepOf(const RunRecord& record, const ImageRecord& image)
{
    const auto last = static_cast<std::size_t>(image.steps_done - 1);
    return last < record.steps.size() ? record.steps[last].t : 0;
}

}  // namespace

Dropped classify(const fs::path& path)
{
    std::error_code error;
    const auto status = fs::status(path, error);
    if (!fs::exists(status)) {
        throw EngineError(ErrorCode::bad_file, "There is no such file or folder", path.string(),
                          "It may have been moved or renamed.");
    }
    if (fs::is_directory(status)) {
        return classifyFolder(path);
    }
    if (!fs::is_regular_file(status)) {
        throw EngineError(ErrorCode::bad_file, "This is neither a file nor a folder", path.string());
    }
    const std::string suffix = lowerSuffix(path);
    const std::string bytes = firstBytes(path);
    if (suffix == ".png" || bytes.starts_with("\x89PNG")) {
        return {DroppedKind::image, path};
    }
    if (suffix == ".json") {
        return path.filename() == "pack.json" ? Dropped{DroppedKind::pack, path.parent_path()}
                                              : Dropped{DroppedKind::runFile, path};
    }
    const std::array<std::string_view, 6> checkpoints = {".pth", ".pt",          ".ckpt",
                                                         ".bin", ".safetensors", ".th"};
    if (bytes.starts_with("PK") ||
        std::find(checkpoints.begin(), checkpoints.end(), suffix) != checkpoints.end()) {
        return {DroppedKind::checkpoint, path};
    }
    throw EngineError(ErrorCode::bad_file, "This is nothing that the studio opens", path.string(),
                      "It opens model packs (folders), checkpoints (.pth, .pt, .safetensors), its own PNG "
                      "images, and run.json files.");
}

EarlierRun readEarlierRun(const Dropped& dropped)
{
    return dropped.kind == DroppedKind::image ? readImage(dropped.path) : readRun(dropped.path);
}

KeptRun readPictures(const EarlierRun& run, bool needsAll)
{
    KeptRun kept;
    kept.record = run.record;
    const std::size_t finished = run.record.images.size();
    const std::size_t all = std::min(run.pictures.size(), finished + run.record.unfinished.size());
    for (std::size_t number = 0; number < all; ++number) {
        const fs::path& path = run.pictures[number];
        const ImageRecord& image =
            number < finished ? run.record.images[number] : run.record.unfinished[number - finished];
        try {
            if (path.empty()) {
                continue;
            }
            FinishedImage picture = toFinished(read_png(path), image);
            if (number < finished) {
                kept.images.push_back(std::move(picture));
            } else {
                kept.unfinished.push_back(
                    {std::move(picture), image.steps_done, lastStepOf(run.record, image)});
            }
        } catch (const EngineError&) {
            if (needsAll) {
                throw;
            }
        }
    }
    return kept;
}

bool isSameModel(const ModelSummary& earlier, const ModelSummary& now)
{
    bool compared = false;
    for (const auto& [part, digest] : earlier.sha256) {
        const auto other = now.sha256.find(part);
        if (other != now.sha256.end()) {
            if (other->second != digest) {
                return false;
            }
            compared = true;
        }
    }
    return compared;
}

}  // namespace duodiff::studio
