// SPDX-License-Identifier: GPL-3.0-or-later
#include "stream/run_record.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

using namespace duodiff;

namespace
{

RunRecord new_record(int count, int steps)
{
    RunRecord record;
    record.settings.count = count;
    record.settings.batch = 2;
    record.settings.steps = steps;
    record.model.depth = 13;
    record.model.shallow_depth = 3;
    record.model.full_gflops = 20.0;
    record.model.shallow_gflops = 5.0;
    for (int layer = 0; layer <= 13; ++layer) {
        record.model.gflops_by_exit_layer.push_back(1.0 + 1.5 * layer);
    }
    return record;
}

Frame new_frame(int batch, int first_image, int step, std::vector<std::int16_t> exit_layers)
{
    Frame frame;
    frame.batch = batch;
    frame.first_image = first_image;
    frame.step = step;
    frame.t = 999 - step;
    frame.network = NetworkRole::early_exit;
    frame.parameter = 0.08;
    frame.ms = 2.5;
    frame.exit_layers = std::move(exit_layers);
    return frame;
}

}  // namespace

TEST_CASE("batches are merged by step, in whatever order their frames come")
{
    std::vector<Frame> frames;
    for (int batch = 0; batch < 3; ++batch) {
        for (int step = 0; step < 5; ++step) {
            frames.push_back(
                new_frame(batch, batch * 2, step,
                          {static_cast<std::int16_t>(step + batch), static_cast<std::int16_t>(13)}));
        }
    }
    std::mt19937 generator(5);
    for (int trial = 0; trial < 20; ++trial) {
        RunRecord record = new_record(6, 5);
        for (const Frame& frame : frames) {
            record.add(frame);
        }
        REQUIRE(record.steps.size() == 5);
        for (int step = 0; step < 5; ++step) {
            const StepRecord& merged = record.steps[static_cast<std::size_t>(step)];
            const auto s = static_cast<std::int16_t>(step);
            CHECK(merged.step == step);
            CHECK(merged.t == 999 - step);
            CHECK(merged.ms == doctest::Approx(7.5));
            CHECK(merged.exit_layers == std::vector<std::int16_t>{s, 13, static_cast<std::int16_t>(s + 1), 13,
                                                                  static_cast<std::int16_t>(s + 2), 13});
            CHECK(merged.parameters == std::vector<double>(3, 0.08));
            CHECK_FALSE(merged.mixed());
        }
        std::shuffle(frames.begin(), frames.end(), generator);
    }
}

TEST_CASE("images that a step did not reach are -1 and count nowhere")
{
    RunRecord record = new_record(5, 10);
    record.add(new_frame(1, 2, 4, {7, 9}));
    REQUIRE(record.steps.size() == 1);
    const StepRecord& step = record.steps.front();
    CHECK(step.exit_layers == std::vector<std::int16_t>{-1, -1, 7, 9, -1});
    REQUIRE(step.parameters.size() == 2);
    CHECK(std::isnan(step.parameters[0]));
    CHECK(step.parameters[1] == 0.08);
    const ExitStatistics exits = exit_statistics(step);
    CHECK(exits.n == 2);
    CHECK(exits.mean == doctest::Approx(8.0));
    CHECK(exits.deviation == doctest::Approx(1.0));
    CHECK(exits.minimum == 7);
    CHECK(exits.maximum == 9);
    CHECK(blocks_run(record) == 16);
    CHECK(image_steps(record) == 2);
    CHECK(block_share(record) == doctest::Approx(16.0 / 26.0));
    CHECK(gflops_per_image(record) == doctest::Approx((1.0 + 1.5 * 7 + 1.0 + 1.5 * 9) / 2.0));
}

TEST_CASE("uncertainties of batches land in the rows of their probes, NaN elsewhere")
{
    RunRecord record = new_record(4, 3);
    Frame frame = new_frame(1, 2, 0, {1, 2});
    frame.uncertainty = {0.1F, 0.2F, 0.3F, std::numeric_limits<float>::quiet_NaN()};
    record.add(frame);
    CHECK(record.probes == 2);
    const std::vector<float>& rows = record.steps.front().uncertainty;
    REQUIRE(rows.size() == 8);
    CHECK(std::isnan(rows[0]));
    CHECK(rows[2] == 0.1F);
    CHECK(rows[3] == 0.2F);
    CHECK(std::isnan(rows[4]));
    CHECK(rows[6] == 0.3F);
    CHECK(std::isnan(rows[7]));
    const std::vector<float> means = mean_uncertainties(record.steps.front(), record.probes);
    REQUIRE(means.size() == 2);
    CHECK(means[0] == doctest::Approx(0.15F));
    CHECK(means[1] == doctest::Approx(0.3F));
}

