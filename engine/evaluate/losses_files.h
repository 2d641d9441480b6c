// SPDX-License-Identifier: MIT
#pragma once

#include "evaluate/losses_job.h"

#include <filesystem>
#include <string>
#include <vector>

namespace duodiff
{

/// losses.json, losses.csv, losses.svg and .png; with probes also calibration.csv, reliability.csv, and
/// calibration and reliability as .svg and .png. Each whole or not at all. Returns their names.
std::vector<std::string> write_losses_files(const LossesReport& report, const std::filesystem::path& folder);
/// What losses.json holds.
std::string losses_json(const LossesReport& report);

}  // namespace duodiff
