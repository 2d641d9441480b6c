// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/engine.h"

#include "session/small_models.h"

#include "support/doctest_torch.h"
#include "support/golden.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

double largest_difference(const std::vector<float>& a, const std::vector<float>& b)
{
    REQUIRE(a.size() == b.size());
    double largest = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        largest = std::max(largest, std::abs(static_cast<double>(a[i]) - b[i]));
    }
    return largest;
}

/// Asks for the stop at a chosen step of a chosen batch, and counts what comes after.
class StopAt final : public FrameSink
{
public:
    StopAt(int batch, int step, std::stop_source& source) : batch_(batch), step_(step), source_(source) {}
    void on_frame(Frame&& frame) override
    {
        ++frames;
        frames_after += source_.stop_requested() ? 1 : 0;
        if (frame.batch == batch_ && frame.step == step_) {
            source_.request_stop();
        }
    }
    int frames = 0;
    int frames_after = 0;

private:
    int batch_;
    int step_;
    std::stop_source& source_;
};

}  // namespace

TEST_CASE("the same settings give the same bits twice, under every policy and solver")
{
    const auto engine = engine_with_pair();
    for (const PolicyKind policy :
         {PolicyKind::full, PolicyKind::duodiff, PolicyKind::adadiff, PolicyKind::static_layer}) {
        for (const SolverKind solver : all_solvers) {
            SamplingSettings s = settings(policy, solver);
            s.exit_layer = 2;
            const RunOutcome one = run(*engine, s);
            const RunOutcome other = run(*engine, s);
            INFO(to_string(policy) << " " << to_string(solver));
            CHECK(pixels(one) == pixels(other));
            CHECK(one.images.size() == 4);
            for (std::size_t i = 0; i < one.record.steps.size(); ++i) {
                CHECK(one.record.steps[i].exit_layers == other.record.steps[i].exit_layers);
            }
        }
    }
}

TEST_CASE("AdaDiff below every u and DuoDiff with t_s = 0 are the full network to the bit")
{
    const auto engine = engine_with_pair();
    for (const SolverKind solver : all_solvers) {
        const auto full = pixels(run(*engine, settings(PolicyKind::full, solver)));
        SamplingSettings never = settings(PolicyKind::adadiff, solver);
        never.threshold = -1e9;
        CHECK(pixels(run(*engine, never)) == full);
        SamplingSettings no_switch = settings(PolicyKind::duodiff, solver);
        no_switch.switch_step = 0;
        CHECK(pixels(run(*engine, no_switch)) == full);
        SamplingSettings last_layer = settings(PolicyKind::static_layer, solver);
        last_layer.exit_layer = 5;
        CHECK(pixels(run(*engine, last_layer)) == full);
    }
}

TEST_CASE("DuoDiff with t_s = 1000 is the shallow network alone")
{
    const auto pair = engine_with_pair();
    const auto alone = make_engine();
    alone->open(
        {.model = golden("uvit_unconditional.pth"), .late_model = {}, .config = {}, .late_config = {}});
    SamplingSettings always = settings(PolicyKind::duodiff, SolverKind::ddpm);
    always.switch_step = 1000;
    CHECK(pixels(run(*pair, always)) == pixels(run(*alone, settings(PolicyKind::full, SolverKind::ddpm))));
}

TEST_CASE("an image is the same in any batch, at any place, whatever the count")
{
    const auto engine = engine_with_pair();
    for (const PolicyKind policy : {PolicyKind::full, PolicyKind::duodiff, PolicyKind::adadiff}) {
        for (const SolverKind solver : all_solvers) {
            SamplingSettings s = settings(policy, solver);
            s.count = 6;
            s.batch = 6;
            const auto together = pixels(run(*engine, s));
            for (const int batch : {1, 4, 5}) {
                s.batch = batch;
                const auto apart = pixels(run(*engine, s));
                REQUIRE(apart.size() == together.size());
                for (std::size_t i = 0; i < apart.size(); ++i) {
                    CHECK(largest_difference(apart[i], together[i]) < 2e-3);
                }
            }
            // Image k of seed s is image 0 of seed s + k.
            s.seed = 3;
            s.count = s.batch = 1;
            CHECK(largest_difference(pixels(run(*engine, s))[0], together[3]) < 2e-3);
        }
    }
}

TEST_CASE("blocks run are the sum of the exit layers, and every step of every image is on record")
{
    const auto engine = engine_with_pair();
    for (const PolicyKind policy :
         {PolicyKind::full, PolicyKind::duodiff, PolicyKind::adadiff, PolicyKind::static_layer}) {
        SamplingSettings s = settings(policy);
        s.count = 5;
        s.batch = 2;
        s.exit_layer = 3;
        test::FrameLog log;
        const RunOutcome outcome = engine->sample(s, 7, log);
        CHECK(log.frames.size() == 3 * 12);
        std::int64_t sum = 0;
        for (const Frame& frame : log.frames) {
            CHECK(frame.run_id == 7);
            sum += std::accumulate(frame.exit_layers.begin(), frame.exit_layers.end(), std::int64_t{0});
        }
        CHECK(blocks_run(outcome.record) == sum);
        CHECK(outcome.record.steps.size() == 12);
        CHECK(outcome.record.images.size() == 5);
        CHECK(outcome.record.ledger.sum_of_parts() <= outcome.record.ledger.wall);
        CHECK(outcome.record.ledger.blocks > 0.0);
    }
}

