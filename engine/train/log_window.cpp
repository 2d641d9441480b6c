// SPDX-License-Identifier: MIT
#include "train/log_window.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

namespace duodiff
{
namespace
{

using json = nlohmann::ordered_json;

constexpr std::size_t plain_values = 5;

std::vector<double> divided(std::vector<double> values, double by)
{
    for (double& value : values) {
        value /= by;
    }
    return values;
}

json numbers(const std::vector<double>& values)
{
    json list = json::array();
    for (const double value : values) {
        list.push_back(std::isfinite(value) ? json(value) : json());
    }
    return list;
}

std::vector<double> read_numbers(const json& object, const char* key)
{
    std::vector<double> values;
    if (const auto found = object.find(key); found != object.end()) {
        for (const json& value : *found) {
            values.push_back(value.is_null() ? std::numeric_limits<double>::quiet_NaN()
                                             : value.get<double>());
        }
    }
    return values;
}

}  // namespace

std::vector<double> LogWindow::flat() const
{
    std::vector<double> values = {steps, loss, gradient_norm, images, seconds};
    values.insert(values.end(), bucket_loss.begin(), bucket_loss.end());
    values.insert(values.end(), bucket_images.begin(), bucket_images.end());
    values.insert(values.end(), layer_loss.begin(), layer_loss.end());
    values.insert(values.end(), uncertainty_error.begin(), uncertainty_error.end());
    return values;
}

std::optional<LogWindow> LogWindow::from_flat(std::span<const double> values)
{
    constexpr std::size_t fixed = plain_values + 2 * timestep_buckets;
    if (values.size() < fixed || (values.size() - fixed) % 2 != 0) {
        return std::nullopt;
    }
    LogWindow window;
    window.steps = values[0];
    window.loss = values[1];
    window.gradient_norm = values[2];
    window.images = values[3];
    window.seconds = values[4];
    const auto buckets = values.subspan(plain_values, timestep_buckets);
    std::copy(buckets.begin(), buckets.end(), window.bucket_loss.begin());
    const auto images = values.subspan(plain_values + timestep_buckets, timestep_buckets);
    std::copy(images.begin(), images.end(), window.bucket_images.begin());
    const auto layers = values.subspan(fixed);
    const std::size_t probes = layers.size() / 2;
    window.layer_loss.assign(layers.begin(), layers.begin() + static_cast<std::ptrdiff_t>(probes));
    window.uncertainty_error.assign(layers.begin() + static_cast<std::ptrdiff_t>(probes), layers.end());
    return window;
}

LogLine summarise(const LogWindow& window, std::int64_t step, double learning_rate, double seconds)
{
    LogLine line;
    line.step = step;
    line.learning_rate = learning_rate;
    line.loss = window.loss / window.steps;
    line.gradient_norm = window.gradient_norm / window.steps;
    line.images_per_second = window.seconds > 0.0 ? window.images / window.seconds : 0.0;
    line.seconds = seconds;
    for (std::size_t i = 0; i < timestep_buckets; ++i) {
        line.loss_by_timestep.push_back(window.bucket_loss[i] / window.bucket_images[i]);
    }
    line.loss_by_layer = divided(window.layer_loss, window.steps);
    line.uncertainty_error_by_layer = divided(window.uncertainty_error, window.steps);
    return line;
}

std::string to_json(const LogLine& line)
{
    json object = {{"step", line.step},
                   {"learning_rate", line.learning_rate},
                   {"loss", line.loss},
                   {"gradient_norm", line.gradient_norm},
                   {"images_per_second", line.images_per_second},
                   {"seconds", line.seconds},
                   {"loss_by_timestep", numbers(line.loss_by_timestep)}};
    if (!line.loss_by_layer.empty()) {
        object["loss_by_layer"] = numbers(line.loss_by_layer);
        object["uncertainty_error_by_layer"] = numbers(line.uncertainty_error_by_layer);
    }
    return object.dump();
}

std::optional<LogLine> parse_log_line(const std::string& text)
{
    try {
        const json object = json::parse(text);
        LogLine line;
        line.step = object.at("step").get<std::int64_t>();
        line.learning_rate = object.at("learning_rate").get<double>();
        line.loss = object.at("loss").get<double>();
        line.gradient_norm = object.at("gradient_norm").get<double>();
        line.images_per_second = object.at("images_per_second").get<double>();
        line.seconds = object.at("seconds").get<double>();
        line.loss_by_timestep = read_numbers(object, "loss_by_timestep");
        line.loss_by_layer = read_numbers(object, "loss_by_layer");
        line.uncertainty_error_by_layer = read_numbers(object, "uncertainty_error_by_layer");
        return line;
    } catch (const json::exception&) {
        return std::nullopt;
    }
}

}  // namespace duodiff
