// SPDX-License-Identifier: MIT
#include "train/optimizer.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/clamp_min.h>
#include <ATen/ops/full.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/norm.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace duodiff
{

double learning_rate_at(const TrainConfig& config, std::int64_t step)
{
    const TrainConfig::Optimizer& o = config.optimizer;
    if (step < o.warmup_steps) {
        return o.learning_rate * static_cast<double>(step + 1) / static_cast<double>(o.warmup_steps);
    }
    if (o.decay == RateDecay::constant) {
        return o.learning_rate;
    }
    const auto rest = static_cast<double>(std::max<std::int64_t>(1, config.training.steps - o.warmup_steps));
    const double done = std::min(1.0, static_cast<double>(step - o.warmup_steps) / rest);
    return o.final_learning_rate +
           (o.learning_rate - o.final_learning_rate) * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
}

double ema_decay_at(const TrainConfig& config, std::int64_t step)
{
    const auto s = static_cast<double>(step);
    return std::min(config.training.ema_decay, (1.0 + s) / (10.0 + s));
}

at::Tensor update(Parameters& parameters, const TrainConfig& config, std::int64_t step)
{
    const at::NoGradGuard no_grad;
    const TrainConfig::Optimizer& o = config.optimizer;
    const at::Tensor norm = at::norm(parameters.gradients());
    std::optional<at::Tensor> divisor;
    if (o.gradient_clip > 0.0) {
        divisor = at::clamp_min((norm + 1e-6) / o.gradient_clip, 1.0);
    }
    const at::Tensor broken = at::isfinite(norm).logical_not().to(at::kFloat);
    const at::Tensor count = at::full({}, static_cast<double>(step + 1), norm.options());

    const std::int64_t decayed = parameters.decayed();
    const std::array<std::array<std::int64_t, 2>, 2> groups = {
        {{0, decayed}, {decayed, parameters.count() - decayed}}};
    for (std::size_t g = 0; g < groups.size(); ++g) {
        const auto [first, length] = groups[g];
        if (length == 0) {
            continue;
        }
        const auto part = [first = first, length = length](const at::Tensor& piece) {
            return piece.narrow(0, first, length);
        };
        const std::vector<at::Tensor> values = {part(parameters.values())};
        const std::vector<at::Tensor> gradients = {part(parameters.gradients())};
        const std::vector<at::Tensor> first_moments = {part(parameters.first_moment())};
        const std::vector<at::Tensor> second_moments = {part(parameters.second_moment())};
        const std::vector<at::Tensor> counts = {count.clone()};
        at::_fused_adamw_(values, gradients, first_moments, second_moments, {}, counts,
                          learning_rate_at(config, step), o.beta1, o.beta2, g == 0 ? o.weight_decay : 0.0,
                          o.eps, /*amsgrad=*/false, /*maximize=*/false, divisor, broken);
    }
    at::Tensor average = parameters.average();
    average.lerp_(parameters.values(), 1.0 - ema_decay_at(config, step));
    return norm;
}

}  // namespace duodiff
