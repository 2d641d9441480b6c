// SPDX-License-Identifier: MIT
#include "train/looking_on.h"

#include "report/atomic_file.h"
#include "train/log_window.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace duodiff
{
namespace
{

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

constexpr std::uint64_t largest_curve_file = 64U << 20U;

}  // namespace

std::optional<std::int64_t> step_in_name(const fs::path& file)
{
    const std::string stem = file.stem().string();
    if (!stem.starts_with(step_prefix)) {
        return std::nullopt;
    }
    std::int64_t step = 0;
    const char* end = stem.data() + stem.size();
    const auto [rest, error] = std::from_chars(stem.data() + step_prefix.size(), end, step);
    return error == std::errc{} && rest == end && step >= 0 ? std::optional(step) : std::nullopt;
}

std::vector<TrainSample> find_samples(const fs::path& folder)
{
    std::vector<TrainSample> samples;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder / "samples", error)) {
        const auto step = step_in_name(entry.path());
        if (step && entry.path().extension() == ".png") {
            TrainSample sample{.step = *step, .picture = entry.path()};
            fs::path exits = entry.path();
            exits.replace_extension(".json");
            std::error_code none;
            if (fs::is_regular_file(exits, none)) {
                sample.exits = exits;
            }
            samples.push_back(std::move(sample));
        }
    }
    std::sort(samples.begin(), samples.end(), [](const auto& a, const auto& b) { return a.step < b.step; });
    return samples;
}

void write_exit_curve(const fs::path& path, const TrainExitCurve& curve)
{
    json rows = json::array();
    for (std::size_t row = 0; row < curve.timesteps.size(); ++row) {
        json values = json::array();
        for (std::size_t probe = 0; probe < curve.layers.size(); ++probe) {
            const float u = curve.uncertainty[row * curve.layers.size() + probe];
            values.push_back(std::isfinite(u) ? json(u) : json());
        }
        rows.push_back(std::move(values));
    }
    const json object = {
        {"timesteps", curve.timesteps}, {"layers", curve.layers}, {"uncertainty", std::move(rows)}};
    write_file_atomically(path, object.dump() + "\n");
}

TrainExitCurve read_exit_curve(const fs::path& path)
{
    const std::string text = read_whole_file(path, largest_curve_file);
    try {
        const json object = json::parse(text);
        TrainExitCurve curve;
        object.at("timesteps").get_to(curve.timesteps);
        object.at("layers").get_to(curve.layers);
        for (const json& row : object.at("uncertainty")) {
            for (const json& u : row) {
                curve.uncertainty.push_back(u.is_null() ? std::numeric_limits<float>::quiet_NaN()
                                                        : u.get<float>());
            }
        }
        if (curve.uncertainty.size() == curve.timesteps.size() * curve.layers.size()) {
            return curve;
        }
    } catch (const json::exception&) {
        // What it is not is said below.
    }
    throw EngineError(ErrorCode::bad_file, "this does not tell of a network's exits", path.string());
}

LogFollower::LogFollower(fs::path folder, std::size_t most_lines)
    : log_(std::move(folder) / "log.jsonl"), most_lines_(std::max<std::size_t>(most_lines, 2))
{
}

bool LogFollower::update()
{
    std::error_code error;
    const std::uintmax_t size = fs::file_size(log_, error);
    if (error) {
        throw EngineError(ErrorCode::bad_file, "there is no log of a training run here", log_.string());
    }
    if (size == position_) {
        return false;
    }
    bool changed = false;
    if (size < position_ || !continues()) {
        start_anew();
        changed = true;
    }
    const std::int64_t known = last_step_;
    const std::size_t before = lines_read_;
    if (!read_on()) {
        // The steps went back between two looks: what was read is of the sitting before.
        start_anew();
        read_on();
    }
    return changed || lines_read_ != before || last_step_ != known;
}

/// Whether what was read still ends with the end of a line.
bool LogFollower::continues() const
{
    if (position_ == 0) {
        return true;
    }
    std::ifstream file(log_, std::ios::binary);
    file.seekg(static_cast<std::streamoff>(position_ - 1));
    return file.get() == '\n';
}

void LogFollower::start_anew()
{
    lines_.clear();
    position_ = 0;
    last_step_ = -1;
    stride_ = 1;
    lines_read_ = 0;
    last_is_extra_ = false;
}

/// False where a step is not after the one before it.
bool LogFollower::read_on()
{
    std::ifstream file(log_, std::ios::binary);
    file.seekg(static_cast<std::streamoff>(position_));
    for (std::string text; std::getline(file, text) && !file.eof();) {
        std::optional<LogLine> line = parse_log_line(text);
        if (!line) {
            break;
        }
        if (line->step <= last_step_) {
            return position_ == 0;
        }
        position_ += text.size() + 1;
        last_step_ = line->step;
        add(std::move(*line));
    }
    return true;
}

void LogFollower::add(TrainCurves line)
{
    if (last_is_extra_) {
        lines_.pop_back();
    }
    if (lines_.size() >= most_lines_) {
        std::vector<TrainCurves> fewer;
        for (std::size_t i = 0; i < lines_.size(); i += 2) {
            fewer.push_back(std::move(lines_[i]));
        }
        lines_ = std::move(fewer);
        stride_ *= 2;
    }
    last_is_extra_ = lines_read_ % stride_ != 0;
    lines_.push_back(std::move(line));
    ++lines_read_;
}

}  // namespace duodiff
