// SPDX-License-Identifier: GPL-3.0-or-later
#include "stream/branch.h"
#include "stream/pause_switch.h"
#include "stream/quality.h"
#include "stream/trajectory.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <thread>

using namespace duodiff;

namespace
{

constexpr int steps = 100;

TrajectoryState state_of(int batch, int done, float value = 0.0F, int images = 2)
{
    TrajectoryState state;
    state.batch = batch;
    state.first_image = batch * images;
    state.steps_done = done;
    state.t = done < steps ? 99 - done : -1;
    state.shape = {images, 1, 4, 4};
    state.x.assign(state.shape.values(), value);
    state.predicted.assign(state.shape.values(), value / 2.0F);
    return state;
}

StatePointer pointer(TrajectoryState state)
{
    return std::make_shared<const TrajectoryState>(std::move(state));
}

TrajectoryRun run_of(int of_steps = steps)
{
    TrajectoryRun run;
    run.settings.steps = of_steps;
    run.steps = of_steps;
    return run;
}

void fill(Trajectory& trajectory, int batches, float value = 0.0F)
{
    trajectory.begin(run_of());
    for (int batch = 0; batch < batches; ++batch) {
        for (int done = 0; done <= steps; ++done) {
            if (trajectory.wants(done)) {
                trajectory.keep(pointer(state_of(batch, done, value)));
            }
            REQUIRE(trajectory.bytes() <= trajectory.limit_bytes());
        }
    }
}

}  // namespace

TEST_CASE("a trajectory with room holds every step of every batch")
{
    Trajectory trajectory;
    fill(trajectory, 3);
    CHECK(trajectory.stride() == 1);
    CHECK(trajectory.batches() == 3);
    for (int batch = 0; batch < 3; ++batch) {
        CHECK(trajectory.held(batch).size() == steps + 1);
    }
    CHECK(trajectory.bytes() == 3 * (steps + 1) * state_of(0, 0).bytes());
    CHECK(trajectory.state(1, 7)->first_image == 2);
    CHECK_FALSE(trajectory.state(3, 0));
    CHECK_FALSE(trajectory.nearest(3, 50));
    CHECK(trajectory.held(3).empty());
}

TEST_CASE("under any bound it stays below it, even, with the beginning and the end of every batch it reached")
{
    const std::size_t one = state_of(0, 0).bytes();
    for (const std::size_t room : {2, 3, 5, 6, 9, 17, 40, 100, 150, 302}) {
        Trajectory trajectory({.limit_bytes = room * one, .keep_predicted = true});
        fill(trajectory, 3);
        INFO(room << " states, stride " << trajectory.stride());
        for (int batch = 0; batch < trajectory.batches(); ++batch) {
            for (const int done : trajectory.held(batch)) {
                CHECK((done % trajectory.stride() == 0 || done == steps));
            }
        }
        if (room >= 6) {
            for (int batch = 0; batch < 3; ++batch) {
                CHECK(trajectory.held(batch).front() == 0);
                CHECK(trajectory.held(batch).back() == steps);
                CHECK(trajectory.held(batch).size() ==
                      static_cast<std::size_t>((steps - 1) / trajectory.stride() + 2));
            }
        }
        // Half the stride would not have fitted.
        if (trajectory.stride() > 1) {
            CHECK(3 * static_cast<std::size_t>((steps - 1) / (trajectory.stride() / 2) + 2) > room);
        }
    }
}

TEST_CASE("what does not fit alone is not kept, and drops nothing")
{
    Trajectory trajectory({.limit_bytes = 2 * state_of(0, 0).bytes(), .keep_predicted = true});
    trajectory.begin(run_of());
    trajectory.keep(pointer(state_of(0, 0)));
    trajectory.keep(pointer(state_of(0, 1, 0.0F, 1000)));
    CHECK(trajectory.held(0) == std::vector<int>{0});
    CHECK(trajectory.stride() == 1);
}

TEST_CASE("the nearest state is the last one at or before a step, and replacing one counts it once")
{
    Trajectory trajectory;
    trajectory.begin(run_of());
    for (const int done : {0, 10, 20}) {
        trajectory.keep(pointer(state_of(1, done)));
    }
    CHECK(trajectory.nearest(1, 9)->steps_done == 0);
    CHECK(trajectory.nearest(1, 10)->steps_done == 10);
    CHECK(trajectory.nearest(1, 99)->steps_done == 20);
    CHECK_FALSE(trajectory.nearest(0, 99));
    CHECK_FALSE(trajectory.nearest(2, 0));
    const std::size_t before = trajectory.bytes();
    trajectory.keep(pointer(state_of(1, 10, 7.0F)));
    CHECK(trajectory.bytes() == before);
    CHECK(trajectory.state(1, 10)->x[0] == 7.0F);
    trajectory.begin(run_of());
    CHECK(trajectory.bytes() == 0);
    CHECK(trajectory.batches() == 0);
}