TEST_CASE("theta and t_s act on the run in progress, from the next step on, and the record says which")
{
    const auto engine = engine_with_pair();
    for (const PolicyKind policy : {PolicyKind::duodiff, PolicyKind::adadiff}) {
        LiveParameters live;
        live.threshold = -1e9;
        live.switch_step = 0;
        class Mover final : public FrameSink
        {
        public:
            explicit Mover(LiveParameters& parameters) : live(parameters) {}
            void on_frame(Frame&& frame) override
            {
                if (frame.step == 5) {
                    live.threshold = 1e9;
                    live.switch_step = 1000;
                }
            }
            LiveParameters& live;
        } mover(live);
        const RunOutcome outcome = engine->sample(settings(policy), 1, mover, {}, &live);
        for (const StepRecord& step : outcome.record.steps) {
            const bool moved = step.step > 5;
            const double expected =
                policy == PolicyKind::adadiff ? (moved ? 1e9 : -1e9) : (moved ? 1000.0 : 0.0);
            CHECK(step.parameters.at(0) == expected);
            const int layer = policy == PolicyKind::adadiff && moved ? 0 : 5;
            CHECK(std::all_of(step.exit_layers.begin(), step.exit_layers.end(),
                              [&](int l) { return l == layer; }));
            if (policy == PolicyKind::duodiff) {
                CHECK(step.network == (moved ? NetworkRole::shallow : NetworkRole::full));
            }
        }
    }
}

TEST_CASE("a stop before the start runs nothing; in mid-run it ends within a step and keeps finished batches")
{
    const auto engine = engine_with_pair();
    SamplingSettings s = settings(PolicyKind::full);
    s.count = 6;
    s.batch = 2;
    struct Case {
        int batch;
        int step;
        std::size_t kept;
    };
    for (const Case& where : {Case{0, 0, 0}, Case{1, 5, 2}, Case{2, 10, 4}}) {
        std::stop_source source;
        StopAt sink(where.batch, where.step, source);
        const RunOutcome outcome = engine->sample(s, 1, sink, {.stop = source.get_token()});
        CHECK(outcome.record.state == RunState::cancelled);
        CHECK(outcome.images.size() == where.kept);
        CHECK(sink.frames == where.batch * 12 + where.step + 1);
        CHECK(sink.frames_after == 0);
    }
    std::stop_source source;
    source.request_stop();
    StopAt sink(99, 0, source);
    const RunOutcome nothing = engine->sample(s, 1, sink, {.stop = source.get_token()});
    CHECK(nothing.record.state == RunState::cancelled);
    CHECK(sink.frames == 0);

    // Asked at the very last step, there is nothing left to stop.
    std::stop_source late;
    StopAt last(2, 11, late);
    const RunOutcome whole = engine->sample(s, 1, last, {.stop = late.get_token()});
    CHECK(whole.record.state == RunState::done);
    CHECK(whole.images.size() == 6);

    // And the engine is none the worse for it.
    CHECK(run(*engine, s).record.state == RunState::done);
}

TEST_CASE("finish this batch ends after the batch in progress")
{
    const auto engine = engine_with_pair();
    SamplingSettings s = settings(PolicyKind::full);
    s.count = 6;
    s.batch = 2;
    const std::atomic<bool> finish{true};
    test::FrameLog log;
    const RunOutcome outcome = engine->sample(s, 1, log, {.finish_batch = &finish});
    CHECK(outcome.record.state == RunState::cancelled);
    CHECK(outcome.images.size() == 2);
    CHECK(log.frames.size() == 12);
}

TEST_CASE("pictures are made only when wanted, of the right size, and change nothing")
{
    const auto engine = engine_with_exits();
    class Viewer final : public FrameSink
    {
    public:
        void on_frame(Frame&& frame) override
        {
            pictures += frame.picture ? 1 : 0;
            if (frame.picture) {
                CHECK(frame.step % 3 == 0);
                CHECK(frame.picture->count == 4);
                CHECK(frame.picture->rgbx->size() == static_cast<std::size_t>(frame.picture->width) *
                                                         static_cast<std::size_t>(frame.picture->height) * 4 *
                                                         4);
            }
        }
        PicturesWanted wanted_pictures() override { return {.noisy = asked++ % 3 == 0}; }
        int pictures = 0;
        int asked = 0;
    } viewer;
    const RunOutcome seen = engine->sample(settings(PolicyKind::adadiff), 1, viewer);
    CHECK(viewer.pictures == 4);
    CHECK(pixels(seen) == pixels(run(*engine, settings(PolicyKind::adadiff))));
}

