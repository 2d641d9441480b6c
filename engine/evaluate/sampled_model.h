// SPDX-License-Identifier: MIT
#pragma once

#include "session/engine.h"

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

/// What evaluations that sample have in common. Plain values, no LibTorch.
namespace duodiff
{

/// A model that is open in an engine, and what settings become with it.
struct SampledModel {
    ModelInfo info;
    ModelSummary summary;
    MachineInfo machine;  ///< with the device and precision of the settings
    int channels = 0;     ///< of its pictures, decoded
    int height = 0;
    int width = 0;
};

/// Opens a model and lets it make one step. Throws EngineError, also cancelled.
SampledModel open_sampled_model(Engine& engine, const ModelSource& source, const SamplingSettings& base,
                                const Progress& progress, const std::stop_token& stop);

/// Throws what Engine::check says against it.
void require_runnable(const Engine& engine, const SamplingSettings& settings);

/// The first `steps` steps of a batch with these settings, and no result: what is made once is made then.
void warm_up(Engine& engine, SamplingSettings settings, int steps, const std::stop_token& stop);

/// The same run's images `first` .. `first + count - 1` alone: with the seeds and the classes that they have
/// there.
SamplingSettings part_of_run(const SamplingSettings& settings, const ModelInfo& info, std::int64_t first,
                             std::int64_t count);

/// Everything that decides an image of a run but its number: the same text, the same images.
std::string identity_of(const SampledModel& model, const SamplingSettings& settings);

/// `count` values from `low` to `high`, both among them, to three significant digits.
std::vector<double> spread_values(double low, double high, int count);

/// Watches a run's frames for their share of the work only: told of the (image, step) pairs done.
class WorkSink final : public FrameSink
{
public:
    explicit WorkSink(std::function<void(double image_steps)> show) : show_(std::move(show)) {}

    void on_frame(Frame&& frame) override
    {
        image_steps_ += static_cast<double>(frame.exit_layers.size());
        show_(image_steps_);
    }

private:
    std::function<void(double)> show_;
    double image_steps_ = 0.0;
};

}  // namespace duodiff
