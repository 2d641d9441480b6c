// SPDX-License-Identifier: GPL-3.0-or-later
#include "stream/what_if.h"

#include "stream/step_plan.h"
#include "support/test_paths.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

using namespace duodiff;

namespace
{

constexpr float none = std::numeric_limits<float>::quiet_NaN();
constexpr int depth = 7;

RunRecord new_record(int images, int steps, int first_probe_layer)
{
    RunRecord record;
    record.settings.policy = PolicyKind::adadiff;
    record.settings.count = images;
    record.settings.batch = 3;
    record.settings.steps = steps;
    record.model.depth = depth;
    record.model.shallow_depth = 2;
    record.model.has_early_exit = true;
    record.model.first_probe_layer = first_probe_layer;
    return record;
}

/// u of every (step, probe, image) of a run in which nobody leaves.
struct Uncertainties {
    int images = 0;
    std::vector<std::vector<float>> steps;  ///< (probes x images)

    float at(int step, int probe, int image) const
    {
        return steps[static_cast<std::size_t>(step)][static_cast<std::size_t>(probe * images + image)];
    }
};

Uncertainties random_uncertainties(int images, int steps, unsigned seed)
{
    std::mt19937 generator(seed);
    std::uniform_real_distribution<float> u(0.0F, 1.0F);
    Uncertainties all{images, {}};
    for (int step = 0; step < steps; ++step) {
        std::vector<float>& values = all.steps.emplace_back();
        for (int i = 0; i < depth * images; ++i) {
            // Few distinct values, so that ties with theta happen.
            values.push_back(std::round(u(generator) * 16.0F) / 16.0F);
        }
    }
    return all;
}

/// Word for word the rule: the first layer whose u <= theta; none: the depth.
int exit_layer(const Uncertainties& all, int step, int image, double theta, int first_probe_layer)
{
    for (int layer = first_probe_layer; layer < depth; ++layer) {
        if (all.at(step, layer - first_probe_layer, image) <= static_cast<float>(theta)) {
            return layer;
        }
    }
    return depth;
}

/// The record of a run with `theta`: u is there up to the layer at which an image left.
RunRecord sampled(const Uncertainties& all, double theta, int first_probe_layer)
{
    const int steps = static_cast<int>(all.steps.size());
    RunRecord record = new_record(all.images, steps, first_probe_layer);
    record.settings.threshold = theta;
    for (int first = 0, batch = 0; first < all.images; first += record.settings.batch, ++batch) {
        const int size = std::min(record.settings.batch, all.images - first);
        for (int step = 0; step < steps; ++step) {
            Frame frame;
            frame.batch = batch;
            frame.first_image = first;
            frame.step = step;
            frame.t = timestep_of(step, steps);
            frame.network = NetworkRole::early_exit;
            frame.parameter = theta;
            frame.ms = 1.0;
            frame.uncertainty.assign(static_cast<std::size_t>(depth * size), none);
            for (int i = 0; i < size; ++i) {
                const int layer = exit_layer(all, step, first + i, theta, first_probe_layer);
                frame.exit_layers.push_back(static_cast<std::int16_t>(layer));
                const int read = std::min(layer + 1, depth) - first_probe_layer;
                for (int probe = 0; probe < read; ++probe) {
                    frame.uncertainty[static_cast<std::size_t>(probe * size + i)] =
                        all.at(step, probe, first + i);
                }
            }
            record.add(frame);
        }
    }
    return record;
}

WhatIf predict(const RunRecord& record, const PolicyChoice& choice)
{
    return WhatIfIndex(record).predict(choice);
}

PolicyChoice adadiff(double theta)
{
    return {.policy = PolicyKind::adadiff, .threshold = theta};
}

PolicyChoice duodiff_at(int switch_step)
{
    return {.policy = PolicyKind::duodiff, .switch_step = switch_step};
}

const std::vector<double> thetas = {-1.0, 0.0, 0.0625, 0.1, 0.25, 0.5, 0.93, 1.0, 2.0};

}  // namespace

TEST_CASE("with every u known, any theta gives the layers that a run with it has")
{
    for (const int first : {0, 1}) {
        const Uncertainties all = random_uncertainties(8, 20, 3);
        const WhatIfIndex index(sampled(all, -1.0, first));
        for (const double theta : thetas) {
            const RunRecord wanted = sampled(all, theta, first);
            const WhatIf result = index.predict(adadiff(theta));
            REQUIRE(result.available());
            CHECK_FALSE(result.lower_bound);
            CHECK(result.bounded == 0);
            REQUIRE(result.steps.size() == wanted.steps.size());
            CHECK(result.block_share == doctest::Approx(block_share(wanted)));
            CHECK(result.saved_share == doctest::Approx(1.0 - block_share(wanted)));
            for (std::size_t step = 0; step < wanted.steps.size(); ++step) {
                const ExitStatistics exits = exit_statistics(wanted.steps[step]);
                CHECK(result.steps[step].mean == doctest::Approx(exits.mean));
                CHECK(result.steps[step].deviation == doctest::Approx(exits.deviation));
                CHECK(result.steps[step].t == wanted.steps[step].t);
                CHECK(result.steps[step].network == NetworkRole::early_exit);
                for (std::size_t image = 0; image < 8; ++image) {
                    CHECK(result.exit_layer(step, image) == wanted.steps[step].exit_layers[image]);
                }
            }
            const Workload work = workload_of(wanted);
            CHECK(result.work.probes == work.probes);
            CHECK(result.work.leaving == work.leaving);
            CHECK(result.work.batch_steps == work.batch_steps);
            CHECK(result.work.of(NetworkRole::early_exit).blocks == work.of(NetworkRole::early_exit).blocks);
        }
    }
}

