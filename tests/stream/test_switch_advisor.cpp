// SPDX-License-Identifier: GPL-3.0-or-later
#include "stream/switch_advisor.h"

#include "stream/step_plan.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>
#include <vector>

using namespace duodiff;

namespace
{

constexpr int depth = 13;

/// An AdaDiff run whose images leave at about `before` blocks up to step `jump` and `after` from it on.
RunRecord adadiff_run(int steps, int jump, double before, double after, double noise, unsigned seed)
{
    RunRecord record;
    record.settings.policy = PolicyKind::adadiff;
    record.settings.count = 32;
    record.settings.batch = 32;
    record.settings.steps = steps;
    record.model.depth = depth;
    record.model.shallow_depth = 3;
    record.model.has_early_exit = true;
    std::mt19937 generator(seed);
    std::normal_distribution<double> deviation(0.0, noise);
    for (int step = 0; step < steps; ++step) {
        Frame frame;
        frame.step = step;
        frame.t = timestep_of(step, steps);
        frame.network = NetworkRole::early_exit;
        double blocks = 0.0;
        for (int image = 0; image < 32; ++image) {
            const double layer = (step < jump ? before : after) + deviation(generator);
            frame.exit_layers.push_back(
                static_cast<std::int16_t>(std::clamp(std::lround(layer), 0L, static_cast<long>(depth))));
            blocks += frame.exit_layers.back();
        }
        frame.ms = 2.0 + 0.1 * blocks;
        record.add(frame);
    }
    return record;
}

SwitchAdvice advise(const RunRecord& record)
{
    return advise_switch_step(WhatIfIndex(record), record);
}

/// Index of the first step that DuoDiff runs with the full network.
int first_full_step(SamplingSettings settings, int switch_step)
{
    settings.policy = PolicyKind::duodiff;
    settings.switch_step = switch_step;
    int step = 0;
    while (step < settings.steps && network_of_step(settings, step) == NetworkRole::shallow) {
        ++step;
    }
    return step;
}

}  // namespace

TEST_CASE("the switch is found within one solver step, whatever the noise, place and number of steps")
{
    for (const int steps : {20, 50, 250, 1000}) {
        for (const double noise : {0.0, 0.5, 1.5, 3.0}) {
            for (const double place : {0.2, 0.35, 0.5, 0.8}) {
                for (const Compat compat : {Compat::none, Compat::reference}) {
                    const int jump = static_cast<int>(place * steps);
                    RunRecord record =
                        adadiff_run(steps, jump, 2.5, 12.0, noise, static_cast<unsigned>(steps + jump));
                    record.settings.compat = compat;
                    record.settings.solver = SolverKind::ddim;
                    const SwitchAdvice advice = advise(record);
                    REQUIRE(advice.proposal.has_value());
                    const int found = first_full_step(record.settings, advice.proposal->switch_step);
                    CHECK(std::abs(found - jump) <= 1);
                    CHECK(static_cast<std::size_t>(found) == advice.proposal->step);
                    CHECK(advice.reason.empty());
                }
            }
        }
    }
}

TEST_CASE("with a step for every t the proposed t_s is the number of steps before the jump")
{
    const SwitchAdvice advice = advise(adadiff_run(1000, 384, 2.0, 13.0, 0.0, 1));
    REQUIRE(advice.proposal.has_value());
    CHECK(advice.proposal->switch_step == 384);
    CHECK(advice.proposal->t == 999 - 384);
}

TEST_CASE("a proposal tells the share saved and a time below the full network's")
{
    const RunRecord record = adadiff_run(100, 40, 2.0, 13.0, 0.0, 1);
    const SwitchAdvice advice = advise(record);
    REQUIRE(advice.proposal.has_value());
    CHECK(advice.proposal->block_share == doctest::Approx((40.0 * 3 + 60.0 * depth) / (100.0 * depth)));
    CHECK(advice.proposal->saved_share == doctest::Approx(1.0 - advice.proposal->block_share));
    REQUIRE(advice.proposal->predicted_ms.has_value());
    REQUIRE(advice.proposal->full_ms.has_value());
    const double block = 32.0 * 0.1;
    CHECK(*advice.proposal->predicted_ms ==
          doctest::Approx(100 * 2.0 + 40 * 3 * block + 60 * depth * block).epsilon(0.01));
    CHECK(*advice.proposal->full_ms == doctest::Approx(100 * 2.0 + 100 * depth * block).epsilon(0.01));
    CHECK(advice.proposal->caution.empty());
}

TEST_CASE("images that needed more than the shallow network has are a caution")
{
    const SwitchAdvice advice = advise(adadiff_run(100, 40, 6.0, 13.0, 0.5, 1));
    REQUIRE(advice.proposal.has_value());
    CHECK(advice.proposal->caution.find("the shallow network has 3") != std::string::npos);
}

TEST_CASE("nothing is proposed without a reason to, and the reason is told")
{
    const RunRecord good = adadiff_run(100, 40, 2.0, 13.0, 0.5, 1);
    const auto reason = [](const RunRecord& record) {
        const SwitchAdvice advice = advise(record);
        CHECK_FALSE(advice.proposal.has_value());
        return advice.reason;
    };
    RunRecord no_shallow = good;
    no_shallow.model.shallow_depth = 0;
    CHECK(reason(no_shallow).find("no shallow network") != std::string::npos);
    CHECK(reason(adadiff_run(100, 40, 9.0, 9.0, 0.5, 1)).find("no single jump") != std::string::npos);
    CHECK(reason(adadiff_run(100, 40, 13.0, 2.0, 0.5, 1)).find("first steps") != std::string::npos);
    RunRecord duodiff = good;
    duodiff.settings.policy = PolicyKind::duodiff;
    CHECK(reason(duodiff).find("AdaDiff") != std::string::npos);
    RunRecord empty = good;
    empty.steps.clear();
    CHECK(reason(empty).find("no steps") != std::string::npos);
    RunRecord brief = good;
    brief.steps.resize(4);
    CHECK_FALSE(reason(brief).empty());
}

TEST_CASE("the curve of another theta can be asked for a switch")
{
    const RunRecord record = adadiff_run(100, 40, 2.0, 13.0, 0.0, 1);
    std::vector<double> curve(100, 1.0);
    std::fill(curve.begin() + 70, curve.end(), 12.0);
    const SwitchAdvice advice = advise_switch_step(WhatIfIndex(record), record, curve);
    REQUIRE(advice.proposal.has_value());
    CHECK(advice.proposal->step == 70);
}
