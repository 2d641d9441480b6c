// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"
#include "sampler/schedule.h"
#include "stream/settings.h"

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

namespace duodiff
{

/// One step of a solver at timestep t. Every solver here is linear in what it is given, so a step is a
/// handful of numbers:
///
///     x0      = x0_x * x + x0_prediction * prediction
///     x_next  = x * x + prediction * prediction + history * (x0 of the step before) + noise * z
///
/// with z standard normal.
struct SolverStep {
    int t = 0;
    double x = 0.0;
    double prediction = 0.0;
    double history = 0.0;
    double noise = 0.0;
    double x0_x = 0.0;
    double x0_prediction = 0.0;
};

/// What decides a solver's steps.
struct SolverOptions {
    SolverKind kind = SolverKind::ddpm;
    Parametrization parametrization = Parametrization::predict_noise;
    int steps = 1000;
    double eta = 0.0;  ///< DDIM
    Compat compat = Compat::none;
};

/// Why these options make no sense together, in words; nothing where they do.
std::optional<Failure> check_solver(const SolverOptions& options);

/// The timesteps at which the network is called, first to last: linspace(0, T - 1, n) rounded half to
/// even, reversed; one step alone is at T - 1. In compat mode the reference's own rules.
std::vector<int> solver_timesteps(const SolverOptions& options, int schedule_steps);

/// All steps of a run. Formulas: DDPM, Ho et al. (arXiv 2006.11239) eq. 7 with the posterior variance,
/// between any two timesteps; DDIM, Song et al. (2010.02502) eq. 12 and 16; DPM-Solver++(2M), Lu et al.
/// (2211.01095) algorithm 2, its last step of first order; Euler-Maruyama, the reverse VP SDE of Song et
/// al. (2011.13456) with the discrete schedule's beta_t a unit step, its last step without noise.
/// Throws EngineError(usage) where check_solver finds fault.
std::vector<SolverStep> plan_solver(const SolverOptions& options, const NoiseSchedule& schedule);

/// What a step gives, both (B, C, H, W).
struct Advanced {
    at::Tensor x;         ///< x_next
    at::Tensor original;  ///< x0 as this step's prediction has it
};

/// `before` is the x0 of the step before, and may be undefined where step.history is 0; likewise `z` where
/// step.noise is.
Advanced advance(const SolverStep& step, const at::Tensor& x, const at::Tensor& prediction,
                 const at::Tensor& z, const at::Tensor& before);

/// The same in one kernel of a GPU, which draws z of solver step `k` by itself where `z` is undefined and
/// `seeds` are given (see NoiseSource::seeds). Equal to `advance` up to one rounding a term.
Advanced advance_fused(const SolverStep& step, int k, const at::Tensor& x, const at::Tensor& prediction,
                       const at::Tensor& z, const at::Tensor& seeds, const at::Tensor& before);

}  // namespace duodiff
