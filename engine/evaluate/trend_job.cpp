// SPDX-License-Identifier: MIT
#include "evaluate/trend_job.h"

#include "base/only_engine_errors.h"
#include "evaluate/policy_points.h"
#include "evaluate/sampled_model.h"
#include "stream/switch_advisor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace duodiff
{
namespace
{

constexpr int default_thresholds = 5;

std::optional<TrendTransition> transition_of(const SamplingSettings& base, const ExitCounts& exits)
{
    const auto found = find_phase_transition(mean_layers(exits));
    if (!found) {
        return std::nullopt;
    }
    TrendTransition transition{*found, exits.timesteps[found->index], std::nullopt};
    if (found->level_after > found->level_before) {
        RunRecord steps;
        steps.settings = base;
        for (const int t : exits.timesteps) {
            steps.steps.emplace_back().t = t;
        }
        transition.switch_step = switch_step_for(steps, found->index);
    }
    return transition;
}

class TrendRun
{
public:
    TrendRun(Engine& engine, const TrendRequest& request, const Progress& progress, std::stop_token stop)
        : engine_(engine),
          request_(request),
          progress_(progress),
          stop_(std::move(stop)),
          parts_(request.folder)
    {
    }

    TrendReport run()
    {
        model_ = open_sampled_model(engine_, request_.source, request_.base, progress_, stop_);
        if (!model_.info.has_early_exit) {
            throw EngineError(ErrorCode::usage, "this model has no early exits, so no image leaves early",
                              request_.source.model.string(),
                              "Choose a pack or checkpoint with an early-exit part.");
        }
        std::vector<double> thresholds = request_.thresholds;
        if (thresholds.empty()) {
            thresholds = spread_values(model_.info.threshold_minimum, model_.info.threshold_maximum,
                                       default_thresholds);
        }
        std::sort(thresholds.begin(), thresholds.end());
        thresholds.erase(std::unique(thresholds.begin(), thresholds.end()), thresholds.end());
        for (const double threshold : thresholds) {
            require_runnable(engine_, at_threshold(threshold));
        }
        curves_ = thresholds.size();

        TrendReport report{.machine = model_.machine,
                           .model = model_.summary,
                           .base = request_.base,
                           .curves = {},
                           .notes = {}};
        for (const double threshold : thresholds) {
            report.curves.push_back(measure(threshold));
            ++finished_;
        }
        report.notes = parts_.notes();
        return report;
    }

private:
    SamplingSettings at_threshold(double threshold) const
    {
        return settings_at(request_.base, {PolicyKind::adadiff, threshold});
    }

    void show(double threshold, double images) const
    {
        if (progress_) {
            progress_(fmt::format("AdaDiff at theta {}", threshold),
                      (static_cast<double>(finished_) + images / request_.base.count) /
                          static_cast<double>(curves_));
        }
    }

    TrendCurve measure(double threshold)
    {
        const SamplingSettings settings = at_threshold(threshold);
        const std::string identity = identity_of(model_, settings);
        TrendCurve curve;
        curve.threshold = threshold;
        curve.exits = find_exit_counts(parts_, threshold, identity);
        if (curve.exits.images > settings.count) {
            curve.exits = {};  // images cannot be taken out again
        }
        while (curve.exits.images < settings.count) {
            sample_batch_of(settings, curve.exits);
            keep_exit_counts(parts_, threshold, identity, curve.exits);
        }
        curve.block_share = block_share(curve.exits);
        curve.gflops_an_image = gflops_per_image(curve.exits, model_.summary);
        curve.transition = transition_of(request_.base, curve.exits);
        return curve;
    }

    void sample_batch_of(const SamplingSettings& settings, ExitCounts& exits) const
    {
        const std::int64_t first = exits.images;
        const std::int64_t count = std::min<std::int64_t>(settings.batch, settings.count - first);
        const auto steps = static_cast<double>(settings.steps);
        WorkSink sink([&](double image_steps) {
            show(settings.threshold, static_cast<double>(first) + image_steps / steps);
        });
        const RunOutcome outcome =
            engine_.sample(part_of_run(settings, model_.info, first, count), 0, sink, {.stop = stop_});
        if (outcome.record.state != RunState::done) {
            throw_cancelled_with(parts_);
        }
        exits.add(outcome.record, model_.summary.depth);
    }

    Engine& engine_;
    const TrendRequest& request_;
    const Progress& progress_;
    std::stop_token stop_;
    Parts parts_;
    SampledModel model_;
    std::size_t curves_ = 0;
    std::size_t finished_ = 0;
};

}  // namespace

TrendReport evaluate_trend(Engine& engine, const TrendRequest& request, const Progress& progress,
                           std::stop_token stop)
{
    return only_engine_errors("evaluation",
                              [&] { return TrendRun(engine, request, progress, std::move(stop)).run(); });
}

}  // namespace duodiff
