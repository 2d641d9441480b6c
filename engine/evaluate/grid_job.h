// SPDX-License-Identifier: MIT
#pragma once

#include "evaluate/policy_points.h"
#include "report/image8.h"
#include "session/engine.h"

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

/// `duodiff eval grid`: the same noise under several policies. Plain values, no LibTorch.
namespace duodiff
{

struct GridRequest {
    ModelSource source;
    SamplingSettings base;  ///< `count` images of every point
    std::vector<int> switch_steps{};
    std::vector<double> thresholds{};
    std::filesystem::path folder{};  ///< gets parts/, a finished point each
};

struct GridRow {
    PolicyPoint at;
    double block_share = 0.0;
    double difference = 0.0;  ///< root mean square to the full network's pictures, 0..1
    std::vector<Image8> pictures;
};

struct GridReport {
    MachineInfo machine;
    ModelSummary model;
    SamplingSettings base;
    std::vector<GridRow> rows;  ///< the full network first
    std::vector<std::string> notes;
};

/// Throws EngineError and nothing else. Finished points are in the folder when it is cancelled, and the next
/// call with the same request goes on from there.
GridReport evaluate_grid(Engine& engine, const GridRequest& request, const Progress& progress = {},
                         std::stop_token stop = {});

/// grid.png, grid.csv and grid.json, each whole or not at all.
void write_grid_files(const GridReport& report, const std::filesystem::path& folder);
/// What grid.json holds.
std::string grid_json(const GridReport& report);

}  // namespace duodiff