TEST_CASE("kept x_t are those of the steps asked for; the first is the noise itself")
{
    const auto engine = engine_with_exits();
    SamplingSettings s = settings(PolicyKind::full);
    s.save_steps = {999, 0};
    const RunOutcome outcome = run(*engine, s);
    CHECK(outcome.saved.size() == 8);
    std::map<int, int> by_t;
    for (const SavedState& state : outcome.saved) {
        ++by_t[state.t];
    }
    CHECK(by_t == std::map<int, int>{{0, 4}, {999, 4}});
}

TEST_CASE("classes are given in turn, all of them where none is named, and the images differ by them")
{
    const auto engine = make_engine();
    engine->open({.model = golden("early_exit_class_conditional.pth"),
                  .late_model = {},
                  .config = {},
                  .late_config = {}});
    SamplingSettings s = settings(PolicyKind::full);
    s.count = s.batch = 13;
    std::set<std::int64_t> labels;
    for (const FinishedImage& image : run(*engine, s).images) {
        CHECK(image.label == image.index % 11);
        labels.insert(image.label);
    }
    CHECK(labels.size() == 11);
    s.classes = {3, 10};
    const RunOutcome two = run(*engine, s);
    CHECK(two.images[0].label == 3);
    CHECK(two.images[1].label == 10);
    CHECK(two.images[2].label == 3);
    s.classes = {4};
    CHECK(run(*engine, s).images[0].pixels != two.images[0].pixels);
}

TEST_CASE("what a model cannot do is a usage error in words, and check says the same as sample")
{
    const auto engine = make_engine();
    CHECK(engine->check(settings(PolicyKind::full))->code == ErrorCode::usage);
    engine->open(
        {.model = golden("uvit_unconditional.pth"), .late_model = {}, .config = {}, .late_config = {}});
    std::vector<SamplingSettings> wrong;
    const auto add = [&](auto change) {
        wrong.push_back(settings(PolicyKind::full));
        change(wrong.back());
    };
    add([](SamplingSettings& s) { s.policy = PolicyKind::duodiff; });
    add([](SamplingSettings& s) { s.policy = PolicyKind::adadiff; });
    add([](SamplingSettings& s) { s.policy = PolicyKind::static_layer; });
    add([](SamplingSettings& s) { s.classes = {1}; });
    add([](SamplingSettings& s) { s.count = 0; });
    add([](SamplingSettings& s) { s.batch = -1; });
    add([](SamplingSettings& s) { s.steps = 0; });
    add([](SamplingSettings& s) { s.device = "cuda:77"; });
    add([](SamplingSettings& s) { s.save_steps = {998}; });
    add([](SamplingSettings& s) { s.parametrization = Parametrization::predict_previous; });
    add([](SamplingSettings& s) { s.eta = -1; });
    for (const SamplingSettings& s : wrong) {
        const auto failure = engine->check(s);
        REQUIRE(failure);
        CHECK(failure->code == ErrorCode::usage);
        try {
            run(*engine, s);
            FAIL("ran");
        } catch (const EngineError& error) {
            CHECK(error.failure() == *failure);
        }
    }
}

TEST_CASE("more memory than there is ends as a clear error with a smaller batch, and the next run works")
{
    const auto engine = engine_with_exits();
    SamplingSettings s = settings(PolicyKind::full);
    s.count = s.batch = 100'000;
    s.steps = 1000;
    s.save_steps.clear();
    for (int t = 0; t < 1000; ++t) {
        s.save_steps.push_back(t);
    }
    s.solver = SolverKind::ddpm;
    try {
        run(*engine, s);
        FAIL("ran");
    } catch (const EngineError& error) {
        CHECK(error.code() == ErrorCode::out_of_memory);
        CHECK_FALSE(error.failure().remedy.empty());
    }
    CHECK(run(*engine, settings(PolicyKind::full)).record.state == RunState::done);
}

TEST_CASE("a model that cannot be opened leaves the former one in place")
{
    const auto engine = engine_with_exits();
    const auto before = pixels(run(*engine, settings(PolicyKind::full)));
    CHECK_THROWS_AS(
        engine->open({.model = "/nonexistent", .late_model = {}, .config = {}, .late_config = {}}),
        EngineError);
    CHECK(pixels(run(*engine, settings(PolicyKind::full))) == before);
}

TEST_CASE("bf16 stays near fp32 for a few steps")
{
    const auto engine = engine_with_exits();
    SamplingSettings s = settings(PolicyKind::full, SolverKind::ddim, 5);
    const auto exact = pixels(run(*engine, s));
    s.precision = Precision::bf16;
    const auto coarse = pixels(run(*engine, s));
    for (std::size_t i = 0; i < exact.size(); ++i) {
        double error = 0.0;
        double power = 0.0;
        for (std::size_t k = 0; k < exact[i].size(); ++k) {
            error += std::pow(static_cast<double>(exact[i][k]) - coarse[i][k], 2);
            power += std::pow(static_cast<double>(exact[i][k]), 2);
        }
        CHECK(std::sqrt(error / power) < 0.05);
    }
}
