// SPDX-License-Identifier: GPL-3.0-or-later
#include "stream/trajectory.h"

#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <set>
#include <vector>

using namespace duodiff;

namespace
{

constexpr int steps = 64;

StatePointer state_at(int done)
{
    TrajectoryState state;
    state.steps_done = done;
    state.shape = {1, 1, 4, 4};
    state.x.assign(state.shape.values(), static_cast<float>(done));
    return std::make_shared<const TrajectoryState>(std::move(state));
}

const std::size_t one = state_at(0)->bytes();
constexpr std::size_t whole = steps + 1;

TrajectoryRun run_of()
{
    TrajectoryRun run;
    run.steps = steps;
    return run;
}

std::unique_ptr<Trajectory> begun(const std::shared_ptr<TrajectoryBudget>& budget)
{
    auto trajectory = std::make_unique<Trajectory>(TrajectoryOptions{}, budget);
    trajectory->begin(run_of());
    return trajectory;
}

void fill(Trajectory& trajectory, int from = 0)
{
    for (int done = from; done <= steps; ++done) {
        if (trajectory.wants(done)) {
            trajectory.keep(state_at(done));
        }
        REQUIRE(trajectory.room() <= trajectory.limit_bytes());
    }
}

std::unique_ptr<Trajectory> filled(const std::shared_ptr<TrajectoryBudget>& budget)
{
    auto trajectory = begun(budget);
    fill(*trajectory);
    return trajectory;
}

/// Counted anew, each state once.
std::size_t bytes_of(const std::vector<std::unique_ptr<Trajectory>>& all)
{
    std::set<const TrajectoryState*> seen;
    std::size_t bytes = 0;
    for (const auto& trajectory : all) {
        for (const int done : trajectory->held(0)) {
            const StatePointer state = trajectory->state(0, done);
            bytes += seen.insert(state.get()).second ? state->bytes() : 0;
        }
    }
    return bytes;
}

}  // namespace

TEST_CASE("the trajectories of one budget stay below it together; the one longest out of use goes first")
{
    const auto budget = std::make_shared<TrajectoryBudget>(2 * whole * one);
    const auto first = filled(budget);
    const auto second = filled(budget);
    CHECK(budget->bytes() == 2 * whole * one);
    const auto third = filled(budget);
    CHECK(first->was_let_go());
    CHECK(first->batches() == 0);
    CHECK(first->run());
    CHECK_FALSE(second->was_let_go());
    CHECK(second->held(0).size() == whole);
    CHECK(third->held(0).size() == whole);
    CHECK(budget->bytes() == 2 * whole * one);
}

TEST_CASE("a trajectory that was used again is let go of after one that was not")
{
    const auto budget = std::make_shared<TrajectoryBudget>(2 * whole * one);
    const auto first = filled(budget);
    const auto second = filled(budget);
    budget->set_in_use({first.get()});
    budget->set_in_use({});
    const auto third = filled(budget);
    CHECK_FALSE(first->was_let_go());
    CHECK(second->was_let_go());
}

TEST_CASE("what is in use is never let go of as a whole: it and the one that is filled share the room")
{
    const auto budget = std::make_shared<TrajectoryBudget>(whole * one);
    const auto shown = filled(budget);
    budget->set_in_use({shown.get()});
    const auto now = begun(budget);
    for (int done = 0; done <= steps; ++done) {
        now->keep(state_at(done));
        CHECK(budget->bytes() <= budget->limit_bytes());
    }
    CHECK_FALSE(shown->was_let_go());
    CHECK(shown->stride() == 2);
    CHECK(now->stride() <= 4);
    CHECK(shown->held(0).front() == 0);
    CHECK(shown->held(0).back() == steps);
    CHECK(now->held(0).back() == steps);
}

TEST_CASE("a state that a branch shares with its parent counts once, and stays when the parent is let go of")
{
    const auto budget = std::make_shared<TrajectoryBudget>(10 * whole * one);
    const auto parent = filled(budget);
    const auto branch = begun(budget);
    for (int done = 0; done < 40; ++done) {
        branch->keep(parent->state(0, done));
    }
    CHECK(budget->bytes() == whole * one);
    fill(*branch, 40);
    CHECK(budget->bytes() == (whole + steps + 1 - 40) * one);
    budget->set_in_use({branch.get()});
    budget->set_limit(whole * one);
    CHECK(parent->was_let_go());
    CHECK(branch->stride() == 1);
    CHECK(branch->held(0).size() == whole);
    CHECK(budget->bytes() == whole * one);
}

TEST_CASE("a lower bound holds at once, and 0 keeps nothing")
{
    const auto budget = std::make_shared<TrajectoryBudget>(4 * whole * one);
    const auto shown = filled(budget);
    budget->set_in_use({shown.get()});
    budget->set_limit(20 * one);
    CHECK(budget->bytes() <= 20 * one);
    CHECK(shown->stride() == 4);
    CHECK_FALSE(shown->was_let_go());
    budget->set_limit(0);
    CHECK(budget->bytes() == 0);
    CHECK(shown->was_let_go());
    const auto next = filled(budget);
    CHECK(next->held(0).empty());
    CHECK_FALSE(next->was_let_go());
}

TEST_CASE("one that is destroyed or begins anew gives its room back")
{
    const auto budget = std::make_shared<TrajectoryBudget>(2 * whole * one);
    auto first = filled(budget);
    const auto second = filled(budget);
    first.reset();
    CHECK(budget->bytes() == whole * one);
    second->begin(run_of());
    CHECK(budget->bytes() == 0);
    CHECK(second->room() == budget->limit_bytes());
}

TEST_CASE("whatever happens to runs and branches, the sum is what they hold, below the bound")
{
    std::mt19937 random(11);
    const auto pick = [&](std::size_t below) {
        return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
    };
    const auto budget = std::make_shared<TrajectoryBudget>(3 * whole * one);
    std::vector<std::unique_ptr<Trajectory>> all;
    for (int round = 0; round < 400; ++round) {
        const std::size_t what = pick(6);
        if (all.empty() || what == 0) {
            all.push_back(begun(budget));
            fill(*all.back());
        } else if (what == 1) {
            all.erase(all.begin() + static_cast<std::ptrdiff_t>(pick(all.size())));
        } else if (what == 2) {
            budget->set_in_use({all[pick(all.size())].get(), nullptr, all.back().get()});
        } else if (what == 3) {
            budget->set_limit(pick(5) * whole * one / 2);
        } else {
            const Trajectory& parent = *all[pick(all.size())];
            budget->set_in_use({&parent});
            auto branch = begun(budget);
            const int from = static_cast<int>(pick(steps));
            for (const int done : parent.held(0)) {
                if (done <= from) {
                    branch->keep(parent.state(0, done));
                }
            }
            fill(*branch, from + 1);
            all.push_back(std::move(branch));
        }
        REQUIRE(budget->bytes() == bytes_of(all));
        REQUIRE(budget->bytes() <= budget->limit_bytes());
    }
}
