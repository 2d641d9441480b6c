// SPDX-License-Identifier: MIT
#pragma once

#include "stream/expected_steps.h"
#include "stream/frame.h"
#include "stream/run_record.h"
#include "stream/settings.h"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace duodiff
{

/// How long a run will take, from the steps it has run. The networks are timed apart: what is left is the
/// sum over the coming steps of the median time of the network that each will use; a network that has not
/// run yet is taken from the other by their cost in GFLOPs. Where an earlier batch has run the same step,
/// that step's own time is used. Times are counted by the image, so that a smaller last batch fits in.
///
/// Where the images of an AdaDiff run will leave is not to be seen from its own first steps: the exit layers
/// that are to be expected come from an earlier run, their times from this one. Without an earlier run the
/// estimate is that of the full depth, an upper bound.
class TimeEstimate
{
public:
    /// Steps of the first batch after which there is an estimate.
    static constexpr int withheld_steps = 8;

    void begin(const ModelSummary& model, const SamplingSettings& settings);
    void add(const Frame& frame);
    /// t_s was moved.
    void set_switch_step(int switch_step) { settings_.switch_step = switch_step; }
    /// theta was moved.
    void set_threshold(double threshold);
    /// What an AdaDiff run may expect; null: nothing is known. May come in mid-run.
    void expect(std::shared_ptr<const ExpectedSteps> expected);

    std::optional<double> seconds_left() const;
    /// Whether seconds_left() is an upper bound.
    bool is_bound() const;
    /// Median of the last steps of the whole batch.
    std::optional<double> ms_per_step() const;
    /// Images a second that the whole run makes at the rate it has; needs an estimate.
    std::optional<double> images_per_second() const;

    int batches() const { return batches_; }
    int batch() const { return batch_; }
    /// Steps of the batch in progress that have run.
    int steps_run() const { return step_ + 1; }

private:
    int images_in(int batch) const;
    bool is_adaptive() const { return settings_.policy == PolicyKind::adadiff; }
    double full_depth_ms(const Frame& frame) const;
    std::optional<double> ms_of_step(int step) const;
    std::optional<double> ms_of_image(NetworkRole role) const;

    ModelSummary model_;
    SamplingSettings settings_;
    int batches_ = 0;
    int batch_ = 0;
    int step_ = -1;
    int frames_seen_ = 0;
    double ms_spent_ = 0.0;
    std::vector<double> last_ms_;                          ///< of the last steps
    std::map<NetworkRole, std::vector<double>> image_ms_;  ///< of the last steps of each network
    std::vector<double> step_ms_;      ///< an image, by step, of the batch before; 0: not known
    std::vector<double> step_ms_now_;  ///< likewise, of this one
    std::shared_ptr<const ExpectedSteps> expected_;
    std::vector<double> expected_ms_;    ///< an image, by step, at the rates of the earlier run
    std::vector<double> speed_;          ///< time over that of the earlier run's rates, of the last steps
    std::vector<double> full_depth_ms_;  ///< an image, if it had come to the last layer, of the last steps
};

}  // namespace duodiff
