// SPDX-License-Identifier: MIT
#include "evaluate/frechet_files.h"

#include "report/atomic_file.h"
#include "report/curve_plot.h"
#include "report/png_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace duodiff
{
namespace
{

using Json = nlohmann::ordered_json;

Json number_or_null(std::optional<double> value)
{
    return value && std::isfinite(*value) ? Json(*value) : Json();
}

Json point_json(const FrechetPoint& point)
{
    Json json = {{"policy", to_string(point.policy)}};
    if (point.policy == PolicyKind::duodiff) {
        json["switch_step"] = static_cast<int>(point.value);
    } else if (point.policy == PolicyKind::adadiff) {
        json["threshold"] = point.value;
    }
    json["images"] = point.images;
    json["seconds_per_image"] = point.seconds_an_image;
    json["block_share"] = point.block_share;
    json["gflops_per_image"] = point.gflops_an_image;
    json["frechet_distance"] = number_or_null(point.distance);
    return json;
}

Json bad_files_json(const std::vector<BadFile>& bad_files)
{
    constexpr std::size_t listed = 1000;
    Json list = Json::array();
    for (std::size_t i = 0; i < std::min(bad_files.size(), listed); ++i) {
        list.push_back({{"file", bad_files[i].file}, {"reason", bad_files[i].reason}});
    }
    return list;
}

std::string csv(const FrechetReport& report)
{
    std::string text =
        "policy,value,images,seconds_per_image,block_share,gflops_per_image,frechet_distance\n";
    for (const FrechetPoint& point : report.points) {
        text += fmt::format("{},{},{},{:.6f},{:.6f},{:.6f},{:.6f}\n", to_string(point.policy),
                            point.policy == PolicyKind::full ? std::string() : fmt::format("{}", point.value),
                            point.images, point.seconds_an_image, point.block_share, point.gflops_an_image,
                            point.distance);
    }
    return text;
}

CurvePlot plot_of(const FrechetReport& report)
{
    CurvePlot plot;
    plot.title = fmt::format("Fr\u00e9chet distance of {} against time, {} images a point", report.features,
                             report.base.count);
    plot.x_label = fmt::format("seconds an image, {}", report.machine.device);
    plot.y_label = "Fr\u00e9chet distance";
    plot.x_from_zero = true;
    plot.y_from_zero = true;
    for (const PolicyKind policy : {PolicyKind::full, PolicyKind::duodiff, PolicyKind::adadiff}) {
        Curve curve{.name = std::string(display_name(policy)), .points = {}};
        for (const FrechetPoint& point : report.points) {
            if (point.policy == policy) {
                curve.points.push_back(
                    {.x = point.seconds_an_image,
                     .y = point.distance,
                     .label = policy == PolicyKind::full ? "" : fmt::format("{}", point.value)});
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
    const SamplingSettings& base = report.base;
    Json points = Json::array();
    for (const FrechetPoint& point : report.points) {
        points.push_back(point_json(point));
    }
    const Json json = {
        {"what", "Fr\u00e9chet distance of " + report.features},
        {"features",
         {{"kind", report.features},
          {"dimension", report.dimension},
          {"sha256", report.features_sha256},
          {"classifier_test_accuracy", number_or_null(report.classifier_accuracy)}}},
        {"data",
         {{"path", report.data_path},
          {"digest", report.data_digest},
          {"images", report.data_images},
          {"left_out", report.bad_files.size()},
          {"bad_files", bad_files_json(report.bad_files)}}},
        {"test_data",
         {{"images", report.test_images}, {"frechet_distance", number_or_null(report.test_distance)}}},
        {"model",
         {{"name", report.model.name}, {"path", report.model.path}, {"sha256", report.model.sha256}}},
        {"settings",
         {{"sampler", to_string(base.solver)},
          {"steps", base.steps},
          {"eta", base.eta},
          {"count", base.count},
          {"batch", base.batch},
          {"seed", base.seed},
          {"classes", base.classes}}},
        {"machine",
         {{"cpu", report.machine.cpu},
          {"cores", report.machine.cores},
          {"threads", report.machine.threads},
          {"device", report.machine.device},
          {"precision", report.machine.precision},
          {"libtorch", report.machine.libtorch},
          {"program", report.machine.program}}},
        {"points", points},
        {"notes", report.notes}};
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void write_frechet_files(const FrechetReport& report, const std::filesystem::path& folder)
{
    const CurvePlot plot = plot_of(report);
    write_file_atomically(folder / "frechet.json", frechet_json(report));
    write_file_atomically(folder / "frechet.csv", csv(report));
    write_file_atomically(folder / "frechet.svg", curve_plot_svg(plot));
    write_png(folder / "frechet.png", curve_plot_image(plot));
}

}  // namespace duodiff
