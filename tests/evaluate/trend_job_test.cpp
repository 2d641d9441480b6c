// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluate/trend_files.h"
#include "stream/switch_advisor.h"

#include "evaluate/evaluation_support.h"
#include "support/doctest_torch.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <string>
#include <vector>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

const std::vector<const char*> models = {"early_exit_attention_probe.pth", "early_exit_class_conditional.pth",
                                         "adadiff_original.pth"};

/// At thetas that few, half and most of all u lie below.
TrendRequest request_of(const char* model, const TemporaryFolder& folder)
{
    TrendRequest request{
        .source = source_of(model), .base = few_images(), .thresholds = {}, .folder = folder / "out"};
    const auto engine = make_engine();
    engine->open(request.source);
    for (const double share : {0.02, 0.3, 0.9}) {
        request.thresholds.push_back(threshold_at(*engine, request.base, share));
    }
    return request;
}

TrendReport evaluate(const TrendRequest& request)
{
    return evaluate_trend(*make_engine(), request);
}

}  // namespace

TEST_CASE("the trend of every theta is that of one run of all images")
{
    for (const char* model : models) {
        INFO(std::string(model));
        const TemporaryFolder folder;
        const TrendReport report = evaluate(request_of(model, folder));
        REQUIRE(report.curves.size() == 3);
        const auto engine = make_engine();
        engine->open(source_of(model));
        double former_share = 2.0;
        for (const TrendCurve& curve : report.curves) {
            SamplingSettings whole = few_images();
            whole.policy = PolicyKind::adadiff;
            whole.threshold = curve.threshold;
            const RunOutcome outcome = run(*engine, whole);
            REQUIRE(curve.exits.left.size() == outcome.record.steps.size());
            CHECK(curve.exits.images == 10);
            for (std::size_t i = 0; i < curve.exits.left.size(); ++i) {
                const ExitStatistics expected = exit_statistics(outcome.record.steps[i]);
                CHECK(curve.exits.timesteps[i] == outcome.record.steps[i].t);
                CHECK(mean_layer(curve.exits.left[i]) == doctest::Approx(expected.mean));
                CHECK(layer_deviation(curve.exits.left[i]) == doctest::Approx(expected.deviation));
            }
            CHECK(curve.block_share == doctest::Approx(block_share(outcome.record)));
            CHECK(curve.gflops_an_image == doctest::Approx(gflops_per_image(outcome.record)));
            CHECK(curve.block_share <= former_share);
            former_share = curve.block_share;
        }
        CHECK(report.curves.front().block_share > report.curves.back().block_share);
    }
}

TEST_CASE("without values theta is spread over the model's useful range")
{
    const TemporaryFolder folder;
    TrendRequest request = request_of(models[0], folder);
    request.thresholds.clear();
    request.base.count = 2;
    const TrendReport report = evaluate(request);
    const auto engine = make_engine();
    const ModelInfo info = engine->open(request.source);
    REQUIRE(report.curves.size() == 5);
    CHECK(report.curves.front().threshold == doctest::Approx(info.threshold_minimum).epsilon(0.01));
    CHECK(report.curves.back().threshold == doctest::Approx(info.threshold_maximum).epsilon(0.01));
}

TEST_CASE("a trend that was stopped anywhere goes on to the same files, and makes nothing twice")
{
    const TemporaryFolder folder;
    const TrendRequest whole = request_of(models[1], folder);
    write_trend_files(evaluate(whole), whole.folder);
    const auto expected = files_of(whole.folder);
    REQUIRE(expected.size() == 7);
    for (const int first_stop : {2, 7, 20, 41}) {
        const TemporaryFolder other;
        const TrendRequest request = request_of(models[1], other);
        int calls = 0;
        for (int stop_at = first_stop, runs = 0;; stop_at += 5, ++runs) {
            REQUIRE(runs < 40);
            StopAt stopper(stop_at);
            try {
                write_trend_files(
                    evaluate_trend(*make_engine(), request, stopper.callback(), stopper.stop.get_token()),
                    request.folder);
                calls = stop_at - stopper.left;
                break;
            } catch (const EngineError& error) {
                CHECK(error.code() == ErrorCode::cancelled);
            }
        }
        CHECK(files_of(request.folder) == expected);
        CHECK(calls > 0);
    }
    // Everything is there: no image is sampled again.
    StopAt counter(1000);
    (void)evaluate_trend(*make_engine(), whole, counter.callback());
    CHECK(1000 - counter.left < 8);
}

