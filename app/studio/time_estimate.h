// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/frame.h"
#include "stream/run_record.h"
#include "stream/settings.h"

#include <map>
#include <optional>
#include <vector>

namespace duodiff::studio
{

/// How long a run will take, from the steps it has run. The networks are timed apart: what is left is the
/// sum over the coming steps of the median time of the network that each will use; a network that has not
/// run yet is taken from the other by their cost in GFLOPs. Where an earlier batch has run the same step,
/// that step's own time is used. Times are counted by the image, so that a smaller last batch fits in.
class TimeEstimate
{
public:
    /// Steps of the first batch after which there is an estimate.
    static constexpr int withheldSteps = 8;

    void begin(const ModelSummary& model, const SamplingSettings& settings);
    void add(const Frame& frame);
    /// t_s was moved.
    void setSwitchStep(int switchStep) { m_settings.switch_step = switchStep; }

    std::optional<double> secondsLeft() const;
    /// Median of the last steps of the whole batch.
    std::optional<double> msPerStep() const;
    /// Images a second that the whole run makes at the rate it has; needs an estimate.
    std::optional<double> imagesPerSecond() const;

    int batches() const { return m_batches; }
    int batch() const { return m_batch; }
    /// Steps of the batch in progress that have run.
    int stepsRun() const { return m_step + 1; }

private:
    int imagesIn(int batch) const;
    NetworkRole networkAt(int step) const;
    std::optional<double> msOfImage(NetworkRole role) const;

    ModelSummary m_model;
    SamplingSettings m_settings;
    int m_batches = 0;
    int m_batch = 0;
    int m_step = -1;
    int m_framesSeen = 0;
    double m_msSpent = 0.0;
    std::vector<double> m_lastMs;                          ///< of the last steps
    std::map<NetworkRole, std::vector<double>> m_imageMs;  ///< of the last steps of each network
    std::vector<double> m_stepMs;                          ///< an image, by step, of the batch before
    std::vector<double> m_stepMsNow;                       ///< likewise, of this one
};

/// The t of step `step` of `steps`: linspace(0, 999, steps), rounded, from above.
int timestepOf(int step, int steps);

}  // namespace duodiff::studio
