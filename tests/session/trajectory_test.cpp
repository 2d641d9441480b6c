// SPDX-License-Identifier: GPL-3.0-or-later
#include "stream/trajectory.h"

#include "session/small_models.h"
#include "stream/branch.h"

#include "support/doctest_torch.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

const std::vector<PolicyKind> all_policies = {PolicyKind::full, PolicyKind::duodiff, PolicyKind::adadiff,
                                              PolicyKind::static_layer};
const std::vector<int> batch_splits = {1, 2, 5};

struct Kept {
    RunOutcome outcome;
    std::unique_ptr<Trajectory> trajectory;
    std::vector<Frame> frames;
};

Kept run_kept(Engine& engine, const SamplingSettings& s, SampleOptions options = {},
              TrajectoryOptions bound = {}, const LiveParameters* live = nullptr)
{
    Kept kept{{}, std::make_unique<Trajectory>(bound), {}};
    options.keep = kept.trajectory.get();
    FrameLog log;
    kept.outcome = engine.sample(s, 1, log, {}, live, options);
    kept.frames = std::move(log.frames);
    return kept;
}

Kept resume(Engine& engine, const Kept& parent, int step, const SamplingSettings& s,
            SampleOptions options = {})
{
    options.resume =
        ResumePoint{.trajectory = parent.trajectory.get(), .record = &parent.outcome.record, .step = step};
    return run_kept(engine, s, std::move(options));
}

/// theta, t_s or the layer that is in force from a step on.
SampleOptions moved_at(int step, double before, double after)
{
    SampleOptions options;
    options.parameter_of = [=](int, int s) { return std::optional(s < step ? before : after); };
    return options;
}

double value_of(const SamplingSettings& s)
{
    return s.policy == PolicyKind::duodiff   ? s.switch_step
           : s.policy == PolicyKind::adadiff ? s.threshold
                                             : s.exit_layer;
}

SamplingSettings with_value(SamplingSettings s, double value)
{
    s.switch_step = static_cast<int>(value);
    s.threshold = value;
    s.exit_layer = static_cast<int>(value);
    return s;
}

bool same_states(const Trajectory& a, const Trajectory& b)
{
    bool same = a.batches() == b.batches();
    for (int batch = 0; same && batch < a.batches(); ++batch) {
        same = a.held(batch) == b.held(batch);
        for (std::size_t i = 0; same && i < a.held(batch).size(); ++i) {
            const StatePointer one = a.state(batch, a.held(batch)[i]);
            const StatePointer other = b.state(batch, a.held(batch)[i]);
            same = one->x == other->x && one->predicted == other->predicted && one->t == other->t &&
                   one->labels == other->labels && one->first_image == other->first_image;
        }
    }
    return same;
}

bool same_float(float a, float b)
{
    return a == b || (std::isnan(a) && std::isnan(b));
}

bool same_steps(const RunRecord& a, const RunRecord& b)
{
    return std::equal(a.steps.begin(), a.steps.end(), b.steps.begin(), b.steps.end(),
                      [](const StepRecord& one, const StepRecord& other) {
                          return one.step == other.step && one.t == other.t &&
                                 one.exit_layers == other.exit_layers && one.network == other.network &&
                                 one.networks == other.networks &&
                                 std::equal(one.uncertainty.begin(), one.uncertainty.end(),
                                            other.uncertainty.begin(), other.uncertainty.end(), same_float);
                      });
}

std::vector<std::vector<double>> parameters(const RunRecord& record)
{
    std::vector<std::vector<double>> all;
    for (const StepRecord& step : record.steps) {
        all.push_back(step.parameters);
        std::replace_if(
            all.back().begin(), all.back().end(), [](double v) { return std::isnan(v); }, -1e30);
    }
    return all;
}

SamplingSettings short_run(PolicyKind policy, SolverKind solver, int batch)
{
    SamplingSettings s = settings(policy, solver, 9);
    s.count = 5;
    s.batch = batch;
    s.exit_layer = 3;
    return s;
}

