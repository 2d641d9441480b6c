// SPDX-License-Identifier: MIT
#pragma once

#include "sampler/schedule.h"
#include "stream/settings.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace duodiff
{

/// Images with noise at one t, and what a network is asked to predict of them.
struct NoisyImages {
    at::Tensor x;       ///< (B, C, H, W), as `images`
    at::Tensor target;  ///< likewise
};

/// x_t = sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) noise (Ho et al., arXiv 2006.11239, eq. 4); the target is
/// the noise, x_0, or the posterior mean of x_{t-1} (eq. 7).
NoisyImages add_noise(const at::Tensor& images, const at::Tensor& noise, int t, const NoiseSchedule& schedule,
                      Parametrization parametrization);

/// Noise for examples of a data set, (B, C, H, W): a function of (seed, number of the example, t) alone.
at::Tensor evaluation_noise(std::uint64_t seed, const std::vector<std::uint32_t>& examples, int t,
                            at::IntArrayRef image);

}  // namespace duodiff
