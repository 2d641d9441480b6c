// SPDX-License-Identifier: MIT
#pragma once

#include "data/dataset.h"
#include "report/curve_plot.h"
#include "stream/run_record.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

/// What the result files of all evaluations have in common; for this room's files that write them.
namespace duodiff
{

using ResultJson = nlohmann::ordered_json;

/// null where it is not finite, which JSON cannot say.
ResultJson finite_or_null(double value);
/// The same for a table: an empty field.
std::string field(double value);

ResultJson model_json(const ModelSummary& model);
ResultJson machine_json(const MachineInfo& machine);
/// What of the settings an evaluation keeps the same everywhere.
ResultJson settings_json(const SamplingSettings& settings);
ResultJson bad_files_json(const std::vector<BadFile>& bad_files);
std::string result_text(const ResultJson& json);

/// NAME.svg and NAME.png
void write_plot(const std::filesystem::path& folder, const std::string& name, const CurvePlot& plot);

}  // namespace duodiff