/// Two values between which the decisions of many steps change; the first is set.
double move(Engine& engine, SamplingSettings& s)
{
    if (s.policy == PolicyKind::adadiff) {
        const double after = threshold_at(engine, s, 0.7);
        s.threshold = threshold_at(engine, s, 0.1);
        return after;
    }
    return s.policy == PolicyKind::duodiff ? 700 : 1;
}

std::unique_ptr<Engine> engine_of(const char* model)
{
    auto engine = make_engine();
    engine->open({.model = golden(model), .late_model = {}, .config = {}, .late_config = {}});
    return engine;
}

}  // namespace

TEST_CASE("keeping the trajectory changes no picture, and holds the frames' pictures")
{
    const auto engine = engine_with_pair();
    class Viewer final : public FrameSink
    {
    public:
        void on_frame(Frame&& frame) override { frames.push_back(std::move(frame)); }
        PicturesWanted wanted_pictures() override { return {.noisy = true, .predicted = true}; }
        std::vector<Frame> frames;
    };
    for (const SolverKind solver : all_solvers) {
        const SamplingSettings s = short_run(PolicyKind::adadiff, solver, 2);
        Viewer viewer;
        Trajectory trajectory;
        SampleOptions options;
        options.keep = &trajectory;
        const RunOutcome outcome = engine->sample(s, 1, viewer, {}, nullptr, options);
        CHECK((pixels(outcome) == pixels(run(*engine, s))));
        REQUIRE(trajectory.batches() == 3);
        for (const Frame& frame : viewer.frames) {
            REQUIRE(frame.picture);
            REQUIRE(frame.predicted);
            const auto noisy = trajectory.picture(frame.batch, frame.step + 1, PictureKind::noisy);
            const auto predicted = trajectory.picture(frame.batch, frame.step + 1, PictureKind::predicted);
            REQUIRE(noisy);
            REQUIRE(predicted);
            CHECK(*noisy->rgbx == *frame.picture->rgbx);
            CHECK(*predicted->rgbx == *frame.predicted->rgbx);
        }
        // The last step of every solver here goes to the predicted x_0 itself or to noise around it.
        CHECK(trajectory.picture(0, 0, PictureKind::noisy));
        CHECK_FALSE(trajectory.picture(0, 0, PictureKind::predicted));
        CHECK(trajectory.state(0, 9)->t == -1);
        CHECK(engine->images_of(trajectory, 1, 9, PictureKind::noisy)[1].pixels == outcome.images[3].pixels);
        CHECK(engine->images_of(trajectory, 1, 9, PictureKind::noisy)[1].index == 3);
    }
}

TEST_CASE("a run that goes on with nothing changed is its parent to the bit, from any step")
{
    const auto engine = engine_with_pair();
    for (const PolicyKind policy : all_policies) {
        for (const SolverKind solver : all_solvers) {
            for (const int batch : batch_splits) {
                SamplingSettings s = short_run(policy, solver, batch);
                move(*engine, s);
                const Kept parent = run_kept(*engine, s);
                for (const int step : {0, 1, 4, 8, 9}) {
                    INFO(to_string(policy) << " " << to_string(solver) << " " << batch << " from " << step);
                    const Kept child = resume(*engine, parent, step, s);
                    CHECK(same_states(*child.trajectory, *parent.trajectory));
                    CHECK((pixels(child.outcome) == pixels(parent.outcome)));
                    CHECK(same_steps(child.outcome.record, parent.outcome.record));
                    CHECK(parameters(child.outcome.record) == parameters(parent.outcome.record));
                    CHECK(child.frames.size() ==
                          static_cast<std::size_t>((9 - step) * parent.trajectory->batches()));
                    CHECK(child.outcome.record.branch->step == step);
                }
            }
        }
    }
}

