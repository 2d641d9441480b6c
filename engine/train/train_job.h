// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"
#include "stream/pause_switch.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

/// Training, as the command line and a window see it: plain values, no LibTorch.
namespace duodiff
{

struct TrainRequest {
    std::filesystem::path config;                                  ///< YAML, see docs/training.md
    std::vector<std::pair<std::string, std::string>> overrides{};  ///< key, value
    bool resume = false;  ///< go on from the newest checkpoint of the output folder, if there is one
};

/// One line of log.jsonl: means over the steps since the line before.
struct TrainCurves {
    std::int64_t step = 0;
    double learning_rate = 0.0;
    double loss = 0.0;
    double gradient_norm = 0.0;
    double images_per_second = 0.0;
    double seconds = 0.0;                    ///< of training, all sittings together
    std::vector<double> loss_by_timestep{};  ///< ten equal parts of 0..T-1; NaN: no image there
    std::vector<double> loss_by_layer{};     ///< mean squared error, by probe; empty without exits
    std::vector<double> uncertainty_error_by_layer{};
};

/// How sure an early-exit network is along a sampling run: u by step and probe, means over the images.
struct TrainExitCurve {
    std::vector<int> timesteps{};
    std::vector<int> layers{};         ///< blocks run where each probe reads
    std::vector<float> uncertainty{};  ///< (steps, probes)
};

/// What a training run says while it goes on. Which of the fields mean something is told by `kind`.
struct TrainProgress {
    enum class Kind {
        preparing,  ///< `text`: what is being done; `fraction`
        started,    ///< `folder`; `step` is where it starts; the curves up to there are in log.jsonl
        step,       ///< after every update: step, loss, images_per_second, seconds_left
        logged,     ///< a line was added to log.jsonl: `curves`
        sampled,    ///< `file` has a grid of the averaged weights' images; `exits` where there are
        saved,      ///< `file` is a checkpoint
        note,       ///< `text` is for the person
    };
    Kind kind = Kind::step;
    std::int64_t step = 0;  ///< updates done
    std::int64_t steps = 0;
    double loss = 0.0;  ///< of this step
    double images_per_second = 0.0;
    double seconds_left = 0.0;  ///< negative: not known yet
    double fraction = 0.0;
    std::string text{};
    std::filesystem::path file{};
    std::filesystem::path folder{};
    TrainCurves curves{};
    TrainExitCurve exits{};
};

struct TrainResult {
    std::int64_t step = 0;
    std::int64_t steps = 0;
    bool finished = false;  ///< false: it was stopped, and saved
    double seconds = 0.0;
    double loss = 0.0;                   ///< of the last line of the log; NaN where there is none
    std::filesystem::path weights{};     ///< averaged, for `duodiff import` and `--model`
    std::filesystem::path checkpoint{};  ///< to go on from
};

/// Trains until done or stopped, on the calling thread, which should be one for this alone: LibTorch keeps
/// its threads by it. `progress` is called on it too. A stop ends after the step in progress and saves.
/// `pause` holds the run between two steps. Throws EngineError and nothing else.
TrainResult train(const TrainRequest& request, const std::function<void(const TrainProgress&)>& progress = {},
                  std::stop_token stop = {}, PauseSwitch* pause = nullptr);

/// The curves in a run's log.jsonl, in order; a cut-off last line is left out. Throws EngineError(bad_file).
std::vector<TrainCurves> read_train_log(const std::filesystem::path& folder);

}  // namespace duodiff
