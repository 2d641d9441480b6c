// SPDX-License-Identifier: GPL-3.0-or-later
#include "repeat.h"

#include "report/image_metadata.h"
#include "report/run_file.h"
#include "stream/step_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>

namespace duodiff::cli
{
namespace
{

bool starts_like_png(const std::filesystem::path& path)
{
    constexpr std::array<unsigned char, 8> signature = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    std::array<char, 8> bytes{};
    std::ifstream file(path, std::ios::binary);
    file.read(bytes.data(), bytes.size());
    return file &&
           std::equal(bytes.begin(), bytes.end(), signature.begin(), [](char byte, unsigned char wanted) {
               return static_cast<unsigned char>(byte) == wanted;
           });
}

void pin_automatic_choices(EarlierRun& run, const MachineInfo& machine)
{
    pin_precision(run.settings, machine);
    if (run.settings.device == "auto" && !machine.device.empty()) {
        run.settings.device = machine.device.substr(0, machine.device.find(' '));
        run.device_was_automatic = true;
    }
}

void forget_unmoved(EarlierRun& run)
{
    if (!has_moves(run.moved, run.settings)) {
        run.moved.clear();
        run.moved_is_partial = false;
    }
}

EarlierRun from_image(const std::filesystem::path& path)
{
    const ImageMetadata metadata = read_image_metadata(path);
    EarlierRun run;
    run.settings = metadata.settings;
    run.model = metadata.model;
    run.earlier_classes = metadata.earlier_classes;
    for (const TracePoint& point : metadata.trace) {
        run.moved.push_back({point.parameter});
    }
    run.moved_is_partial = run.settings.count > run.settings.batch;
    pin_automatic_choices(run, metadata.machine);
    return run;
}

EarlierRun from_run_file(const std::filesystem::path& path)
{
    const RunRecord record = read_run_file(path);
    EarlierRun run;
    run.settings = record.settings;
    run.model = record.model;
    run.earlier_classes = record.earlier_classes;
    run.moved = moved_parameters_of(record);
    pin_automatic_choices(run, record.machine);
    return run;
}

}  // namespace

EarlierRun read_earlier_run(const std::filesystem::path& path)
{
    std::error_code error;
    const bool is_folder = std::filesystem::is_directory(path, error);
    const std::filesystem::path file = is_folder ? path / "run.json" : path;
    if (!std::filesystem::exists(file, error)) {
        throw EngineError(ErrorCode::bad_file, "there is no such file", file.string(),
                          "Give an image or the run.json of an earlier run.");
    }
    if (!std::filesystem::is_regular_file(file, error)) {
        // A pipe that nobody writes to would be waited for for ever.
        throw EngineError(ErrorCode::bad_file, "this is not a regular file", file.string(),
                          "Give an image or the run.json of an earlier run.");
    }
    EarlierRun run = starts_like_png(file) ? from_image(file) : from_run_file(file);
    forget_unmoved(run);
    return run;
}

void require_same_model(const ModelSummary& earlier, const ModelSummary& now, PolicyKind policy)
{
    const auto needed = [&](const std::string& part) {
        switch (policy) {
            case PolicyKind::full:
                return part == "full";
            case PolicyKind::duodiff:
                return part == "full" || part == "shallow";
            default:
                return part != "shallow";
        }
    };
    for (const auto& [part, hash] : earlier.sha256) {
        if (!needed(part) && part != "autoencoder") {
            continue;
        }
        const auto found = now.sha256.find(part);
        if (found == now.sha256.end() || found->second != hash) {
            const std::string is = found == now.sha256.end() ? "is not in this model"
                                                             : fmt::format("is {:.12} here", found->second);
            throw EngineError(
                ErrorCode::bad_file,
                fmt::format(
                    "these are not the weights that the run was made with: its part '{}' was {:.12}, and {}",
                    part, hash, is),
                now.path,
                "Give the run's own model with --model, or take this one with --allow-other-model.");
        }
    }
}

void replay_parameters(const MovedParameters& moved, const SamplingSettings& settings, int batch, int step,
                       LiveParameters& live)
{
    const double value = moved_value(moved, batch, step).value_or(own_parameter(settings));
    switch (settings.policy) {
        case PolicyKind::duodiff:
            live.switch_step = static_cast<int>(std::lround(value));
            break;
        case PolicyKind::adadiff:
            live.threshold = value;
            break;
        case PolicyKind::static_layer:
            live.exit_layer = static_cast<int>(std::lround(value));
            break;
        case PolicyKind::full:
            break;
    }
}

}  // namespace duodiff::cli