TEST_CASE("a value changed at a step gives the run from the start in which it moved there")
{
    const auto engine = engine_with_pair();
    for (const PolicyKind policy : {PolicyKind::duodiff, PolicyKind::adadiff, PolicyKind::static_layer}) {
        for (const SolverKind solver : all_solvers) {
            for (const int batch : batch_splits) {
                SamplingSettings s = short_run(policy, solver, batch);
                const double after = move(*engine, s);
                const Kept parent = run_kept(*engine, s);
                const Kept child = resume(*engine, parent, 4, with_value(s, after));
                const Kept moved = run_kept(*engine, s, moved_at(4, value_of(s), after));
                INFO(to_string(policy) << " " << to_string(solver) << " " << batch);
                CHECK(same_states(*child.trajectory, *moved.trajectory));
                CHECK((pixels(child.outcome) == pixels(moved.outcome)));
                CHECK((pixels(child.outcome) != pixels(parent.outcome)));
                CHECK(same_steps(child.outcome.record, moved.outcome.record));
                CHECK(parameters(child.outcome.record) == parameters(moved.outcome.record));
            }
        }
    }
}

TEST_CASE("recomputing from the first step whose decisions change is the run from the start with that value")
{
    const auto engine = engine_with_pair();
    for (const PolicyKind policy : {PolicyKind::duodiff, PolicyKind::adadiff}) {
        for (const SolverKind solver : all_solvers) {
            for (const int batch : batch_splits) {
                SamplingSettings s = short_run(policy, solver, batch);
                std::vector<double> values = {0, 500, 1000};
                if (policy == PolicyKind::adadiff) {
                    values = {-1e9, 1e9};
                    for (const double share : {0.1, 0.5, 0.9}) {
                        values.push_back(threshold_at(*engine, s, share));
                    }
                    s.threshold = threshold_at(*engine, s, 0.3);
                }
                for (const double value : values) {
                    const Kept parent = run_kept(*engine, s);
                    const Kept whole = run_kept(*engine, with_value(s, value));
                    int first = 9;
                    for (int step = 8; step >= 0; --step) {
                        const StepRecord& a = parent.outcome.record.steps[static_cast<std::size_t>(step)];
                        const StepRecord& b = whole.outcome.record.steps[static_cast<std::size_t>(step)];
                        if (a.exit_layers != b.exit_layers || a.network != b.network) {
                            first = step;
                        }
                    }
                    INFO(to_string(policy) << " " << to_string(solver) << " " << batch << " " << value);
                    const Kept child = resume(*engine, parent, first, with_value(s, value));
                    CHECK(same_states(*child.trajectory, *whole.trajectory));
                    CHECK((pixels(child.outcome) == pixels(whole.outcome)));
                    CHECK(same_steps(child.outcome.record, whole.outcome.record));
                }
            }
        }
    }
}

TEST_CASE("a parent whose value moved is followed where its parameters are, and by itself up to the step")
{
    const auto engine = engine_with_pair();
    for (const PolicyKind policy : {PolicyKind::duodiff, PolicyKind::adadiff, PolicyKind::static_layer}) {
        SamplingSettings s = short_run(policy, SolverKind::dpm_solver_pp, 2);
        const double after = move(*engine, s);
        SampleOptions moving = moved_at(3, value_of(s), after);
        // So little room that steps between held ones have to run again.
        const Kept parent = run_kept(*engine, s, moving, {.limit_bytes = 40000, .keep_predicted = false});
        REQUIRE(parent.trajectory->stride() > 1);
        SampleOptions following;
        following.parameter_of = [&](int batch, int step) {
            return parameter_at(parent.outcome.record, batch, step);
        };
        for (const int step : {1, 3, 5, 7}) {
            const Kept child = resume(*engine, parent, step, s, following);
            CHECK((pixels(child.outcome) == pixels(parent.outcome)));
            CHECK(same_steps(child.outcome.record, parent.outcome.record));
            CHECK(parameters(child.outcome.record) == parameters(parent.outcome.record));
        }
        // From step 5 on the settings' own value again.
        SampleOptions twice;
        twice.parameter_of = [&](int, int step) {
            return std::optional(step >= 3 && step < 5 ? after : value_of(s));
        };
        CHECK((pixels(resume(*engine, parent, 5, s).outcome) == pixels(run_kept(*engine, s, twice).outcome)));
    }
}

