// SPDX-License-Identifier: MIT
#include "sampler/schedule.h"

#include <cmath>

namespace duodiff
{

NoiseSchedule::NoiseSchedule(const ScheduleConfig& config)
{
    const bool scaled = config.kind == ScheduleConfig::Kind::scaled_linear;
    const double first = scaled ? std::sqrt(config.beta_start) : config.beta_start;
    const double last = scaled ? std::sqrt(config.beta_end) : config.beta_end;
    double product = 1.0;
    for (int t = 0; t < config.steps; ++t) {
        const double value = first + (last - first) * t / (config.steps - 1);
        beta_.push_back(scaled ? value * value : value);
        product *= 1.0 - beta_.back();
        alpha_bar_.push_back(product);
    }
}

NoiseSchedule::PosteriorMean NoiseSchedule::posterior_mean(int t) const
{
    const double now = alpha_bar(t);
    const double before = alpha_bar(t - 1);
    return {std::sqrt(before) * beta(t) / (1.0 - now),
            std::sqrt(1.0 - beta(t)) * (1.0 - before) / (1.0 - now)};
}

}  // namespace duodiff
