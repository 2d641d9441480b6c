// SPDX-License-Identifier: GPL-3.0-or-later
#include "stream/step_plan.h"
#include "stream/time_estimate.h"
#include "stream/time_model.h"
#include "stream/what_if.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

using namespace duodiff;

namespace
{

constexpr int depth = 13;
constexpr int shallow_depth = 3;

/// A machine of known speed.
struct Rates {
    double block = 0.8;
    double shallow_block = 0.5;
    double head = 0.3;
    double probe = 0.05;
    double leaving = 0.02;
    double step = 4.0;
    double once = 17.0;
};

ModelSummary new_model()
{
    ModelSummary model;
    model.depth = depth;
    model.shallow_depth = shallow_depth;
    model.has_early_exit = true;
    model.full_gflops = 13.0;
    model.shallow_gflops = 1.875;  // a shallow block costs 5/8 of a full one, as in Rates
    for (int layer = 0; layer <= depth; ++layer) {
        model.gflops_by_exit_layer.push_back(static_cast<double>(layer) + 0.0625 * layer);
    }
    return model;
}

/// A run on that machine: `count` images in batches of 4.
RunRecord timed_run(PolicyKind policy, int count, int steps, bool with_ledger, const Rates& rates = {})
{
    RunRecord record;
    record.model = new_model();
    record.settings.policy = policy;
    record.settings.count = count;
    record.settings.batch = 4;
    record.settings.steps = steps;
    record.settings.switch_step = 400;
    for (int first = 0, batch = 0; first < count; first += 4, ++batch) {
        const int images = std::min(4, count - first);
        for (int step = 0; step < steps; ++step) {
            Frame frame;
            frame.batch = batch;
            frame.first_image = first;
            frame.step = step;
            frame.t = timestep_of(step, steps);
            frame.network = network_of_step(record.settings, step);
            frame.ms = rates.step;
            for (int image = 0; image < images; ++image) {
                const bool shallow = frame.network == NetworkRole::shallow;
                const int layer = shallow                         ? shallow_depth
                                  : policy == PolicyKind::adadiff ? std::min(depth, 2 + (step + image) % 17)
                                                                  : depth;
                frame.exit_layers.push_back(static_cast<std::int16_t>(layer));
                const double blocks = layer * (shallow ? rates.shallow_block : rates.block);
                record.ledger.blocks += blocks;
                record.ledger.heads += rates.head;
                frame.ms += blocks + rates.head;
                if (policy == PolicyKind::adadiff) {
                    const double probes = rates.probe * std::min(layer + 1, depth);
                    const double leaving = layer < depth ? rates.leaving : 0.0;
                    record.ledger.probes += probes;
                    record.ledger.compaction += leaving;
                    frame.ms += probes + leaving;
                }
            }
            if (policy == PolicyKind::adadiff) {
                for (int probe = 0; probe < depth; ++probe) {
                    for (const std::int16_t layer : frame.exit_layers) {
                        frame.uncertainty.push_back(probe <= layer ? 0.5F
                                                                   : std::numeric_limits<float>::quiet_NaN());
                    }
                }
            }
            record.ledger.solver += rates.step;
            record.ledger.wall += frame.ms;
            record.add(frame);
        }
    }
    record.ledger.previews = rates.once;
    record.ledger.wall += rates.once;
    record.sampling_ms = record.ledger.wall;
    if (!with_ledger) {
        record.ledger = {};
    }
    return record;
}

const std::vector<PolicyKind> policies = {PolicyKind::full, PolicyKind::duodiff, PolicyKind::adadiff};

}  // namespace

TEST_CASE("the model tells the time of the run it was fitted to, with and without a ledger")
{
    for (const PolicyKind policy : policies) {
        for (const bool with_ledger : {true, false}) {
            const RunRecord record = timed_run(policy, 10, 50, with_ledger);
            const auto model = fit_time_model(record);
            REQUIRE(model.has_value());
            CHECK(model->predict_ms(workload_of(record)) == doctest::Approx(record.sampling_ms));
        }
    }
}

