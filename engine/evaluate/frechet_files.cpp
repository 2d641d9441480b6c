// SPDX-License-Identifier: MIT
#include "evaluate/frechet_files.h"

#include "evaluate/result_files.h"
#include "report/atomic_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

namespace duodiff
{
namespace
{

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

ResultJson point_json(const FrechetPoint& point)
{
    ResultJson json = policy_json(point.at);
    json["images"] = point.images;
    json["seconds_per_image"] = point.seconds_an_image;
    json["seconds_per_image_fastest"] = point.fastest_seconds;
    json["seconds_per_image_slowest"] = point.slowest_seconds;
    json["rounds"] = point.rounds;
    json["block_share"] = point.block_share;
    json["gflops_per_image"] = point.gflops_an_image;
    json["frechet_distance"] = finite_or_null(point.distance);
    return json;
}

std::string csv(const FrechetReport& report)
{
    std::string text =
        "policy,value,images,seconds_per_image,fastest,slowest,rounds,block_share,gflops_per_image,"
        "frechet_distance\n";
    for (const FrechetPoint& point : report.points) {
        text += fmt::format("{},{},{},{},{},{},{},{},{},{}\n", to_string(point.at.policy),
                            policy_field(point.at), point.images, field(point.seconds_an_image),
                            field(point.fastest_seconds), field(point.slowest_seconds), point.rounds,
                            field(point.block_share), field(point.gflops_an_image), field(point.distance));
    }
    return text;
}

/// Whether the smaller distances would lie on one line beside the largest.
bool spans_magnitudes(const FrechetReport& report)
{
    const auto by_distance = [](const FrechetPoint& a, const FrechetPoint& b) {
        return a.distance < b.distance;
    };
    const auto [low, high] = std::minmax_element(report.points.begin(), report.points.end(), by_distance);
    return low != report.points.end() && low->distance > 0.0 && high->distance > 20.0 * low->distance;
}

CurvePlot plot_of(const FrechetReport& report)
{
    CurvePlot plot;
    plot.title = fmt::format("Fr\u00e9chet distance of {} against time, {} images a point", report.features,
                             report.base.count);
    plot.x_label =
        fmt::format("seconds an image (median), {}, {} thread{}, {} at once", report.machine.device,
                    report.machine.threads, report.machine.threads == 1 ? "" : "s", report.base.batch);
    plot.y_label = "Fr\u00e9chet distance";
    plot.x_from_zero = true;
    plot.y_logarithmic = spans_magnitudes(report);
    plot.y_from_zero = !plot.y_logarithmic;
    for (const PolicyKind policy : {PolicyKind::full, PolicyKind::duodiff, PolicyKind::adadiff}) {
        Curve curve{.name = std::string(display_name(policy)), .points = {}};
        for (const FrechetPoint& point : report.points) {
            if (point.at.policy == policy) {
                curve.points.push_back(
                    {.x = point.seconds_an_image, .y = point.distance, .label = point_label(point.at)});
            }
        }
        std::sort(curve.points.begin(), curve.points.end(),
                  [](const Curve::Sample& a, const Curve::Sample& b) { return a.x < b.x; });
        if (!curve.points.empty()) {
            plot.curves.push_back(std::move(curve));
        }
    }
    if (report.test_distance) {
        plot.level = *report.test_distance;
        plot.level_label = fmt::format("{} test examples", report.test_images);
    }
    return plot;
}

}  // namespace

std::string frechet_json(const FrechetReport& report)
{
    ResultJson points = ResultJson::array();
    for (const FrechetPoint& point : report.points) {
        points.push_back(point_json(point));
    }
    return result_text(
        {{"what", "Fr\u00e9chet distance of " + report.features},
         {"features",
          {{"kind", report.features},
           {"dimension", report.dimension},
           {"sha256", report.features_sha256},
           {"classifier_test_accuracy", finite_or_null(report.classifier_accuracy.value_or(nan))}}},
         {"data", data_json(report.data)},
         {"test_data",
          {{"images", report.test_images},
           {"frechet_distance", finite_or_null(report.test_distance.value_or(nan))}}},
         {"model", model_json(report.model)},
         {"settings", settings_json(report.base)},
         {"machine", machine_json(report.machine)},
         {"points", points},
         {"notes", report.notes}});
}

void write_frechet_files(const FrechetReport& report, const std::filesystem::path& folder,
                         const std::string& name)
{
    write_plot(folder, name, plot_of(report));
    write_file_atomically(folder / (name + ".csv"), csv(report));
    write_file_atomically(folder / (name + ".json"), frechet_json(report));
}

}  // namespace duodiff
