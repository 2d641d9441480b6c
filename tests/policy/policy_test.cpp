// SPDX-License-Identifier: GPL-3.0-or-later
#include "policy/policy.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using namespace duodiff;

namespace
{

std::vector<std::uint8_t> decide(const Policy& policy, int layer, const std::vector<float>& uncertainty,
                                 std::size_t images)
{
    std::vector<std::uint8_t> leaves(images, 0);
    policy.decide(layer, uncertainty, leaves);
    return leaves;
}

}  // namespace

TEST_CASE("DuoDiff is shallow exactly while t >= 1000 - t_s")
{
    for (const int switch_step : {0, 1, 300, 999, 1000}) {
        const auto policy = make_policy(PolicyKind::duodiff, {}, [=] {
            return PolicyParameters{switch_step, 0.0, 0};
        });
        for (int t = 0; t < 1000; ++t) {
            const bool shallow = policy->plan({0, t, -1}).network == NetworkRole::shallow;
            REQUIRE(shallow == (t >= 1000 - switch_step));
        }
    }
}

TEST_CASE("in the reference's DDIM loop DuoDiff switches one step later, and t_s = 0 still means full")
{
    const PolicyContext context{
        .has_early_exit = false, .compat = Compat::reference, .solver = SolverKind::ddim};
    const auto plan = [&](int switch_step, int t, int previous) {
        return make_policy(PolicyKind::duodiff, context,
                           [=] {
                               return PolicyParameters{switch_step, 0.0, 0};
                           })
            ->plan({0, t, previous})
            .network;
    };
    CHECK(plan(150, 999, -1) == NetworkRole::shallow);
    CHECK(plan(150, 836, 856) == NetworkRole::shallow);
    CHECK(plan(150, 815, 836) == NetworkRole::full);
    CHECK(plan(0, 999, -1) == NetworkRole::full);
}

TEST_CASE("AdaDiff lets exactly the images with u <= theta go, compared as floats")
{
    const auto policy = make_policy(PolicyKind::adadiff, {}, [] { return PolicyParameters{0, 0.08, 0}; });
    CHECK(policy->plan({0, 10, -1}).network == NetworkRole::early_exit);
    CHECK(policy->reads_uncertainty(0));
    CHECK(decide(*policy, 3, {0.079F, 0.08F, 0.0801F, NAN}, 4) == std::vector<std::uint8_t>{1, 1, 0, 0});
    CHECK(decide(*policy, 3, {}, 2) == std::vector<std::uint8_t>{0, 0});
}

TEST_CASE("static leaves at its layer and nowhere else, without reading probes")
{
    for (const bool exits : {true, false}) {
        const auto policy = make_policy(PolicyKind::static_layer, {.has_early_exit = exits}, [] {
            return PolicyParameters{0, 0.0, 4};
        });
        CHECK(policy->plan({0, 10, -1}).network == (exits ? NetworkRole::early_exit : NetworkRole::full));
        for (int layer = 0; layer < 10; ++layer) {
            CHECK_FALSE(policy->reads_uncertainty(layer));
            CHECK(decide(*policy, layer, {}, 3) == std::vector<std::uint8_t>(3, layer == 4 ? 1 : 0));
        }
    }
}

TEST_CASE("a parameter that moves acts from the next step on and is what the plan reports")
{
    PolicyParameters now{200, 0.1, 2};
    for (const PolicyKind kind : {PolicyKind::duodiff, PolicyKind::adadiff, PolicyKind::static_layer}) {
        now = {200, 0.1, 2};
        const auto policy = make_policy(kind, {.has_early_exit = true}, [&] { return now; });
        const double before = policy->plan({0, 500, -1}).parameter;
        now = {600, 0.2, 5};
        const double after = policy->plan({1, 499, 500}).parameter;
        CHECK(before != after);
        CHECK(after == (kind == PolicyKind::duodiff ? 600.0 : kind == PolicyKind::adadiff ? 0.2 : 5.0));
    }
}

TEST_CASE("full never asks for a probe and lets nobody leave")
{
    const auto policy = make_policy(PolicyKind::full, {}, [] { return PolicyParameters{}; });
    const StepPlan plan = policy->plan({0, 999, -1});
    CHECK(plan.network == NetworkRole::full);
    CHECK(std::isnan(plan.parameter));
    CHECK_FALSE(policy->reads_uncertainty(0));
    CHECK(decide(*policy, 0, {}, 3) == std::vector<std::uint8_t>{0, 0, 0});
}
