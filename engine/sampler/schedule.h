// SPDX-License-Identifier: MIT
#pragma once

#include "model/bundle.h"

#include <vector>

namespace duodiff
{

/// alpha_bar of a noise schedule, in double precision.
class NoiseSchedule
{
public:
    explicit NoiseSchedule(const ScheduleConfig& config);

    int steps() const { return static_cast<int>(alpha_bar_.size()); }
    double beta(int t) const { return beta_[static_cast<std::size_t>(t)]; }
    /// Product of the alphas up to and with t; 1 for t = -1.
    double alpha_bar(int t) const { return t < 0 ? 1.0 : alpha_bar_[static_cast<std::size_t>(t)]; }

    /// The posterior mean of x_{t-1} as x0 * x_0 + x * x_t (Ho et al., arXiv 2006.11239, eq. 7).
    struct PosteriorMean {
        double x0 = 0.0;
        double x = 0.0;
    };
    PosteriorMean posterior_mean(int t) const;

private:
    std::vector<double> beta_;
    std::vector<double> alpha_bar_;
};

}  // namespace duodiff
