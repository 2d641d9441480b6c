// SPDX-License-Identifier: MIT
#include "report/report_numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <tuple>
#include <utility>

namespace duodiff
{

namespace
{

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::array<NetworkRole, 3> roles = {NetworkRole::full, NetworkRole::shallow,
                                              NetworkRole::early_exit};

double ratio(double part, double whole)
{
    return whole > 0.0 ? part / whole : 0.0;
}

int depth_of(const ModelSummary& model, NetworkRole role)
{
    return role == NetworkRole::shallow ? model.shallow_depth : model.depth;
}

LayerNumbers& layer_row(NetworkNumbers& network, int layer)
{
    while (network.layers.size() <= static_cast<std::size_t>(layer)) {
        LayerNumbers row;
        row.layer = static_cast<int>(network.layers.size());
        network.layers.push_back(row);
    }
    return network.layers[static_cast<std::size_t>(layer)];
}

/// Counts who left where; the rest of the table follows from that.
NetworkNumbers count_network(const RunRecord& record, NetworkRole role)
{
    NetworkNumbers network;
    network.role = role;
    for (const StepRecord& step : record.steps) {
        std::int64_t here = 0;
        std::int64_t all = 0;
        for (std::size_t image = 0; image < step.exit_layers.size(); ++image) {
            const int layer = step.exit_layers[image];
            if (layer < 0) {
                continue;
            }
            ++all;
            if (step.network_of(image) != role) {
                continue;
            }
            ++here;
            ++layer_row(network, layer).leaving;
            network.executions += layer;
        }
        if (here > 0) {
            ++network.steps;
            network.image_steps += here;
            network.ms += step.ms * ratio(static_cast<double>(here), static_cast<double>(all));
        }
    }
    if (network.image_steps > 0) {
        layer_row(network, depth_of(record.model, role));
    }
    return network;
}

void fill_layers(NetworkNumbers& network, double ms_per_execution)
{
    const double pairs = static_cast<double>(network.image_steps);
    std::int64_t still_in = 0;
    for (auto row = network.layers.rbegin(); row != network.layers.rend(); ++row) {
        still_in += row->leaving;
        row->executions = row->layer > 0 ? still_in : 0;
        row->share = ratio(static_cast<double>(row->executions), pairs);
        row->leaving_share = ratio(static_cast<double>(row->leaving), pairs);
        row->ms = static_cast<double>(row->executions) * ms_per_execution;
    }
    network.mean_exit_layer = ratio(static_cast<double>(network.executions), pairs);
}

std::string label_of(std::string_view part)
{
    if (part == "embed") {
        return "Embedding";
    }
    std::string label(part);
    label.front() = static_cast<char>(label.front() - 'a' + 'A');
    return label;
}

std::vector<LedgerNumbers> ledger_numbers(const Ledger& ledger)
{
    std::vector<LedgerNumbers> rows;
    for (const auto& [name, ms] : ledger.parts()) {
        rows.push_back({name, label_of(name), ms, ratio(ms, ledger.wall)});
    }
    rows.push_back({"other", "Other", ledger.other(), ratio(ledger.other(), ledger.wall)});
    return rows;
}

std::vector<bool> images_begun(const RunRecord& record)
{
    std::vector<bool> begun(static_cast<std::size_t>(std::max(record.settings.count, 0)), false);
    for (const StepRecord& step : record.steps) {
        for (std::size_t image = 0; image < std::min(step.exit_layers.size(), begun.size()); ++image) {
            begun[image] = begun[image] || step.exit_layers[image] >= 0;
        }
    }
    return begun;
}

/// The full network runs the blocks that were skipped, and no probes, and nothing leaves its batch.
SpeedUp estimate(const RunRecord& record, const ReportNumbers& numbers)
{
    const Ledger& ledger = record.ledger;
    if (ledger.blocks > 0.0 && numbers.blocks_run > 0) {
        const double blocks = ledger.blocks * static_cast<double>(numbers.blocks_full) /
                              static_cast<double>(numbers.blocks_run);
        const double full_ms = ledger.wall - ledger.blocks - ledger.probes - ledger.compaction + blocks;
        return {full_ms / ledger.wall, false, "the measured time of a block"};
    }
    return {numbers.full_gflops_per_image / numbers.gflops_per_image, false, "the GFLOPs"};
}

std::optional<SpeedUp> speed_up(const RunRecord& record, const ReportNumbers& numbers)
{
    std::optional<SpeedUp> result;
    if (record.baseline && std::isfinite(numbers.ms_per_image)) {
        result = SpeedUp{record.baseline->ms_per_image / numbers.ms_per_image, true, record.baseline->what};
    } else if (record.settings.policy != PolicyKind::full && numbers.blocks_full > 0) {
        result = estimate(record, numbers);
    }
    if (result && !(std::isfinite(result->factor) && result->factor > 0.0)) {
        result.reset();
    }
    return result;
}

std::optional<PhaseTransitionNumbers> phase_transition(const RunRecord& record)
{
    const std::optional<PhaseTransition> found = find_phase_transition(mean_exit_layers(record));
    if (!found) {
        return std::nullopt;
    }
    const StepRecord& step = record.steps[found->index];
    return PhaseTransitionNumbers{*found, step.step, step.t};
}

std::string counted(std::int64_t count, std::string_view what)
{
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

ReportNumbers report_numbers(const RunRecord& record)
{
    ReportNumbers numbers;
    numbers.images_asked = record.settings.count;
    numbers.images_finished = record.images_finished();
    const std::vector<bool> begun = images_begun(record);
    numbers.images_begun = static_cast<int>(std::count(begun.begin(), begun.end(), true));
    numbers.steps_run = static_cast<int>(record.steps.size());
    numbers.depth = record.model.depth;
    numbers.image_steps = image_steps(record);
    numbers.blocks_run = blocks_run(record);
    numbers.blocks_full = numbers.image_steps * record.model.depth;
    numbers.block_share = block_share(record);
    numbers.mean_exit_layer =
        ratio(static_cast<double>(numbers.blocks_run), static_cast<double>(numbers.image_steps));
    numbers.sampling_ms = record.sampling_ms;
    const bool complete = numbers.images_finished > 0 && numbers.images_begun <= numbers.images_finished;
    numbers.ms_per_image = complete ? record.sampling_ms / numbers.images_finished : unknown;
    numbers.gflops_per_image = gflops_per_image(record);
    const double full_gflops = gflops_of(record.model, NetworkRole::full, record.model.depth);
    numbers.full_gflops_per_image = full_gflops * ratio(static_cast<double>(numbers.image_steps),
                                                        static_cast<double>(numbers.images_begun));
    numbers.phase_transition = phase_transition(record);
    numbers.ledger = ledger_numbers(record.ledger);
    numbers.ledger_wall_ms = record.ledger.wall;
    const double ms_per_execution = ratio(record.ledger.blocks, static_cast<double>(numbers.blocks_run));
    for (const NetworkRole role : roles) {
        NetworkNumbers network = count_network(record, role);
        if (network.image_steps > 0) {
            fill_layers(network, ms_per_execution);
            numbers.networks.push_back(std::move(network));
        }
    }
    numbers.speed_up = speed_up(record, numbers);
    return numbers;
}

std::optional<BaselineRecord> baseline_from(const RunRecord& full, const RunRecord& run)
{
    const auto timing_of = [](const RunRecord& record) {
        return std::tie(record.settings.solver, record.settings.steps, record.settings.batch,
                        record.settings.count, record.machine.cpu, record.machine.threads,
                        record.machine.device, record.machine.precision, record.model.name,
                        record.model.sha256);
    };
    if (full.settings.policy != PolicyKind::full || full.state != RunState::done || full.images.empty() ||
        timing_of(full) != timing_of(run)) {
        return std::nullopt;
    }
    return BaselineRecord{
        full.sampling_ms / full.images_finished(),
        fmt::format("full, seed {}, {}", full.settings.seed, counted(full.images_finished(), "image"))};
}

std::string_view network_label(NetworkRole role)
{
    switch (role) {
        case NetworkRole::full:
            return "Full network";
        case NetworkRole::shallow:
            return "Shallow network";
        case NetworkRole::early_exit:
            return "Early-exit network";
    }
    return "Unknown network";
}

std::string policy_label(const SamplingSettings& settings)
{
    const std::string_view name = display_name(settings.policy);
    switch (settings.policy) {
        case PolicyKind::duodiff:
            return fmt::format("{}, t_s = {}", name, settings.switch_step);
        case PolicyKind::adadiff:
            return fmt::format("{}, \u03b8 = {:g}", name, settings.threshold);
        case PolicyKind::static_layer:
            return fmt::format("{}, layer {}", name, settings.exit_layer);
        case PolicyKind::full:
            break;
    }
    return std::string(name);
}

std::string speed_up_text(const ReportNumbers& numbers)
{
    if (!numbers.speed_up) {
        return {};
    }
    const SpeedUp& found = *numbers.speed_up;
    const std::string how =
        found.measured ? "measured against " + found.against : "estimated from " + found.against;
    if (std::abs(found.factor - 1.0) < 0.005) {
        return fmt::format("as fast as the full network ({})", how);
    }
    return found.factor > 1.0
               ? fmt::format("{} faster than the full network ({})", factor_text(found.factor), how)
               : fmt::format("{} slower than the full network ({})", factor_text(1.0 / found.factor), how);
}

std::string result_sentence(const RunRecord& record, const ReportNumbers& numbers)
{
    const bool full = record.settings.policy == PolicyKind::full;
    const std::string policy = full ? "the full network" : policy_label(record.settings);
    if (numbers.image_steps == 0) {
        return fmt::format("The run with {} was {} before its first step.", policy, to_string(record.state));
    }
    std::string text;
    if (record.state == RunState::done) {
        text = fmt::format("{} with {} took {}.", counted(numbers.images_finished, "image"), policy,
                           duration_text(numbers.sampling_ms));
    } else {
        const std::string unfinished = record.unfinished.empty()
                                           ? std::string()
                                           : fmt::format(" and {} kept unfinished", record.unfinished.size());
        text = fmt::format("The run with {} was {} after {}, with {} of {} images finished{}.", policy,
                           to_string(record.state), duration_text(numbers.sampling_ms),
                           numbers.images_finished, numbers.images_asked, unfinished);
    }
    if (numbers.blocks_full > 0 && !full) {
        text += fmt::format(" It ran {} of the blocks that the full network would have run",
                            share_text(numbers.block_share));
        const std::string speed = speed_up_text(numbers);
        text += speed.empty() ? "." : fmt::format(" and was {}.", speed);
    }
    if (numbers.phase_transition) {
        const PhaseTransitionNumbers& found = *numbers.phase_transition;
        text += fmt::format(" The mean exit layer jumps at t = {}, from {} to {}.", found.t,
                            layer_text(found.at.level_before), layer_text(found.at.level_after));
    }
    return text;
}

std::string joined_text(const std::vector<std::string>& words)
{
    constexpr std::size_t most_words = 24;
    const std::size_t shown = std::min(words.size(), most_words);
    std::string text =
        fmt::format("{}", fmt::join(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
    return words.size() > shown ? text + fmt::format(" and {} more", words.size() - shown) : text;
}

std::string moved_parameters_text(const RunRecord& record)
{
    std::size_t batches = 0;
    for (const StepRecord& step : record.steps) {
        batches = std::max(batches, step.parameters.size());
    }
    std::vector<std::string> changes;
    double in_force = std::nan("");
    for (std::size_t batch = 0; batch < batches; ++batch) {
        for (const StepRecord& step : record.steps) {
            const double value = batch < step.parameters.size() ? step.parameters[batch] : std::nan("");
            if (std::isnan(value) || value == in_force) {
                continue;
            }
            in_force = value;
            const std::string where = batches > 1 ? fmt::format(" of batch {}", batch + 1) : std::string();
            changes.push_back(fmt::format("{:g} from t = {}{}", value, step.t, where));
        }
    }
    return changes.size() > 1 ? joined_text(changes) : std::string();
}

std::string duration_text(double ms)
{
    if (!std::isfinite(ms)) {
        return "not known";
    }
    if (ms == 0.0) {
        return "0 ms";
    }
    if (std::abs(ms) < 9.995) {
        return fmt::format("{:.2f} ms", ms);
    }
    if (std::abs(ms) < 999.5) {
        return fmt::format("{:.0f} ms", ms);
    }
    if (ms < 9'995.0) {
        return fmt::format("{:.2f} s", ms / 1000.0);
    }
    if (ms < 59'950.0) {
        return fmt::format("{:.1f} s", ms / 1000.0);
    }
    const auto seconds = static_cast<long long>(std::llround(ms / 1000.0));
    if (seconds < 3600) {
        return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
    }
    return fmt::format("{} h {:02} min", seconds / 3600, seconds % 3600 / 60);
}

std::string share_text(double share)
{
    return std::isfinite(share) ? fmt::format("{:.1f} %", share * 100.0) : "not known";
}

std::string factor_text(double factor)
{
    return std::isfinite(factor) ? fmt::format("{:.2f}\u00d7", factor) : "not known";
}

std::string layer_text(double layer)
{
    return std::isfinite(layer) ? fmt::format("{:.2f}", layer) : "not known";
}

std::string count_text(std::int64_t count)
{
    std::string text = fmt::format("{}", count);
    for (int at = static_cast<int>(text.size()) - 3; at > (count < 0 ? 1 : 0); at -= 3) {
        text.insert(static_cast<std::size_t>(at), 1, ',');
    }
    return text;
}

std::string gflops_text(double gflops)
{
    if (!std::isfinite(gflops)) {
        return "not known";
    }
    return gflops >= 100.0 ? fmt::format("{:.0f}", gflops) : fmt::format("{:.3g}", gflops);
}

}  // namespace duodiff
