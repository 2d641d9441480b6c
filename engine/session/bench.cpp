// SPDX-License-Identifier: MIT
#include "session/guard.h"
#include "session/jobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

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

std::vector<Contender> contenders(const BenchRequest& request, const ModelInfo& info)
{
    std::vector<Contender> all;
    const auto add = [&](std::string name, SamplingSettings settings) {
        Contender contender{{}, std::move(settings)};
        contender.row.name = std::move(name);
        all.push_back(std::move(contender));
    };
    SamplingSettings settings = request.base;
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
        for (const double threshold : request.thresholds) {
            settings.threshold = threshold;
            add(fmt::format("adadiff theta={:g}", threshold), settings);
        }
    }
    return all;
}

double median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : 0.5 * (values[middle - 1] + values[middle]);
}

void fill_statistics(BenchRow& row, const BenchRow& full)
{
    std::vector<double> speedups;
    for (std::size_t i = 0; i < row.ms.size(); ++i) {
        speedups.push_back(full.ms[i] / row.ms[i]);
    }
    row.median_ms = median(row.ms);
    row.speedup = median(speedups);
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

BenchReport do_bench(const BenchRequest& request, const Progress& progress, const std::stop_token& stop)
{
    const std::unique_ptr<Engine> engine = make_engine();
    const ModelInfo info = engine->open(request.source, progress, stop);
    std::vector<Contender> all = contenders(request, info);
    BenchReport report{.machine = {}, .model = info.summary, .request = request, .rows = {}};
    NoSink sink;
    const int rounds = std::max(1, request.rounds);
    for (int round = -1; round < rounds; ++round) {
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
                progress(fmt::format("round {} of {}: {}", round + 1, rounds, contender.row.name),
                         done / (rounds * static_cast<double>(all.size())));
            }
            const RunOutcome outcome =
                engine->sample(settings, 0, sink, {.stop = stop, .finish_batch = nullptr});
            if (outcome.record.state != RunState::done) {
                throw EngineError(ErrorCode::cancelled, "the benchmark was stopped");
            }
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
        report.rows.push_back(contender.row);
    }
    return report;
}

}  // namespace

BenchReport bench(const BenchRequest& request, const Progress& progress, std::stop_token stop)
{
    return guarded("bench", [&] { return do_bench(request, progress, stop); });
}

}  // namespace duodiff
