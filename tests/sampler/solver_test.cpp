// SPDX-License-Identifier: GPL-3.0-or-later
#include "sampler/solver.h"
#include "base/noise.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/std.h>

#include "support/doctest_torch.h"

#include <cmath>
#include <functional>
#include <vector>

using namespace duodiff;

namespace
{

const std::vector<SolverKind> all_solvers = {SolverKind::ddpm, SolverKind::ddim, SolverKind::dpm_solver_pp,
                                             SolverKind::euler_maruyama};
const std::vector<Parametrization> all_parametrizations = {
    Parametrization::predict_noise, Parametrization::predict_original, Parametrization::predict_previous};

at::Tensor normal(std::int64_t n, std::uint64_t seed, NoiseStream stream, int step)
{
    at::Tensor values = at::empty({n}, at::kFloat);
    fill_normal({values.data_ptr<float>(), static_cast<std::size_t>(n)}, seed, stream,
                static_cast<std::uint32_t>(step));
    return values;
}

/// What a network of this parametrization predicts where the expected x0 is `x0`.
at::Tensor prediction_of(Parametrization parametrization, const NoiseSchedule& schedule, int t,
                         const at::Tensor& x, const at::Tensor& x0)
{
    const double a = schedule.alpha_bar(t);
    const double a_before = schedule.alpha_bar(t - 1);
    switch (parametrization) {
        case Parametrization::predict_noise:
            return (x - x0 * std::sqrt(a)) / std::sqrt(1.0 - a);
        case Parametrization::predict_original:
            return x0;
        case Parametrization::predict_previous:
            return x0 * (std::sqrt(a_before) * schedule.beta(t) / (1.0 - a)) +
                   x * (std::sqrt(1.0 - schedule.beta(t)) * (1.0 - a_before) / (1.0 - a));
    }
    return {};
}

/// Runs a whole trajectory of n scalars with a given best guess of x0 at (t, x).
at::Tensor run(const SolverOptions& options, const NoiseSchedule& schedule, std::int64_t n,
               const std::function<at::Tensor(int, const at::Tensor&)>& guess)
{
    at::Tensor x = normal(n, 1, NoiseStream::initial, 0);
    at::Tensor history;
    int k = 0;
    for (const SolverStep& step : plan_solver(options, schedule)) {
        const at::Tensor prediction =
            prediction_of(options.parametrization, schedule, step.t, x, guess(step.t, x));
        const Advanced next = advance(step, x, prediction, normal(n, 1, NoiseStream::step, k++), history);
        x = next.x;
        history = next.original;
    }
    return x;
}

/// Best guess of x0 for data distributed as N(mean, deviation^2).
std::function<at::Tensor(int, const at::Tensor&)> gaussian_data(const NoiseSchedule& schedule, double mean,
                                                                double deviation)
{
    return [=, &schedule](int t, const at::Tensor& x) {
        const double a = schedule.alpha_bar(t);
        const double gain = std::sqrt(a) * deviation * deviation / (a * deviation * deviation + 1.0 - a);
        return (x - std::sqrt(a) * mean) * gain + mean;
    };
}

}  // namespace

TEST_CASE("n steps are n calls, from T - 1 down to 0, strictly falling, rounded half to even")
{
    for (int n = 1; n <= 1000; ++n) {
        const std::vector<int> t = solver_timesteps({.steps = n}, 1000);
        REQUIRE(static_cast<int>(t.size()) == n);
        REQUIRE(t.front() == 999);
        REQUIRE((n == 1 || t.back() == 0));
        for (std::size_t i = 1; i < t.size(); ++i) {
            REQUIRE(t[i] < t[i - 1]);
        }
    }
    CHECK(solver_timesteps({.steps = 3}, 1000) == std::vector<int>{999, 500, 0});
    CHECK(solver_timesteps({.steps = 7}, 1000) == std::vector<int>{999, 832, 666, 500, 333, 166, 0});
}

TEST_CASE("the reference's DDIM truncates, and never calls the network at t = 0")
{
    const std::vector<int> t =
        solver_timesteps({.kind = SolverKind::ddim, .steps = 17, .compat = Compat::reference}, 1000);
    CHECK(t.size() == 16);
    CHECK(t.front() == 999);
    CHECK(t[1] == 936);  // 936.56
    CHECK(t.back() == 62);
}

TEST_CASE("where the data is one point, every solver ends at that point, whatever it is told to predict")
{
    const NoiseSchedule schedule({});
    for (const SolverKind kind : all_solvers) {
        for (const Parametrization parametrization : all_parametrizations) {
            for (const int steps : {1, 2, 20, 50, 1000}) {
                const SolverOptions options{.kind = kind, .parametrization = parametrization, .steps = steps};
                if (check_solver(options) || (kind == SolverKind::euler_maruyama && steps < 1000)) {
                    continue;
                }
                const at::Tensor x = run(options, schedule, 256, [](int, const at::Tensor& now) {
                    return at::full(now.sizes(), 0.7, now.options());
                });
                // Euler-Maruyama has a discretisation error; the others' last step is x0 itself.
                const double tolerance = kind == SolverKind::euler_maruyama ? 0.02 : 2e-3;
                INFO(display_name(kind) << " " << steps << " " << to_string(parametrization));
                CHECK((x - 0.7).abs().max().item<double>() < tolerance);
            }
        }
    }
}

