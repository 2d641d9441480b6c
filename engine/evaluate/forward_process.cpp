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
            const double before = schedule.alpha_bar(t - 1);
            const double beta = schedule.beta(t);
            noisy.target = images * (std::sqrt(before) * beta / (1.0 - now)) +
                           noisy.x * (std::sqrt(1.0 - beta) * (1.0 - before) / (1.0 - now));
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
