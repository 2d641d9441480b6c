// SPDX-License-Identifier: MIT
#include "base/device.h"
#include "base/process_memory.h"
#include "session/bench_steps.h"
#include "session/guard.h"
#include "session/jobs.h"
#include "session/machine.h"
#include "session/model_info.h"
#include "session/random_model.h"
#include "session/settings_check.h"
#include "stream/quality.h"
#include "stream/what_if.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>

namespace duodiff
{
namespace
{

/// Drops every frame: a benchmark has no window.
class NoSink final : public FrameSink
{
public:
    void on_frame(Frame&& frame) override { (void)frame; }
};

struct Contender {
    BenchRow row;
    SamplingSettings settings;
};

std::vector<Contender> contenders(const BenchRequest& request, const ModelBench& model, const ModelInfo& info)
{
    std::vector<Contender> all;
    const auto add = [&](std::string name, SamplingSettings settings) {
        Contender contender{{}, std::move(settings)};
        contender.row.name = std::move(name);
        all.push_back(std::move(contender));
    };
    SamplingSettings settings = model.settings;
    settings.policy = PolicyKind::full;
    add("full", settings);
    if (info.has_shallow) {
        settings.policy = PolicyKind::duodiff;
        for (const int switch_step : request.switch_steps) {
            settings.switch_step = switch_step;
            add(fmt::format("duodiff t_s={}", switch_step), settings);
        }
    }
    if (info.has_early_exit) {
        settings.policy = PolicyKind::adadiff;
        for (const double threshold : model.thresholds) {
            settings.threshold = threshold;
            add(fmt::format("adadiff theta={:g}", threshold), settings);
        }
    }
    return all;
}

void fill_statistics(BenchRow& row, const BenchRow& full)
{
    std::vector<double> speedups;
    for (std::size_t i = 0; i < row.ms.size(); ++i) {
        speedups.push_back(full.ms[i] / row.ms[i]);
    }
    row.median_ms = spread_of(row.ms).median;
    row.speedups = spread_of(speedups);
    row.speedup = row.speedups.median;
    row.skipped_became_time = row.blocks_skipped > 0.0 ? (1.0 - 1.0 / row.speedup) / row.blocks_skipped
                                                       : std::numeric_limits<double>::quiet_NaN();
}

double mean_exit_layer(const RunRecord& record)
{
    const std::vector<double> means = mean_exit_layers(record);
    return means.empty()
               ? 0.0
               : std::accumulate(means.begin(), means.end(), 0.0) / static_cast<double>(means.size());
}

bool wants(const BenchRequest& request, BenchPart part)
{
    return std::find(request.parts.begin(), request.parts.end(), part) != request.parts.end();
}

RunOutcome sample_whole(Engine& engine, const SamplingSettings& settings, const std::stop_token& stop,
                        const SampleOptions& options = {})
{
    NoSink sink;
    RunOutcome outcome =
        engine.sample(settings, 0, sink, {.stop = stop, .finish_batch = nullptr}, nullptr, options);
    if (outcome.record.state != RunState::done) {
        throw EngineError(ErrorCode::cancelled, "the benchmark was stopped");
    }
    return outcome;
}

/// Thresholds at which about a quarter, a half and three quarters of the blocks are skipped, from one
/// recorded run; a share that no threshold reaches has none.
std::vector<double> thresholds_by_share(Engine& engine, SamplingSettings settings, const ModelInfo& info,
                                        const std::stop_token& stop)
{
    settings.policy = PolicyKind::adadiff;
    settings.threshold = info.threshold_default;
    settings.count = std::min(settings.count, 16);
    settings.batch = settings.count;
    SampleOptions options;
    options.all_uncertainties = true;
    const RunOutcome probed = sample_whole(engine, settings, stop, options);
    const WhatIfIndex index(probed.record);
    const auto saved = [&](double threshold) {
        PolicyChoice choice;
        choice.policy = PolicyKind::adadiff;
        choice.threshold = threshold;
        return index.predict(choice).saved_share;
    };
    float lowest = std::numeric_limits<float>::max();
    float highest = std::numeric_limits<float>::lowest();
    for (const StepRecord& step : probed.record.steps) {
        for (const float u : step.uncertainty) {
            if (std::isfinite(u)) {
                lowest = std::min(lowest, u);
                highest = std::max(highest, u);
            }
        }
    }
    std::vector<double> thresholds;
    for (const double share : {0.25, 0.5, 0.75}) {
        double below = static_cast<double>(lowest);
        double above = static_cast<double>(highest);
        if (saved(above) < share) {
            continue;
        }
        for (int halving = 0; halving < 30; ++halving) {
            const double middle = 0.5 * (below + above);
            (saved(middle) < share ? below : above) = middle;
        }
        thresholds.push_back(std::round(above * 1e4) / 1e4);
    }
    return thresholds;
}

void bench_runs(Engine& engine, BenchReport& report, ModelBench& model, const ModelInfo& info,
                const Progress& progress, const std::stop_token& stop)
{
    const BenchRequest& request = report.request;
    std::vector<Contender> all = contenders(request, model, info);
    for (int round = -1; round < request.rounds; ++round) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            Contender& contender = all[i];
            SamplingSettings settings = contender.settings;
            if (round < 0) {
                // Warm-up: allocator, thread pool and oneDNN's kernels, not a whole run.
                settings.solver = SolverKind::ddim;
                settings.steps = std::min(settings.steps, 10);
                settings.count = std::min(settings.count, settings.batch);
            } else if (progress) {
                const double done =
                    static_cast<double>(round) * static_cast<double>(all.size()) + static_cast<double>(i);
                progress(fmt::format("{}, round {} of {}: {}", model.model.name, round + 1, request.rounds,
                                     contender.row.name),
                         done / (request.rounds * static_cast<double>(all.size())));
            }
            const RunOutcome outcome = sample_whole(engine, settings, stop);
            if (round >= 0) {
                contender.row.ms.push_back(outcome.record.sampling_ms);
                contender.row.ledger += outcome.record.ledger;
                contender.row.blocks_skipped = 1.0 - block_share(outcome.record);
                contender.row.mean_exit_layer = mean_exit_layer(outcome.record);
                report.machine = outcome.record.machine;
            }
        }
    }
    for (Contender& contender : all) {
        fill_statistics(contender.row, all.front().row);
        model.rows.push_back(contender.row);
    }
}