TEST_CASE("live values act on a resumed run from its step on")
{
    const auto engine = engine_with_pair();
    SamplingSettings s = short_run(PolicyKind::adadiff, SolverKind::ddpm, 2);
    const double after = move(*engine, s);
    const Kept parent = run_kept(*engine, s, {}, {.limit_bytes = 40000, .keep_predicted = false});
    LiveParameters live;
    live.threshold = after;
    SampleOptions options;
    options.resume = ResumePoint{parent.trajectory.get(), &parent.outcome.record, 5};
    const Kept child = run_kept(*engine, s, options, {}, &live);
    CHECK((pixels(child.outcome) == pixels(run_kept(*engine, s, moved_at(5, s.threshold, after)).outcome)));
}

TEST_CASE("a class changed at a step gives the run from the start with the class changed there")
{
    const auto engine = engine_of("early_exit_class_conditional.pth");
    for (const SolverKind solver : all_solvers) {
        SamplingSettings s = short_run(PolicyKind::full, solver, 2);
        s.classes = {3, 7};
        const Kept parent = run_kept(*engine, s, {}, {.limit_bytes = 40000, .keep_predicted = false});
        SamplingSettings other = s;
        other.classes = {5};
        const Kept child = resume(*engine, parent, 5, other);
        SampleOptions changed;
        changed.earlier_classes = {{5, {3, 7}}};
        const Kept whole = run_kept(*engine, other, changed);
        CHECK((pixels(child.outcome) == pixels(whole.outcome)));
        CHECK((pixels(child.outcome) != pixels(parent.outcome)));
        CHECK((child.outcome.record.earlier_classes == changed.earlier_classes));
        CHECK(child.outcome.images[1].label == 5);

        // A branch of the branch: with nothing changed its own past and future, with a class two changes.
        CHECK((pixels(resume(*engine, child, 2, other).outcome) == pixels(child.outcome)));
        SamplingSettings third = s;
        third.classes = {9};
        const Kept grandchild = resume(*engine, child, 7, third);
        changed.earlier_classes = {{5, {3, 7}}, {7, {5}}};
        CHECK((grandchild.outcome.record.earlier_classes == changed.earlier_classes));
        CHECK((pixels(grandchild.outcome) == pixels(run_kept(*engine, third, changed).outcome)));
    }
}

TEST_CASE("the reference's one noise stream goes on where it was")
{
    const auto engine = engine_with_pair();
    for (const SolverKind solver : {SolverKind::ddim, SolverKind::ddpm}) {
        SamplingSettings s = short_run(PolicyKind::duodiff, solver, 2);
        s.compat = Compat::reference;
        s.steps = solver == SolverKind::ddpm ? 1000 : 9;
        s.count = 2;
        const Kept parent = run_kept(*engine, s);
        const Kept child = resume(*engine, parent, s.steps - 4, s);
        CHECK((pixels(child.outcome) == pixels(parent.outcome)));
        CHECK(same_states(*child.trajectory, *parent.trajectory));
    }
}

TEST_CASE("a trajectory may be filled by the run that goes on from it")
{
    const auto engine = engine_with_pair();
    SamplingSettings s = short_run(PolicyKind::adadiff, SolverKind::ddpm, 2);
    const double after = move(*engine, s);
    const Kept parent = run_kept(*engine, s);
    const Kept other = resume(*engine, parent, 4, with_value(s, after));
    SampleOptions options;
    options.keep = parent.trajectory.get();
    options.resume = ResumePoint{parent.trajectory.get(), &parent.outcome.record, 4};
    FrameLog log;
    const RunOutcome outcome = engine->sample(with_value(s, after), 1, log, {}, nullptr, options);
    CHECK((pixels(outcome) == pixels(other.outcome)));
    CHECK(same_states(*parent.trajectory, *other.trajectory));
}

