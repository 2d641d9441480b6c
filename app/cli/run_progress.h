// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/frame.h"
#include "stream/settings.h"

#include <optional>
#include <string>
#include <vector>

namespace duodiff::cli
{

/// How far a run is and what is left, from its frames. The networks are timed apart, since a step of the
/// shallow one is cheap; once a batch is done, its own steps are the best estimate for the next one's.
class RunProgress
{
public:
    RunProgress(const SamplingSettings& settings, int full_depth, int shallow_depth);

    void add(const Frame& frame);
    void batch_finished(int images) { images_done_ += images; }

    /// Nothing in the first steps.
    std::optional<double> remaining_ms() const;
    /// "images 16/64  step 312/1000  41 steps/s  ETA 1:23"
    std::string text() const;

private:
    struct Rate {
        double ms = 0.0;  ///< an image and step
        int steps = 0;
        void add(double value);
    };

    double rest_of_batch_ms() const;
    double image_step_ms(NetworkRole network) const;
    int batch_size(int batch) const;

    SamplingSettings settings_;
    double depth_ratio_;  ///< shallow blocks over full ones
    Rate full_;
    Rate shallow_;
    std::vector<double> profile_;      ///< ms an image of each step, in the last finished batch
    std::vector<double> in_progress_;  ///< likewise, of the batch in progress
    int batch_ = 0;
    int steps_done_ = 0;
    int images_done_ = 0;
    int all_steps_ = 0;
    double last_step_ms_ = 0.0;
};

/// "1:23" or "2:03:20".
std::string clock_text(double milliseconds);

}  // namespace duodiff::cli
