// SPDX-License-Identifier: MIT
#include "evaluate/losses_files.h"

#include "evaluate/result_files.h"
#include "report/atomic_file.h"
#include "report/plots.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace duodiff
{
namespace
{

constexpr std::array<std::uint8_t, 3> full_colour = {31, 35, 40};
constexpr std::array<std::uint8_t, 3> shallow_colour = {213, 94, 0};
constexpr std::array<std::uint8_t, 3> ideal_colour = {150, 156, 166};

/// Dark for the first layer, light for the last, never the palest.
std::array<std::uint8_t, 3> layer_colour(const LossesReport& report, int layer)
{
    return share_colour(0.92 * layer / std::max(1, report.model.depth));
}

std::string name_of(const LossCurve& curve)
{
    switch (curve.network) {
        case NetworkRole::early_exit:
            return fmt::format("exit {}", curve.layer);
        case NetworkRole::shallow:
            return fmt::format("shallow ({} blocks)", curve.layer);
        default:
            return fmt::format("full ({} blocks)", curve.layer);
    }
}

double middle_of(const LossesReport& report, std::size_t bucket)
{
    return 0.5 * (report.bucket_edges[bucket] + report.bucket_edges[bucket + 1] - 1);
}

CurvePlot losses_plot(const LossesReport& report)
{
    CurvePlot plot;
    plot.title = fmt::format("Mean squared error of what is predicted, {} images a timestep", report.images);
    plot.x_label = "timestep t";
    plot.y_label = "mean squared error";
    plot.x_falls = true;
    plot.y_logarithmic = true;
    plot.height = 520;
    for (const LossCurve& curve : report.curves) {
        const bool exit = curve.network == NetworkRole::early_exit;
        Curve drawn{.name = name_of(curve), .points = {}, .marks = !exit};
        drawn.colour = exit                                    ? layer_colour(report, curve.layer)
                       : curve.network == NetworkRole::shallow ? shallow_colour
                                                               : full_colour;
        for (std::size_t bucket = 0; bucket < curve.buckets.size(); ++bucket) {
            drawn.points.push_back({.x = middle_of(report, bucket), .y = curve.buckets[bucket].mean});
        }
        plot.curves.push_back(std::move(drawn));
    }
    return plot;
}

CurvePlot reliability_plot(const LossesReport& report)
{
    CurvePlot plot;
    plot.title = "Reliability of the probes, bins of as many pairs each";
    plot.x_label = "uncertainty u, estimated";
    plot.y_label = "true error, mean tanh of the difference";
    plot.height = 520;
    double low = 0.0;
    double high = 0.0;
    for (const ProbeCalibration& probe : report.calibration) {
        Curve drawn{.name = fmt::format("layer {}", probe.layer), .points = {}};
        drawn.colour = layer_colour(report, probe.layer);
        for (const ReliabilityBin& bin : probe.curve) {
            drawn.points.push_back({.x = bin.said, .y = bin.found});
            low = std::min(low, bin.found);
            high = std::max(high, bin.found);
        }
        plot.curves.push_back(std::move(drawn));
    }
    Curve ideal{
        .name = "as it should be", .points = {{.x = low, .y = low}, {.x = high, .y = high}}, .marks = false};
    ideal.colour = ideal_colour;
    plot.curves.push_back(std::move(ideal));
    return plot;
}

CurvePlot calibration_plot(const LossesReport& report)
{
    CurvePlot plot;
    plot.title = "Correlation of the uncertainty with the true error, by layer";
    plot.x_label = "layer (blocks run)";
    plot.y_label = "correlation";
    const std::pair<const char*, double ProbeCalibration::*> kinds[] = {
        {"Pearson", &ProbeCalibration::pearson},
        {"Spearman", &ProbeCalibration::spearman},
        {"Pearson within one t", &ProbeCalibration::pearson_within_t}};
    for (const auto& [name, value] : kinds) {
        Curve drawn{.name = name, .points = {}};
        for (const ProbeCalibration& probe : report.calibration) {
            drawn.points.push_back({.x = static_cast<double>(probe.layer), .y = probe.*value});
        }
        plot.curves.push_back(std::move(drawn));
    }
    return plot;
}

std::string losses_csv(const LossesReport& report)
{
    std::string text = "network,layer,t_from,t_to,images,mse,standard_error\n";
    for (const LossCurve& curve : report.curves) {
        for (std::size_t bucket = 0; bucket < curve.buckets.size(); ++bucket) {
            text +=
                fmt::format("{},{},{},{},{},{},{}\n", to_string(curve.network), curve.layer,
                            report.bucket_edges[bucket], report.bucket_edges[bucket + 1] - 1, report.images,
                            field(curve.buckets[bucket].mean), field(curve.buckets[bucket].standard_error));
        }
    }
    return text;
}

std::string calibration_csv(const LossesReport& report)
{
    std::string text =
        "layer,pearson,spearman,pearson_within_t,mean_uncertainty,mean_error,calibration_error\n";
    for (const ProbeCalibration& probe : report.calibration) {
        text += fmt::format("{},{},{},{},{},{},{}\n", probe.layer, field(probe.pearson),
                            field(probe.spearman), field(probe.pearson_within_t), field(probe.mean_said),
                            field(probe.mean_found), field(probe.error));
    }
    return text;
}

std::string reliability_csv(const LossesReport& report)
{
    std::string text = "layer,bin,pairs,lowest_uncertainty,highest_uncertainty,mean_uncertainty,mean_error\n";
    for (const ProbeCalibration& probe : report.calibration) {
        for (std::size_t bin = 0; bin < probe.curve.size(); ++bin) {
            const ReliabilityBin& one = probe.curve[bin];
            text += fmt::format("{},{},{},{},{},{},{}\n", probe.layer, bin, one.pairs, field(one.lowest),
                                field(one.highest), field(one.said), field(one.found));
        }
    }
    return text;
}

ResultJson curve_json(const LossesReport& report, const LossCurve& curve)
{
    ResultJson buckets = ResultJson::array();
    for (std::size_t bucket = 0; bucket < curve.buckets.size(); ++bucket) {
        buckets.push_back({{"t_from", report.bucket_edges[bucket]},
                           {"t_to", report.bucket_edges[bucket + 1] - 1},
                           {"mse", finite_or_null(curve.buckets[bucket].mean)},
                           {"standard_error", finite_or_null(curve.buckets[bucket].standard_error)}});
    }
    return {{"network", to_string(curve.network)}, {"layer", curve.layer}, {"buckets", buckets}};
}

ResultJson probe_json(const ProbeCalibration& probe)
{
    ResultJson bins = ResultJson::array();
    for (const ReliabilityBin& bin : probe.curve) {
        bins.push_back({{"pairs", bin.pairs},
                        {"lowest", bin.lowest},
                        {"highest", bin.highest},
                        {"uncertainty", bin.said},
                        {"error", bin.found}});
    }
    return {{"layer", probe.layer},
            {"pearson", finite_or_null(probe.pearson)},
            {"spearman", finite_or_null(probe.spearman)},
            {"pearson_within_t", finite_or_null(probe.pearson_within_t)},
            {"mean_uncertainty", probe.mean_said},
            {"mean_error", probe.mean_found},
            {"calibration_error", probe.error},
            {"reliability", bins}};
}

}  // namespace

std::string losses_json(const LossesReport& report)
{
    ResultJson curves = ResultJson::array();
    for (const LossCurve& curve : report.curves) {
        curves.push_back(curve_json(report, curve));
    }
    ResultJson probes = ResultJson::array();
    for (const ProbeCalibration& probe : report.calibration) {
        probes.push_back(probe_json(probe));
    }
    return result_text({{"what", "errors of every layer by timestep, and the probes' calibration"},
                        {"model", model_json(report.model)},
                        {"parametrization", report.parametrization},
                        {"probes", report.probes},
                        {"data", data_json(report.data)},
                        {"images", report.images},
                        {"batch", report.base.batch},
                        {"seed", report.base.seed},
                        {"machine", machine_json(report.machine)},
                        {"curves", curves},
                        {"calibration", probes},
                        {"notes", report.notes}});
}

std::vector<std::string> write_losses_files(const LossesReport& report, const std::filesystem::path& folder)
{
    write_plot(folder, "losses", losses_plot(report));
    write_file_atomically(folder / "losses.csv", losses_csv(report));
    std::vector<std::string> files = {"losses.json", "losses.csv", "losses.svg", "losses.png"};
    if (!report.calibration.empty()) {
        write_plot(folder, "calibration", calibration_plot(report));
        write_plot(folder, "reliability", reliability_plot(report));
        write_file_atomically(folder / "calibration.csv", calibration_csv(report));
        write_file_atomically(folder / "reliability.csv", reliability_csv(report));
        files.insert(files.end(), {"calibration.csv", "calibration.svg", "calibration.png", "reliability.csv",
                                   "reliability.svg", "reliability.png"});
    }
    write_file_atomically(folder / "losses.json", losses_json(report));
    return files;
}

}  // namespace duodiff
