// SPDX-License-Identifier: GPL-3.0-or-later
#include "stream/pareto.h"
#include "stream/sweep.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace duodiff;

namespace
{

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
constexpr double infinite = std::numeric_limits<double>::infinity();

bool dominates(const TradeOff& a, const TradeOff& b)
{
    return a.time <= b.time && a.difference <= b.difference &&
           (a.time < b.time || a.difference < b.difference);
}

SweepPlan small_plan()
{
    SweepPlan plan;
    plan.base.seed = 7;
    plan.base.solver = SolverKind::ddim;
    plan.switch_steps = {500, 100, 0, 500};
    plan.thresholds = {0.1, 0.05, 0.1};
    plan.steps = {50, 20, 50};
    return plan;
}

RunRecord finished(double sampling_ms)
{
    RunRecord record;
    record.settings.count = 2;
    record.settings.steps = 1;
    record.model.depth = 4;
    Frame frame;
    frame.exit_layers = {1, 4};
    record.add(frame);
    record.images.resize(2);
    record.sampling_ms = sampling_ms;
    return record;
}

FinishedImage image(int index, std::vector<float> pixels)
{
    FinishedImage made;
    made.index = index;
    made.channels = 1;
    made.height = 1;
    made.width = static_cast<int>(pixels.size());
    made.pixels = std::move(pixels);
    return made;
}

}  // namespace

TEST_CASE("the front holds the points that no other is better than, by time")
{
    std::mt19937 generator(3);
    std::uniform_int_distribution<int> coordinate(0, 12);
    for (int trial = 0; trial < 200; ++trial) {
        std::vector<TradeOff> points(static_cast<std::size_t>(trial % 30));
        for (TradeOff& point : points) {
            point = {static_cast<double>(coordinate(generator)), static_cast<double>(coordinate(generator))};
        }
        const std::vector<std::size_t> front = pareto_front(points);
        for (std::size_t i = 0; i < points.size(); ++i) {
            const bool on = std::find(front.begin(), front.end(), i) != front.end();
            const bool beaten = std::any_of(points.begin(), points.end(), [&](const TradeOff& other) {
                return dominates(other, points[i]);
            });
            CHECK(on == !beaten);
        }
        CHECK(std::is_sorted(front.begin(), front.end(),
                             [&](std::size_t a, std::size_t b) { return points[a].time < points[b].time; }));
    }
}

TEST_CASE("points that are no numbers are never on the front and shadow nothing")
{
    const std::vector<TradeOff> points = {
        {unknown, 0.0}, {1.0, unknown}, {-infinite, 0.0}, {2.0, 3.0}, {0.0, -infinite}};
    CHECK(pareto_front(points) == std::vector<std::size_t>{3});
    CHECK(pareto_front({}).empty());
}

TEST_CASE("a sweep runs few steps first, the full network before the others, each run once")
{
    const std::vector<SamplingSettings> runs = sweep_settings(small_plan());
    REQUIRE(runs.size() == 10);
    for (const std::size_t begin : {std::size_t{0}, std::size_t{5}}) {
        CHECK(runs[begin].policy == PolicyKind::full);
        CHECK(runs[begin + 1].policy == PolicyKind::duodiff);
        CHECK(runs[begin + 1].switch_step == 100);
        CHECK(runs[begin + 2].switch_step == 500);
        CHECK(runs[begin + 3].policy == PolicyKind::adadiff);
        CHECK(runs[begin + 3].threshold == 0.05);
        CHECK(runs[begin + 4].threshold == 0.1);
        for (std::size_t i = begin; i < begin + 5; ++i) {
            CHECK(runs[i].steps == (begin == 0 ? 20 : 50));
            CHECK(runs[i].seed == 7);
            CHECK(runs[i].solver == SolverKind::ddim);
        }
    }
    for (std::size_t i = 0; i < runs.size(); ++i) {
        CHECK(std::count(runs.begin(), runs.end(), runs[i]) == 1);
    }
}

