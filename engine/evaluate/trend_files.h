// SPDX-License-Identifier: MIT
#pragma once

#include "evaluate/trend_job.h"

#include <filesystem>
#include <string>

namespace duodiff
{

/// trend.json, trend.csv (a line a theta), trend-THETA.csv (a line a step), trend.svg and trend.png, each
/// whole or not at all.
void write_trend_files(const TrendReport& report, const std::filesystem::path& folder);
/// What trend.json holds.
std::string trend_json(const TrendReport& report);

}  // namespace duodiff