std::uint64_t grown_by(std::uint64_t before)
{
    const std::uint64_t now = resident_bytes();
    return now > before ? now - before : 0;
}

LoadingBench bench_loading(const ModelSource& source, const SamplingSettings& base, int rounds,
                           const Progress& progress, const std::stop_token& stop)
{
    LoadingBench loading;
    std::vector<double> ms;
    for (int round = 0; round < rounds; ++round) {
        if (progress) {
            progress("opening the model", static_cast<double>(round) / rounds);
        }
        return_free_memory();  // so that what is measured is not taken out of what others have left
        const std::uint64_t before = resident_bytes();
        const auto start = std::chrono::steady_clock::now();
        const std::unique_ptr<Engine> engine = make_engine();
        const ModelInfo info = engine->open(source, {}, stop);
        ms.push_back(
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
        if (round == 0) {
            loading.loaded_bytes = grown_by(before);
            loading.weight_bytes = info.memory_bytes;
            SamplingSettings settings = base;
            settings.policy = info.has_shallow ? PolicyKind::duodiff : PolicyKind::full;
            settings.switch_step = 500;
            settings.solver = SolverKind::ddim;
            settings.steps = 4;
            settings.count = settings.batch;
            const std::uint64_t opened = resident_bytes();
            sample_whole(*engine, settings, stop);
            loading.running_bytes = grown_by(opened);
        }
    }
    loading.ms = spread_of(ms);
    return loading;
}

/// Those that are compared with fp32.
std::vector<Precision> rounded_precisions(const UVitConfig& shape, c10::Device device)
{
    std::vector<Precision> all;
    if (has_fast_bf16(device)) {
        all.push_back(Precision::bf16);
    }
    if (UVit::int8_obstacle(shape, device).empty()) {
        all.push_back(Precision::int8);
    }
    return all;
}

RunOutcome sample_for_accuracy(Engine& engine, const Contender& contender, Precision precision,
                               const BenchRequest& request, const std::stop_token& stop)
{
    SamplingSettings settings = contender.settings;
    settings.count = request.accuracy_images;
    settings.precision = precision;
    return sample_whole(engine, settings, stop);
}

AccuracyRow accuracy_of(const Contender& contender, Precision precision, const RunOutcome& rounded,
                        const RunOutcome& exact)
{
    std::vector<double> psnr;
    for (std::size_t i = 0; i < exact.images.size(); ++i) {
        psnr.push_back(picture_difference(exact.images[i].pixels, rounded.images[i].pixels).psnr);
    }
    const Spread spread = spread_of(psnr);
    return {.name = contender.row.name,
            .precision = precision,
            .images = static_cast<int>(exact.images.size()),
            .psnr_median = spread.median,
            .psnr_minimum = spread.minimum,
            .exit_layer_difference = mean_exit_layer(rounded.record) - mean_exit_layer(exact.record)};
}

void bench_accuracy(Engine& engine, const BenchRequest& request, ModelBench& model, const ModelInfo& info,
                    const std::vector<Precision>& precisions, const Progress& progress,
                    const std::stop_token& stop)
{
    // One precision after the other: at each change the networks are made anew.
    const std::vector<Contender> all = contenders(request, model, info);
    const auto sample = [&](const Contender& contender, Precision precision) {
        if (progress) {
            progress(fmt::format("accuracy: {} in {}", contender.row.name, to_string(precision)), 0.0);
        }
        return sample_for_accuracy(engine, contender, precision, request, stop);
    };
    std::vector<RunOutcome> exact;
    for (const Contender& contender : all) {
        exact.push_back(sample(contender, Precision::fp32));
    }
    for (const Precision precision : precisions) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            model.accuracy.push_back(accuracy_of(all[i], precision, sample(all[i], precision), exact[i]));
        }
    }
}

