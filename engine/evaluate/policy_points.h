// SPDX-License-Identifier: MIT
#pragma once

#include "session/engine.h"

#include <string>
#include <vector>

namespace duodiff
{

/// A policy at one value of its parameter.
struct PolicyPoint {
    PolicyKind policy = PolicyKind::full;
    double value = 0.0;  ///< t_s or theta; 0 for the full network
};

/// Where no values are given: the model's own, or some over all of its useful range.
enum class PointFallback { own, spread };

/// What an evaluation of several policies looks at: the full network, then DuoDiff at `switch_steps` and
/// AdaDiff at `thresholds`; if both are empty, at the fallback's values where the model has the networks for
/// them. None twice. Throws EngineError for what cannot run.
std::vector<PolicyPoint> policy_points(const Engine& engine, const ModelInfo& info,
                                       const SamplingSettings& base, std::vector<int> switch_steps,
                                       std::vector<double> thresholds, PointFallback fallback);

SamplingSettings settings_at(const SamplingSettings& base, const PolicyPoint& point);

/// "full", "duodiff-300", "adadiff-0.08": for names of files.
std::string point_name(const PolicyPoint& point);
/// "full", "t_s 300", "θ 0.08": for figures.
std::string point_label(const PolicyPoint& point);

/// What a model lacks, so that no points of a policy were made by default.
std::vector<std::string> notes_on_missing_parts(const ModelInfo& info);

}  // namespace duodiff
