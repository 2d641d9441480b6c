// SPDX-License-Identifier: MIT
#include "evaluate/forward_process.h"

#include "base/noise.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

#include <cmath>

namespace duodiff
{

NoisyImages add_noise(const at::Tensor& images, const at::Tensor& noise, int t, const NoiseSchedule& schedule,
                      Parametrization parametrization)
{
    const double now = schedule.alpha_bar(t);
    NoisyImages noisy;
    noisy.x = images * std::sqrt(now) + noise * std::sqrt(1.0 - now);
    switch (parametrization) {
        case Parametrization::predict_noise:
            noisy.target = noise;
            break;
        case Parametrization::predict_original:
            noisy.target = images;
            break;
        case Parametrization::predict_previous: {
            const NoiseSchedule::PosteriorMean mean = schedule.posterior_mean(t);
            noisy.target = images * mean.x0 + noisy.x * mean.x;
            break;
        }
    }
    return noisy;
}

at::Tensor evaluation_noise(std::uint64_t seed, const std::vector<std::uint32_t>& examples, int t,
                            at::IntArrayRef image)
{
    std::vector<std::int64_t> shape = {static_cast<std::int64_t>(examples.size())};
    shape.insert(shape.end(), image.begin(), image.end());
    at::Tensor noise = at::empty(shape, at::kFloat);
    const auto values = static_cast<std::size_t>(noise.numel()) / examples.size();
    for (std::size_t i = 0; i < examples.size(); ++i) {
        fill_normal({noise.data_ptr<float>() + i * values, values}, seed, NoiseStream::probe,
                    static_cast<std::uint32_t>(t), examples[i]);
    }
    return noise;
}

}  // namespace duodiff
