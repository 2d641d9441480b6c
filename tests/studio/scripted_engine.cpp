// SPDX-License-Identifier: GPL-3.0-or-later
#include "scripted_engine.h"

#include "stream/branch.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <new>
#include <random>

namespace duodiff::test
{

void Gate::allow(int steps)
{
    const std::lock_guard lock(m_mutex);
    m_allowed += steps;
    m_changed.notify_all();
}

void Gate::open()
{
    const std::lock_guard lock(m_mutex);
    m_open = true;
    m_changed.notify_all();
}

void Gate::close()
{
    const std::lock_guard lock(m_mutex);
    m_open = false;
    m_allowed = 0;
    m_visitor = false;
}

void Gate::pass(const std::stop_token& stop)
{
    std::unique_lock lock(m_mutex);
    if (!m_open && m_allowed == 0) {
        m_visitor = true;
        m_changed.notify_all();
        m_changed.wait(lock, stop, [this] { return m_open || m_allowed > 0; });
    }
    m_visitor = false;
    m_allowed = std::max(0, m_allowed - 1);
}

void Gate::waitForVisitor()
{
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, [this] { return m_visitor; });
}

bool Gate::hasVisitor()
{
    const std::lock_guard lock(m_mutex);
    return m_visitor;
}

namespace
{

constexpr int side = 28;
constexpr int depth = 13;
constexpr int shallowDepth = 3;

/// A garment of sorts: a body whose outline depends on the class.
double garment(std::int64_t label, double x, double y)
{
    const double k = static_cast<double>(label % 10);
    const double width = 0.34 + 0.08 * std::sin(k * 1.7) + 0.1 * std::cos(y * (2.0 + k) + k);
    const double sleeves = std::abs(y + 0.45) < 0.22 ? 0.75 - 0.03 * k : 0.0;
    const bool inside = std::abs(x) < std::max(width, sleeves) && std::abs(y) < 0.86;
    return inside ? 0.2 + 0.5 * std::abs(std::sin(5.0 * x + k) * std::cos(3.0 * y + k)) : -1.0;
}

class ScriptedEngine : public Engine
{
public:
    explicit ScriptedEngine(std::shared_ptr<Script> script) : m_script(std::move(script))
    {
        m_script->thread = std::this_thread::get_id();
        ++m_script->enginesAlive;
    }
    ~ScriptedEngine() override
    {
        checkThread();
        --m_script->enginesAlive;
    }

    ModelInfo open(const ModelSource& source, const Progress& progress, std::stop_token stop) override
    {
        checkThread();
        m_script->opened.push_back(source);
        if (progress) {
            progress("Reading weights", 0.5);
        }
        m_script->openGate.pass(stop);
        if (stop.stop_requested()) {
            throw EngineError(ErrorCode::cancelled, "Stopped");
        }
        if (m_script->openFailure) {
            throw EngineError(*m_script->openFailure);
        }
        m_model = scriptedModel();
        m_model->summary.path = source.model.string();
        m_model->is_pack = source.model.extension().empty();
        return *m_model;
    }

    std::optional<Failure> check(const SamplingSettings& settings) const override
    {
        if (!m_model) {
            return Failure{ErrorCode::usage, "No model is open", {}, "Open one."};
        }
        if (settings.solver == SolverKind::ddim &&
            settings.parametrization == Parametrization::predict_previous) {
            return Failure{ErrorCode::usage, "DDIM cannot use a prediction of the previous x", "solver",
                           "Choose DDPM."};
        }
        return std::nullopt;
    }

