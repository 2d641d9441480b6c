// SPDX-License-Identifier: MIT
#pragma once

#include "train/parameters.h"
#include "train/train_config.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace duodiff
{

/// Where a training run writes:
///
///     config.yaml              the whole configuration, as it was resolved
///     log.jsonl                see log_file.h
///     loss.svg                 the log as a picture, as of the last checkpoint
///     checkpoints/step-N.safetensors
///     samples/step-N.png, .json   the latter with exits: see looking_on.h
///     full.safetensors, .yaml  the averaged weights (shallow, early_exit), which open as a model
///
/// Held by one process at a time.
class OutputFolder
{
public:
    /// Makes the folder and takes it. Throws EngineError where another run has it.
    explicit OutputFolder(std::filesystem::path path);
    ~OutputFolder();
    OutputFolder(const OutputFolder&) = delete;
    OutputFolder& operator=(const OutputFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path config() const { return path_ / "config.yaml"; }
    std::filesystem::path log() const { return path_ / "log.jsonl"; }
    std::filesystem::path loss_picture() const { return path_ / "loss.svg"; }
    std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }
    std::filesystem::path sample(std::int64_t step) const;
    std::filesystem::path weights(TrainKind kind) const;

private:
    void remove_leftovers() const;

    std::filesystem::path path_;
    int lock_ = -1;
};

/// "FOLDER/full.safetensors"
std::filesystem::path weights_path(const std::filesystem::path& folder, TrainKind kind);

/// Writes a network's tensors, by the names of files, and the YAML file beside it.
void write_weights(const std::filesystem::path& path, const Tensors& tensors, const ModelConfig& config,
                   const std::map<std::string, std::string>& metadata);

}  // namespace duodiff
