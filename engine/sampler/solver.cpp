// SPDX-License-Identifier: MIT
#include "sampler/solver.h"

#include "base/noise.h"
#include "cuda/ops.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/linspace.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace duodiff
{
namespace
{

/// x0 as a linear combination of x_t and the prediction.
struct Original {
    double x = 0.0;
    double prediction = 0.0;
};

Original original(Parametrization parametrization, const NoiseSchedule& schedule, int t)
{
    const double a = schedule.alpha_bar(t);
    switch (parametrization) {
        case Parametrization::predict_noise:
            return {1.0 / std::sqrt(a), -std::sqrt(1.0 - a) / std::sqrt(a)};
        case Parametrization::predict_original:
            return {0.0, 1.0};
        case Parametrization::predict_previous: {
            // The posterior mean solved for x0.
            const NoiseSchedule::PosteriorMean mean = schedule.posterior_mean(t);
            return {-mean.x / mean.x0, 1.0 / mean.x0};
        }
    }
    return {};
}

/// x_s = on_x * x_t + on_x0 * x0 + ..., rewritten over (x_t, prediction).
void set_mean(SolverStep& step, double on_x, double on_x0)
{
    step.x = on_x + on_x0 * step.x0_x;
    step.prediction = on_x0 * step.x0_prediction;
}

void plan_ddpm(SolverStep& step, const NoiseSchedule& schedule, int s)
{
    const double a = schedule.alpha_bar(step.t);
    const double a_s = schedule.alpha_bar(s);
    const double alpha = a / a_s;  // product of the alphas in (s, t]
    set_mean(step, std::sqrt(alpha) * (1.0 - a_s) / (1.0 - a), std::sqrt(a_s) * (1.0 - alpha) / (1.0 - a));
    step.noise = std::sqrt((1.0 - alpha) * (1.0 - a_s) / (1.0 - a));
}

void plan_ddim(SolverStep& step, const NoiseSchedule& schedule, int s, double eta)
{
    const double a = schedule.alpha_bar(step.t);
    const double a_s = schedule.alpha_bar(s);
    const double sigma = eta * std::sqrt((1.0 - a_s) / (1.0 - a)) * std::sqrt(1.0 - a / a_s);
    // eps = (x_t - sqrt(a) x0) / sqrt(1 - a)
    const double on_eps = std::sqrt(std::max(0.0, 1.0 - a_s - sigma * sigma));
    const double eps_x = 1.0 / std::sqrt(1.0 - a);
    const double eps_x0 = -std::sqrt(a) / std::sqrt(1.0 - a);
    set_mean(step, on_eps * eps_x, std::sqrt(a_s) + on_eps * eps_x0);
    step.noise = sigma;
}

double half_log_snr(const NoiseSchedule& schedule, int t)
{
    const double a = schedule.alpha_bar(t);
    return 0.5 * (std::log(a) - std::log1p(-a));
}

/// Algorithm 2 of "DPM-Solver++" (arXiv 2211.01095). Without `before` the step is of first order: the first
/// one, which has no history, and the one into t = 0, where steps that are even in t are up to ten times
/// longer in log-SNR than the step before and the extrapolation overshoots. (On the bundled model the
/// distance from the ODE's solution falls to a half at 10 and 20 steps, and to 0.6 at 50.)
void plan_dpm_solver_pp(SolverStep& step, const NoiseSchedule& schedule, int s, int before)
{
    if (s < 0) {
        set_mean(step, 0.0, 1.0);  // h is infinite: x_s is x0
        return;
    }
    const double h = half_log_snr(schedule, s) - half_log_snr(schedule, step.t);
    const double on_x = std::sqrt((1.0 - schedule.alpha_bar(s)) / (1.0 - schedule.alpha_bar(step.t)));
    const double on_data = -std::sqrt(schedule.alpha_bar(s)) * std::expm1(-h);
    if (before < 0) {
        set_mean(step, on_x, on_data);
        return;
    }
    const double r = (half_log_snr(schedule, step.t) - half_log_snr(schedule, before)) / h;
    set_mean(step, on_x, on_data * (1.0 + 0.5 / r));
    step.history = -on_data * 0.5 / r;
}

void plan_euler_maruyama(SolverStep& step, const NoiseSchedule& schedule, int s)
{
    const double h = step.t - s;
    const double beta = schedule.beta(step.t);
    const double a = schedule.alpha_bar(step.t);
    // score = (sqrt(a) x0 - x_t) / (1 - a)
    set_mean(step, 1.0 + h * beta * (0.5 - 1.0 / (1.0 - a)), h * beta * std::sqrt(a) / (1.0 - a));
    step.noise = s < 0 ? 0.0 : std::sqrt(h * beta);
}

std::vector<int> reference_ddim_timesteps(int steps, int schedule_steps)
{
    const at::Tensor line = at::linspace(0, schedule_steps - 1, steps, at::kFloat).to(at::kLong);
    const auto* values = line.const_data_ptr<std::int64_t>();
    std::vector<int> timesteps;
    for (int i = steps - 1; i >= 0; --i) {
        timesteps.push_back(static_cast<int>(values[i]));
    }
    return timesteps;
}

Failure refusal(std::string what, std::string remedy)
{
    return {ErrorCode::usage, std::move(what), {}, std::move(remedy)};
}

}  // namespace

std::optional<Failure> check_solver(const SolverOptions& options)
{
    if (options.steps < 1 || options.steps > 1000) {
        return refusal(fmt::format("{} solver steps are not possible", options.steps),
                       "Choose from 1 to 1000 steps.");
    }
    if (!(options.eta >= 0.0) || options.eta > 1.0) {
        return refusal(fmt::format("eta is {}, but has to lie between 0 and 1", options.eta), {});
    }
    if (options.eta > 0.0 && options.kind != SolverKind::ddim) {
        return refusal(fmt::format("eta belongs to DDIM; {} has none", display_name(options.kind)),
                       "Leave eta at 0, or sample with DDIM.");
    }
    if (options.parametrization == Parametrization::predict_previous) {
        if (options.kind != SolverKind::ddpm) {
            return refusal(
                fmt::format("a model that predicts x_(t-1) knows one step back only, which {} cannot use",
                            display_name(options.kind)),
                "Sample with DDPM and 1000 steps.");
        }
        if (options.steps != 1000) {
            return refusal(
                fmt::format("a model that predicts x_(t-1) knows one step back only and cannot skip any, "
                            "as {} steps would",
                            options.steps),
                "Sample with 1000 steps.");
        }
    }
    if (options.compat == Compat::reference) {
        if (options.kind != SolverKind::ddpm && options.kind != SolverKind::ddim) {
            return refusal(fmt::format("the reference program has no {}", display_name(options.kind)),
                           "Leave out --compat reference, or sample with DDPM or DDIM.");
        }
        if (options.kind == SolverKind::ddpm && options.steps != 1000) {
            return refusal("the reference program runs DDPM with 1000 steps only",
                           "Leave out --compat reference, or use 1000 steps.");
        }
        if (options.kind == SolverKind::ddim && options.steps < 2) {
            return refusal(
                "the reference program's DDIM needs 2 steps at least, since it never denoises t = 0", {});
        }
        if (options.eta > 0.0) {
            return refusal(
                "the reference program's eta is wrong (it multiplies the noise by the variance, and its last "
                "step is NaN), so it is not reproduced",
                "Leave out --compat reference, or set eta to 0.");
        }
    }
    return std::nullopt;
}

std::vector<int> solver_timesteps(const SolverOptions& options, int schedule_steps)
{
    const int last = schedule_steps - 1;
    if (options.compat == Compat::reference && options.kind == SolverKind::ddim) {
        std::vector<int> timesteps = reference_ddim_timesteps(options.steps, schedule_steps);
        timesteps.pop_back();  // t = 0 itself is never denoised
        return timesteps;
    }
    if (options.steps == 1) {
        return {last};
    }
    std::vector<int> timesteps;
    for (int i = options.steps - 1; i >= 0; --i) {
        timesteps.push_back(
            static_cast<int>(std::nearbyint(static_cast<double>(i) * last / (options.steps - 1))));
    }
    return timesteps;
}

std::vector<SolverStep> plan_solver(const SolverOptions& options, const NoiseSchedule& schedule)
{
    if (const auto failure = check_solver(options)) {
        throw EngineError(*failure);
    }
    const std::vector<int> timesteps = solver_timesteps(options, schedule.steps());
    const bool ends_at_zero = options.compat == Compat::reference && options.kind == SolverKind::ddim;
    std::vector<SolverStep> steps;
    for (std::size_t i = 0; i < timesteps.size(); ++i) {
        const bool is_last = i + 1 == timesteps.size();
        const int s = !is_last ? timesteps[i + 1] : ends_at_zero ? 0 : -1;
        SolverStep step;
        step.t = timesteps[i];
        const Original x0 = original(options.parametrization, schedule, step.t);
        step.x0_x = x0.x;
        step.x0_prediction = x0.prediction;
        switch (options.kind) {
            case SolverKind::ddpm:
                plan_ddpm(step, schedule, s);
                break;
            case SolverKind::ddim:
                plan_ddim(step, schedule, s, options.eta);
                break;
            case SolverKind::dpm_solver_pp:
                plan_dpm_solver_pp(step, schedule, s, i == 0 || s == 0 ? -1 : timesteps[i - 1]);
                break;
            case SolverKind::euler_maruyama:
                plan_euler_maruyama(step, schedule, s);
                break;
        }
        steps.push_back(step);
    }
    return steps;
}

Advanced advance(const SolverStep& step, const at::Tensor& x, const at::Tensor& prediction,
                 const at::Tensor& z, const at::Tensor& before)
{
    at::Tensor next = (x * step.x).add_(prediction, step.prediction);
    if (step.history != 0.0) {
        next.add_(before, step.history);
    }
    if (step.noise != 0.0) {
        next.add_(z, step.noise);
    }
    return {next, (x * step.x0_x).add_(prediction, step.x0_prediction)};
}

Advanced advance_fused(const SolverStep& step, int k, const at::Tensor& x, const at::Tensor& prediction,
                       const at::Tensor& z, const at::Tensor& seeds, const at::Tensor& before)
{
    const cuda::SolverCoefficients coefficients{
        static_cast<float>(step.x),       static_cast<float>(step.prediction),
        static_cast<float>(step.history), static_cast<float>(step.noise),
        static_cast<float>(step.x0_x),    static_cast<float>(step.x0_prediction)};
    const cuda::SolverOutput out = cuda::solve({.x = x.contiguous(),
                                                .prediction = prediction.contiguous(),
                                                .before = before,
                                                .z = z,
                                                .seeds = seeds,
                                                .noise_stream = static_cast<std::uint32_t>(NoiseStream::step),
                                                .step = static_cast<std::uint32_t>(k)},
                                               coefficients);
    return {out.next, out.original};
}

}  // namespace duodiff
