// SPDX-License-Identifier: MIT
#pragma once

#include "report/image8.h"
#include "session/engine.h"

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

/// `duodiff eval maps`: what every layer's probe says of every patch, at several t. Plain values, no
/// LibTorch.
namespace duodiff
{

struct MapsRequest {
    ModelSource source;
    /// `count` images, on the way that the full network takes them.
    SamplingSettings base;
    int columns = 10;                ///< steps that are looked at, the first and the last among them
    std::filesystem::path folder{};  ///< gets parts/, a finished image each
};

/// One image at one step.
struct MapsStep {
    int step = 0;
    int t = 0;
    std::vector<float> uncertainty{};        ///< one a layer
    std::vector<std::vector<float>> maps{};  ///< (layers, map_height x map_width)
    Image8 noisy{};                          ///< x_t
    Image8 predicted{};                      ///< the x_0 that the full network sees in it
};

struct MapsImage {
    int index = 0;
    std::vector<MapsStep> steps;
};

struct MapsReport {
    MachineInfo machine;
    ModelSummary model;
    SamplingSettings base;
    std::vector<int> layers;  ///< blocks run where each probe reads
    int map_height = 0;       ///< patches; pixels for the AdaDiff authors' form
    int map_width = 0;
    std::vector<MapsImage> images;
    std::vector<std::string> notes;
};

/// Throws EngineError and nothing else: usage for a model without probes, or whose probes have no maps.
MapsReport evaluate_maps(Engine& engine, const MapsRequest& request, const Progress& progress = {},
                         std::stop_token stop = {});

/// For image K maps-K.png and maps-K.csv, and maps.json, each whole or not at all. Returns their names.
std::vector<std::string> write_maps_files(const MapsReport& report, const std::filesystem::path& folder);
/// What maps.json holds.
std::string maps_json(const MapsReport& report);

}  // namespace duodiff
