// SPDX-License-Identifier: GPL-3.0-or-later
#include "checkpoint/checkpoint.h"
#include "session/engine.h"
#include "session/jobs.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/lt.h>
#include <ATen/ops/mean.h>

#include "support/doctest_torch.h"
#include "support/golden.h"
#include "support/test_paths.h"

using namespace duodiff;

namespace
{

constexpr double sample_tolerance = 1e-3;
constexpr double equal_exits = 0.995;
constexpr double equal_images = 0.95;

double share_of_equal(const at::Tensor& a, const at::Tensor& b)
{
    return a.eq(b).to(at::kDouble).mean().item<double>();
}

/// Share of the images whose largest difference is below the tolerance of the largest value of all.
double share_of_close_images(const at::Tensor& actual, const at::Tensor& expected)
{
    const double largest = expected.abs().max().item<double>();
    const at::Tensor worst = (actual - expected).abs().flatten(1).amax(1);
    return worst.lt(sample_tolerance * largest).to(at::kDouble).mean().item<double>();
}

}  // namespace

TEST_CASE("every golden trajectory is followed to the end")
{
    const test::TemporaryFolder folder;
    int trajectories = 0;
    for (const test::GoldenTrajectory& trajectory : test::golden_trajectories()) {
        INFO(trajectory.file.string());
        const auto engine = make_engine();
        engine->open({.model = trajectory.model,
                      .late_model = trajectory.late_model,
                      .config = {},
                      .late_config = {}});
        test::FrameLog log;
        const RunOutcome outcome = engine->sample(trajectory.settings, 1, log);
        REQUIRE(outcome.record.state == RunState::done);
        save_tensors(folder / "out.safetensors", outcome);
        const auto actual = read_tensors(folder / "out.safetensors");
        const auto expected = read_tensors(trajectory.file);
        REQUIRE(actual.at("samples").sizes() == expected.at("samples").sizes());
        if (trajectory.settings.policy == PolicyKind::adadiff) {
            REQUIRE(actual.at("exit_layers").sizes() == expected.at("exit_layers").sizes());
            CHECK(share_of_equal(actual.at("exit_layers"), expected.at("exit_layers")) >= equal_exits);
            CHECK(share_of_close_images(actual.at("samples"), expected.at("samples")) >= equal_images);
        } else {
            CHECK(test::relative_error(actual.at("samples"), expected.at("samples")) < sample_tolerance);
        }
        ++trajectories;
    }
    CHECK(trajectories >= 3);
}
