// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/time_estimate.h"

#include <algorithm>
#include <cmath>

namespace duodiff::studio
{

namespace
{

constexpr std::size_t window = 25;

void keepLast(std::vector<double>& values, double value)
{
    if (values.size() == window) {
        values.erase(values.begin());
    }
    values.push_back(value);
}

double median(std::vector<double> values)
{
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

}  // namespace

int timestepOf(int step, int steps)
{
    if (steps <= 1) {
        return 999;
    }
    return static_cast<int>(std::lround(999.0 * (steps - 1 - step) / (steps - 1)));
}

void TimeEstimate::begin(const ModelSummary& model, const SamplingSettings& settings)
{
    *this = TimeEstimate();
    m_model = model;
    m_settings = settings;
    const int batch = std::max(1, settings.batch);
    m_batches = (settings.count + batch - 1) / batch;
    m_stepMsNow.assign(static_cast<std::size_t>(settings.steps), 0.0);
}

int TimeEstimate::imagesIn(int batch) const
{
    return std::clamp(m_settings.count - batch * m_settings.batch, 0, m_settings.batch);
}

void TimeEstimate::add(const Frame& frame)
{
    const double images = static_cast<double>(std::max<std::size_t>(1, frame.exit_layers.size()));
    if (frame.batch != m_batch) {
        m_stepMs = m_stepMsNow;
        m_batch = frame.batch;
    }
    m_step = frame.step;
    ++m_framesSeen;
    m_msSpent += frame.ms;
    keepLast(m_lastMs, frame.ms);
    keepLast(m_imageMs[frame.network], frame.ms / images);
    if (frame.step >= 0 && static_cast<std::size_t>(frame.step) < m_stepMsNow.size()) {
        m_stepMsNow[static_cast<std::size_t>(frame.step)] = frame.ms / images;
    }
}

NetworkRole TimeEstimate::networkAt(int step) const
{
    switch (m_settings.policy) {
        case PolicyKind::duodiff:
            return timestepOf(step, m_settings.steps) >= 1000 - m_settings.switch_step ? NetworkRole::shallow
                                                                                       : NetworkRole::full;
        case PolicyKind::adadiff:
        case PolicyKind::static_layer:
            return NetworkRole::early_exit;
        case PolicyKind::full:
            break;
    }
    return NetworkRole::full;
}

std::optional<double> TimeEstimate::msOfImage(NetworkRole role) const
{
    const auto own = m_imageMs.find(role);
    if (own != m_imageMs.end()) {
        return median(own->second);
    }
    const auto other = m_imageMs.find(role == NetworkRole::full ? NetworkRole::shallow : NetworkRole::full);
    const double full = m_model.full_gflops;
    const double shallow = m_model.shallow_gflops;
    if (other == m_imageMs.end() || full <= 0.0 || shallow <= 0.0) {
        return std::nullopt;
    }
    return median(other->second) * (role == NetworkRole::full ? full / shallow : shallow / full);
}

std::optional<double> TimeEstimate::secondsLeft() const
{
    if (m_framesSeen < std::min(withheldSteps, m_settings.steps)) {
        return std::nullopt;
    }
    double ms = 0.0;
    for (int batch = m_batch; batch < m_batches; ++batch) {
        double ofImage = 0.0;
        for (int step = batch == m_batch ? m_step + 1 : 0; step < m_settings.steps; ++step) {
            // Steps of DuoDiff change with t_s; its networks are known well enough by themselves.
            if (!m_stepMs.empty() && m_settings.policy != PolicyKind::duodiff) {
                ofImage += m_stepMs[static_cast<std::size_t>(step)];
                continue;
            }
            const auto one = msOfImage(networkAt(step));
            if (!one) {
                return std::nullopt;
            }
            ofImage += *one;
        }
        ms += ofImage * imagesIn(batch);
    }
    return ms / 1000.0;
}

std::optional<double> TimeEstimate::msPerStep() const
{
    return m_lastMs.empty() ? std::nullopt : std::optional(median(m_lastMs));
}

std::optional<double> TimeEstimate::imagesPerSecond() const
{
    const auto left = secondsLeft();
    const double whole = left ? m_msSpent / 1000.0 + *left : 0.0;
    return whole > 0.0 ? std::optional(m_settings.count / whole) : std::nullopt;
}

}  // namespace duodiff::studio