TEST_CASE("where the data is normal, every solver samples its mean and deviation")
{
    const NoiseSchedule schedule({});
    const double mean = 0.4;
    const double deviation = 0.3;
    const auto guess = gaussian_data(schedule, mean, deviation);
    for (const SolverKind kind : all_solvers) {
        for (const Parametrization parametrization : all_parametrizations) {
            for (const double eta : {0.0, 1.0}) {
                const SolverOptions options{.kind = kind,
                                            .parametrization = parametrization,
                                            .steps = kind == SolverKind::dpm_solver_pp ? 250 : 1000,
                                            .eta = eta};
                if (check_solver(options)) {
                    continue;
                }
                const at::Tensor x = run(options, schedule, 20000, guess);
                INFO(display_name(kind) << " " << to_string(parametrization) << " eta " << eta);
                CHECK(std::abs(x.mean().item<double>() - mean) < 0.02);
                CHECK(std::abs(x.std().item<double>() - deviation) < 0.02);
            }
        }
    }
}

TEST_CASE("DPM-Solver++(2M) halves its error at least with every doubling of its steps")
{
    const NoiseSchedule schedule({});
    const auto guess = gaussian_data(schedule, 0.4, 0.3);
    double before = 0.4;
    for (const int steps : {10, 20, 40}) {
        const at::Tensor x = run({.kind = SolverKind::dpm_solver_pp, .steps = steps}, schedule, 20000, guess);
        const double error = std::abs(x.std().item<double>() - 0.3);
        CHECK(error < before / 2);
        before = error;
    }
    const at::Tensor x = run({.kind = SolverKind::dpm_solver_pp, .steps = 80}, schedule, 20000, guess);
    CHECK(std::abs(x.std().item<double>() - 0.3) < 0.005);  // what 20,000 samples can tell
}

TEST_CASE("DDIM with eta 1 is DDPM, step by step, for any number of steps")
{
    const NoiseSchedule schedule({});
    for (const int steps : {2, 10, 250, 1000}) {
        const auto ddpm = plan_solver({.kind = SolverKind::ddpm, .steps = steps}, schedule);
        const auto ddim = plan_solver({.kind = SolverKind::ddim, .steps = steps, .eta = 1.0}, schedule);
        for (std::size_t i = 0; i < ddpm.size(); ++i) {
            REQUIRE(std::abs(ddpm[i].x - ddim[i].x) < 1e-9 * std::abs(ddpm[i].x) + 1e-9);
            REQUIRE(std::abs(ddpm[i].prediction - ddim[i].prediction) < 1e-7);
            REQUIRE(std::abs(ddpm[i].noise - ddim[i].noise) < 1e-9);
        }
    }
}

TEST_CASE("what makes no sense is refused in words")
{
    const auto refused = [](SolverOptions options) {
        const auto failure = check_solver(options);
        return failure && failure->code == ErrorCode::usage && failure->what.size() > 10;
    };
    CHECK(refused({.steps = 0}));
    CHECK(refused({.steps = 1001}));
    CHECK(refused({.steps = -3}));
    CHECK(refused({.kind = SolverKind::ddim, .eta = -0.1}));
    CHECK(refused({.kind = SolverKind::ddim, .eta = std::nan("")}));
    CHECK(refused({.kind = SolverKind::ddpm, .eta = 0.5}));
    for (const SolverKind kind : all_solvers) {
        CHECK(refused({.kind = kind, .parametrization = Parametrization::predict_previous, .steps = 50}));
    }
    CHECK(refused({.kind = SolverKind::ddim, .parametrization = Parametrization::predict_previous}));
    CHECK(refused({.kind = SolverKind::ddim, .eta = 0.5, .compat = Compat::reference}));
    CHECK(refused({.kind = SolverKind::dpm_solver_pp, .steps = 20, .compat = Compat::reference}));
    CHECK(refused({.kind = SolverKind::ddpm, .steps = 50, .compat = Compat::reference}));
    CHECK_FALSE(check_solver({.parametrization = Parametrization::predict_previous}));
}

TEST_CASE("a scaled linear schedule is linear in the root of beta and ends where it should")
{
    const NoiseSchedule schedule({ScheduleConfig::Kind::scaled_linear, 0.00085, 0.012, 1000});
    CHECK(schedule.beta(0) == doctest::Approx(0.00085));
    CHECK(schedule.beta(999) == doctest::Approx(0.012));
    const double middle = 0.5 * (std::sqrt(schedule.beta(499)) + std::sqrt(schedule.beta(500)));
    CHECK(middle == doctest::Approx(0.5 * (std::sqrt(0.00085) + std::sqrt(0.012))));
    CHECK(schedule.alpha_bar(-1) == 1.0);
}