TEST_CASE("a stopped run goes on where it was, and ends as if it had not been stopped")
{
    const auto engine = engine_with_pair();
    for (const SolverKind solver : all_solvers) {
        const SamplingSettings s = short_run(PolicyKind::adadiff, solver, 2);
        std::stop_source source;
        class StopIn final : public FrameSink
        {
        public:
            explicit StopIn(std::stop_source& stop) : stop_(stop) {}
            void on_frame(Frame&& frame) override
            {
                if (frame.batch == 1 && frame.step == 4) {
                    stop_.request_stop();
                }
            }

        private:
            std::stop_source& stop_;
        } sink(source);
        Kept stopped{{}, std::make_unique<Trajectory>(), {}};
        SampleOptions options;
        options.keep = stopped.trajectory.get();
        stopped.outcome = engine->sample(s, 1, sink, {.stop = source.get_token()}, nullptr, options);
        REQUIRE(stopped.outcome.record.state == RunState::cancelled);
        const Kept rest = resume(*engine, stopped, 9, s);
        const Kept whole = run_kept(*engine, s);
        CHECK(rest.outcome.record.state == RunState::done);
        CHECK(rest.frames.size() == 4 + 9);
        CHECK((pixels(rest.outcome) == pixels(whole.outcome)));
        CHECK(same_states(*rest.trajectory, *whole.trajectory));
        CHECK(same_steps(rest.outcome.record, whole.outcome.record));
    }
}

TEST_CASE("a trajectory of other settings, another model or another record is refused in words")
{
    const auto engine = engine_with_pair();
    const SamplingSettings s = short_run(PolicyKind::adadiff, SolverKind::ddim, 2);
    const Kept parent = run_kept(*engine, s);
    const auto refused = [&](Engine& other, const SamplingSettings& wanted, ResumePoint point) {
        SampleOptions options;
        options.resume = point;
        FrameLog log;
        try {
            other.sample(wanted, 1, log, {}, nullptr, options);
        } catch (const EngineError& error) {
            CHECK(log.frames.empty());
            return error.code() == ErrorCode::usage ? error.failure().what : std::string();
        }
        return std::string();
    };
    const ResumePoint point{parent.trajectory.get(), &parent.outcome.record, 4};
    const auto with = [&](auto change) {
        SamplingSettings changed = s;
        change(changed);
        return refused(*engine, changed, point);
    };
    CHECK(with([](SamplingSettings& c) { c.seed = 9; }).find("seed") != std::string::npos);
    CHECK(with([](SamplingSettings& c) { c.count = 4; }).find("count") != std::string::npos);
    CHECK(with([](SamplingSettings& c) { c.batch = 3; }).find("batch") != std::string::npos);
    CHECK(with([](SamplingSettings& c) { c.steps = 10; }).find("steps") != std::string::npos);
    CHECK(with([](SamplingSettings& c) { c.solver = SolverKind::ddpm; }).find("solver") != std::string::npos);
    CHECK(with([](SamplingSettings& c) { c.policy = PolicyKind::full; }).find("policy") != std::string::npos);
    CHECK(with([](SamplingSettings& c) { c.eta = 0.5; }).find("eta") != std::string::npos);
    CHECK(with([](SamplingSettings& c) { c.precision = Precision::bf16; }).find("precision") !=
          std::string::npos);
    CHECK(refused(*engine, s, {parent.trajectory.get(), &parent.outcome.record, 10}).find("step 10") !=
          std::string::npos);
    CHECK_FALSE(refused(*engine, s, {parent.trajectory.get(), &parent.outcome.record, -1}).empty());
    CHECK_FALSE(refused(*engine, s, {parent.trajectory.get(), nullptr, 4}).empty());
    const Trajectory empty;
    CHECK_FALSE(refused(*engine, s, {&empty, &parent.outcome.record, 4}).empty());
    RunRecord other_record = parent.outcome.record;
    other_record.settings.seed = 99;
    CHECK(refused(*engine, s, {parent.trajectory.get(), &other_record, 4}).find("record") !=
          std::string::npos);
    const auto other = engine_with_exits();
    CHECK(refused(*other, s, point).find("model") != std::string::npos);
    CHECK_THROWS_AS(other->images_of(*parent.trajectory, 0, 4, PictureKind::noisy), EngineError);
    CHECK_THROWS_AS(engine->images_of(*parent.trajectory, 0, 99, PictureKind::noisy), EngineError);
    CHECK_THROWS_AS(engine->images_of(*parent.trajectory, 0, 0, PictureKind::predicted), EngineError);
}
