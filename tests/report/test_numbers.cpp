// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/report_numbers.h"
#include "report/report_samples.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace duodiff;

namespace
{

const std::vector<PolicyKind> policies = {PolicyKind::full, PolicyKind::duodiff, PolicyKind::adadiff,
                                          PolicyKind::static_layer};

}  // namespace

TEST_CASE("the table per network and layer adds up to the run")
{
    for (const PolicyKind policy : policies) {
        for (const int steps : {1, 10, 200}) {
            const RunRecord run = test::finished_run(policy, 7, steps);
            const ReportNumbers numbers = report_numbers(run);
            std::int64_t executions = 0;
            std::int64_t pairs = 0;
            double block_ms = 0.0;
            double step_ms = 0.0;
            for (const NetworkNumbers& network : numbers.networks) {
                std::int64_t leaving = 0;
                std::int64_t in_network = 0;
                for (std::size_t i = 0; i < network.layers.size(); ++i) {
                    const LayerNumbers& layer = network.layers[i];
                    REQUIRE(layer.layer == static_cast<int>(i));
                    leaving += layer.leaving;
                    in_network += layer.executions;
                    block_ms += layer.ms;
                    CHECK(layer.share <= 1.0);
                }
                CHECK(leaving == network.image_steps);
                CHECK(in_network == network.executions);
                CHECK(network.layers.size() == (network.role == NetworkRole::shallow ? 4 : 14));
                executions += in_network;
                pairs += network.image_steps;
                step_ms += network.ms;
            }
            CHECK(executions == numbers.blocks_run);
            CHECK(executions == blocks_run(run));
            CHECK(pairs == 7 * steps);
            CHECK(block_ms == doctest::Approx(run.ledger.blocks));
            double all_steps = 0.0;
            for (const StepRecord& step : run.steps) {
                all_steps += step.ms;
            }
            CHECK(step_ms == doctest::Approx(all_steps));
        }
    }
}

TEST_CASE("a mixed step counts for each network with its own images")
{
    RunRecord run = test::new_run(PolicyKind::duodiff, 4, 1);
    StepRecord step;
    step.exit_layers = {3, 13, 13, 13};
    step.networks = {NetworkRole::shallow, NetworkRole::full, NetworkRole::full, NetworkRole::full};
    step.network = NetworkRole::shallow;
    step.ms = 40.0;
    run.steps.push_back(step);
    const ReportNumbers numbers = report_numbers(run);
    REQUIRE(numbers.networks.size() == 2);
    CHECK(numbers.networks[0].role == NetworkRole::full);
    CHECK(numbers.networks[0].image_steps == 3);
    CHECK(numbers.networks[0].ms == doctest::Approx(30.0));
    CHECK(numbers.networks[1].image_steps == 1);
    CHECK(numbers.networks[1].ms == doctest::Approx(10.0));
}

TEST_CASE("the ledger's rows add up to the wall time and to all of it")
{
    const ReportNumbers numbers = report_numbers(test::finished_run(PolicyKind::adadiff, 3, 20));
    double ms = 0.0;
    double share = 0.0;
    for (const LedgerNumbers& row : numbers.ledger) {
        ms += row.ms;
        share += row.share;
    }
    CHECK(numbers.ledger.back().name == "other");
    CHECK(ms == doctest::Approx(numbers.ledger_wall_ms));
    CHECK(share == doctest::Approx(1.0));
}

TEST_CASE("a speed-up is measured with a baseline and estimated without, and slower is said as slower")
{
    RunRecord run = test::finished_run(PolicyKind::adadiff, 4, 100);
    ReportNumbers numbers = report_numbers(run);
    REQUIRE(numbers.speed_up.has_value());
    CHECK_FALSE(numbers.speed_up->measured);
    CHECK(numbers.speed_up->factor > 1.0);
    CHECK(speed_up_text(numbers).find("faster than the full network (estimated") != std::string::npos);

    run.baseline = BaselineRecord{2.0 * run.sampling_ms / 4.0, "full, seed 7, 4 images"};
    numbers = report_numbers(run);
    REQUIRE(numbers.speed_up.has_value());
    CHECK(numbers.speed_up->measured);
    CHECK(numbers.speed_up->factor == doctest::Approx(2.0));
    CHECK(speed_up_text(numbers) ==
          "2.00\u00d7 faster than the full network (measured against full, seed 7, 4 images)");

    run.baseline->ms_per_image = 0.5 * run.sampling_ms / 4.0;
    CHECK(speed_up_text(report_numbers(run)).rfind("2.00\u00d7 slower", 0) == 0);
    run.baseline->ms_per_image = run.sampling_ms / 4.0;
    CHECK(speed_up_text(report_numbers(run)).rfind("as fast as", 0) == 0);
}

TEST_CASE("the estimate is exact where nothing but the blocks differs")
{
    RunRecord duo = test::finished_run(PolicyKind::duodiff, 4, 100);
    const RunRecord full = test::finished_run(PolicyKind::full, 4, 100);
    const ReportNumbers estimated = report_numbers(duo);
    duo.baseline = baseline_from(full, duo);
    REQUIRE(duo.baseline.has_value());
    const ReportNumbers measured = report_numbers(duo);
    REQUIRE(estimated.speed_up.has_value());
    REQUIRE(measured.speed_up.has_value());
    CHECK(estimated.speed_up->factor == doctest::Approx(measured.speed_up->factor));
}