TEST_CASE("a ledger gives the machine's rates back, of two networks apart")
{
    const Rates rates;
    const auto duo = fit_time_model(timed_run(PolicyKind::duodiff, 8, 50, true));
    REQUIRE(duo.has_value());
    CHECK(duo->of(NetworkRole::full).block_ms == doctest::Approx(rates.block));
    CHECK(duo->of(NetworkRole::shallow).block_ms == doctest::Approx(rates.shallow_block));
    CHECK(duo->of(NetworkRole::full).image_ms == doctest::Approx(rates.head));
    CHECK(duo->step_ms == doctest::Approx(rates.step));
    CHECK(duo->of(NetworkRole::full).measured);
    CHECK(duo->of(NetworkRole::shallow).measured);
    CHECK_FALSE(duo->of(NetworkRole::early_exit).measured);
    const auto ada = fit_time_model(timed_run(PolicyKind::adadiff, 8, 50, true));
    REQUIRE(ada.has_value());
    CHECK(ada->of(NetworkRole::early_exit).block_ms == doctest::Approx(rates.block));
    CHECK(ada->probe_ms == doctest::Approx(rates.probe));
    CHECK(ada->leaving_ms == doctest::Approx(rates.leaving));
}

TEST_CASE("a run of one policy predicts the time that another takes on the same machine")
{
    for (const PolicyKind recorded : policies) {
        for (const PolicyKind wanted : policies) {
            for (const bool with_ledger : {true, false}) {
                const RunRecord other = timed_run(wanted, 8, 50, true);
                const auto model = fit_time_model(timed_run(recorded, 8, 50, with_ledger));
                REQUIRE(model.has_value());
                // Without a ledger what is fixed cannot be told from the blocks of a single network.
                const double tolerance = with_ledger ? 0.02 : 0.25;
                CHECK(model->predict_ms(workload_of(other)) ==
                      doctest::Approx(other.sampling_ms).epsilon(tolerance));
            }
        }
    }
}

TEST_CASE("a what-if of the run's own policy tells its measured time")
{
    RunRecord record = timed_run(PolicyKind::duodiff, 8, 50, true);
    const WhatIf same = WhatIfIndex(record).predict(policy_choice(record.settings));
    REQUIRE(same.predicted_ms.has_value());
    CHECK(*same.predicted_ms == doctest::Approx(record.sampling_ms));
    CHECK_FALSE(same.first_change.has_value());
}

TEST_CASE("what a probe run spends on its probes is in no prediction")
{
    for (const PolicyKind policy : policies) {
        const RunRecord plain = timed_run(policy, 8, 50, true);
        RunRecord probed = plain;
        const double more = 5000.0;
        probed.probes = depth;
        probed.ledger.probes += more;
        probed.ledger.wall += more;
        probed.sampling_ms += more;
        for (StepRecord& step : probed.steps) {
            step.uncertainty.assign(static_cast<std::size_t>(depth) * step.exit_layers.size(), 0.5F);
        }
        const auto model = fit_time_model(probed);
        REQUIRE(model.has_value());
        CHECK(model->predict_ms(workload_of(plain)) == doctest::Approx(plain.sampling_ms).epsilon(0.03));
        CHECK(model->probe_ms == doctest::Approx(Rates{}.probe));
    }
}

TEST_CASE("a ledger of only the later steps is not spread over all of them")
{
    const RunRecord whole = timed_run(PolicyKind::duodiff, 4, 50, true);
    RunRecord branch = whole;
    for (double* part : {&branch.ledger.blocks, &branch.ledger.heads, &branch.ledger.solver,
                         &branch.ledger.wall, &branch.sampling_ms}) {
        *part *= 0.25;
    }
    const auto model = fit_time_model(branch);
    REQUIRE(model.has_value());
    CHECK(model->predict_ms(workload_of(whole)) == doctest::Approx(whole.sampling_ms).epsilon(0.05));
}

