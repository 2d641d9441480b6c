// SPDX-License-Identifier: GPL-3.0-or-later
// Point 6: the time left, with the networks timed apart, within a fifth after a quarter of the run.
#include "stream/time_estimate.h"

#include "stream/step_plan.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <utility>
#include <vector>

using namespace duodiff;

namespace
{

constexpr int depth = 13;
constexpr int shallow_depth = 3;

ModelSummary model()
{
    ModelSummary summary;
    summary.depth = depth;
    summary.shallow_depth = shallow_depth;
    summary.has_early_exit = true;
    summary.full_gflops = depth + 0.5;
    summary.shallow_gflops = shallow_depth + 0.5;
    for (int layer = 0; layer <= depth; ++layer) {
        summary.gflops_by_exit_layer.push_back(0.5 + 1.1 * layer);
    }
    return summary;
}

/// A machine: what a block, an image, a probe and a step take, and how unevenly.
struct Machine {
    double speed = 1.0;
    double block_ms = 1.0;
    double image_ms = 0.6;
    double probe_ms = 0.08;
    double step_ms = 0.5;
    double jitter = 0.1;
};

/// Where images leave: early while t is above the transition, late below.
struct Curve {
    double transition_t = 600.0;
    double width = 30.0;
    double level_before = 0.12;  ///< of u at the first probe
    double level_after = 2.0;
};

class Run
{
public:
    Run(SamplingSettings settings, Curve curve, Machine machine, bool all_probes = false)
        : settings_(std::move(settings)),
          curve_(curve),
          machine_(machine),
          all_probes_(all_probes),
          random_(static_cast<unsigned>(settings_.seed))
    {
        record.settings = settings_;
        record.model = model();
        const int batches = (settings_.count + settings_.batch - 1) / settings_.batch;
        for (int batch = 0; batch < batches; ++batch) {
            for (int step = 0; step < settings_.steps; ++step) {
                frames.push_back(frame_of(batch, step));
                record.add(frames.back());
                record.sampling_ms += frames.back().ms;
            }
        }
    }

    RunRecord record;
    std::vector<Frame> frames;

private:
    Frame frame_of(int batch, int step)
    {
        const int images = std::min(settings_.batch, settings_.count - batch * settings_.batch);
        Frame frame;
        frame.batch = batch;
        frame.first_image = batch * settings_.batch;
        frame.step = step;
        frame.t = timestep_of(step, settings_.steps);
        frame.network = network_of_step(settings_, step);
        frame.parameter = own_parameter(settings_);
        std::normal_distribution<double> uneven(1.0, machine_.jitter);
        double ms = machine_.step_ms;
        if (frame.network == NetworkRole::early_exit) {
            frame.uncertainty.assign(static_cast<std::size_t>(depth * images),
                                     std::numeric_limits<float>::quiet_NaN());
        }
        for (int image = 0; image < images; ++image) {
            int layer = frame.network == NetworkRole::shallow ? shallow_depth : depth;
            if (frame.network == NetworkRole::early_exit) {
                layer = leave(frame, image, images);
                ms += machine_.probe_ms * probes_read(record.model, layer);
            }
            frame.exit_layers.push_back(static_cast<std::int16_t>(layer));
            ms += machine_.image_ms + machine_.block_ms * layer;
        }
        frame.ms = std::max(0.01, ms * machine_.speed * uneven(random_));
        return frame;
    }

    /// The layer that one image leaves at; its u falls with the layer.
    int leave(Frame& frame, int image, int images)
    {
        const double late = 1.0 / (1.0 + std::exp((frame.t - curve_.transition_t) / curve_.width));
        std::normal_distribution<double> other(1.0, 0.05);
        const double level =
            (curve_.level_before + (curve_.level_after - curve_.level_before) * late) * other(random_);
        int layer = depth;
        for (int probe = 0; probe < depth; ++probe) {
            const double u = level * std::exp(-probe / 4.0);
            if (probe <= layer || all_probes_) {
                frame.uncertainty[static_cast<std::size_t>(probe * images + image)] = static_cast<float>(u);
            }
            if (u <= settings_.threshold && layer == depth) {
                layer = probe;
            }
        }
        return layer;
    }

