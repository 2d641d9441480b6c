// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/frame.h"
#include "stream/phase_transition.h"
#include "stream/run_record.h"

#include <optional>
#include <utility>
#include <vector>

namespace duodiff::ui
{

/// What the exit-layer plot draws: the exit layers of a run by step, and the stretch of time that each
/// step stands for. All batches of a run add to the same steps.
class ExitData
{
public:
    /// Exclusive upper end of the time axis.
    static constexpr int timesteps = 1000;

    void begin(const ModelSummary& model, const SamplingSettings& settings);
    void load(const RunRecord& record);
    void clear();

    /// Returns the steps whose column has changed: the frame's own, and its neighbour before it where
    /// the timestep was not the expected one. Frames that do not fit the run are ignored (empty).
    std::pair<int, int> add(const Frame& frame);

    bool isOpen() const { return m_depth > 0; }
    bool isEmpty() const { return m_last < 0; }
    int depth() const { return m_depth; }
    int shallowDepth() const { return m_shallowDepth; }
    int steps() const { return static_cast<int>(m_steps.size()); }
    int images() const { return m_images; }
    PolicyKind policy() const { return m_policy; }
    const std::vector<std::string>& classNames() const { return m_classNames; }

    /// The latest step that any batch has reached; -1: none.
    int lastStep() const { return m_last; }
    int reached() const { return m_last + 1; }
    bool has(int step) const;
    const StepRecord& step(int step) const { return m_steps[static_cast<std::size_t>(step)]; }
    const ExitStatistics& statistics(int step) const { return m_statistics[static_cast<std::size_t>(step)]; }

    /// The half-open stretch of time [first, second) that the step stands for: its own t and those
    /// below it that the solver jumps over.
    std::pair<int, int> span(int step) const;
    /// The step whose span holds `t`; t beyond either end gives the first or last step.
    int stepAt(double t) const;
    /// The networks that the step's images used, a bit (1 << role) each: more than one where t_s was
    /// moved between two batches.
    unsigned networks(int step) const { return m_networks[static_cast<std::size_t>(step)]; }
    /// Share of the images that left after `layer` blocks, 0..1.
    std::vector<double> shares(int step) const;

    /// Over the steps reached so far.
    std::vector<double> meanCurve() const;
    const std::optional<PhaseTransition>& phaseTransition() const;
    /// The first step of the second level.
    std::optional<int> transitionStep() const;
    /// Whether the network changes there: then the policy made the jump, not the images.
    bool transitionIsSwitch() const;

private:
    void recount(int step);

    int m_depth = 0;
    int m_shallowDepth = 0;
    int m_images = 0;
    int m_last = -1;
    PolicyKind m_policy = PolicyKind::full;
    std::vector<std::string> m_classNames;
    std::vector<StepRecord> m_steps;
    std::vector<ExitStatistics> m_statistics;
    std::vector<unsigned> m_networks;
    mutable std::optional<PhaseTransition> m_transition;
    mutable bool m_transitionKnown = false;
};

}  // namespace duodiff::ui
