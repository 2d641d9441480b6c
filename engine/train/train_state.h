// SPDX-License-Identifier: MIT
#pragma once

#include "train/log_window.h"
#include "train/parameters.h"
#include "train/train_config.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace duodiff
{

/// Everything besides the parameters that a run needs to go on exactly as if it had not ended.
struct TrainState {
    std::int64_t step = 0;    ///< updates done
    double seconds = 0.0;     ///< of training so far, sampling and saving included
    double usual_loss = 0.0;  ///< slow mean that explosions are measured by; 0: none yet
    LogWindow window;         ///< since the last line of the log
};

/// What a run may not go on with another of.
struct TrainIdentity {
    std::string data;      ///< digest of the examples
    std::string backbone;  ///< SHA-256 of the file that a frozen backbone came from; may be empty
};

/// "checkpoints/step-00001000.safetensors"
std::filesystem::path state_path(const std::filesystem::path& folder, std::int64_t step);

/// The run's states in `folder`, oldest first.
std::vector<std::filesystem::path> find_states(const std::filesystem::path& folder);

/// Writes parameters, moments, average and `state` as one safetensors file, whole or not at all.
void write_state(const std::filesystem::path& path, const Parameters& parameters, const TrainState& state,
                 const TrainConfig& config, const TrainIdentity& identity);

/// Deletes all but the newest `keep` states.
void forget_old_states(const std::filesystem::path& folder, std::int64_t keep);

struct Resumed {
    TrainState state;
    std::vector<std::string> notes;  ///< what is different now, in words
};

/// Reads a state into `parameters`. Throws EngineError: bad_file for a damaged file, usage for one of a run
/// with another configuration or other data, naming old and new value.
Resumed read_state(const std::filesystem::path& path, Parameters& parameters, const TrainConfig& config,
                   const TrainIdentity& identity);

/// The network inside a state file, for export: by the names of files, without the frozen backbone.
struct StateNetwork {
    TrainConfig config;
    std::int64_t step = 0;
    Tensors tensors;
};
bool is_state_file(const Checkpoint& checkpoint);
StateNetwork read_state_network(const Checkpoint& checkpoint, bool average);

}  // namespace duodiff
