// SPDX-License-Identifier: MIT
#pragma once

#include "stream/frame.h"
#include "stream/run_record.h"
#include "stream/time_model.h"
#include "stream/what_if.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace duodiff
{

/// What an AdaDiff run will have to do at each step, from an earlier run of the same model: where its images
/// left, or, for another theta, where its uncertainties say that they would have left; and what that cost.
class ExpectedSteps
{
public:
    ExpectedSteps() = default;
    explicit ExpectedSteps(const RunRecord& earlier);

    /// Whether there is something to learn from `record`: an AdaDiff run, or a probe run, that came to its
    /// last step.
    static bool can_learn_from(const RunRecord& record);

    /// Milliseconds an image at every step of an AdaDiff run with these settings. Empty where the earlier run
    /// does not tell, as for another theta where its uncertainties are not known.
    std::vector<double> ms_of_image(const SamplingSettings& settings) const;
    /// Milliseconds that the work of a frame takes by the same rates.
    double ms_of(const Frame& frame) const;

private:
    struct Step {
        int t = 0;
        std::vector<std::int16_t> layers;  ///< of the images that reached it
    };
    std::vector<Step> steps_at(const SamplingSettings& settings) const;
    double ms_of_layer(int layer) const;
    double mean_ms(const std::vector<std::int16_t>& layers) const;

    ModelSummary model_;
    TimeModel rates_;
    WhatIfIndex index_;
    std::vector<Step> recorded_;  ///< of an AdaDiff run with one theta throughout
    double recorded_threshold_ = 0.0;
};

}  // namespace duodiff
