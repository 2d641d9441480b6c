// SPDX-License-Identifier: GPL-3.0-or-later
// Runs with 8-bit products: near fp32's pictures, and in all else runs like others. Where this processor has
// no such products, the refusal.
#include "model/uvit.h"
#include "session/model_info.h"
#include "session/random_model.h"
#include "session/settings_check.h"
#include "session/small_models.h"
#include "stream/quality.h"
#include "stream/trajectory.h"

#include "support/doctest_torch.h"

#include <algorithm>
#include <vector>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

std::unique_ptr<Engine> engine_with_pack()
{
    auto engine = make_engine();
    engine->open({.model = source_dir() / "models" / "fashion-mnist",
                  .late_model = {},
                  .config = {},
                  .late_config = {}});
    return engine;
}

/// False, after a look at the refusal, where the processor has no 8-bit products.
bool can_run_int8(const Engine& engine)
{
    SamplingSettings s = settings(PolicyKind::full);
    s.precision = Precision::int8;
    const auto failure = engine.check(s);
    if (!failure) {
        return true;
    }
    CHECK(failure->code == ErrorCode::usage);
    CHECK(failure->what.find("VNNI") != std::string::npos);
    CHECK(failure->remedy.find("bf16") != std::string::npos);
    return false;
}

std::vector<double> psnr(const RunOutcome& one, const RunOutcome& other)
{
    std::vector<double> all;
    for (std::size_t i = 0; i < other.images.size(); ++i) {
        all.push_back(picture_difference(one.images[i].pixels, other.images[i].pixels).psnr);
    }
    return all;
}

double median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

}  // namespace

TEST_CASE("int8 keeps the bundled model's pictures within 30 dB of fp32's under every policy")
{
    const auto engine = engine_with_pack();
    if (!can_run_int8(*engine)) {
        return;
    }
    for (const PolicyKind policy : {PolicyKind::full, PolicyKind::duodiff, PolicyKind::adadiff}) {
        CAPTURE(to_string(policy));
        SamplingSettings s = settings(policy, SolverKind::ddim, 25);
        s.count = s.batch = 12;
        s.threshold = 0.12;
        const RunOutcome exact = run(*engine, s);
        s.precision = Precision::int8;
        const RunOutcome rounded = run(*engine, s);
        CHECK(rounded.record.machine.precision == "int8");
        const double decibels = median(psnr(rounded, exact));
        CHECK(decibels >= 30.0);
        CHECK(decibels < 90.0);  // something was rounded
    }
}

TEST_CASE("an image of an int8 run is the same to the bit in any batch, exits included")
{
    const auto engine = engine_with_pack();
    if (!can_run_int8(*engine)) {
        return;
    }
    SamplingSettings s = settings(PolicyKind::adadiff);
    s.precision = Precision::int8;
    s.threshold = 0.15;
    s.count = 5;
    s.batch = 5;
    const RunOutcome whole = run(*engine, s);
    for (const int batch : {1, 2, 3}) {
        s.batch = batch;
        const RunOutcome parts = run(*engine, s);
        const bool same = pixels(parts) == pixels(whole);
        CHECK(same);
        for (std::size_t i = 0; i < whole.record.steps.size(); ++i) {
            CHECK(parts.record.steps[i].exit_layers == whole.record.steps[i].exit_layers);
        }
    }
}

TEST_CASE("an int8 run goes on from any of its steps to the same pictures, and fp32 does not go on from it")
{
    const auto engine = engine_with_pack();
    if (!can_run_int8(*engine)) {
        return;
    }
    SamplingSettings s = settings(PolicyKind::adadiff, SolverKind::ddpm, 8);
    s.precision = Precision::int8;
    s.threshold = 0.15;
    Trajectory kept;
    SampleOptions options;
    options.keep = &kept;
    FrameLog log;
    const RunOutcome whole = engine->sample(s, 1, log, {}, nullptr, options);
    for (const int step : {1, 5}) {
        Trajectory again;
        SampleOptions on;
        on.keep = &again;
        on.resume = ResumePoint{.trajectory = &kept, .record = &whole.record, .step = step};
        const bool same = pixels(engine->sample(s, 2, log, {}, nullptr, on)) == pixels(whole);
        CHECK(same);
        SamplingSettings other = s;
        other.precision = Precision::fp32;
        CHECK_THROWS_AS(engine->sample(other, 3, log, {}, nullptr, on), EngineError);
    }
}

TEST_CASE("auto never becomes int8")
{
    const ModelFiles files = read_model({.model = source_dir() / "models" / "fashion-mnist",
                                         .late_model = {},
                                         .config = {},
                                         .late_config = {}});
    const c10::Device cpu(c10::kCPU);
    CHECK(resolve_precision(Precision::automatic, cpu, files.shape()) != Precision::int8);
    for (const StandardShape& shape : standard_shapes()) {
        CHECK(resolve_precision(Precision::automatic, cpu, shape.config) != Precision::int8);
    }
    CHECK(resolve_precision(Precision::int8, cpu, files.shape()) == Precision::int8);
    CHECK(arithmetic_of(Precision::int8).int8);
    CHECK_FALSE(arithmetic_of(Precision::bf16).int8);
}