TEST_CASE("where images had left earlier the layers are lower bounds, exact everywhere else, and say which")
{
    for (const int first : {0, 1}) {
        const Uncertainties all = random_uncertainties(7, 30, 11);
        for (const double recorded_theta : thetas) {
            const RunRecord record = sampled(all, recorded_theta, first);
            const WhatIfIndex index(record);
            for (const double theta : thetas) {
                const WhatIf result = index.predict(adadiff(theta));
                REQUIRE(result.available());
                std::int64_t bounded = 0;
                for (int step = 0; step < 30; ++step) {
                    bool any = false;
                    for (int image = 0; image < 7; ++image) {
                        const int truth = exit_layer(all, step, image, theta, first);
                        const int left = exit_layer(all, step, image, recorded_theta, first);
                        const int told = result.exit_layer(static_cast<std::size_t>(step),
                                                           static_cast<std::size_t>(image));
                        const bool unknown = truth > left;
                        CHECK(told == (unknown && left + 1 < depth ? left + 1 : truth));
                        any = any || (unknown && left + 1 < depth);
                        bounded += unknown && left + 1 < depth ? 1 : 0;
                    }
                    CHECK(result.steps[static_cast<std::size_t>(step)].lower_bound == any);
                }
                CHECK(result.bounded == bounded);
                CHECK(result.lower_bound == (bounded > 0));
                CHECK((theta < recorded_theta || !result.lower_bound));
            }
        }
    }
}

TEST_CASE("the first step that changes is the first with another layer, and none for the run's own value")
{
    const Uncertainties all = random_uncertainties(6, 40, 5);
    for (const double recorded_theta : thetas) {
        const RunRecord record = sampled(all, recorded_theta, 0);
        CHECK_FALSE(predict(record, adadiff(recorded_theta)).first_change.has_value());
        for (const double theta : thetas) {
            std::optional<std::size_t> wanted;
            const RunRecord other = sampled(all, theta, 0);
            for (std::size_t step = 0; step < 40 && !wanted; ++step) {
                if (other.steps[step].exit_layers != record.steps[step].exit_layers) {
                    wanted = step;
                }
            }
            CHECK(predict(record, adadiff(theta)).first_change == wanted);
        }
        CHECK(predict(record, duodiff_at(0)).first_change == std::optional<std::size_t>(0));
    }
}

TEST_CASE("any t_s is told exactly, from any recorded run, by the rule of the policy")
{
    const Uncertainties all = random_uncertainties(4, 25, 9);
    const RunRecord record = sampled(all, 0.3, 0);
    for (const int switch_step : {0, 1, 41, 300, 500, 960, 999, 1000}) {
        const WhatIf result = predict(record, duodiff_at(switch_step));
        REQUIRE(result.available());
        CHECK_FALSE(result.lower_bound);
        for (std::size_t step = 0; step < 25; ++step) {
            const bool shallow = switch_step > 0 && record.steps[step].t >= 1000 - switch_step;
            CHECK(result.steps[step].network == (shallow ? NetworkRole::shallow : NetworkRole::full));
            CHECK(result.steps[step].mean == (shallow ? 2.0 : depth));
            CHECK(result.steps[step].deviation == 0.0);
        }
    }
}

TEST_CASE("moving t_s changes from the first step between the two switches on")
{
    RunRecord record = new_record(2, 1000, 0);
    record.settings.policy = PolicyKind::duodiff;
    record.settings.switch_step = 300;
    for (int step = 0; step < 1000; ++step) {
        Frame frame;
        frame.step = step;
        frame.t = 999 - step;
        frame.network = step < 300 ? NetworkRole::shallow : NetworkRole::full;
        frame.exit_layers.assign(2, static_cast<std::int16_t>(step < 300 ? 2 : depth));
        record.add(frame);
    }
    const WhatIfIndex index(record);
    CHECK_FALSE(index.predict(duodiff_at(300)).first_change.has_value());
    CHECK(index.predict(duodiff_at(301)).first_change == std::optional<std::size_t>(300));
    CHECK(index.predict(duodiff_at(250)).first_change == std::optional<std::size_t>(250));
    CHECK(index.predict(duodiff_at(0)).first_change == std::optional<std::size_t>(0));
    CHECK(index.predict({.policy = PolicyKind::full}).first_change == std::optional<std::size_t>(0));
    CHECK(index.predict(duodiff_at(500)).block_share ==
          doctest::Approx((500.0 * 2 + 500 * depth) / 1000 / depth));
}

