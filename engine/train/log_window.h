// SPDX-License-Identifier: MIT
#pragma once

#include "train/train_job.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace duodiff
{

/// Equal parts of 0..T-1 that the loss is told for.
inline constexpr std::size_t timestep_buckets = 10;

/// Sums since the last line of the log. They are part of a checkpoint, so that a log after a resume has the
/// same numbers.
struct LogWindow {
    double steps = 0.0;
    double loss = 0.0;
    double gradient_norm = 0.0;
    double images = 0.0;
    double seconds = 0.0;
    std::array<double, timestep_buckets> bucket_loss{};
    std::array<double, timestep_buckets> bucket_images{};
    std::vector<double> layer_loss;         ///< by probe
    std::vector<double> uncertainty_error;  ///< by probe

    std::vector<double> flat() const;
    static std::optional<LogWindow> from_flat(std::span<const double> values);

    bool operator==(const LogWindow&) const = default;
};

/// One object of log.jsonl: means over the steps since the line before.
using LogLine = TrainCurves;

LogLine summarise(const LogWindow& window, std::int64_t step, double learning_rate, double seconds);

/// Without a line break.
std::string to_json(const LogLine& line);
/// Nothing for a line that is cut off or not such an object.
std::optional<LogLine> parse_log_line(const std::string& text);

}  // namespace duodiff