TEST_CASE("a step whose batches used different networks says so for every image")
{
    for (const bool shallow_first : {true, false}) {
        RunRecord record = new_record(4, 3);
        Frame shallow = new_frame(0, 0, 1, {3, 3});
        shallow.network = NetworkRole::shallow;
        shallow.parameter = 500;
        Frame full = new_frame(1, 2, 1, {13, 13});
        full.network = NetworkRole::full;
        full.parameter = 100;
        record.add(shallow_first ? shallow : full);
        CHECK_FALSE(record.steps.front().mixed());
        record.add(shallow_first ? full : shallow);
        const StepRecord& step = record.steps.front();
        REQUIRE(step.mixed());
        CHECK(step.network == NetworkRole::shallow);
        CHECK(step.network_of(0) == NetworkRole::shallow);
        CHECK(step.network_of(1) == NetworkRole::shallow);
        CHECK(step.network_of(2) == NetworkRole::full);
        CHECK(step.network_of(3) == NetworkRole::full);
        CHECK(step.parameters == std::vector<double>{500, 100});
        CHECK(gflops_per_image(record) == doctest::Approx((5.0 + 5.0 + 20.0 + 20.0) / 4.0));
    }
}

TEST_CASE("GFLOPs follow the network and the layer it was left at")
{
    const ModelSummary model = new_record(1, 1).model;
    CHECK(gflops_of(model, NetworkRole::full, 13) == 20.0);
    CHECK(gflops_of(model, NetworkRole::full, 4) == doctest::Approx(7.0));
    CHECK(gflops_of(model, NetworkRole::shallow, 3) == 5.0);
    CHECK(gflops_of(model, NetworkRole::early_exit, 13) == doctest::Approx(20.5));
    CHECK(gflops_of(model, NetworkRole::early_exit, 0) == doctest::Approx(1.0));
    CHECK(std::isnan(gflops_of(model, NetworkRole::early_exit, 14)));
    CHECK(std::isnan(gflops_of(ModelSummary{}, NetworkRole::full, 13)));
    CHECK(std::isnan(gflops_of(ModelSummary{}, NetworkRole::shallow, 3)));
}

TEST_CASE("a model of unknown cost makes the GFLOPs unknown, and a run that ran nothing makes them zero")
{
    RunRecord record = new_record(2, 3);
    CHECK(gflops_per_image(record) == 0.0);
    CHECK(block_share(record) == 0.0);
    CHECK(blocks_run(record) == 0);
    record.add(new_frame(0, 0, 0, {4, 4}));
    record.model.gflops_by_exit_layer.clear();
    CHECK(std::isnan(gflops_per_image(record)));
}

TEST_CASE("leaving before the first block counts as a step with no blocks")
{
    RunRecord record = new_record(2, 1);
    record.add(new_frame(0, 0, 0, {0, 0}));
    CHECK(exit_statistics(record.steps.front()).n == 2);
    CHECK(blocks_run(record) == 0);
    CHECK(image_steps(record) == 2);
    CHECK(block_share(record) == 0.0);
    CHECK(gflops_per_image(record) == doctest::Approx(1.0));
}

TEST_CASE("frames that do not belong to the run are refused and leave no trace")
{
    RunRecord record = new_record(4, 3);
    Frame good = new_frame(0, 0, 0, {1, 2});
    good.uncertainty = {0.1F, 0.2F, 0.3F, 0.4F};
    record.add(good);
    const auto refused = [&](auto change) {
        Frame frame = good;
        frame.step = 1;
        change(frame);
        CHECK_THROWS_AS(record.add(frame), std::logic_error);
        CHECK(record.steps.size() == 1);
        CHECK(record.probes == 2);
    };
    refused([](Frame& frame) { frame.step = 3; });
    refused([](Frame& frame) { frame.step = -1; });
    refused([](Frame& frame) { frame.first_image = 3; });
    refused([](Frame& frame) { frame.first_image = -1; });
    refused([](Frame& frame) { frame.first_image = std::numeric_limits<int>::max(); });
    refused([](Frame& frame) { frame.batch = -1; });
    refused([](Frame& frame) { frame.batch = 1'000'000'000; });
    refused([](Frame& frame) { frame.exit_layers.clear(); });
    refused([](Frame& frame) { frame.uncertainty.push_back(0.5F); });
    refused([](Frame& frame) { frame.uncertainty.resize(6); });
}

TEST_CASE("the ledger's parts and the rest add up to the wall time, also after adding ledgers")
{
    Ledger one;
    double value = 1.0;
    for (double* part : {&one.embed, &one.blocks, &one.probes, &one.heads, &one.compaction, &one.solver,
                         &one.noise, &one.previews, &one.decoding, &one.transfers}) {
        *part = value;
        value *= 2.0;
    }
    one.wall = 1100.0;
    CHECK(one.parts().size() == 10);
    CHECK(one.sum_of_parts() == 1023.0);
    CHECK(one.other() == 77.0);
    CHECK(one.sum_of_parts() + one.other() == one.wall);
    Ledger two = one;
    two += one;
    for (std::size_t i = 0; i < one.parts().size(); ++i) {
        CHECK(two.parts()[i].first == one.parts()[i].first);
        CHECK(two.parts()[i].second == 2.0 * one.parts()[i].second);
    }
    CHECK(two.wall == 2200.0);
}

TEST_CASE("the mean curve has one value a step")
{
    RunRecord record = new_record(2, 1000);
    for (int step = 0; step < 1000; ++step) {
        record.add(new_frame(0, 0, step, {static_cast<std::int16_t>(step < 300 ? 3 : 13), 13}));
    }
    const std::vector<double> means = mean_exit_layers(record);
    REQUIRE(means.size() == 1000);
    CHECK(means[299] == 8.0);
    CHECK(means[300] == 13.0);
}
