// SPDX-License-Identifier: GPL-3.0-or-later
#include "run_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace duodiff::cli
{
namespace
{

constexpr int steps_before_estimate = 5;
constexpr double memory_of_rate = 32.0;  ///< steps over which a rate is averaged

}  // namespace

void RunProgress::Rate::add(double value)
{
    ++steps;
    ms += (value - ms) / std::min<double>(steps, memory_of_rate);
}

RunProgress::RunProgress(const SamplingSettings& settings, int full_depth, int shallow_depth)
    : settings_(settings),
      depth_ratio_(full_depth > 0 && shallow_depth > 0 ? static_cast<double>(shallow_depth) / full_depth
                                                       : 1.0)
{
}

void RunProgress::add(const Frame& frame)
{
    const double images = std::max<double>(1.0, static_cast<double>(frame.exit_layers.size()));
    if (frame.batch != batch_) {
        profile_ = std::move(in_progress_);
        in_progress_.clear();
        batch_ = frame.batch;
    }
    in_progress_.push_back(frame.ms / images);
    (frame.network == NetworkRole::shallow ? shallow_ : full_).add(frame.ms / images);
    steps_done_ = frame.step + 1;
    ++all_steps_;
    last_step_ms_ = frame.ms;
}

int RunProgress::batch_size(int batch) const
{
    return std::clamp(settings_.count - batch * settings_.batch, 0, settings_.batch);
}

double RunProgress::image_step_ms(NetworkRole network) const
{
    const bool shallow = network == NetworkRole::shallow;
    const Rate& own = shallow ? shallow_ : full_;
    if (own.steps > 0) {
        return own.ms;
    }
    return shallow ? full_.ms * depth_ratio_ : shallow_.ms / depth_ratio_;
}

double RunProgress::rest_of_batch_ms() const
{
    if (profile_.size() == static_cast<std::size_t>(settings_.steps)) {
        return std::accumulate(profile_.begin() + steps_done_, profile_.end(), 0.0) * batch_size(batch_);
    }
    const int left = settings_.steps - steps_done_;
    int shallow_left = 0;
    if (settings_.policy == PolicyKind::duodiff) {
        // t falls evenly from 999 to 0, and the shallow network runs while t >= 1000 - t_s.
        const int shallow_steps = static_cast<int>(
            std::lround(settings_.steps * static_cast<double>(settings_.switch_step) / 1000.0));
        shallow_left = std::clamp(shallow_steps - steps_done_, 0, left);
    }
    return batch_size(batch_) * (shallow_left * image_step_ms(NetworkRole::shallow) +
                                 (left - shallow_left) * image_step_ms(NetworkRole::full));
}

std::optional<double> RunProgress::remaining_ms() const
{
    if (all_steps_ < steps_before_estimate) {
        return std::nullopt;
    }
    const double rest = rest_of_batch_ms();
    const double done = std::accumulate(in_progress_.begin(), in_progress_.end(), 0.0);
    const double an_image = done + rest / std::max(1, batch_size(batch_));
    const int later_images =
        std::max(0, settings_.count - std::min(settings_.count, (batch_ + 1) * settings_.batch));
    return rest + an_image * later_images;
}

std::string RunProgress::text() const
{
    std::string line =
        fmt::format("images {}/{}  step {}/{}", images_done_, settings_.count, steps_done_, settings_.steps);
    if (last_step_ms_ > 0.0) {
        const double rate = 1000.0 / last_step_ms_;
        line += rate >= 1.0 ? fmt::format("  {:.3g} steps/s", rate)
                            : fmt::format("  {:.3g} s/step", last_step_ms_ / 1000.0);
    }
    if (const auto remaining = remaining_ms()) {
        line += "  ETA " + clock_text(*remaining);
    }
    return line;
}

std::string clock_text(double milliseconds)
{
    const auto seconds = static_cast<long long>(std::llround(std::max(0.0, milliseconds) / 1000.0));
    return seconds < 3600 ? fmt::format("{}:{:02}", seconds / 60, seconds % 60)
                          : fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

}  // namespace duodiff::cli
