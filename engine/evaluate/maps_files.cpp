// SPDX-License-Identifier: MIT
#include "evaluate/maps_job.h"

#include "evaluate/result_files.h"
#include "report/atomic_file.h"
#include "report/labelled_grid.h"
#include "report/plots.h"
#include "report/png_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace duodiff
{
namespace
{

/// Of all maps of a report, so that a colour means the same everywhere.
struct MapRange {
    float low = std::numeric_limits<float>::infinity();
    float high = -std::numeric_limits<float>::infinity();
};

MapRange range_of(const MapsReport& report)
{
    MapRange range;
    for (const MapsImage& image : report.images) {
        for (const MapsStep& step : image.steps) {
            for (const auto& map : step.maps) {
                for (const float u : map) {
                    range.low = std::min(range.low, u);
                    range.high = std::max(range.high, u);
                }
            }
        }
    }
    return range;
}

Image8 as_rgb(const Image8& picture)
{
    if (picture.channels == 3) {
        return picture;
    }
    Image8 rgb{picture.width, picture.height, 3, {}};
    for (const std::uint8_t value : picture.pixels) {
        rgb.pixels.insert(rgb.pixels.end(), 3, value);
    }
    return rgb;
}

/// As large as the pictures: every place of the map covers its share of them.
Image8 map_picture(const std::vector<float>& map, const MapsReport& report, const MapRange& range,
                   const Image8& shape)
{
    Image8 picture{shape.width, shape.height, 3, {}};
    const float width = range.high > range.low ? range.high - range.low : 1.0F;
    for (int y = 0; y < shape.height; ++y) {
        for (int x = 0; x < shape.width; ++x) {
            const auto row = static_cast<std::size_t>(y * report.map_height / shape.height);
            const auto column = static_cast<std::size_t>(x * report.map_width / shape.width);
            const float u = map[row * static_cast<std::size_t>(report.map_width) + column];
            const auto colour = share_colour(static_cast<double>((u - range.low) / width));
            picture.pixels.insert(picture.pixels.end(), colour.begin(), colour.end());
        }
    }
    return picture;
}

Image8 picture_of(const MapsReport& report, const MapsImage& image, const MapRange& range)
{
    LabelledGrid grid;
    grid.title = fmt::format("Uncertainty u of every patch, image {}, dark {:.3g}, light {:.3g}", image.index,
                             range.low, range.high);
    LabelledGrid::Row noisy{.label = "x_t", .pictures = {}};
    LabelledGrid::Row predicted{.label = "x_0, predicted", .pictures = {}};
    for (const MapsStep& step : image.steps) {
        grid.columns.push_back(fmt::format("t {}", step.t));
        noisy.pictures.push_back(as_rgb(step.noisy));
        predicted.pictures.push_back(as_rgb(step.predicted));
    }
    grid.rows = {noisy, predicted};
    for (std::size_t layer = 0; layer < report.layers.size(); ++layer) {
        LabelledGrid::Row row{.label = fmt::format("layer {}", report.layers[layer]), .pictures = {}};
        for (const MapsStep& step : image.steps) {
            row.pictures.push_back(map_picture(step.maps[layer], report, range, step.noisy));
        }
        grid.rows.push_back(std::move(row));
    }
    return compose_labelled_grid(grid);
}

/// A line a row of a map.
std::string csv(const MapsReport& report, const MapsImage& image)
{
    std::string text = "step,t,layer,image_uncertainty,row";
    for (int column = 0; column < report.map_width; ++column) {
        text += fmt::format(",u_{}", column);
    }
    text += '\n';
    for (const MapsStep& step : image.steps) {
        for (std::size_t layer = 0; layer < report.layers.size(); ++layer) {
            for (int row = 0; row < report.map_height; ++row) {
                text += fmt::format("{},{},{},{},{}", step.step, step.t, report.layers[layer],
                                    field(step.uncertainty[layer]), row);
                for (int column = 0; column < report.map_width; ++column) {
                    text +=
                        ',' +
                        field(step.maps[layer][static_cast<std::size_t>(row * report.map_width + column)]);
                }
                text += '\n';
            }
        }
    }
    return text;
}

}  // namespace

std::string maps_json(const MapsReport& report)
{
    ResultJson images = ResultJson::array();
    for (const MapsImage& image : report.images) {
        ResultJson steps = ResultJson::array();
        for (const MapsStep& step : image.steps) {
            steps.push_back({{"step", step.step}, {"t", step.t}, {"uncertainty", step.uncertainty}});
        }
        images.push_back({{"image", image.index}, {"steps", steps}});
    }
    const MapRange range = range_of(report);
    return result_text({{"what", "uncertainty maps by timestep"},
                        {"model", model_json(report.model)},
                        {"settings", settings_json(report.base)},
                        {"machine", machine_json(report.machine)},
                        {"layers", report.layers},
                        {"map", {{"height", report.map_height}, {"width", report.map_width}}},
                        {"lowest", finite_or_null(range.low)},
                        {"highest", finite_or_null(range.high)},
                        {"images", images},
                        {"notes", report.notes}});
}

std::vector<std::string> write_maps_files(const MapsReport& report, const std::filesystem::path& folder)
{
    const MapRange range = range_of(report);
    std::vector<std::string> files;
    for (const MapsImage& image : report.images) {
        const std::string name = fmt::format("maps-{}", image.index);
        write_png(folder / (name + ".png"), picture_of(report, image, range));
        write_file_atomically(folder / (name + ".csv"), csv(report, image));
        files.insert(files.end(), {name + ".png", name + ".csv"});
    }
    write_file_atomically(folder / "maps.json", maps_json(report));
    files.emplace_back("maps.json");
    return files;
}

}  // namespace duodiff
