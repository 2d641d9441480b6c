// SPDX-License-Identifier: MIT
#pragma once

#include "data/batch_loader.h"
#include "train/backbone.h"
#include "train/log_file.h"
#include "train/objective.h"
#include "train/output_folder.h"
#include "train/parameters.h"
#include "train/train_job.h"
#include "train/train_state.h"

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

namespace duodiff
{

/// Hooks of the caller.
struct TrainControls {
    std::function<void(const TrainProgress&)> progress;
    std::stop_token stop;
    PauseSwitch* pause = nullptr;
};

/// One sitting of a training run: everything is set up by the constructor, `run` trains.
class TrainRun
{
public:
    /// `config` is resolved: its device and precision are not "auto".
    TrainRun(const TrainConfig& config, c10::Device device, bool resume, const TrainControls& controls);

    TrainResult run();

private:
    /// What a step gave, perhaps still on its way from the device.
    struct Pending {
        std::int64_t step = 0;
        at::Tensor loss;           ///< scalar
        at::Tensor gradient_norm;  ///< scalar
        at::Tensor t;              ///< (B)
        at::Tensor image_loss;     ///< (B)
        at::Tensor layer_loss;     ///< (probes) or undefined
        at::Tensor uncertainty_error;
        std::vector<std::int64_t> indices;
    };
    using Clock = std::chrono::steady_clock;

    void open_data();
    void set_up_network(bool resume);
    void resume_or_start(bool resume, std::vector<std::filesystem::path> states);
    Pending train_step(std::int64_t step);
    void take_in(const Pending& pending);
    void take_in_all();
    void check_loss(const Pending& pending, double loss, double norm);
    void log_step();
    void draw_samples();
    void save();
    void write_network();
    Tensors averaged_network() const;
    TrainResult result() const;
    void say(TrainProgress progress) const;
    void note(const std::string& text) const;
    double seconds_now() const;

    TrainConfig config_;
    c10::Device device_;
    TrainControls controls_;
    OutputFolder folder_;
    std::shared_ptr<const Dataset> data_;
    Backbone backbone_;
    Objective objective_;
    std::optional<Parameters> parameters_;
    Tensors network_;  ///< leaves and what is frozen, by the names of training
    TrainIdentity identity_;
    TrainState state_;
    std::unique_ptr<BatchLoader> loader_;
    std::unique_ptr<LogFile> log_;
    std::deque<Pending> pending_;
    double last_loss_ = 0.0;
    std::filesystem::path last_checkpoint_;
    Clock::time_point sitting_start_;
    double seconds_before_ = 0.0;
    Clock::time_point window_start_;
    double speed_ = 0.0;  ///< images a second, of late
};

}  // namespace duodiff
