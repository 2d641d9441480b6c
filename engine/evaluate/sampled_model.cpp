// SPDX-License-Identifier: MIT
#include "evaluate/sampled_model.h"

#include "stream/step_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace duodiff
{
namespace
{

/// Ends its run after some steps.
class StepsSink final : public FrameSink
{
public:
    StepsSink(int steps, std::stop_source& end) : left_(steps), end_(end) {}

    void on_frame(Frame&&) override
    {
        if (--left_ <= 0) {
            end_.request_stop();
        }
    }

private:
    int left_;
    std::stop_source& end_;
};

RunOutcome first_steps(Engine& engine, const SamplingSettings& settings, int steps,
                       const std::stop_token& stop)
{
    std::stop_source end;
    const std::stop_callback forward(stop, [&] { end.request_stop(); });
    const std::atomic<bool> keep = true;
    StepsSink sink(steps, end);
    RunOutcome outcome =
        engine.sample(settings, 0, sink, {.stop = end.get_token(), .keep_unfinished = &keep});
    if (stop.stop_requested()) {
        throw EngineError(ErrorCode::cancelled, "nothing new was finished; what was there is kept");
    }
    return outcome;
}

}  // namespace

SampledModel open_sampled_model(Engine& engine, const ModelSource& source, const SamplingSettings& base,
                                const Progress& progress, const std::stop_token& stop)
{
    SampledModel model;
    model.info = engine.open(source, progress, stop);
    SamplingSettings settings = base;
    settings.policy = PolicyKind::full;
    settings.count = 1;
    settings.save_steps.clear();
    require_runnable(engine, settings);
    const RunOutcome outcome = first_steps(engine, settings, 1, stop);
    model.summary = outcome.record.model;
    model.machine = outcome.record.machine;
    if (outcome.images.empty() && outcome.unfinished.empty()) {
        throw EngineError(ErrorCode::failed, "the model made no image in its first step",
                          source.model.string());
    }
    const FinishedImage& image =
        outcome.images.empty() ? outcome.unfinished.front().picture : outcome.images.front();
    model.channels = image.channels;
    model.height = image.height;
    model.width = image.width;
    return model;
}

void require_runnable(const Engine& engine, const SamplingSettings& settings)
{
    if (const auto failure = engine.check(settings)) {
        throw EngineError(*failure);
    }
}

void warm_up(Engine& engine, SamplingSettings settings, int steps, const std::stop_token& stop)
{
    settings.count = std::min(settings.count, settings.batch);
    settings.save_steps.clear();
    (void)first_steps(engine, settings, steps, stop);
}

SamplingSettings part_of_run(const SamplingSettings& settings, const ModelInfo& info, std::int64_t first,
                             std::int64_t count)
{
    SamplingSettings part = settings;
    part.count = static_cast<int>(count);
    part.seed = settings.seed + static_cast<std::uint64_t>(first);
    if (part.classes.empty()) {
        part.classes.resize(static_cast<std::size_t>(std::max(0, info.num_classes)));
        std::iota(part.classes.begin(), part.classes.end(), 0);
    }
    if (!part.classes.empty()) {
        std::rotate(part.classes.begin(),
                    part.classes.begin() + first % static_cast<std::int64_t>(part.classes.size()),
                    part.classes.end());
    }
    return part;
}

std::string identity_of(const SampledModel& model, const SamplingSettings& settings)
{
    std::string text =
        fmt::format("{} {} {} {} eta {} seed {} classes {} {} {} {}", to_string(settings.policy),
                    own_parameter(settings), to_string(settings.solver), settings.steps, settings.eta,
                    settings.seed, fmt::join(settings.classes, ","),
                    to_string(settings.parametrization.value_or(model.info.parametrization)),
                    model.machine.device, model.machine.precision);
    for (const auto& [part, sha256] : model.summary.sha256) {
        text += fmt::format(" {} {}", part, sha256);
    }
    return text;
}

std::vector<double> spread_values(double low, double high, int count)
{
    std::vector<double> values;
    for (int i = 0; i < count; ++i) {
        const double value = count == 1 ? low : low + (high - low) * i / (count - 1);
        const double unit =
            value == 0.0 ? 1.0 : std::pow(10.0, 2.0 - std::floor(std::log10(std::abs(value))));
        const double rounded = std::round(value * unit) / unit;
        if (values.empty() || rounded > values.back()) {
            values.push_back(rounded);
        }
    }
    return values;
}

}  // namespace duodiff