    RunOutcome sample(const SamplingSettings& settings, std::uint64_t runId, FrameSink& sink,
                      const RunControls& controls, const LiveParameters* live,
                      const SampleOptions& options) override
    {
        checkThread();
        ++m_script->runs;
        if (const auto objection = check(settings)) {
            throw EngineError(*objection);
        }
        m_began = std::chrono::steady_clock::now();
        RunOutcome outcome;
        if (options.resume) {
            outcome.record = begin_branch(*options.resume->record, settings, *options.resume->trajectory,
                                          options.resume->step);
        }
        beginKeeping(settings, options);
        outcome.record.settings = settings;
        outcome.record.model = m_model->summary;
        outcome.record.machine = {.cpu = "Scripted CPU",
                                  .cores = 2,
                                  .threads = 2,
                                  .device = "cpu",
                                  .precision = "fp32",
                                  .attention = "math",
                                  .os = "test",
                                  .libtorch = "none",
                                  .program = "duodiff test",
                                  .memory_bytes = 0};
        outcome.record.started_at = "2026-01-02T03:04:05Z";
        outcome.record.all_uncertainties = options.all_uncertainties;
        outcome.record.probes = readsProbes(settings, options) ? depth : 0;
        bool stopped = false;
        for (int first = 0, batch = 0; first < settings.count && !stopped; first += settings.batch, ++batch) {
            if (batch > 0 && controls.finish_batch != nullptr && *controls.finish_batch) {
                stopped = true;
                break;
            }
            const int images = std::min(settings.batch, settings.count - first);
            Batch b{settings, runId, batch, first, images, options, {}};
            stopped = !runBatch(b, sink, controls, live, outcome);
            if (!stopped) {
                finishBatch(b, sink, outcome);
            }
        }
        outcome.record.state = stopped ? RunState::cancelled : RunState::done;
        outcome.record.ledger = ledgerNow();
        outcome.record.sampling_ms = outcome.record.ledger.wall;
        return outcome;
    }

    /// Patches of 4 x 4 pixels, each as uncertain as its first pixel is bright, less so layer by layer.
    LayerUncertainty uncertainty_of(const Trajectory& trajectory, int batch, int stepsDone) override
    {
        checkThread();
        m_script->mapGate.pass({});
        ++m_script->uncertaintiesRead;
        const StatePointer state = trajectory.state(batch, stepsDone);
        if (!state) {
            throw EngineError(ErrorCode::usage, "the state is not held");
        }
        LayerUncertainty read;
        read.batch = batch;
        read.first_image = state->first_image;
        read.steps_done = stepsDone;
        read.t = state->t;
        read.probes = depth;
        read.images = state->shape.count;
        if (m_script->noMaps) {
            read.no_maps =
                Failure{ErrorCode::usage, "the probe gives one number an image", {}, "Look at the curves."};
        } else {
            read.map_height = read.map_width = side / 4;
        }
        for (int probe = 0; probe < depth; ++probe) {
            read.layers.push_back(probe);
            for (int image = 0; image < read.images; ++image) {
                double sum = 0.0;
                for (int patch = 0; patch < read.map_height * read.map_width; ++patch) {
                    const int row = patch / read.map_width * 4;
                    const int pixel = (image * side + row) * side + patch % read.map_width * 4;
                    const float bright = state->x[static_cast<std::size_t>(pixel)];
                    const float u =
                        std::clamp(0.5F + 0.2F * bright, 0.0F, 1.0F) / static_cast<float>(probe + 1);
                    read.maps.push_back(u);
                    sum += static_cast<double>(u);
                }
                read.uncertainty.push_back(
                    static_cast<float>(sum / std::max(1, read.map_height * read.map_width)));
            }
        }
        return read;
    }
    std::vector<FinishedImage> images_of(const Trajectory& trajectory, int batch, int stepsDone,
                                         PictureKind kind) override
    {
        checkThread();
        const StatePointer state = trajectory.state(batch, stepsDone);
        if (!state) {
            throw EngineError(ErrorCode::usage, "the state is not held");
        }
        const SamplingSettings settings = trajectory.run()->settings;
        const auto& values = kind == PictureKind::noisy ? state->x : state->predicted;
        std::vector<FinishedImage> images;
        for (int image = 0; image < state->shape.count; ++image) {
            const auto* begin = values.data() + static_cast<std::ptrdiff_t>(image) * side * side;
            const int index = state->first_image + image;
            images.push_back({index,
                              settings.seed + static_cast<std::uint64_t>(index),
                              labelOf(settings, index),
                              1,
                              side,
                              side,
                              {begin, begin + side * side}});
        }
        return images;
    }

private:
    struct Batch {
        const SamplingSettings& settings;
        std::uint64_t runId;
        int number;
        int first;
        int images;
        const SampleOptions& options;
        /// Of every image: what the skipped blocks have changed so far; see Script::layersShow.
        std::vector<double> drift;
    };

    Ledger ledgerNow() const
    {
        const std::chrono::duration<double, std::milli> wall = std::chrono::steady_clock::now() - m_began;
        Ledger ledger;
        ledger.wall = wall.count();
        ledger.blocks = 0.8 * wall.count();
        ledger.heads = 0.1 * wall.count();
        ledger.previews = 0.01 * wall.count();
        return ledger;
    }