TEST_CASE("the reference's DDIM switch is followed one step late, as its runs do")
{
    RunRecord record = new_record(1, 5, 0);
    record.settings.compat = Compat::reference;
    record.settings.solver = SolverKind::ddim;
    for (int step = 0; step < 5; ++step) {
        Frame frame;
        frame.step = step;
        frame.t = 999 - 200 * step;
        frame.network = NetworkRole::full;
        frame.exit_layers = {depth};
        record.add(frame);
    }
    const auto shallow_steps = [&](int switch_step) {
        const WhatIf result = predict(record, duodiff_at(switch_step));
        return std::count_if(result.steps.begin(), result.steps.end(),
                             [](const WhatIfStep& step) { return step.network == NetworkRole::shallow; });
    };
    CHECK(shallow_steps(0) == 0);
    CHECK(shallow_steps(1) == 2);
    CHECK(shallow_steps(201) == 3);
    record.settings.compat = Compat::none;
    CHECK(shallow_steps(1) == 1);
    CHECK(shallow_steps(201) == 2);
}

TEST_CASE("a static layer and the full network are told exactly")
{
    const RunRecord record = sampled(random_uncertainties(3, 10, 1), 0.3, 0);
    for (int layer = 0; layer <= depth; ++layer) {
        const WhatIf result = predict(record, {.policy = PolicyKind::static_layer, .exit_layer = layer});
        CHECK(result.steps.front().mean == layer);
        CHECK(result.block_share == doctest::Approx(static_cast<double>(layer) / depth));
    }
    const WhatIf full = predict(record, {.policy = PolicyKind::full});
    CHECK(full.saved_share == 0.0);
    CHECK(full.work.of(NetworkRole::full).blocks == 3 * 10 * depth);
}

TEST_CASE("what cannot be told is refused with the reason")
{
    RunRecord record = sampled(random_uncertainties(3, 10, 1), 0.3, 0);
    record.model.shallow_depth = 0;
    CHECK(predict(record, duodiff_at(300)).unavailable == "the model has no shallow network");
    CHECK_FALSE(predict(record, {.policy = PolicyKind::static_layer, .exit_layer = 8}).available());
    CHECK_FALSE(predict(record, {.policy = PolicyKind::static_layer, .exit_layer = -1}).available());
    for (StepRecord& step : record.steps) {
        step.uncertainty.clear();
    }
    CHECK(predict(record, adadiff(0.1)).unavailable.find("probe run") != std::string::npos);
    record.probes = 0;
    record.model.has_early_exit = false;
    CHECK(predict(record, adadiff(0.1)).unavailable == "the model has no early exits");
    CHECK_FALSE(predict(RunRecord{}, {}).available());
    CHECK_FALSE(WhatIfIndex().predict({}).available());
}

TEST_CASE("images that a step did not reach count nowhere, in runs cut short and runs in progress")
{
    const Uncertainties all = random_uncertainties(7, 20, 21);
    const RunRecord whole = sampled(all, 0.2, 0);
    RunRecord cut = whole;
    cut.steps.resize(12);
    for (std::size_t step = 6; step < 12; ++step) {
        for (std::size_t image = 3; image < 7; ++image) {
            cut.steps[step].exit_layers[image] = -1;
        }
    }
    const WhatIf result = predict(cut, adadiff(0.5));
    CHECK(result.image_steps == 6 * 7 + 6 * 3);
    CHECK(result.steps[5].images == 7);
    CHECK(result.steps[6].images == 3);
    CHECK(result.exit_layer(6, 2) >= 0);
    CHECK(result.exit_layer(6, 3) == -1);
    CHECK(predict(cut, duodiff_at(300)).exit_layer(11, 6) == -1);
    CHECK_FALSE(predict(cut, adadiff(0.2)).first_change.has_value());
}

TEST_CASE("an index brought up to date step by step equals one made at once")
{
    const RunRecord whole = sampled(random_uncertainties(7, 20, 2), 0.2, 0);
    RunRecord growing = whole;
    growing.steps.clear();
    WhatIfIndex index;
    WhatIf reused;
    for (const StepRecord& step : whole.steps) {
        growing.steps.push_back(step);
        index.update(growing, growing.steps.size() - 1);
        index.predict(adadiff(0.4), reused);
        const WhatIf fresh = predict(growing, adadiff(0.4));
        CHECK(reused.exit_layers == fresh.exit_layers);
        CHECK(reused.block_share == fresh.block_share);
        CHECK(reused.first_change == fresh.first_change);
        CHECK(reused.predicted_ms == fresh.predicted_ms);
    }
}

TEST_CASE("a network that makes u NaN lets nobody leave, and that is known")
{
    RunRecord record = sampled(random_uncertainties(2, 3, 4), -1.0, 0);
    for (StepRecord& step : record.steps) {
        step.uncertainty.assign(step.uncertainty.size(), none);
    }
    const WhatIf result = predict(record, adadiff(0.5));
    REQUIRE(result.available());
    CHECK_FALSE(result.lower_bound);
    CHECK(result.block_share == 1.0);
}
