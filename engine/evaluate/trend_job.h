// SPDX-License-Identifier: MIT
#pragma once

#include "evaluate/exit_counts.h"
#include "session/engine.h"
#include "stream/phase_transition.h"

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

/// `duodiff eval trend`: where AdaDiff's images leave, step by step. Plain values, no LibTorch.
namespace duodiff
{

struct TrendRequest {
    ModelSource source;
    /// Solver, steps, count, batch, seed, classes, device and precision of every theta.
    SamplingSettings base;
    std::vector<double> thresholds{};  ///< empty: spread over the model's useful range
    std::filesystem::path folder{};    ///< gets parts/, from which an interrupted evaluation goes on
};

/// The step at which the images begin to need another amount of the network.
struct TrendTransition {
    PhaseTransition at;
    int t = 0;  ///< of the first step of the second level
    /// The smallest t_s with which DuoDiff changes networks there; nothing where the need falls.
    std::optional<int> switch_step;
};

struct TrendCurve {
    double threshold = 0.0;
    ExitCounts exits;
    double block_share = 0.0;
    double gflops_an_image = 0.0;
    std::optional<TrendTransition> transition;
};

struct TrendReport {
    MachineInfo machine;
    ModelSummary model;
    SamplingSettings base;
    std::vector<TrendCurve> curves;  ///< by theta, ascending
    std::vector<std::string> notes;
};

/// Throws EngineError and nothing else: usage for a model without exits. Every finished batch is in the
/// folder when it is cancelled, and the next call with the same request goes on from there.
TrendReport evaluate_trend(Engine& engine, const TrendRequest& request, const Progress& progress = {},
                           std::stop_token stop = {});

}  // namespace duodiff
