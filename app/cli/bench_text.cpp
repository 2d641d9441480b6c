// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench_text.h"

#include "report/report_numbers.h"
#include "report/run_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <string>

namespace duodiff::cli
{
namespace
{

std::string share_or_dash(double share)
{
    return std::isfinite(share) ? share_text(share) : "-";
}

/// "1.91x", "1.85-1.97x"
std::string spread_text(const Spread& spread)
{
    return fmt::format("{:.2f} ({:.2f}-{:.2f})", spread.median, spread.minimum, spread.maximum);
}

nlohmann::json spread_json(const Spread& spread)
{
    return {{"median", spread.median}, {"min", spread.minimum}, {"max", spread.maximum}};
}

void print_steps(std::ostream& out, const BenchReport& report)
{
    out << fmt::format("One step of all images of a batch, {} rounds\n", report.request.rounds);
    out << fmt::format("  {:<44} {:>5}  {:<20} {:>10} {:>20} {:>10} {:>11}\n", "network", "batch",
                       "computed by", "median ms", "ratio (min-max)", "GFLOP/s", "of product");
    for (const StepBenchRow& row : report.steps) {
        for (const StepTiming& timing : row.timings) {
            const bool first = &timing == &row.timings.front();
            const std::string name = fmt::format("{}, {} ({} blocks)", row.model, row.network, row.depth);
            out << fmt::format("  {:<44} {:>5}  {:<20} {:>10.2f} {:>20} {:>10.0f} {:>11}\n",
                               first ? name : "", first ? fmt::format("{}", row.batch) : "", timing.name,
                               timing.ms.median, spread_text(timing.speedup), timing.gflops,
                               share_text(timing.share_of_product));
        }
    }
    out << "  ratio: the time of plain LibTorch in fp32, operator by operator as the reference program, over "
           "this "
           "one's in the\n"
           "  same round. of product: of the rate of the matrix product alone in the same precision.\n\n";
}

void print_runs(std::ostream& out, const ModelBench& report, int rounds)
{
    const SamplingSettings& base = report.settings;
    out << fmt::format("{}, whole runs: {} images, batch {}, {} {} steps, {} rounds\n", report.model.name,
                       base.count, base.batch, base.steps, display_name(base.solver), rounds);
    out << fmt::format("  {:<26} {:>11} {:>20} {:>15} {:>13} {:>12}\n", "policy", "median ms",
                       "ratio (min-max)", "blocks skipped", "became time", "exit layer");
    for (const BenchRow& row : report.rows) {
        out << fmt::format("  {:<26} {:>11.0f} {:>20} {:>15} {:>13} {:>12}\n", row.name, row.median_ms,
                           spread_text(row.speedups), share_text(row.blocks_skipped),
                           share_or_dash(row.skipped_became_time), layer_text(row.mean_exit_layer));
    }
    out << "  ratio: the full network's time over this one's. became time: the share of the skipped blocks "
           "that is\n"
           "  missing from the wall time as well, (1 - time / full time) / (share of blocks skipped).\n\n";
    out << "Where the time went, % of each policy's wall time\n";
    out << fmt::format("  {:<26}", "policy");
    for (const auto& [name, ms] : report.rows.front().ledger.parts()) {
        out << fmt::format(" {:>10}", name);
    }
    out << fmt::format(" {:>10}\n", "other");
    for (const BenchRow& row : report.rows) {
        out << fmt::format("  {:<26}", row.name);
        const double wall = row.ledger.wall > 0.0 ? row.ledger.wall : 1.0;
        for (const auto& [name, ms] : row.ledger.parts()) {
            out << fmt::format(" {:>10.1f}", 100.0 * ms / wall);
        }
        out << fmt::format(" {:>10.1f}\n", 100.0 * row.ledger.other() / wall);
    }
    out << '\n';
}

void print_loading(std::ostream& out, const ModelBench& report)
{
    constexpr double mega = 1e6;
    const LoadingBench& loading = *report.loading;
    out << fmt::format(
        "Opening {}: {} ms; {:.1f} MB of weights, {:.1f} MB of memory, {:.1f} MB more for a run "
        "of one batch\n\n",
        report.model.name, spread_text(loading.ms), static_cast<double>(loading.weight_bytes) / mega,
        static_cast<double>(loading.loaded_bytes) / mega, static_cast<double>(loading.running_bytes) / mega);
}

void print_accuracy(std::ostream& out, const ModelBench& report)
{
    out << fmt::format("Against fp32, {} images from the same noise\n", report.accuracy.front().images);
    out << fmt::format("  {:<26} {:>9} {:>15} {:>12} {:>22}\n", "policy", "precision", "PSNR median dB",
                       "lowest", "mean exit layer");
    for (const AccuracyRow& row : report.accuracy) {
        out << fmt::format("  {:<26} {:>9} {:>15.1f} {:>12.1f} {:>+22.3f}\n", row.name,
                           to_string(row.precision), row.psnr_median, row.psnr_minimum,
                           row.exit_layer_difference);
    }
    out << '\n';
}

nlohmann::json ledger_json(const Ledger& parts)
{
    nlohmann::json ledger;
    for (const auto& [name, ms] : parts.parts()) {
        ledger[name] = ms;
    }
    ledger["other"] = parts.other();
    ledger["wall"] = parts.wall;
    return ledger;
}

nlohmann::json machine_json(const MachineInfo& machine)
{
    return {{"cpu", machine.cpu},
            {"cores", machine.cores},
            {"threads", machine.threads},
            {"device", machine.device},
            {"precision", machine.precision},
            {"attention", machine.attention},
            {"os", machine.os},
            {"libtorch", machine.libtorch},
            {"program", machine.program},
            {"memory_bytes", machine.memory_bytes}};
}

nlohmann::json steps_json(const BenchReport& report)
{
    nlohmann::json steps = nlohmann::json::array();
    for (const StepBenchRow& row : report.steps) {
        nlohmann::json timings = nlohmann::json::array();
        for (const StepTiming& timing : row.timings) {
            timings.push_back({{"name", timing.name},
                               {"precision", to_string(timing.precision)},
                               {"ms", spread_json(timing.ms)},
                               {"ratio", spread_json(timing.speedup)},
                               {"gflops", timing.gflops},
                               {"share_of_product", timing.share_of_product}});
        }
        steps.push_back({{"model", row.model},
                         {"network", row.network},
                         {"depth", row.depth},
                         {"batch", row.batch},
                         {"gflop", row.gflop},
                         {"timings", timings}});
    }
    return steps;
}

nlohmann::json model_json(const ModelBench& model)
{
    nlohmann::json json = {
        {"model", {{"name", model.model.name}, {"path", model.model.path}, {"sha256", model.model.sha256}}},
        {"settings", nlohmann::json::parse(settings_to_json(model.settings))},
        {"rows", nlohmann::json::array()},
        {"accuracy", nlohmann::json::array()},
    };
    for (const BenchRow& row : model.rows) {
        json["rows"].push_back({{"name", row.name},
                                {"ms", row.ms},
                                {"median_ms", row.median_ms},
                                {"speedup", row.speedup},
                                {"speedups", spread_json(row.speedups)},
                                {"blocks_skipped", row.blocks_skipped},
                                {"skipped_became_time", row.skipped_became_time},
                                {"mean_exit_layer", row.mean_exit_layer},
                                {"ledger", ledger_json(row.ledger)}});
    }
    if (model.loading) {
        json["loading"] = {{"ms", spread_json(model.loading->ms)},
                           {"weight_bytes", model.loading->weight_bytes},
                           {"loaded_bytes", model.loading->loaded_bytes},
                           {"running_bytes", model.loading->running_bytes}};
    }
    for (const AccuracyRow& row : model.accuracy) {
        json["accuracy"].push_back({{"name", row.name},
                                    {"precision", to_string(row.precision)},
                                    {"images", row.images},
                                    {"psnr_median", row.psnr_median},
                                    {"psnr_minimum", row.psnr_minimum},
                                    {"exit_layer_difference", row.exit_layer_difference}});
    }
    return json;
}

}  // namespace

void print_bench(std::ostream& out, const BenchReport& report)
{
    out << fmt::format("{}, {}, {}, {} thread{}; {}\n\n", report.machine.cpu, report.machine.device,
                       report.machine.precision, report.machine.threads,
                       report.machine.threads == 1 ? "" : "s", report.machine.attention);
    if (!report.steps.empty()) {
        print_steps(out, report);
    }
    for (const ModelBench& model : report.models) {
        if (!model.rows.empty()) {
            print_runs(out, model, report.request.rounds);
        }
        if (model.loading) {
            print_loading(out, model);
        }
        if (!model.accuracy.empty()) {
            print_accuracy(out, model);
        }
    }
}

nlohmann::json bench_json(const BenchReport& report)
{
    nlohmann::json json = {
        {"machine", machine_json(report.machine)},
        {"rounds", report.request.rounds},
        {"steps", steps_json(report)},
        {"products", nlohmann::json::array()},
        {"models", nlohmann::json::array()},
    };
    for (const ProductRate& rate : report.products) {
        json["products"].push_back({{"model", rate.model},
                                    {"batch", rate.batch},
                                    {"precision", to_string(rate.precision)},
                                    {"gflops", rate.gflops}});
    }
    for (const ModelBench& model : report.models) {
        json["models"].push_back(model_json(model));
    }
    return json;
}

}  // namespace duodiff::cli