TEST_CASE("a sweep of nothing is the full network, and a theta that is no number is left out")
{
    SweepPlan plan;
    plan.base.steps = 30;
    plan.thresholds = {unknown};
    const std::vector<SamplingSettings> runs = sweep_settings(plan);
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].policy == PolicyKind::full);
    CHECK(runs[0].steps == 30);
}

TEST_CASE("a stopped sweep goes on with the row it was at, and a failed one does not hold it up")
{
    Sweep sweep = begin_sweep(small_plan());
    CHECK(next_row(sweep) == std::optional<std::size_t>(0));
    finish_row(sweep.rows[0], finished(10.0), 0.0);
    CHECK(sweep.rows[0].state == SweepState::done);
    CHECK(sweep.rows[0].ms_per_image == 5.0);
    CHECK(sweep.rows[0].mean_exit_layer == 2.5);
    CHECK(sweep.rows[0].block_share == doctest::Approx(5.0 / 8.0));
    CHECK(next_row(sweep) == std::optional<std::size_t>(1));
    RunRecord stopped = finished(4.0);
    stopped.state = RunState::cancelled;
    finish_row(sweep.rows[1], stopped, unknown);
    CHECK(next_row(sweep) == std::optional<std::size_t>(1));
    RunRecord failed = finished(4.0);
    failed.state = RunState::failed;
    finish_row(sweep.rows[1], failed, unknown);
    CHECK(next_row(sweep) == std::optional<std::size_t>(2));
    for (std::size_t i = 2; i < sweep.rows.size(); ++i) {
        finish_row(sweep.rows[i], finished(1.0), 0.5);
    }
    CHECK_FALSE(next_row(sweep).has_value());
}

TEST_CASE("a row is compared with the full network's row of as many steps, once that is done")
{
    Sweep sweep = begin_sweep(small_plan());
    CHECK_FALSE(reference_row(sweep, 7).has_value());
    finish_row(sweep.rows[0], finished(10.0), 0.0);
    CHECK_FALSE(reference_row(sweep, 7).has_value());
    CHECK(reference_row(sweep, 2) == std::optional<std::size_t>(0));
    finish_row(sweep.rows[5], finished(10.0), 0.0);
    CHECK(reference_row(sweep, 7) == std::optional<std::size_t>(5));
}

TEST_CASE("only rows that are done, and whose difference is known, are on the front")
{
    Sweep sweep = begin_sweep(small_plan());
    CHECK(pareto_rows(sweep).empty());
    finish_row(sweep.rows[0], finished(10.0), unknown);
    finish_row(sweep.rows[1], finished(6.0), 0.1);
    finish_row(sweep.rows[2], finished(7.0), 0.2);
    finish_row(sweep.rows[3], finished(1.0), unknown);
    CHECK(pareto_rows(sweep) == std::vector<std::size_t>{1, 0});
}

TEST_CASE("the difference of pictures is the root mean square of what is shown")
{
    const std::vector<FinishedImage> black = {image(0, {-1.0F, -1.0F}), image(1, {-1.0F, -1.0F})};
    const std::vector<FinishedImage> mixed = {image(0, {-1.0F, 1.0F}), image(1, {-9.0F, 9.0F})};
    CHECK(picture_difference(black, black) == 0.0);
    CHECK(picture_difference(black, mixed) == doctest::Approx(std::sqrt(0.5)));
    CHECK(std::isnan(picture_difference(black, std::vector<FinishedImage>{black[0]})));
    CHECK(std::isnan(picture_difference({}, {})));
    const std::vector<FinishedImage> other = {image(0, {0.0F}), image(1, {0.0F})};
    CHECK(std::isnan(picture_difference(black, other)));
    const std::vector<FinishedImage> swapped = {black[1], black[0]};
    CHECK(std::isnan(picture_difference(black, swapped)));
}
