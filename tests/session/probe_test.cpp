// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/small_models.h"

#include "support/doctest_torch.h"

#include <cmath>
#include <string>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

std::unique_ptr<Engine> engine_of(const char* model)
{
    auto engine = make_engine();
    engine->open({.model = golden(model), .late_model = {}, .config = {}, .late_config = {}});
    return engine;
}

}  // namespace

TEST_CASE("a probe run reads every probe and changes no picture and no exit layer, under every policy")
{
    for (const char* model :
         {"early_exit_attention_probe.pth", "early_exit_class_conditional.pth", "adadiff_original.pth"}) {
        const auto engine = engine_of(model);
        for (const PolicyKind policy : {PolicyKind::full, PolicyKind::adadiff, PolicyKind::static_layer}) {
            for (const int batch : {1, 3}) {
                SamplingSettings s = settings(policy, SolverKind::ddpm, 6);
                s.count = 3;
                s.batch = batch;
                s.exit_layer = 2;
                s.threshold = threshold_at(*engine, s, 0.3);
                const RunOutcome plain = run(*engine, s);
                SampleOptions options;
                options.all_uncertainties = true;
                FrameLog log;
                const RunOutcome probed = engine->sample(s, 1, log, {}, nullptr, options);
                INFO(model << " " << to_string(policy) << " " << batch);
                CHECK(pixels(plain) == pixels(probed));
                CHECK(probed.record.all_uncertainties);
                const int first = probed.record.model.first_probe_layer;
                int filled = 0;
                for (std::size_t k = 0; k < plain.record.steps.size(); ++k) {
                    const StepRecord& before = plain.record.steps[k];
                    const StepRecord& after = probed.record.steps[k];
                    CHECK(before.exit_layers == after.exit_layers);
                    const auto rows = static_cast<std::size_t>(probed.record.probes);
                    REQUIRE(after.uncertainty.size() == rows * 3);
                    for (std::size_t i = 0; i < rows * 3; ++i) {
                        const bool lets_leave = static_cast<int>(i / 3) + first < probed.record.model.depth;
                        CHECK(std::isnan(after.uncertainty[i]) == !lets_leave);
                        if (!before.uncertainty.empty() && !std::isnan(before.uncertainty[i])) {
                            CHECK(before.uncertainty[i] == after.uncertainty[i]);
                        } else {
                            filled += lets_leave ? 1 : 0;
                        }
                    }
                }
                CHECK(filled > 0);
            }
        }
    }
}

TEST_CASE("every layer's uncertainty at a held step is the run's own, with maps in [0, 1] that average to it")
{
    for (const char* model :
         {"early_exit_attention_probe.pth", "early_exit_class_conditional.pth", "adadiff_original.pth"}) {
        const auto engine = engine_of(model);
        SamplingSettings s = settings(PolicyKind::full, SolverKind::ddim, 6);
        s.count = 4;
        s.batch = 2;
        Trajectory trajectory;
        SampleOptions options;
        options.keep = &trajectory;
        options.all_uncertainties = true;
        FrameLog log;
        const RunOutcome outcome = engine->sample(s, 1, log, {}, nullptr, options);
        const bool attention = std::string(model) == "early_exit_attention_probe.pth";
        const bool certainty = std::string(model) == "adadiff_original.pth";
        for (const Frame& frame : log.frames) {
            const LayerUncertainty all = engine->uncertainty_of(trajectory, frame.batch, frame.step);
            INFO(model << " step " << frame.step);
            CHECK(all.t == frame.t);
            CHECK(all.images == 2);
            CHECK(all.first_image == frame.batch * 2);
            CHECK(all.probes == outcome.record.probes);
            CHECK(all.layers.front() == outcome.record.model.first_probe_layer);
            REQUIRE(all.uncertainty.size() == frame.uncertainty.size());
            for (std::size_t i = 0; i < all.uncertainty.size(); ++i) {
                if (!std::isnan(frame.uncertainty[i])) {
                    CHECK(all.uncertainty[i] == doctest::Approx(frame.uncertainty[i]).epsilon(1e-5));
                }
            }
            CHECK(all.no_maps.has_value() == attention);
            if (attention) {
                CHECK(all.maps.empty());
                continue;
            }
            REQUIRE(all.maps.size() ==
                    static_cast<std::size_t>(all.probes * all.images * all.map_height * all.map_width));
            for (int probe = 0; probe < all.probes; ++probe) {
                for (int image = 0; image < all.images; ++image) {
                    double sum = 0.0;
                    for (const float u : all.map(probe, image)) {
                        CHECK(u >= 0.0F);
                        CHECK(u <= 1.0F);
                        sum += u;
                    }
                    const double mean = sum / (all.map_height * all.map_width);
                    const auto place = static_cast<std::size_t>(probe * all.images + image);
                    // The DuoDiff authors' u is over the extra tokens too.
                    CHECK(mean == doctest::Approx(all.uncertainty[place]).epsilon(certainty ? 1e-4 : 0.5));
                }
            }
        }
        CHECK_THROWS_AS(engine->uncertainty_of(trajectory, 0, 6), EngineError);
        CHECK_THROWS_AS(engine->uncertainty_of(trajectory, 9, 0), EngineError);
    }
}

TEST_CASE("a model without probes refuses the probe run and the uncertainty, in words")
{
    const auto engine = engine_of("uvit_unconditional.pth");
    const SamplingSettings s = settings(PolicyKind::full, SolverKind::ddim, 3);
    Trajectory trajectory;
    SampleOptions options;
    options.keep = &trajectory;
    FrameLog log;
    engine->sample(s, 1, log, {}, nullptr, options);
    try {
        engine->uncertainty_of(trajectory, 0, 1);
        FAIL("answered");
    } catch (const EngineError& error) {
        CHECK(error.code() == ErrorCode::usage);
        CHECK(error.failure().what.find("probes") != std::string::npos);
    }
    options.all_uncertainties = true;
    CHECK_THROWS_AS(engine->sample(s, 1, log, {}, nullptr, options), EngineError);
}
