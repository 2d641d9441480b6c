// SPDX-License-Identifier: MIT
#pragma once

#include "evaluate/evaluation_data.h"
#include "evaluate/policy_points.h"
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
ResultJson data_json(const DataSummary& data);
/// "policy" with the parameter that it has.
ResultJson policy_json(const PolicyPoint& point);
/// That parameter for a table; empty for the full network.
std::string policy_field(const PolicyPoint& point);
std::string result_text(const ResultJson& json);

/// NAME.svg and NAME.png
void write_plot(const std::filesystem::path& folder, const std::string& name, const CurvePlot& plot);

}  // namespace duodiff