TEST_CASE("parts of other settings or with damage are made again, and that is said")
{
    const TemporaryFolder folder;
    TrendRequest request = request_of(models[0], folder);
    const TrendReport first = evaluate(request);
    CHECK(first.notes.empty());
    request.base.seed += 1;
    const TrendReport other = evaluate(request);
    REQUIRE(other.notes.size() == 1);
    CHECK(other.notes[0].find("3 finished parts") != std::string::npos);
    request.base.seed -= 1;
    CHECK(evaluate(request).curves[1].exits == first.curves[1].exits);

    const std::filesystem::path part = request.folder / "parts" / exit_part_name(request.thresholds[1]);
    std::string bytes = text_of(part);
    bytes[bytes.size() - 5] = static_cast<char>(bytes[bytes.size() - 5] ^ 1);
    std::ofstream(part, std::ios::binary) << bytes;
    const TrendReport again = evaluate(request);
    REQUIRE(again.notes.size() == 1);
    CHECK(again.notes[0].find("Damaged") != std::string::npos);
    CHECK(again.curves[1].exits == first.curves[1].exits);
}

TEST_CASE("more images go on from those there are, and fewer are made anew")
{
    const TemporaryFolder folder;
    TrendRequest request = request_of(models[1], folder);
    const TrendReport ten = evaluate(request);
    request.base.count = 14;
    const TrendReport more = evaluate(request);
    CHECK(more.curves[1].exits.images == 14);
    request.base.count = 10;
    CHECK(evaluate(request).curves[1].exits == ten.curves[1].exits);
}

TEST_CASE("the files of a trend hold its numbers")
{
    const TemporaryFolder folder;
    const TrendRequest request = request_of(models[0], folder);
    const TrendReport report = evaluate(request);
    write_trend_files(report, request.folder);
    const auto json = nlohmann::json::parse(text_of(request.folder / "trend.json"));
    REQUIRE(json["curves"].size() == 3);
    CHECK(json["curves"][1]["steps"][3]["mean_exit_layer"] == mean_layer(report.curves[1].exits.left[3]));
    CHECK(json["settings"]["count"] == 10);
    const std::string csv = text_of(request.folder / fmt::format("trend-{}.csv", request.thresholds[1]));
    CHECK(std::count(csv.begin(), csv.end(), '\n') == 9);
    CHECK(text_of(request.folder / "trend.svg").find(fmt::format("\u03b8 = {}", request.thresholds[1])) !=
          std::string::npos);
    CHECK(text_of(request.folder / "trend.png").starts_with("\x89PNG"));
}

TEST_CASE("a phase transition is found where the mean jumps, with the t_s that switches there")
{
    // 999, 888, ..., 0: two blocks down to t = 555, ten from 444 on.
    TrendReport report;
    ExitCounts counts;
    counts.images = 4;
    for (int step = 0; step < 10; ++step) {
        counts.timesteps.push_back(999 - 111 * step);
        counts.left.emplace_back(11, 0);
        counts.left.back()[step < 5 ? 2 : 10] = 4;
    }
    const auto found = find_phase_transition(mean_layers(counts));
    REQUIRE(found);
    CHECK(counts.timesteps[found->index] == 444);
    RunRecord steps;
    steps.settings.policy = PolicyKind::adadiff;
    for (const int t : counts.timesteps) {
        steps.steps.emplace_back().t = t;
    }
    // The shallow network runs while t >= 1000 - t_s: at 555 still, at 444 no more.
    CHECK(switch_step_for(steps, found->index) == 445);
}

TEST_CASE("a model without exits, and a theta that it cannot have, are refused")
{
    const TemporaryFolder folder;
    const auto refusal = [&](const char* model, std::vector<double> thresholds) {
        try {
            (void)evaluate({.source = source_of(model),
                            .base = few_images(),
                            .thresholds = std::move(thresholds),
                            .folder = folder / "none"});
        } catch (const EngineError& error) {
            return error.code();
        }
        return ErrorCode::cancelled;
    };
    CHECK(refusal("uvit_unconditional.pth", {}) == ErrorCode::usage);
    CHECK(refusal("early_exit_class_conditional.pth", {std::nan("")}) == ErrorCode::usage);
    CHECK(refusal("nothing.pth", {0.1}) == ErrorCode::bad_file);
}