    SamplingSettings settings_;
    Curve curve_;
    Machine machine_;
    bool all_probes_;
    std::mt19937 random_;
};

SamplingSettings adaptive(int steps, double threshold = 0.08, std::uint64_t seed = 1)
{
    SamplingSettings s;
    s.policy = PolicyKind::adadiff;
    s.threshold = threshold;
    s.steps = steps;
    s.count = s.batch = 8;
    s.seed = seed;
    return s;
}

struct Errors {
    double worst = 0.0;          ///< of the time left, in shares of it, from a quarter of the run on
    double least_of_bound = 10;  ///< estimate over truth, likewise
    bool withheld_at_first = true;
    bool bound = false;  ///< at a quarter of the run
};

Errors errors_of(const Run& run, const std::shared_ptr<const ExpectedSteps>& expected)
{
    TimeEstimate estimate;
    estimate.begin(run.record.model, run.record.settings);
    estimate.expect(expected);
    double left = run.record.sampling_ms / 1000.0;
    Errors errors;
    for (std::size_t k = 0; k < run.frames.size(); ++k) {
        estimate.add(run.frames[k]);
        left -= run.frames[k].ms / 1000.0;
        const auto seconds = estimate.seconds_left();
        if (k + 1 < static_cast<std::size_t>(TimeEstimate::withheld_steps)) {
            errors.withheld_at_first = errors.withheld_at_first && !seconds;
        }
        if (k + 1 == run.frames.size() / 4) {
            errors.bound = estimate.is_bound();
        }
        // The last few steps are as uneven as each of them is.
        if (k + 1 >= run.frames.size() / 4 && k + 5 < run.frames.size()) {
            REQUIRE(seconds.has_value());
            errors.worst = std::max(errors.worst, std::abs(*seconds - left) / left);
            errors.least_of_bound = std::min(errors.least_of_bound, *seconds / left);
        }
    }
    return errors;
}

std::shared_ptr<const ExpectedSteps> learned(const Run& run)
{
    REQUIRE(ExpectedSteps::can_learn_from(run.record));
    return std::make_shared<const ExpectedSteps>(run.record);
}

}  // namespace

TEST_CASE("with an earlier run, an AdaDiff run's time left is within a fifth, wherever its transition comes")
{
    for (const double transition : {100.0, 250.0, 400.0, 600.0, 700.0, 850.0}) {
        for (const double speed : {0.3, 1.0, 4.0}) {
            const Curve curve{.transition_t = transition};
            const Run earlier(adaptive(1000), curve, {});
            const Run run(adaptive(1000, 0.08, 77), curve, {.speed = speed});
            INFO("transition at " << transition << ", speed " << speed);
            const Errors errors = errors_of(run, learned(earlier));
            CHECK(errors.worst < 0.2);
            CHECK(errors.withheld_at_first);
            CHECK_FALSE(errors.bound);
        }
    }
}

TEST_CASE("what is expected carries over to other numbers of steps and images")
{
    const Curve curve{.transition_t = 450.0};
    for (const auto& [before, now] : {std::pair{1000, 100}, std::pair{100, 1000}, std::pair{250, 200}}) {
        const Run earlier(adaptive(before), curve, {});
        SamplingSettings s = adaptive(now, 0.08, 5);
        s.count = 7;
        s.batch = 3;
        INFO(before << " steps, then " << now);
        CHECK(errors_of(Run(s, curve, {.speed = 2.0}), learned(earlier)).worst < 0.2);
    }
}

TEST_CASE(
    "another theta is expected from the uncertainties: a higher one always, a lower one after a probe run")
{
    const Curve curve{.transition_t = 500.0};
    const Run earlier(adaptive(500, 0.08), curve, {});
    for (const double theta : {0.1, 0.15, 0.3}) {
        INFO("theta " << theta);
        CHECK(errors_of(Run(adaptive(500, theta, 3), curve, {}), learned(earlier)).worst < 0.2);
    }
    const Run probed(adaptive(500, 0.15), curve, {}, true);
    for (const double theta : {0.1, 0.06, 0.03}) {
        INFO("theta " << theta);
        CHECK(errors_of(Run(adaptive(500, theta, 3), curve, {}), learned(probed)).worst < 0.2);
    }
}