TEST_CASE("only an equal run of the full network is a baseline")
{
    const RunRecord run = test::finished_run(PolicyKind::adadiff, 4, 10);
    const RunRecord full = test::finished_run(PolicyKind::full, 4, 10);
    REQUIRE(baseline_from(full, run).has_value());
    CHECK(baseline_from(full, run)->ms_per_image == doctest::Approx(full.sampling_ms / 4.0));
    CHECK_FALSE(baseline_from(run, full).has_value());
    const auto no_baseline = [&](auto change) {
        RunRecord other = full;
        change(other);
        CHECK_FALSE(baseline_from(other, run).has_value());
    };
    no_baseline([](RunRecord& other) { other.settings.steps = 11; });
    no_baseline([](RunRecord& other) { other.settings.solver = SolverKind::ddim; });
    no_baseline([](RunRecord& other) { other.settings.batch = 1; });
    no_baseline([](RunRecord& other) { other.settings.count = 5; });
    no_baseline([](RunRecord& other) { other.machine.device = "cuda:0"; });
    no_baseline([](RunRecord& other) { other.machine.precision = "fp32"; });
    no_baseline([](RunRecord& other) { other.machine.threads = 1; });
    no_baseline([](RunRecord& other) { other.model.sha256["full"] = "c"; });
    no_baseline([](RunRecord& other) { other.state = RunState::cancelled; });
}

TEST_CASE("no speed is claimed for a run that was cut short against a baseline, nor for nothing")
{
    RunRecord run = test::finished_run(PolicyKind::full, 4, 10);
    CHECK_FALSE(report_numbers(run).speed_up.has_value());
    run.baseline = BaselineRecord{10.0, "full"};
    run.state = RunState::cancelled;
    run.images.resize(2);
    const ReportNumbers cut = report_numbers(run);
    CHECK(std::isnan(cut.ms_per_image));
    CHECK_FALSE(cut.speed_up.has_value());

    const ReportNumbers nothing = report_numbers(test::new_run(PolicyKind::adadiff, 4, 10));
    CHECK_FALSE(nothing.speed_up.has_value());
    CHECK(nothing.networks.empty());
    CHECK(nothing.block_share == 0.0);
    CHECK(nothing.mean_exit_layer == 0.0);
    CHECK_FALSE(nothing.phase_transition.has_value());
    CHECK_FALSE(report_numbers(RunRecord{}).speed_up.has_value());
}

TEST_CASE("batches that were finished before the stop are timed, those given up are not hidden")
{
    RunRecord run = test::finished_run(PolicyKind::full, 4, 10);
    run.state = RunState::cancelled;
    run.images.resize(2);
    for (StepRecord& step : run.steps) {
        step.exit_layers[2] = -1;
        step.exit_layers[3] = -1;
    }
    const ReportNumbers numbers = report_numbers(run);
    CHECK(numbers.images_begun == 2);
    CHECK(numbers.ms_per_image == doctest::Approx(run.sampling_ms / 2.0));
    CHECK(result_sentence(run, numbers).find("2 of 4 images") != std::string::npos);
}

TEST_CASE("GFLOPs of the full network are those of a run of it")
{
    const ReportNumbers full = report_numbers(test::finished_run(PolicyKind::full, 3, 50));
    CHECK(full.gflops_per_image == doctest::Approx(0.107 * 50));
    CHECK(full.full_gflops_per_image == doctest::Approx(full.gflops_per_image));
    const ReportNumbers duo = report_numbers(test::finished_run(PolicyKind::duodiff, 3, 50));
    CHECK(duo.gflops_per_image == doctest::Approx(0.028 * 15 + 0.107 * 35));
    CHECK(duo.full_gflops_per_image == doctest::Approx(full.gflops_per_image));
}

TEST_CASE("numbers read well at every size")
{
    CHECK(duration_text(0.0) == "0 ms");
    CHECK(duration_text(1.234) == "1.23 ms");
    CHECK(duration_text(812.4) == "812 ms");
    CHECK(duration_text(999.7) == "1.00 s");
    CHECK(duration_text(21'840.0) == "21.8 s");
    CHECK(duration_text(59'960.0) == "1 min 00 s");
    CHECK(duration_text(185'000.0) == "3 min 05 s");
    CHECK(duration_text(3'725'000.0) == "1 h 02 min");
    CHECK(duration_text(std::numeric_limits<double>::quiet_NaN()) == "not known");
    CHECK(share_text(0.4983) == "49.8 %");
    CHECK(factor_text(1.914) == "1.91\u00d7");
    CHECK(gflops_text(107.2) == "107");
    CHECK(gflops_text(3.2149) == "3.21");
    CHECK(gflops_text(std::numeric_limits<double>::quiet_NaN()) == "not known");
    CHECK(count_text(0) == "0");
    CHECK(count_text(999) == "999");
    CHECK(count_text(65'000) == "65,000");
    CHECK(count_text(1'234'567) == "1,234,567");
    CHECK(count_text(-1000) == "-1,000");
    CHECK(count_text(-100) == "-100");
}