TEST_CASE("records with no times, or with times that are none, have no model and break nothing")
{
    CHECK_FALSE(fit_time_model(RunRecord{}).has_value());
    RunRecord record = timed_run(PolicyKind::duodiff, 4, 10, false);
    for (StepRecord& step : record.steps) {
        step.ms = std::numeric_limits<double>::quiet_NaN();
    }
    record.sampling_ms = std::numeric_limits<double>::quiet_NaN();
    CHECK_FALSE(fit_time_model(record).has_value());
    CHECK_FALSE(WhatIfIndex(record).predict(policy_choice(record.settings)).predicted_ms.has_value());
    RunRecord odd = timed_run(PolicyKind::duodiff, 4, 10, true);
    odd.ledger.heads = -1e9;
    odd.ledger.solver = std::numeric_limits<double>::quiet_NaN();
    const auto model = fit_time_model(odd);
    REQUIRE(model.has_value());
    CHECK(std::isfinite(model->predict_ms(workload_of(odd))));
}

TEST_CASE("a network that did not run is taken from another by its cost, and not called measured")
{
    const auto model = fit_time_model(timed_run(PolicyKind::full, 4, 20, true));
    REQUIRE(model.has_value());
    CHECK_FALSE(model->of(NetworkRole::shallow).measured);
    CHECK(model->of(NetworkRole::shallow).block_ms == doctest::Approx(Rates{}.shallow_block));
    CHECK(model->probe_ms == doctest::Approx(Rates{}.probe));
}

TEST_CASE("an estimate in mid-run times the two networks apart")
{
    SamplingSettings settings;
    settings.policy = PolicyKind::duodiff;
    settings.switch_step = 600;
    settings.steps = 100;
    settings.count = 4;
    settings.batch = 2;
    const ModelSummary model = new_model();
    TimeEstimate estimate;
    estimate.begin(model, settings);
    const double full_ms = 10.0 * model.full_gflops / model.shallow_gflops;
    const auto ms_of = [&](int step) { return timestep_of(step, 100) >= 400 ? 10.0 : full_ms; };
    double left = 0.0;
    for (int step = 0; step < 100; ++step) {
        left += 2.0 * ms_of(step);
    }
    int frames = 0;
    for (int batch = 0; batch < 2; ++batch) {
        for (int step = 0; step < 100; ++step) {
            Frame frame;
            frame.batch = batch;
            frame.step = step;
            frame.exit_layers = {3, 3};
            frame.network = timestep_of(step, 100) >= 400 ? NetworkRole::shallow : NetworkRole::full;
            frame.ms = ms_of(step);
            estimate.add(frame);
            left -= frame.ms;
            ++frames;
            CHECK(estimate.seconds_left().has_value() == (frames >= TimeEstimate::withheld_steps));
            if (estimate.seconds_left()) {
                CHECK(std::abs(*estimate.seconds_left() - left / 1000.0) < 1e-6 + 0.02 * left / 1000.0);
            }
        }
    }
}

TEST_CASE("an estimate for a later batch uses the steps of the one before")
{
    SamplingSettings settings;
    settings.policy = PolicyKind::adadiff;
    settings.steps = 20;
    settings.count = 5;
    settings.batch = 3;
    TimeEstimate estimate;
    estimate.begin(new_model(), settings);
    const auto add = [&](int batch, int step, std::size_t images, double ms) {
        Frame frame;
        frame.batch = batch;
        frame.step = step;
        frame.network = NetworkRole::early_exit;
        frame.exit_layers.assign(images, 1);
        frame.ms = ms;
        estimate.add(frame);
    };
    for (int step = 0; step < 20; ++step) {
        add(0, step, 3, step < 10 ? 3.0 : 30.0);
    }
    add(1, 0, 2, 2.0);
    REQUIRE(estimate.seconds_left().has_value());
    CHECK(*estimate.seconds_left() == doctest::Approx((9 * 2.0 + 10 * 20.0) / 1000.0));
}

TEST_CASE("a static layer of a model without early exits is estimated with its full network")
{
    SamplingSettings settings;
    settings.policy = PolicyKind::static_layer;
    settings.steps = 20;
    settings.count = 2;
    settings.batch = 2;
    ModelSummary model = new_model();
    model.has_early_exit = false;
    TimeEstimate estimate;
    estimate.begin(model, settings);
    for (int step = 0; step < 10; ++step) {
        Frame frame;
        frame.step = step;
        frame.exit_layers = {4, 4};
        frame.ms = 6.0;
        estimate.add(frame);
    }
    REQUIRE(estimate.seconds_left().has_value());
    CHECK(*estimate.seconds_left() == doctest::Approx(0.06));
}
