// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/exit_data.h"

#include <algorithm>
#include <cmath>

namespace duodiff::ui
{

namespace
{

constexpr std::size_t index(int value)
{
    return static_cast<std::size_t>(value);
}

unsigned networkBit(NetworkRole role)
{
    return 1U << static_cast<unsigned>(role);
}

/// The solvers' rule, n network calls at linspace(0, 999, n) rounded; only expected, the frames say
/// what it was.
int expectedTime(int step, int steps)
{
    const int last = ExitData::timesteps - 1;
    if (steps < 2) {
        return last;
    }
    return static_cast<int>(std::lround(static_cast<double>(steps - 1 - step) * last / (steps - 1)));
}

}  // namespace

void ExitData::begin(const ModelSummary& model, const SamplingSettings& settings)
{
    clear();
    m_depth = std::max(model.depth, 0);
    m_shallowDepth = std::max(model.shallow_depth, 0);
    m_images = std::max(settings.count, 0);
    m_policy = settings.policy;
    m_classNames = model.class_names;
    const int steps = std::clamp(settings.steps, 0, timesteps);
    m_steps.resize(index(steps));
    m_statistics.resize(index(steps));
    m_networks.resize(index(steps));
    for (int step = 0; step < steps; ++step) {
        StepRecord& record = m_steps[index(step)];
        record.step = step;
        record.t = expectedTime(step, steps);
        record.exit_layers.assign(index(m_images), -1);
    }
}

void ExitData::clear()
{
    *this = ExitData();
}

void ExitData::load(const RunRecord& record)
{
    begin(record.model, record.settings);
    for (const StepRecord& source : record.steps) {
        if (source.step < 0 || source.step >= steps()) {
            continue;
        }
        StepRecord& target = m_steps[index(source.step)];
        target.t = source.t;
        target.network = source.network;
        for (std::size_t image = 0; image < source.exit_layers.size(); ++image) {
            m_networks[index(source.step)] |=
                source.exit_layers[image] >= 0 ? networkBit(source.network_of(image)) : 0U;
        }
        const std::size_t shared = std::min(source.exit_layers.size(), target.exit_layers.size());
        std::copy_n(source.exit_layers.begin(), shared, target.exit_layers.begin());
        recount(source.step);
    }
}

std::pair<int, int> ExitData::add(const Frame& frame)
{
    const bool fits = frame.step >= 0 && frame.step < steps() && frame.first_image >= 0 &&
                      index(frame.first_image) + frame.exit_layers.size() <= index(m_images);
    if (!fits) {
        return {0, 0};
    }
    StepRecord& record = m_steps[index(frame.step)];
    const bool moved = record.t != frame.t;
    record.t = frame.t;
    record.network = frame.network;
    m_networks[index(frame.step)] |= networkBit(frame.network);
    std::copy(frame.exit_layers.begin(), frame.exit_layers.end(),
              record.exit_layers.begin() + frame.first_image);
    recount(frame.step);
    return {moved ? std::max(frame.step - 1, 0) : frame.step, frame.step + 1};
}

void ExitData::recount(int step)
{
    ExitStatistics& statistics = m_statistics[index(step)];
    statistics = exit_statistics(m_steps[index(step)]);
    if (statistics.n == 0) {
        return;
    }
    m_last = std::max(m_last, step);
    m_transitionKnown = false;
}

bool ExitData::has(int step) const
{
    return step >= 0 && step < steps() && statistics(step).n > 0;
}

std::pair<int, int> ExitData::span(int step) const
{
    const int upper = std::clamp(this->step(step).t + 1, 1, timesteps);
    const int next = step + 1 < steps() ? this->step(step + 1).t + 1 : 0;
    return {std::clamp(next, 0, upper - 1), upper};
}

int ExitData::stepAt(double t) const
{
    // The steps' times fall; the wanted step is the first one whose span begins at or below t.
    const auto found = std::partition_point(m_steps.begin(), m_steps.end(), [&](const StepRecord& record) {
        return static_cast<double>(span(record.step).first) > t;
    });
    return std::min(static_cast<int>(found - m_steps.begin()), steps() - 1);
}

std::vector<double> ExitData::shares(int step) const
{
    std::vector<double> shares(index(m_depth + 1), 0.0);
    const int n = statistics(step).n;
    for (const std::int16_t layer : this->step(step).exit_layers) {
        if (layer >= 0) {
            shares[index(std::min<int>(layer, m_depth))] += 1.0 / n;
        }
    }
    return shares;
}

std::vector<double> ExitData::meanCurve() const
{
    std::vector<double> means;
    means.reserve(index(reached()));
    for (int step = 0; step < reached(); ++step) {
        if (has(step)) {
            means.push_back(statistics(step).mean);
        }
    }
    return means;
}

const std::optional<PhaseTransition>& ExitData::phaseTransition() const
{
    if (!m_transitionKnown) {
        m_transition = find_phase_transition(meanCurve());
        m_transitionKnown = true;
    }
    return m_transition;
}

std::optional<int> ExitData::transitionStep() const
{
    const auto& transition = phaseTransition();
    if (!transition) {
        return std::nullopt;
    }
    // meanCurve leaves out steps that no image reached, so its index is counted back.
    std::size_t left = transition->index;
    for (int step = 0; step < reached(); ++step) {
        if (has(step) && left-- == 0) {
            return step;
        }
    }
    return std::nullopt;
}

bool ExitData::transitionIsSwitch() const
{
    const std::optional<int> step = transitionStep();
    return step && *step > 0 && networks(*step) != networks(*step - 1);
}

}  // namespace duodiff::ui