    /// Takes over what a branch has of its parent.
    static void beginKeeping(const SamplingSettings& settings, const SampleOptions& options)
    {
        std::vector<StatePointer> inherited;
        if (options.resume) {
            const Trajectory& parent = *options.resume->trajectory;
            for (int batch = 0; batch < parent.batches(); ++batch) {
                for (const int done : parent.held(batch)) {
                    if (done <= steps_held(parent, batch, options.resume->step)) {
                        inherited.push_back(parent.state(batch, done));
                    }
                }
            }
        }
        if (options.keep != nullptr) {
            options.keep->begin({settings,
                                 scriptedModel().summary,
                                 settings.steps,
                                 options.keep->options().keep_predicted,
                                 {}});
            for (const StatePointer& state : inherited) {
                options.keep->keep(state);
            }
        }
    }

    static int timeOf(const SamplingSettings& s, int step)
    {
        return s.steps == 1 ? 999
                            : static_cast<int>(std::lround(999.0 * (s.steps - 1 - step) / (s.steps - 1)));
    }

    void keepState(const Batch& b, int done) const
    {
        if (b.options.keep == nullptr || !b.options.keep->wants(done)) {
            return;
        }
        auto state = std::make_shared<TrajectoryState>();
        state->batch = b.number;
        state->first_image = b.first;
        state->steps_done = done;
        state->t = done < b.settings.steps ? timeOf(b.settings, done) : -1;
        state->shape = {b.images, 1, side, side};
        for (int image = 0; image < b.images; ++image) {
            const auto x = noisyPixels(b, image, done);
            state->x.insert(state->x.end(), x.begin(), x.end());
            if (done > 0 && b.options.keep->options().keep_predicted) {
                const auto predicted = driftedPixels(b, image, 0.0, 0);
                state->predicted.insert(state->predicted.end(), predicted.begin(), predicted.end());
            }
            state->labels.push_back(labelOf(b.settings, b.first + image));
        }
        b.options.keep->keep(std::move(state));
    }

    std::vector<float> driftedPixels(const Batch& b, int image, double noise, int step) const
    {
        auto values = pixels(b.settings, b.first + image, noise, step);
        if (m_script->layersShow) {
            for (float& value : values) {
                value += static_cast<float>(b.drift[static_cast<std::size_t>(image)]);
            }
        }
        return values;
    }

    std::vector<float> noisyPixels(const Batch& b, int image, int done) const
    {
        const double noise = 1.0 - static_cast<double>(done) / b.settings.steps;
        return driftedPixels(b, image, noise, done - 1);
    }

    static void drift(Batch& b, const std::vector<std::int16_t>& layers)
    {
        for (std::size_t image = 0; image < layers.size(); ++image) {
            b.drift[image] += 0.2 * (depth - layers[image]) / (depth * b.settings.steps);
        }
    }

    /// The first step to run; its drift is that of the parent's steps.
    int startOf(Batch& b) const
    {
        b.drift.assign(static_cast<std::size_t>(b.images), 0.0);
        if (!b.options.resume) {
            return 0;
        }
        const int start = steps_held(*b.options.resume->trajectory, b.number, b.options.resume->step);
        for (int step = 0; step < start; ++step) {
            drift(b, recorded_frame(*b.options.resume->record, b.number, step)->exit_layers);
        }
        return start;
    }

    static bool readsProbes(const SamplingSettings& settings, const SampleOptions& options)
    {
        return settings.policy == PolicyKind::adadiff || options.all_uncertainties;
    }

    void checkThread()
    {
        if (std::this_thread::get_id() != m_script->thread) {
            m_script->ranOnOneThread = false;
        }
    }

    static std::int64_t labelOf(const SamplingSettings& settings, int image)
    {
        return settings.classes.empty()
                   ? image % 10
                   : settings.classes[static_cast<std::size_t>(image) % settings.classes.size()];
    }

