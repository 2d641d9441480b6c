// SPDX-License-Identifier: MIT
#include "stream/run_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace duodiff
{

namespace
{

constexpr std::int16_t not_reached = -1;
constexpr float not_run = std::numeric_limits<float>::quiet_NaN();

void require(bool holds, std::string_view what, long long got, long long limit)
{
    if (!holds) {
        throw std::logic_error(
            fmt::format("a frame does not fit its run: {}: {} against {}", what, got, limit));
    }
}

/// Throws std::logic_error where `frame` cannot belong to `record`; returns the frame's probes.
std::size_t check_frame(const RunRecord& record, const Frame& frame)
{
    const std::size_t images = frame.exit_layers.size();
    require(frame.step >= 0 && frame.step < record.settings.steps, "step", frame.step, record.settings.steps);
    require(frame.batch >= 0 && frame.batch < record.settings.count, "batch", frame.batch,
            record.settings.count);
    require(frame.first_image >= 0, "first image", frame.first_image, 0);
    require(images > 0, "images", 0, 1);
    const long long end = static_cast<long long>(frame.first_image) + static_cast<long long>(images);
    require(end <= record.settings.count, "images", end, record.settings.count);
    if (frame.uncertainty.empty()) {
        return 0;
    }
    const long long values = static_cast<long long>(frame.uncertainty.size());
    require(frame.uncertainty.size() % images == 0, "uncertainties for images", values,
            static_cast<long long>(images));
    const std::size_t probes = frame.uncertainty.size() / images;
    require(record.probes == 0 || probes == static_cast<std::size_t>(record.probes), "probes",
            static_cast<long long>(probes), record.probes);
    return probes;
}

StepRecord& step_of(RunRecord& record, const Frame& frame)
{
    auto at = std::lower_bound(record.steps.begin(), record.steps.end(), frame.step,
                               [](const StepRecord& known, int step) { return known.step < step; });
    if (at == record.steps.end() || at->step != frame.step) {
        at = record.steps.emplace(at);
        at->step = frame.step;
        at->t = frame.t;
        at->network = frame.network;
        at->exit_layers.assign(static_cast<std::size_t>(record.settings.count), not_reached);
    }
    return *at;
}

/// After the exit layers are in.
void take_network(StepRecord& step, const Frame& frame, std::size_t first)
{
    if (!step.mixed() && frame.network != step.network) {
        step.networks.assign(step.exit_layers.size(), step.network);
    }
    if (step.mixed()) {
        std::fill_n(step.networks.begin() + static_cast<std::ptrdiff_t>(first), frame.exit_layers.size(),
                    frame.network);
        const auto reached = std::find_if(step.exit_layers.begin(), step.exit_layers.end(),
                                          [](std::int16_t layer) { return layer >= 0; });
        step.network = step.networks[static_cast<std::size_t>(reached - step.exit_layers.begin())];
    }
}

void take_uncertainty(StepRecord& step, const Frame& frame, std::size_t first, std::size_t probes)
{
    const std::size_t images = frame.exit_layers.size();
    const std::size_t count = step.exit_layers.size();
    if (step.uncertainty.empty()) {
        step.uncertainty.assign(probes * count, not_run);
    }
    for (std::size_t probe = 0; probe < probes; ++probe) {
        std::copy_n(frame.uncertainty.begin() + static_cast<std::ptrdiff_t>(probe * images), images,
                    step.uncertainty.begin() + static_cast<std::ptrdiff_t>(probe * count + first));
    }
}

}  // namespace

double Ledger::sum_of_parts() const
{
    double sum = 0.0;
    for (const auto& [name, ms] : parts()) {
        sum += ms;
    }
    return sum;
}

Ledger& Ledger::operator+=(const Ledger& more)
{
    embed += more.embed;
    blocks += more.blocks;
    probes += more.probes;
    heads += more.heads;
    compaction += more.compaction;
    solver += more.solver;
    noise += more.noise;
    previews += more.previews;
    decoding += more.decoding;
    transfers += more.transfers;
    wall += more.wall;
    return *this;
}

std::vector<std::pair<std::string, double>> Ledger::parts() const
{
    return {{"embed", embed},           {"blocks", blocks},      {"probes", probes}, {"heads", heads},
            {"compaction", compaction}, {"solver", solver},      {"noise", noise},   {"previews", previews},
            {"decoding", decoding},     {"transfers", transfers}};
}

std::string_view to_string(RunState state)
{
    switch (state) {
        case RunState::done:
            return "done";
        case RunState::cancelled:
            return "cancelled";
        case RunState::failed:
            return "failed";
    }
    return "unknown";
}

template <>
std::optional<RunState> from_string(std::string_view name)
{
    for (const RunState state : {RunState::done, RunState::cancelled, RunState::failed}) {
        if (to_string(state) == name) {
            return state;
        }
    }
    return std::nullopt;
}

void RunRecord::add(const Frame& frame)
{
    const std::size_t frame_probes = check_frame(*this, frame);
    const std::size_t first = static_cast<std::size_t>(frame.first_image);
    const std::size_t batch = static_cast<std::size_t>(frame.batch);

    StepRecord& step = step_of(*this, frame);
    step.ms += frame.ms;
    if (step.parameters.size() <= batch) {
        step.parameters.resize(batch + 1, std::numeric_limits<double>::quiet_NaN());
    }
    step.parameters[batch] = frame.parameter;
    std::copy(frame.exit_layers.begin(), frame.exit_layers.end(),
              step.exit_layers.begin() + static_cast<std::ptrdiff_t>(first));
    take_network(step, frame, first);
    if (frame.ledger) {
        ledger = *frame.ledger;
    }
    if (frame_probes > 0) {
        probes = static_cast<int>(frame_probes);
        take_uncertainty(step, frame, first, frame_probes);
    }
}

const std::vector<std::int64_t>& classes_at(const RunRecord& record, int step)
{
    for (const EarlierClasses& part : record.earlier_classes) {
        if (step < part.before_step) {
            return part.classes;
        }
    }
    return record.settings.classes;
}

ExitStatistics exit_statistics(const StepRecord& step)
{
    ExitStatistics statistics;
    double sum = 0.0;
    double sum_of_squares = 0.0;
    for (const std::int16_t layer : step.exit_layers) {
        if (layer < 0) {
            continue;
        }
        statistics.minimum = statistics.n == 0 ? layer : std::min<int>(statistics.minimum, layer);
        statistics.maximum = statistics.n == 0 ? layer : std::max<int>(statistics.maximum, layer);
        sum += layer;
        sum_of_squares += static_cast<double>(layer) * layer;
        ++statistics.n;
    }
    if (statistics.n > 0) {
        statistics.mean = sum / statistics.n;
        const double variance = sum_of_squares / statistics.n - statistics.mean * statistics.mean;
        statistics.deviation = std::sqrt(std::max(variance, 0.0));
    }
    return statistics;
}

std::vector<double> mean_exit_layers(const RunRecord& record)
{
    std::vector<double> means;
    means.reserve(record.steps.size());
    for (const StepRecord& step : record.steps) {
        means.push_back(exit_statistics(step).mean);
    }
    return means;
}

std::vector<float> mean_uncertainties(const StepRecord& step, int probes)
{
    if (step.uncertainty.empty() || probes <= 0) {
        return step.mean_uncertainty;
    }
    const std::size_t images = step.uncertainty.size() / static_cast<std::size_t>(probes);
    std::vector<float> means;
    for (std::size_t probe = 0; probe < static_cast<std::size_t>(probes); ++probe) {
        double sum = 0.0;
        int ran = 0;
        for (std::size_t image = 0; image < images; ++image) {
            const float u = step.uncertainty[probe * images + image];
            if (!std::isnan(u)) {
                sum += u;
                ++ran;
            }
        }
        means.push_back(ran > 0 ? static_cast<float>(sum / ran) : not_run);
    }
    return means;
}

std::int64_t image_steps(const RunRecord& record)
{
    std::int64_t reached = 0;
    for (const StepRecord& step : record.steps) {
        reached += std::count_if(step.exit_layers.begin(), step.exit_layers.end(),
                                 [](std::int16_t layer) { return layer >= 0; });
    }
    return reached;
}

std::int64_t blocks_run(const RunRecord& record)
{
    std::int64_t blocks = 0;
    for (const StepRecord& step : record.steps) {
        for (const std::int16_t layer : step.exit_layers) {
            blocks += std::max<std::int64_t>(layer, 0);
        }
    }
    return blocks;
}

double block_share(const RunRecord& record)
{
    const std::int64_t full = image_steps(record) * record.model.depth;
    return full > 0 ? static_cast<double>(blocks_run(record)) / static_cast<double>(full) : 0.0;
}

double gflops_of(const ModelSummary& model, NetworkRole role, int exit_layer)
{
    double gflops = 0.0;
    if (role == NetworkRole::shallow) {
        gflops = model.shallow_gflops;
    } else if (role == NetworkRole::full && exit_layer == model.depth && model.full_gflops > 0.0) {
        gflops = model.full_gflops;
    } else if (exit_layer >= 0 && static_cast<std::size_t>(exit_layer) < model.gflops_by_exit_layer.size()) {
        gflops = model.gflops_by_exit_layer[static_cast<std::size_t>(exit_layer)];
    }
    return gflops > 0.0 ? gflops : std::numeric_limits<double>::quiet_NaN();
}

double gflops_per_image(const RunRecord& record)
{
    double gflops = 0.0;
    std::vector<bool> began(static_cast<std::size_t>(std::max(record.settings.count, 0)), false);
    for (const StepRecord& step : record.steps) {
        for (std::size_t image = 0; image < step.exit_layers.size(); ++image) {
            if (step.exit_layers[image] < 0) {
                continue;
            }
            gflops += gflops_of(record.model, step.network_of(image), step.exit_layers[image]);
            if (image < began.size()) {
                began[image] = true;
            }
        }
    }
    const auto images = std::count(began.begin(), began.end(), true);
    return images > 0 ? gflops / static_cast<double>(images) : 0.0;
}

}  // namespace duodiff