TEST_CASE("theta moved in mid-run changes what is expected of the steps to come")
{
    const Curve curve{.transition_t = 500.0};
    const auto expected = learned(Run(adaptive(400, 0.08), curve, {}));
    const Run before(adaptive(400, 0.08, 9), curve, {});
    const Run after(adaptive(400, 0.3, 9), curve, {});
    TimeEstimate estimate;
    estimate.begin(before.record.model, before.record.settings);
    estimate.expect(expected);
    double left = 0.0;
    for (std::size_t k = 0; k < 400; ++k) {
        if (k == 150) {
            estimate.set_threshold(0.3);
        }
        estimate.add(k < 150 ? before.frames[k] : after.frames[k]);
        left += k < 150 ? 0.0 : after.frames[k].ms / 1000.0;
        if (k == 160) {
            left = 0.0;
            for (std::size_t next = k + 1; next < 400; ++next) {
                left += after.frames[next].ms / 1000.0;
            }
            CHECK(std::abs(*estimate.seconds_left() - left) < 0.2 * left);
        }
    }
}

TEST_CASE("with nothing known, the time left of an AdaDiff run is an upper bound, and says so")
{
    for (const double transition : {100.0, 400.0, 700.0}) {
        const Run run(adaptive(300, 0.08, 21), {.transition_t = transition}, {.jitter = 0.02});
        const Errors errors = errors_of(run, nullptr);
        INFO("transition at " << transition);
        CHECK(errors.bound);
        CHECK(errors.least_of_bound > 0.97);
        CHECK(errors.withheld_at_first);
    }
    // A run that kept no uncertainties tells nothing of another theta.
    Run without(adaptive(300), {}, {});
    for (StepRecord& step : without.record.steps) {
        step.uncertainty.clear();
    }
    const Run same(adaptive(300, 0.08, 4), {}, {});
    const Run other(adaptive(300, 0.2, 4), {}, {});
    CHECK_FALSE(errors_of(same, learned(without)).bound);
    CHECK(errors_of(same, learned(without)).worst < 0.2);
    CHECK(errors_of(other, learned(without)).bound);
}

TEST_CASE("after its first batch an AdaDiff run knows its own steps, and gives no bound any more")
{
    SamplingSettings s = adaptive(100);
    s.count = 24;
    const Run run(s, {.transition_t = 300.0}, {});
    TimeEstimate estimate;
    estimate.begin(run.record.model, s);
    double left = run.record.sampling_ms / 1000.0;
    for (std::size_t k = 0; k < run.frames.size(); ++k) {
        estimate.add(run.frames[k]);
        left -= run.frames[k].ms / 1000.0;
        CHECK(estimate.is_bound() == (k < 100));
        CHECK(estimate.images_per_second().has_value() == (k >= 100));
        if (k > 100 && k + 5 < run.frames.size()) {
            CHECK(std::abs(*estimate.seconds_left() - left) < 0.2 * left);
        }
    }
}

TEST_CASE("DuoDiff's time left is within a fifth for every switch step and cost of the two networks")
{
    for (const int switch_step : {0, 100, 300, 500, 700, 900, 1000}) {
        for (const double image_ms : {0.1, 0.5}) {
            SamplingSettings s = adaptive(200);
            s.policy = PolicyKind::duodiff;
            s.switch_step = switch_step;
            s.count = 12;
            const Run run(s, {}, {.image_ms = image_ms, .step_ms = 0.2});
            INFO("t_s " << switch_step << ", image " << image_ms << " ms");
            const Errors errors = errors_of(run, nullptr);
            CHECK(errors.worst < 0.2);
            CHECK_FALSE(errors.bound);
        }
    }
}
