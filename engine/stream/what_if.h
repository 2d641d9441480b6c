// SPDX-License-Identifier: MIT
#pragma once

#include "stream/run_record.h"
#include "stream/time_model.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace duodiff
{

/// A policy and the value that it reads; the other values mean nothing.
struct PolicyChoice {
    PolicyKind policy = PolicyKind::full;
    int switch_step = 300;    ///< t_s, for duodiff
    double threshold = 0.08;  ///< theta, for adadiff
    int exit_layer = 0;       ///< for static_layer

    bool operator==(const PolicyChoice&) const = default;
};
PolicyChoice policy_choice(const SamplingSettings& settings);

/// One step as it would have gone.
struct WhatIfStep {
    int step = 0;
    int t = 0;
    NetworkRole network = NetworkRole::full;
    int images = 0;  ///< that reached the step
    double mean = 0.0;
    double deviation = 0.0;    ///< population standard deviation, as exit_statistics() gives it
    bool lower_bound = false;  ///< at least one image's layer is
};

/// What another policy, theta or t_s would have done on a recorded run, its x_t taken as they are: exact
/// up to the first step that changes, and a prediction from there on.
///
/// Where an image had left before a layer, that layer's u is not known. An image that would have gone on
/// past its last known u counts with the first layer it would have had to be asked at: its true layer is
/// that one or a later one, so the mean and the time are lower bounds, and the share saved an upper one.
struct WhatIf {
    std::string unavailable;  ///< why there is no prediction; empty: there is one, and all below holds
    PolicyChoice choice;
    int images = 0;                         ///< of the run
    std::vector<WhatIfStep> steps;          ///< those of the record, in the order they ran
    std::vector<std::int16_t> exit_layers;  ///< (steps x images), row-major; -1: not reached
    bool lower_bound = false;               ///< of any step
    std::int64_t bounded = 0;               ///< (image, step) pairs whose layer is a lower bound
    std::int64_t image_steps = 0;           ///< (image, step) pairs in all
    double block_share = 0.0;               ///< blocks over those of the full network, 0..1
    double saved_share = 0.0;               ///< 1 - block_share; 0 where nothing ran
    Workload work;
    std::optional<double> predicted_ms;  ///< of the recorded steps; nothing where the run has no times
    /// Index into `steps` of the first whose network or exit layers differ from the recorded ones: x_t up
    /// to it can be kept. Nothing: the same run.
    std::optional<std::size_t> first_change;

    bool available() const { return unavailable.empty(); }
    std::int16_t exit_layer(std::size_t step_index, std::size_t image) const
    {
        return exit_layers[step_index * static_cast<std::size_t>(images) + image];
    }
};

/// The mean exit layer of every step; what find_phase_transition() and the plot take.
std::vector<double> mean_exit_layers(const WhatIf& what_if);

/// A run prepared for the question "what if": made once, asked at every move of a slider. A value; asking
/// is const and may happen in another thread. Takes 4 bytes a (step, probe, image).
class WhatIfIndex
{
public:
    WhatIfIndex() = default;
    explicit WhatIfIndex(const RunRecord& record) { update(record); }

    /// Reads the record's steps again from `first` (an index into record.steps) on, for a run in progress:
    /// those before it must not have changed since.
    void update(const RunRecord& record, std::size_t first = 0);

    /// The rates come from the record itself; others may replace them, until the next update().
    void set_time_model(std::optional<TimeModel> model) { time_model_ = model; }
    const std::optional<TimeModel>& time_model() const { return time_model_; }

    WhatIf predict(const PolicyChoice& choice) const;
    /// The same into a value whose memory is used again.
    void predict(const PolicyChoice& choice, WhatIf& into) const;

    std::size_t steps() const { return steps_.size(); }
    /// Whether u of at least one image and step is known.
    bool has_uncertainty() const { return has_uncertainty_; }

private:
    struct Step {
        int step = 0;
        int t = 0;
        int reached = 0;
        int batches = 0;
        NetworkRole network = NetworkRole::full;
        bool mixed = false;
        std::vector<std::int16_t> exits;  ///< recorded
        /// (rows x images): the smallest u of the probes up to each; -infinity where not known. Empty
        /// where nothing is.
        std::vector<float> minima;
        std::vector<std::int16_t> known;  ///< rows that are known, by image
    };
    Step index_step(const StepRecord& step) const;
    std::string objection(const PolicyChoice& choice) const;
    /// The network that all images of steps_[index] use.
    NetworkRole network_at(const PolicyChoice& choice, std::size_t index) const;
    void predict_uniform(const Step& step, int layer, std::int16_t* exits) const;
    /// Returns how many of the layers are lower bounds; adds probes and leaving to the work.
    int predict_adaptive(const Step& step, float threshold, std::vector<std::int32_t>& passed,
                         std::int16_t* exits, Workload& work) const;

    SamplingSettings settings_;
    ModelSummary model_;
    int images_ = 0;
    int probes_ = 0;
    int rows_ = 0;  ///< probes that can let an image leave
    bool has_uncertainty_ = false;
    std::vector<Step> steps_;
    std::optional<TimeModel> time_model_;
};

}  // namespace duodiff
