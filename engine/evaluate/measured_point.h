// SPDX-License-Identifier: MIT
#pragma once

#include "evaluate/exit_counts.h"
#include "evaluate/feature_pass.h"
#include "evaluate/frechet_job.h"
#include "evaluate/parts.h"
#include "evaluate/sampled_model.h"

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace duodiff
{

/// One setting of a policy: its images' features and times, made part by part and kept after each.
class MeasuredPoint
{
public:
    /// What the points of an evaluation share; outlives them.
    struct Common {
        Engine& engine;
        const FeatureNetwork& network;
        const SampledModel& model;
        Parts& parts;
    };

    /// Goes on from what `parts` has of these settings. `part`: images of a part.
    MeasuredPoint(const Common& common, PolicyPoint point, SamplingSettings settings, int part);

    const SamplingSettings& settings() const { return settings_; }
    const PolicyPoint& point() const { return point_; }
    std::int64_t images() const { return kept_.statistics().count(); }

    /// The next part, up to `until` images in all. `progress` is told the images done. Throws
    /// EngineError(cancelled) when stopped; the part is then made again.
    void sample_part(std::int64_t until, const std::function<void(double images)>& progress,
                     const std::stop_token& stop);

    /// The numbers of all parts.
    FrechetPoint result(const FeatureStatistics& real) const;

private:
    std::map<std::string, std::string> about() const;
    void keep_exits(const RunRecord& record, std::int64_t first) const;
    std::vector<double> round_seconds() const;

    Common common_;
    PolicyPoint point_;
    SamplingSettings settings_;
    int part_;
    KeptStatistics kept_;
};

}  // namespace duodiff