TEST_CASE("a state that was asked for outlives its place, while another thread fills the trajectory")
{
    const std::size_t one = state_of(0, 0).bytes();
    Trajectory trajectory({.limit_bytes = 20 * one, .keep_predicted = true});
    trajectory.begin(run_of());
    std::atomic<bool> done{false};
    std::jthread reader([&] {
        std::size_t read = 0;
        while (!done.load() || read == 0) {
            for (const int at : trajectory.held(0)) {
                if (const auto state = trajectory.state(0, at)) {
                    read += state->x.size();
                    CHECK(state->x.front() == static_cast<float>(at));
                    CHECK(trajectory.bytes() <= trajectory.limit_bytes());
                }
            }
        }
    });
    for (int round = 0; round < 20; ++round) {
        for (int at = 0; at <= steps; ++at) {
            trajectory.keep(pointer(state_of(0, at, static_cast<float>(at))));
        }
    }
    done = true;
}

TEST_CASE("pictures of a state are grey for one channel, black for NaN, and mapped for latents")
{
    Trajectory trajectory;
    trajectory.begin(run_of());
    TrajectoryState state = state_of(0, 5);
    state.x[0] = -1.0F;
    state.x[1] = 1.0F;
    state.x[2] = 7.0F;
    state.x[3] = std::numeric_limits<float>::quiet_NaN();
    trajectory.keep(pointer(state));
    const auto strip = trajectory.picture(0, 5, PictureKind::noisy);
    REQUIRE(strip);
    CHECK(strip->count == 2);
    CHECK(strip->width == 4);
    const auto& bytes = *strip->rgbx;
    CHECK(bytes[0] == 0);
    CHECK(bytes[4] == 255);
    CHECK(bytes[8] == 255);
    CHECK(bytes[12] == 0);
    CHECK(bytes[16] == 128);
    CHECK(bytes[18] == 128);
    CHECK(bytes[19] == 255);
    CHECK_FALSE(trajectory.picture(0, 6, PictureKind::noisy));

    TrajectoryRun latent = run_of();
    latent.preview_map = {1.0F, 0.0F, 0.0F, 0.0F, 1.0F, 0.0F, 0.0F, 0.0F, -1.0F};
    trajectory.begin(latent);
    TrajectoryState two;
    two.shape = {1, 2, 1, 1};
    two.x = {1.0F, 0.0F};
    trajectory.keep(pointer(two));
    const auto mapped = trajectory.picture(0, 0, PictureKind::noisy);
    REQUIRE(mapped);
    CHECK(*mapped->rgbx == std::vector<std::uint8_t>{255, 128, 0, 255});
    CHECK_FALSE(trajectory.picture(0, 0, PictureKind::predicted));
}

TEST_CASE("equal pictures have an infinite PSNR; a known difference has the known one; outside is clipped")
{
    const std::vector<float> a(10, 0.0F);
    CHECK(std::isinf(picture_difference(a, a).psnr));
    CHECK(picture_difference(a, a).mean_absolute == 0.0);
    const std::vector<float> b(10, 0.2F);
    CHECK(picture_difference(a, b).mean_absolute == doctest::Approx(0.1));
    CHECK(picture_difference(a, b).psnr == doctest::Approx(20.0));
    const std::vector<float> far(10, 9.0F);
    const std::vector<float> white(10, 1.0F);
    CHECK(std::isinf(picture_difference(far, white).psnr));
    const std::vector<float> nan(10, std::numeric_limits<float>::quiet_NaN());
    CHECK(std::isnan(picture_difference(a, nan).psnr));
    CHECK_THROWS(picture_difference(a, std::vector<float>(9, 0.0F)));
    CHECK_THROWS(picture_difference({}, {}));
}