    static std::vector<float> pixels(const SamplingSettings& settings, int image, double noise, int step)
    {
        const std::uint64_t seed = settings.seed + static_cast<std::uint64_t>(image);
        std::mt19937_64 random(seed * 1000 + static_cast<std::uint64_t>(noise > 0.0 ? step + 1 : 0));
        std::normal_distribution<double> normal;
        std::vector<float> values;
        for (int row = 0; row < side; ++row) {
            for (int column = 0; column < side; ++column) {
                const double clean = garment(labelOf(settings, image) + static_cast<std::int64_t>(seed % 3),
                                             (column - 13.5) / 14.0, (row - 13.5) / 14.0);
                const double grain = normal(random);
                values.push_back(static_cast<float>((1.0 - noise) * clean + (0.02 + noise) * grain));
            }
        }
        return values;
    }

    /// False where it was stopped.
    bool runBatch(Batch& b, FrameSink& sink, const RunControls& controls, const LiveParameters* live,
                  RunOutcome& outcome)
    {
        const SamplingSettings& s = b.settings;
        const int start = startOf(b);
        keepState(b, start);
        for (int step = start; step < s.steps; ++step) {
            if (controls.pause != nullptr) {
                controls.pause->wait_while_paused(controls.stop);
            }
            m_script->gate.pass(controls.stop);
            if (m_script->beforeStep && !controls.stop.stop_requested()) {
                m_script->beforeStep(step);
            }
            if (controls.stop.stop_requested()) {
                keepUnfinished(b, step, controls, outcome);
                return false;
            }
            if (step == m_script->failAtStep) {
                if (m_script->throwForeign) {
                    throw std::bad_alloc();
                }
                throw EngineError(*m_script->sampleFailure);
            }
            Frame frame = makeFrame(b, step, live);
            drift(b, frame.exit_layers);
            keepState(b, step + 1);
            const PicturesWanted wanted = sink.wanted_pictures();
            if (wanted.noisy) {
                ++m_script->pictures;
                frame.picture = makePicture(b, step, false);
            }
            if (wanted.predicted) {
                ++m_script->pictures;
                frame.predicted = makePicture(b, step, true);
            }
            outcome.record.add(frame);
            frame.ledger = ledgerNow();
            sink.on_frame(std::move(frame));
            ++m_script->steps;
        }
        return true;
    }

    void keepUnfinished(const Batch& b, int stepsDone, const RunControls& controls, RunOutcome& outcome) const
    {
        if (stepsDone == 0 || controls.keep_unfinished == nullptr || !*controls.keep_unfinished) {
            return;
        }
        for (int image = 0; image < b.images; ++image) {
            FinishedImage picture = finished(b, image);
            outcome.record.unfinished.push_back({picture.index, picture.seed, picture.label, {}, stepsDone});
            outcome.unfinished.push_back({std::move(picture), stepsDone, timeOf(b.settings, stepsDone - 1)});
        }
    }

    FinishedImage finished(const Batch& b, int image) const
    {
        const int index = b.first + image;
        return {index,
                b.settings.seed + static_cast<std::uint64_t>(index),
                labelOf(b.settings, index),
                1,
                side,
                side,
                driftedPixels(b, image, 0.0, 0)};
    }

    static Frame makeFrame(const Batch& b, int step, const LiveParameters* live)
    {
        const SamplingSettings& s = b.settings;
        Frame frame;
        frame.run_id = b.runId;
        frame.batch = b.number;
        frame.first_image = b.first;
        frame.step = step;
        frame.t = timeOf(s, step);
        frame.parameter = std::numeric_limits<double>::quiet_NaN();
        std::optional<double> value;
        if (b.options.resume && step < b.options.resume->step) {
            value = parameter_at(*b.options.resume->record, b.number, step);
        } else if (b.options.parameter_of) {
            value = b.options.parameter_of(b.number, step);
        }
        std::optional<int> whole;
        if (value) {
            whole = static_cast<int>(std::lround(*value));
        }
        const double theta = live != nullptr ? live->threshold.load() : s.threshold;
        const int switchStep = live != nullptr ? live->switch_step.load() : s.switch_step;
        const int exitLayer = live != nullptr ? live->exit_layer.load() : s.exit_layer;
        return frameWith(b, std::move(frame), value.value_or(theta), whole.value_or(switchStep),
                         whole.value_or(exitLayer));
    }

