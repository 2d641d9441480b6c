// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/small_models.h"

#include "support/doctest_torch.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

/// Pauses the run after a frame of its own, and has another thread act once it is held.
class PauseAfter final : public FrameSink
{
public:
    PauseAfter(int step, PauseSwitch& pause, std::function<void()> once_held)
        : step_(step), pause_(pause), once_held_(std::move(once_held))
    {
    }
    void on_frame(Frame&& frame) override
    {
        frames.push_back(std::move(frame));
        if (frames.back().step == step_ && frames.back().batch == 0) {
            pause_.pause();
            other_ = std::jthread([this] {
                while (!pause_.is_waiting()) {
                    std::this_thread::yield();
                }
                once_held_();
            });
        }
    }
    std::vector<Frame> frames;

private:
    int step_;
    PauseSwitch& pause_;
    std::function<void()> once_held_;
    std::jthread other_;
};

}  // namespace

TEST_CASE("a run that was held and goes on has the pictures of one that was not, under every solver")
{
    const auto engine = engine_with_pair();
    for (const SolverKind solver : all_solvers) {
        SamplingSettings s = settings(PolicyKind::adadiff, solver);
        s.batch = 2;
        PauseSwitch pause;
        std::size_t frames_while_held = 0;
        PauseAfter* seen = nullptr;
        PauseAfter sink(5, pause, [&] {
            frames_while_held = seen->frames.size();
            pause.resume();
        });
        seen = &sink;
        const RunOutcome outcome = engine->sample(s, 1, sink, {.pause = &pause});
        CHECK(frames_while_held == 6);
        CHECK(outcome.record.state == RunState::done);
        CHECK(pixels(outcome) == pixels(run(*engine, s)));
        CHECK_FALSE(pause.is_waiting());
    }
}

TEST_CASE("a stop wakes a held run, before its first step too")
{
    const auto engine = engine_with_pair();
    const SamplingSettings s = settings(PolicyKind::full);
    {
        PauseSwitch pause;
        std::stop_source source;
        PauseAfter sink(3, pause, [&] { source.request_stop(); });
        const RunOutcome outcome = engine->sample(s, 1, sink, {.stop = source.get_token(), .pause = &pause});
        CHECK(outcome.record.state == RunState::cancelled);
        CHECK(sink.frames.size() == 4);
    }
    PauseSwitch pause;
    pause.pause();
    std::stop_source source;
    FrameLog log;
    const std::jthread stopper([&] {
        while (!pause.is_waiting()) {
            std::this_thread::yield();
        }
        source.request_stop();
    });
    const RunOutcome outcome = engine->sample(s, 1, log, {.stop = source.get_token(), .pause = &pause});
    CHECK(outcome.record.state == RunState::cancelled);
    CHECK(log.frames.empty());
}

TEST_CASE("the time a run is held is in no step, not in sampling_ms and not in the ledger")
{
    const auto engine = engine_with_pair();
    const SamplingSettings s = settings(PolicyKind::full);
    PauseSwitch pause;
    using Clock = std::chrono::steady_clock;
    Clock::duration held{};
    PauseAfter sink(5, pause, [&] {
        // Held for longer than the run takes, whatever the machine: a run beside it is the clock.
        const auto start = Clock::now();
        const auto other = engine_with_pair();
        run(*other, s);
        run(*other, s);
        held = Clock::now() - start;
        pause.resume();
    });
    const auto start = Clock::now();
    const RunOutcome outcome = engine->sample(s, 1, sink, {.pause = &pause});
    const double whole = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    const double held_ms = std::chrono::duration<double, std::milli>(held).count();
    CHECK(outcome.record.sampling_ms <= whole - held_ms);
    CHECK(outcome.record.ledger.wall == outcome.record.sampling_ms);
    double steps = 0.0;
    for (const StepRecord& step : outcome.record.steps) {
        steps += step.ms;
    }
    CHECK(steps <= outcome.record.sampling_ms);
}

TEST_CASE("stop and keep gives the predicted x_0 of the step reached, on record as unfinished; abort none")
{
    const auto engine = engine_with_pair();
    SamplingSettings s = settings(PolicyKind::full);
    s.count = 6;
    s.batch = 2;
    for (const bool keeps : {true, false}) {
        std::stop_source source;
        std::atomic<bool> keep{false};
        Trajectory trajectory;
        SampleOptions options;
        options.keep = &trajectory;
        class StopLater final : public FrameSink
        {
        public:
            std::function<void(const Frame&)> action;
            void on_frame(Frame&& frame) override { action(frame); }
        } sink;
        sink.action = [&](const Frame& frame) {
            if (frame.batch == 1 && frame.step == 6) {
                keep = keeps;
                source.request_stop();
            }
        };
        const RunOutcome outcome = engine->sample(
            s, 1, sink, {.stop = source.get_token(), .keep_unfinished = &keep}, nullptr, options);
        CHECK(outcome.record.state == RunState::cancelled);
        CHECK(outcome.images.size() == 2);
        CHECK(outcome.record.images_finished() == 2);
        REQUIRE(outcome.unfinished.size() == (keeps ? 2 : 0));
        REQUIRE(outcome.record.unfinished.size() == outcome.unfinished.size());
        if (keeps) {
            const UnfinishedImage& image = outcome.unfinished[1];
            CHECK(image.steps_done == 7);
            CHECK(image.t == outcome.record.steps[6].t);
            CHECK(image.picture.index == 3);
            CHECK(image.picture.seed == s.seed + 3);
            CHECK(outcome.record.unfinished[1].steps_done == 7);
            CHECK(outcome.record.unfinished[1].index == 3);
            const StatePointer state = trajectory.state(1, 7);
            REQUIRE(state);
            const auto size = static_cast<std::ptrdiff_t>(image.picture.pixels.size());
            CHECK(image.picture.pixels ==
                  std::vector<float>(state->predicted.begin() + size, state->predicted.end()));
        }
    }
}