TEST_CASE("trajectories are compared by image, whatever their batches and the steps they hold")
{
    Trajectory pairs;
    Trajectory singles;
    pairs.begin(run_of());
    singles.begin(run_of());
    for (const int done : {0, 2, 4}) {
        pairs.keep(pointer(state_of(0, done, 0.0F)));
        pairs.keep(pointer(state_of(1, done, 0.0F)));
    }
    for (const int done : {0, 1, 4}) {
        for (int image = 0; image < 3; ++image) {
            singles.keep(pointer(state_of(image, done, image == 1 ? 0.2F : 0.0F, 1)));
        }
    }
    const auto rows = compare(pairs, singles, PictureKind::noisy);
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].steps_done == 0);
    CHECK(rows[1].steps_done == 4);
    CHECK(rows[1].t == 95);
    REQUIRE(rows[1].images.size() == 4);
    CHECK(std::isinf(rows[1].images[0].psnr));
    CHECK(rows[1].images[1].psnr == doctest::Approx(20.0));
    CHECK(std::isinf(rows[1].images[2].psnr));
    CHECK(std::isnan(rows[1].images[3].psnr));
    CHECK(rows[1].all.mean_absolute == doctest::Approx(0.1 / 3.0));
    CHECK(rows[1].all.psnr == doctest::Approx(10.0 * std::log10(300.0)));
    CHECK(compare(pairs, singles, PictureKind::predicted)[0].images[1].mean_absolute ==
          doctest::Approx(0.05));
    CHECK(compare(pairs, Trajectory(), PictureKind::noisy).empty());

    FinishedImage black;
    black.pixels.assign(4, -1.0F);
    FinishedImage white = black;
    white.pixels.assign(4, 1.0F);
    FinishedImage other = black;
    other.index = 1;
    const StepDifference images = compare({black, other}, {white});
    CHECK(images.images[0].mean_absolute == 1.0);
    CHECK(images.images[0].psnr == doctest::Approx(0.0));
    CHECK(std::isnan(images.images[1].psnr));
    CHECK(images.all.mean_absolute == 1.0);
}

TEST_CASE("a branch takes its parent's steps over, batch by batch as far as states are held, with their time")
{
    RunRecord parent;
    parent.settings.count = 3;
    parent.settings.batch = 2;
    parent.settings.steps = 4;
    parent.settings.classes = {1};
    for (int batch = 0; batch < 2; ++batch) {
        for (int step = 0; step < 4; ++step) {
            Frame frame;
            frame.batch = batch;
            frame.first_image = batch * 2;
            frame.step = step;
            frame.t = 99 - step;
            frame.ms = 2.0;
            frame.parameter = 0.1 * (batch + 1);
            frame.network = batch == 0 ? NetworkRole::full : NetworkRole::shallow;
            const std::size_t images = batch == 0 ? 2 : 1;
            frame.exit_layers.assign(images, static_cast<std::int16_t>(step + batch));
            frame.uncertainty.assign(images, static_cast<float>(step));
            parent.add(frame);
        }
    }
    Trajectory trajectory;
    trajectory.begin(run_of(4));
    trajectory.keep(pointer(state_of(0, 2)));
    trajectory.keep(pointer(state_of(1, 1, 0.0F, 1)));

    SamplingSettings settings = parent.settings;
    settings.classes = {5};
    const RunRecord branch = begin_branch(parent, settings, trajectory, 3);
    REQUIRE(branch.steps.size() == 2);
    CHECK(branch.steps[0].exit_layers == std::vector<std::int16_t>{0, 0, 1});
    CHECK(branch.steps[1].exit_layers == std::vector<std::int16_t>{1, 1, -1});
    CHECK(branch.steps[0].network_of(0) == NetworkRole::full);
    CHECK(branch.steps[0].network_of(2) == NetworkRole::shallow);
    CHECK(branch.steps[1].uncertainty[0] == 1.0F);
    CHECK(branch.steps[0].parameters == std::vector<double>{0.1, 0.2});
    CHECK(branch.branch->taken_over_ms == doctest::Approx(4.0 + 8.0 / 3.0));
    CHECK(branch.earlier_classes == std::vector<EarlierClasses>{{3, {1}}});
    CHECK(classes_at(branch, 2) == std::vector<std::int64_t>{1});
    CHECK(classes_at(branch, 3) == std::vector<std::int64_t>{5});
    CHECK(parameter_at(parent, 1, 3) == 0.2);
    CHECK_FALSE(parameter_at(parent, 2, 3));
    CHECK_FALSE(recorded_frame(parent, 0, 4));
    CHECK_FALSE(recorded_frame(branch, 1, 1));
}

TEST_CASE("a pause switch lets go at once when it is not paused, and waits for resume or a stop otherwise")
{
    PauseSwitch pause;
    CHECK(pause.wait_while_paused({}) == std::chrono::steady_clock::duration::zero());
    for (const bool by_stop : {false, true}) {
        pause.pause();
        CHECK(pause.is_paused());
        std::stop_source source;
        std::atomic<bool> through{false};
        std::jthread waiter([&] {
            pause.wait_while_paused(source.get_token());
            through = true;
        });
        while (!pause.is_waiting()) {
            std::this_thread::yield();
        }
        CHECK_FALSE(through.load());
        if (by_stop) {
            source.request_stop();
        } else {
            pause.resume();
        }
        waiter.join();
        CHECK(through.load());
        CHECK_FALSE(pause.is_waiting());
        CHECK(pause.is_paused() == by_stop);
    }
}
