// SPDX-License-Identifier: MIT
#pragma once

#include "evaluate/evaluation_data.h"
#include "evaluate/policy_points.h"
#include "session/engine.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

/// `duodiff eval frechet` and `duodiff eval sweep`: quality against time, measured. Plain values, no
/// LibTorch.
namespace duodiff
{

/// The points of policy_points(). All make the same images from the same noise, part by part in turn, so that
/// what else the machine does meets all of them.
struct FrechetRequest {
    ModelSource source;
    /// Solver, steps, count, batch, seed, classes, device and precision of every point. Image k is that of
    /// seed + k, its class the k-th in turn.
    SamplingSettings base;
    std::vector<int> switch_steps{};
    std::vector<double> thresholds{};
    PointFallback fallback = PointFallback::own;
    EvaluationDataRequest examples;
    /// Inception weights or a classifier; empty: a classifier that is trained on the data and kept in
    /// `folder`.
    std::filesystem::path features{};
    /// Gets classifier.safetensors and parts/, from which an interrupted evaluation goes on.
    std::filesystem::path folder{};
    int part = 512;  ///< images after which the state is saved, and the next point has its turn
};

struct FrechetPoint {
    PolicyPoint at;
    std::int64_t images = 0;
    double seconds_an_image = 0.0;  ///< wall time of sampling, loading left out: median over the rounds
    double block_share = 0.0;       ///< blocks run over those of the full network
    double gflops_an_image = 0.0;
    double distance = 0.0;
    double fastest_seconds = 0.0;  ///< an image, in the fastest round
    double slowest_seconds = 0.0;
    int rounds = 0;
};

struct FrechetReport {
    MachineInfo machine;
    ModelSummary model;
    SamplingSettings base;
    std::string features;  ///< "classifier features" or "Inception features"
    std::string features_sha256;
    std::int64_t dimension = 0;
    std::optional<double> classifier_accuracy;
    DataSummary data;
    /// The distance of the test examples, as many as there are, to the training data: what a perfect model
    /// would be near to.
    std::optional<double> test_distance;
    std::int64_t test_images = 0;
    std::vector<FrechetPoint> points;
    std::vector<std::string> notes;  ///< what to know when reading the numbers
};

/// Throws EngineError and nothing else. Everything finished is in the folder when it is cancelled, and the
/// next call with the same request goes on from there; what belongs to other settings, weights or data is
/// made again.
FrechetReport evaluate_frechet(Engine& engine, const FrechetRequest& request, const Progress& progress = {},
                               std::stop_token stop = {});

}  // namespace duodiff