/// What concerns whole runs of one model: `source` is the pack's, `settings` its runs'.
ModelBench bench_model(const ModelSource& source, const SamplingSettings& settings, bool with_accuracy,
                       BenchReport& report, const Progress& progress, const std::stop_token& stop)
{
    const BenchRequest& request = report.request;
    ModelBench model;
    model.settings = settings;
    if (wants(request, BenchPart::loading)) {
        model.loading = bench_loading(source, settings, request.rounds, progress, stop);
    }
    const std::unique_ptr<Engine> engine = make_engine();
    const ModelInfo info = engine->open(source, progress, stop);
    model.model = info.summary;
    const bool runs = wants(request, BenchPart::runs);
    const std::vector<Precision> precisions =
        rounded_precisions(read_model(source).shape(), resolve_device(settings.device));
    const bool accuracy = with_accuracy && wants(request, BenchPart::accuracy) && !precisions.empty();
    if (info.has_early_exit && (runs || accuracy)) {
        model.thresholds = request.thresholds.empty() ? thresholds_by_share(*engine, settings, info, stop)
                                                      : request.thresholds;
    }
    if (runs) {
        bench_runs(*engine, report, model, info, progress, stop);
    }
    if (accuracy) {
        bench_accuracy(*engine, request, model, info, precisions, progress, stop);
    }
    return model;
}

bool wants_whole_runs(const BenchRequest& request)
{
    return wants(request, BenchPart::runs) || wants(request, BenchPart::loading) ||
           wants(request, BenchPart::accuracy);
}

BenchReport do_bench(const BenchRequest& request, const Progress& progress, const std::stop_token& stop)
{
    BenchReport report;
    report.request = request;
    report.request.rounds = std::max(1, request.rounds);
    const c10::Device device = resolve_device(request.base.device);
    const std::optional<ModelFiles> files =
        request.source.model.empty() ? std::nullopt : std::optional(read_model(request.source));
    const UVitConfig shape = files ? files->shape() : standard_shape(request.shapes.front()).config;
    report.machine =
        describe_machine(device, resolve_precision(request.base.precision, device, shape), shape);
    if (wants(request, BenchPart::steps)) {
        report.steps =
            bench_steps(report.request, files ? &*files : nullptr, device, report.products, progress, stop);
    }
    if (files && wants_whole_runs(request)) {
        report.models.push_back(bench_model(request.source, request.base, true, report, progress, stop));
    }
    if (wants(request, BenchPart::runs) || wants(request, BenchPart::loading)) {
        for (const std::string& key : request.shapes) {
            if (progress) {
                progress("writing random weights: " + key, 0.0);
            }
            const TemporaryPack pack(standard_shape(key));
            SamplingSettings settings = request.base;
            settings.steps = std::min(settings.steps, request.shape_steps);
            ModelSource source;
            source.model = pack.path();
            report.models.push_back(bench_model(source, settings, false, report, progress, stop));
        }
    }
    return report;
}

}  // namespace

BenchReport bench(const BenchRequest& request, const Progress& progress, std::stop_token stop)
{
    return guarded("bench", [&] { return do_bench(request, progress, stop); });
}

}  // namespace duodiff
