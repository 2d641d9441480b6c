// SPDX-License-Identifier: MIT
#pragma once

#include "evaluate/frechet_job.h"

#include <filesystem>
#include <string>

namespace duodiff
{

/// NAME.json, NAME.csv, NAME.svg and NAME.png, each whole or not at all.
void write_frechet_files(const FrechetReport& report, const std::filesystem::path& folder,
                         const std::string& name);
/// What NAME.json holds.
std::string frechet_json(const FrechetReport& report);

}  // namespace duodiff