    static Frame frameWith(const Batch& b, Frame frame, double theta, int switchStep, int exitLayer)
    {
        const SamplingSettings& s = b.settings;
        for (int image = 0; image < b.images; ++image) {
            int layer = depth;
            switch (s.policy) {
                case PolicyKind::full:
                    break;
                case PolicyKind::duodiff:
                    frame.parameter = switchStep;
                    frame.network = frame.t >= 1000 - switchStep ? NetworkRole::shallow : NetworkRole::full;
                    layer = frame.network == NetworkRole::shallow ? shallowDepth : depth;
                    break;
                case PolicyKind::adadiff: {
                    frame.parameter = theta;
                    frame.network = NetworkRole::early_exit;
                    const double jump = 1100.0 - 5000.0 * theta + 14.0 * ((image * 7) % 11 - 5);
                    const double height = 1.0 / (1.0 + std::exp((frame.t - jump) / 22.0));
                    layer = static_cast<int>(std::lround(2.0 + 11.0 * height));
                    break;
                }
                case PolicyKind::static_layer:
                    frame.parameter = exitLayer;
                    frame.network = NetworkRole::early_exit;
                    layer = exitLayer;
                    break;
            }
            frame.exit_layers.push_back(static_cast<std::int16_t>(layer));
            frame.ms += 0.1 + 0.1 * layer;
        }
        if (readsProbes(s, b.options)) {
            for (int probe = 0; probe < depth; ++probe) {
                for (int image = 0; image < b.images; ++image) {
                    const int layer = frame.exit_layers[static_cast<std::size_t>(image)];
                    frame.uncertainty.push_back(probe <= layer || b.options.all_uncertainties
                                                    ? static_cast<float>(0.01 * (layer - probe) + theta)
                                                    : std::numeric_limits<float>::quiet_NaN());
                }
            }
        }
        return frame;
    }

    PictureStrip makePicture(const Batch& b, int step, bool predicted) const
    {
        auto bytes = std::make_shared<std::vector<std::uint8_t>>();
        for (int image = 0; image < b.images; ++image) {
            for (const float value :
                 predicted ? driftedPixels(b, image, 0.0, 0) : noisyPixels(b, image, step + 1)) {
                const auto gray =
                    static_cast<std::uint8_t>(std::clamp((value + 1.0f) * 127.5f, 0.0f, 255.0f));
                bytes->insert(bytes->end(), {gray, gray, gray, 255});
            }
        }
        return {side, side, b.images, bytes};
    }

    void finishBatch(const Batch& b, FrameSink& sink, RunOutcome& outcome) const
    {
        std::vector<FinishedImage> images;
        for (int image = 0; image < b.images; ++image) {
            images.push_back(finished(b, image));
            outcome.record.images.push_back(
                {images.back().index, images.back().seed, images.back().label, {}});
        }
        sink.on_batch_finished(b.number, images);
        std::move(images.begin(), images.end(), std::back_inserter(outcome.images));
    }

    std::shared_ptr<Script> m_script;
    std::chrono::steady_clock::time_point m_began;
    std::optional<ModelInfo> m_model;
};

}  // namespace

ModelInfo scriptedModel()
{
    ModelInfo info;
    info.summary.name = "fashion-mnist";
    info.summary.sha256 = {{"full", std::string(64, 'a')}, {"shallow", std::string(64, 'b')}};
    info.summary.class_names = {"T-shirt", "Trouser", "Pullover", "Dress", "Coat",
                                "Sandal",  "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
    info.summary.image_size = side;
    info.summary.channels = 1;
    info.summary.depth = depth;
    info.summary.shallow_depth = shallowDepth;
    info.summary.has_early_exit = true;
    info.summary.full_gflops = 0.21;
    info.summary.shallow_gflops = 0.055;
    for (int layer = 0; layer <= depth; ++layer) {
        info.summary.gflops_by_exit_layer.push_back(0.01 + 0.0155 * layer);
    }
    info.description = "13 blocks + 3 blocks · class-conditional";
    info.convention = "DuoDiff authors";
    info.is_pack = true;
    info.num_classes = 10;
    info.has_shallow = true;
    info.has_early_exit = true;
    info.threshold_minimum = 0.05;
    info.threshold_maximum = 0.2;
    info.threshold_default = 0.08;
    info.switch_step_default = 300;
    return info;
}

std::unique_ptr<Engine> makeScriptedEngine(std::shared_ptr<Script> script)
{
    return std::make_unique<ScriptedEngine>(std::move(script));
}

}  // namespace duodiff::test
