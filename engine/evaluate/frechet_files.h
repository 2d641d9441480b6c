// SPDX-License-Identifier: MIT
#pragma once

#include "evaluate/frechet_job.h"

#include <filesystem>
#include <string>

namespace duodiff
{

/// frechet.json, frechet.csv, frechet.svg and frechet.png, each whole or not at all.
void write_frechet_files(const FrechetReport& report, const std::filesystem::path& folder);
/// What frechet.json holds.
std::string frechet_json(const FrechetReport& report);

}  // namespace duodiff
