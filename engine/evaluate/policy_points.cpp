// SPDX-License-Identifier: MIT
#include "evaluate/policy_points.h"

#include "evaluate/sampled_model.h"

#include <fmt/format.h>

#include <algorithm>

namespace duodiff
{
namespace
{

constexpr int spread_thresholds = 4;

}  // namespace

std::vector<PolicyPoint> policy_points(const Engine& engine, const ModelInfo& info,
                                       const SamplingSettings& base, std::vector<int> switch_steps,
                                       std::vector<double> thresholds, PointFallback fallback)
{
    if (switch_steps.empty() && thresholds.empty()) {
        const bool own = fallback == PointFallback::own;
        if (info.has_shallow) {
            switch_steps =
                own ? std::vector<int>{info.switch_step_default} : std::vector<int>{200, 400, 600, 800};
        }
        if (info.has_early_exit) {
            thresholds =
                own ? std::vector<double>{info.threshold_default}
                    : spread_values(info.threshold_minimum, info.threshold_maximum, spread_thresholds);
        }
    }
    std::vector<PolicyPoint> points = {{PolicyKind::full, 0.0}};
    const auto add = [&](PolicyKind policy, double value) {
        const bool known = std::any_of(points.begin(), points.end(), [&](const PolicyPoint& other) {
            return other.policy == policy && other.value == value;
        });
        if (!known) {
            points.push_back({policy, value});
        }
    };
    for (const int value : switch_steps) {
        add(PolicyKind::duodiff, value);
    }
    for (const double value : thresholds) {
        add(PolicyKind::adadiff, value);
    }
    for (const PolicyPoint& point : points) {
        require_runnable(engine, settings_at(base, point));
    }
    return points;
}

SamplingSettings settings_at(const SamplingSettings& base, const PolicyPoint& point)
{
    SamplingSettings settings = base;
    settings.policy = point.policy;
    if (point.policy == PolicyKind::duodiff) {
        settings.switch_step = static_cast<int>(point.value);
    }
    if (point.policy == PolicyKind::adadiff) {
        settings.threshold = point.value;
    }
    return settings;
}

std::string point_name(const PolicyPoint& point)
{
    return point.policy == PolicyKind::full ? std::string("full")
                                            : fmt::format("{}-{}", to_string(point.policy), point.value);
}

std::string point_label(const PolicyPoint& point)
{
    switch (point.policy) {
        case PolicyKind::duodiff:
            return fmt::format("t_s {}", point.value);
        case PolicyKind::adadiff:
            return fmt::format("\u03b8 {}", point.value);
        default:
            return "full";
    }
}

std::vector<std::string> notes_on_missing_parts(const ModelInfo& info)
{
    std::vector<std::string> notes;
    if (!info.has_shallow) {
        notes.emplace_back("The model has no shallow network, so there is no DuoDiff among the points.");
    }
    if (!info.has_early_exit) {
        notes.emplace_back("The model has no early exits, so there is no AdaDiff among the points.");
    }
    return notes;
}

}  // namespace duodiff
