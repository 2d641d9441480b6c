// SPDX-License-Identifier: MIT
#include "stream/time_model.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace duodiff
{

namespace
{

constexpr std::array<NetworkRole, 3> roles = {NetworkRole::full, NetworkRole::shallow,
                                              NetworkRole::early_exit};

double time_or_none(double ms)
{
    return std::isfinite(ms) && ms > 0.0 ? ms : 0.0;
}

/// Whether a u is there of a layer that its image did not come to.
bool reads_past_exits(const RunRecord& record)
{
    for (const StepRecord& step : record.steps) {
        const std::size_t images = step.exit_layers.size();
        for (std::size_t i = 0; images > 0 && i < step.uncertainty.size(); ++i) {
            const int layer = static_cast<int>(i / images) + record.model.first_probe_layer;
            if (step.exit_layers[i % images] < layer && !std::isnan(step.uncertainty[i])) {
                return true;
            }
        }
    }
    return false;
}

/// Wall time of the steps of each network and the batches that ran them; those of a mixed step are shared
/// out by images.
struct NetworkTimes {
    double ms = 0.0;
    double batch_steps = 0.0;
};

std::array<NetworkTimes, 3> times_by_network(const RunRecord& record)
{
    std::array<NetworkTimes, 3> times;
    for (const StepRecord& step : record.steps) {
        std::array<double, 3> images = {};
        double reached = 0.0;
        for (std::size_t image = 0; image < step.exit_layers.size(); ++image) {
            if (step.exit_layers[image] >= 0) {
                images[static_cast<std::size_t>(step.network_of(image))] += 1.0;
                reached += 1.0;
            }
        }
        for (std::size_t role = 0; reached > 0.0 && role < times.size(); ++role) {
            const double share = images[role] / reached;
            times[role].ms += time_or_none(step.ms) * share;
            times[role].batch_steps += batches_of(step, record.settings.batch) * share;
        }
    }
    return times;
}

/// `part` a unit; where there was no unit, it goes to what a run costs once.
double rate(double part, double units, double& once)
{
    if (units > 0.0) {
        return part / units;
    }
    once += part;
    return 0.0;
}

/// The time of the blocks is measured for all networks together, the time of a step for its one: where
/// several networks ran, the steps say how the blocks' time is to be shared out.
void split_block_time(TimeModel& model, const RunRecord& record, const Workload& work, double blocks_ms)
{
    const std::array<NetworkTimes, 3> times = times_by_network(record);
    std::array<double, 3> estimate = {};
    double sum = 0.0;
    double blocks = 0.0;
    bool usable = true;
    for (std::size_t i = 0; i < estimate.size(); ++i) {
        const Workload::Network& network = work.networks[i];
        if (network.blocks <= 0.0) {
            continue;
        }
        estimate[i] = times[i].ms - model.step_ms * times[i].batch_steps -
                      model.networks[i].image_ms * network.image_steps;
        if (roles[i] == NetworkRole::early_exit) {
            estimate[i] -= model.probe_ms * work.probes + model.leaving_ms * work.leaving;
        }
        usable = usable && estimate[i] > 0.0;
        sum += estimate[i];
        blocks += network.blocks;
    }
    for (std::size_t i = 0; i < estimate.size(); ++i) {
        const Workload::Network& network = work.networks[i];
        if (network.blocks > 0.0) {
            model.networks[i].block_ms =
                usable ? estimate[i] / sum * blocks_ms / network.blocks : blocks_ms / blocks;
        }
    }
}

/// Time spent on reading probes that the policy had no use for: what a probe run costs more than the same
/// run without. Its probes' time is then that of the layers beyond the exits too, and says nothing of a
/// probe.
double probing_ms(const RunRecord& record)
{
    const bool probed =
        record.probes > 0 && (record.settings.policy != PolicyKind::adadiff || reads_past_exits(record));
    return probed ? time_or_none(record.ledger.probes) : 0.0;
}

/// Nothing where the steps took longer than the ledger knows of: those of a run that went on from another
/// one's have their times from there.
bool ledger_covers(const RunRecord& record)
{
    constexpr double tolerance = 1.05;
    double steps_ms = 0.0;
    for (const StepRecord& step : record.steps) {
        steps_ms += time_or_none(step.ms);
    }
    return time_or_none(record.ledger.blocks) > 0.0 &&
           time_or_none(record.ledger.wall) * tolerance >= steps_ms;
}

void fit_to_ledger(TimeModel& model, const RunRecord& record, const Workload& work)
{
    const Ledger& ledger = record.ledger;
    const double embed = time_or_none(ledger.embed);
    const double heads = time_or_none(ledger.heads);
    const double probing = probing_ms(record);
    const double probes = probing > 0.0 ? 0.0 : time_or_none(ledger.probes);
    const double compaction = time_or_none(ledger.compaction);
    const double blocks = time_or_none(ledger.blocks);
    const double once =
        time_or_none(ledger.previews) + time_or_none(ledger.decoding) + time_or_none(ledger.transfers);
    double image_steps = 0.0;
    for (const Workload::Network& network : work.networks) {
        image_steps += network.image_steps;
    }
    model.run_ms = once;
    for (TimeModel::Network& network : model.networks) {
        network.image_ms = image_steps > 0.0 ? (embed + heads) / image_steps : 0.0;
    }
    model.probe_ms = rate(probes, work.probes, model.run_ms);
    model.leaving_ms = rate(compaction, work.leaving, model.run_ms);
    const double wall = time_or_none(ledger.wall);
    const double rest = std::max(0.0, wall - embed - heads - probes - probing - compaction - blocks - once);
    model.step_ms = rate(rest, work.batch_steps, model.run_ms);
    split_block_time(model, record, work, blocks);
}

/// ms = a n + b B over the steps, for n images and B blocks; least squares.
struct Line {
    double image_ms = 0.0;
    double block_ms = 0.0;
};

std::optional<Line> fit_line(const RunRecord& record, NetworkRole role)
{
    double nn = 0.0;
    double nb = 0.0;
    double bb = 0.0;
    double nt = 0.0;
    double bt = 0.0;
    for (const StepRecord& step : record.steps) {
        double images = 0.0;
        double blocks = 0.0;
        for (const std::int16_t layer : step.exit_layers) {
            images += layer >= 0 ? 1.0 : 0.0;
            blocks += std::max<double>(layer, 0.0);
        }
        const double ms = time_or_none(step.ms);
        if (step.network == role && !step.mixed() && images > 0.0 && ms > 0.0) {
            nn += images * images;
            nb += images * blocks;
            bb += blocks * blocks;
            nt += images * ms;
            bt += blocks * ms;
        }
    }
    const double determinant = nn * bb - nb * nb;
    if (!(determinant > 1e-9 * nn * bb)) {
        return std::nullopt;
    }
    const Line line{(nt * bb - bt * nb) / determinant, (bt * nn - nt * nb) / determinant};
    return line.image_ms >= 0.0 && line.block_ms > 0.0 ? std::optional(line) : std::nullopt;
}

/// A record with no ledger yet, such as that of a run in progress: from the times of its steps.
void fit_to_steps(TimeModel& model, const RunRecord& record, const Workload& work)
{
    const std::array<NetworkTimes, 3> times = times_by_network(record);
    for (const NetworkRole role : roles) {
        const std::size_t i = static_cast<std::size_t>(role);
        const Workload::Network& network = work.networks[i];
        TimeModel::Network& rates = model.networks[i];
        if (network.image_steps <= 0.0) {
            continue;
        }
        if (const auto line = role == NetworkRole::early_exit ? fit_line(record, role) : std::nullopt) {
            rates.image_ms = line->image_ms;
            rates.block_ms = line->block_ms;
        } else if (network.blocks > 0.0) {
            rates.block_ms = times[i].ms / network.blocks;
        } else {
            rates.image_ms = times[i].ms / network.image_steps;
        }
    }
}

/// Rates of the networks that did not run, and of probes that were not timed, from a network that did run.
void fill_unmeasured(TimeModel& model, const ModelSummary& summary, bool probes_measured)
{
    const auto known = std::find_if(roles.begin(), roles.end(), [&model](NetworkRole role) {
        return model.of(role).measured && model.of(role).block_ms > 0.0;
    });
    if (known == roles.end()) {
        return;
    }
    const TimeModel::Network from = model.of(*known);
    const double full_block = from.block_ms / relative_block_cost(summary, *known);
    for (const NetworkRole role : roles) {
        TimeModel::Network& network = model.networks[static_cast<std::size_t>(role)];
        if (!network.measured) {
            network.image_ms = from.image_ms;
            network.block_ms = full_block * relative_block_cost(summary, role);
        }
    }
    const double all_layers = gflops_of(summary, NetworkRole::early_exit, summary.depth);
    const double probes = (all_layers - summary.full_gflops) / summary.depth;
    if (!probes_measured && summary.depth > 0 && summary.full_gflops > 0.0 && std::isfinite(probes) &&
        probes > 0.0) {
        model.probe_ms = probes * full_block * summary.depth / summary.full_gflops;
    }
}

}  // namespace

int batches_of(const StepRecord& step, int batch_size)
{
    const std::size_t size = static_cast<std::size_t>(std::max(batch_size, 1));
    int batches = 0;
    for (std::size_t first = 0; first < step.exit_layers.size(); first += size) {
        const auto begin = step.exit_layers.begin() + static_cast<std::ptrdiff_t>(first);
        const auto end = begin + static_cast<std::ptrdiff_t>(std::min(size, step.exit_layers.size() - first));
        batches += std::any_of(begin, end, [](std::int16_t layer) { return layer >= 0; }) ? 1 : 0;
    }
    return batches;
}

int probes_read(const ModelSummary& model, int exit_layer)
{
    const int layers = std::min(exit_layer + 1, model.depth);
    return std::max(0, layers - model.first_probe_layer);
}

Workload workload_of(const RunRecord& record)
{
    Workload work;
    const bool reads = record.settings.policy == PolicyKind::adadiff;
    for (const StepRecord& step : record.steps) {
        work.batch_steps += batches_of(step, record.settings.batch);
        for (std::size_t image = 0; image < step.exit_layers.size(); ++image) {
            const int layer = step.exit_layers[image];
            if (layer < 0) {
                continue;
            }
            const NetworkRole role = step.network_of(image);
            work.of(role).image_steps += 1.0;
            work.of(role).blocks += layer;
            if (role == NetworkRole::early_exit && reads) {
                work.probes += probes_read(record.model, layer);
                work.leaving += layer < record.model.depth ? 1.0 : 0.0;
            }
        }
    }
    return work;
}

double TimeModel::predict_ms(const Workload& work) const
{
    double ms = run_ms + probe_ms * work.probes + leaving_ms * work.leaving + step_ms * work.batch_steps;
    for (std::size_t i = 0; i < networks.size(); ++i) {
        ms += networks[i].block_ms * work.networks[i].blocks +
              networks[i].image_ms * work.networks[i].image_steps;
    }
    return ms;
}

double relative_block_cost(const ModelSummary& model, NetworkRole role)
{
    if (role != NetworkRole::shallow || model.depth <= 0 || model.shallow_depth <= 0 ||
        !(model.full_gflops > 0.0) || !(model.shallow_gflops > 0.0)) {
        return 1.0;
    }
    return (model.shallow_gflops / model.shallow_depth) / (model.full_gflops / model.depth);
}

std::optional<TimeModel> fit_time_model(const RunRecord& record)
{
    const Workload work = workload_of(record);
    TimeModel model;
    for (std::size_t i = 0; i < model.networks.size(); ++i) {
        model.networks[i].measured = work.networks[i].image_steps > 0.0;
    }
    if (ledger_covers(record)) {
        fit_to_ledger(model, record, work);
    } else {
        fit_to_steps(model, record, work);
    }
    const double stepwise = model.predict_ms(work);
    if (!(stepwise > 0.0)) {
        return std::nullopt;
    }
    // What the run took besides its steps; with it the model tells the run's own measured time.
    model.run_ms += std::max(0.0, time_or_none(record.sampling_ms) - probing_ms(record) - stepwise);
    // Without a ledger the probes are part of what a step of the early-exit network takes.
    const bool probes_measured =
        model.of(NetworkRole::early_exit).measured && (model.probe_ms > 0.0 || !ledger_covers(record));
    fill_unmeasured(model, record.model, probes_measured);
    return model;
}

}  // namespace duodiff
