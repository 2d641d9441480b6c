// SPDX-License-Identifier: GPL-3.0-or-later
#include "scripted_world.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>

namespace duodiff::cli::test
{
namespace
{

constexpr int image_size = 8;

class ScriptedEngine : public Engine
{
public:
    ScriptedEngine(Script& script) : script_(script) {}

    ModelInfo open(const ModelSource& source, const Progress& progress, std::stop_token stop) override
    {
        ++script_.opened;
        script_.sources.push_back(source);
        if (script_.open_failure) {
            throw EngineError(*script_.open_failure);
        }
        if (progress) {
            progress("opening", 1.0);
        }
        if (stop.stop_requested()) {
            throw EngineError(ErrorCode::cancelled, "interrupted");
        }
        return script_.info;
    }

    std::optional<Failure> check(const SamplingSettings&) const override { return script_.check_failure; }

    RunOutcome sample(const SamplingSettings& settings, std::uint64_t run_id, FrameSink& sink,
                      const RunControls& controls, const LiveParameters* live,
                      const SampleOptions& options) override
    {
        script_.sampled.push_back(settings);
        script_.options.push_back(options);
        RunOutcome outcome;
        outcome.record.settings = settings;
        outcome.record.earlier_classes = options.earlier_classes;
        outcome.record.model = script_.info.summary;
        outcome.record.machine.device = "cpu";
        outcome.record.machine.precision = "fp32";
        outcome.record.started_at = "2024-01-01T00:00:00Z";
        outcome.record.sampling_ms = 1.0;
        outcome.record.ledger.wall = 1.0;
        const int batch_size = std::min(settings.batch, settings.count);
        for (int first = 0, batch = 0; first < settings.count; first += batch_size, ++batch) {
            if (script_.sample_failure && batch == script_.batches_before_failure) {
                throw EngineError(*script_.sample_failure);
            }
            const int images = std::min(batch_size, settings.count - first);
            for (int step = 0; step < settings.steps; ++step) {
                script_.before_step(batch, step);
                if (controls.stop.stop_requested()) {
                    outcome.record.state = RunState::cancelled;
                    if (controls.keep_unfinished && controls.keep_unfinished->load() && step > 0) {
                        outcome.unfinished.push_back({make_image(settings, first), step, 999});
                    }
                    return outcome;
                }
                Frame frame = make_frame(settings, run_id, batch, first, images, step, live);
                script_.parameters.push_back(frame.parameter);
                outcome.record.add(frame);
                for (const int t : settings.save_steps) {
                    if (t == frame.t) {
                        save_states(outcome, first, images, t);
                    }
                }
                sink.on_frame(std::move(frame));
            }
            std::vector<FinishedImage> finished;
            for (int i = first; i < first + images; ++i) {
                finished.push_back(make_image(settings, i));
            }
            sink.on_batch_finished(batch, finished);
            outcome.images.insert(outcome.images.end(), finished.begin(), finished.end());
        }
        return outcome;
    }

    LayerUncertainty uncertainty_of(const Trajectory&, int, int) override
    {
        throw EngineError(ErrorCode::usage, "the scripted engine has no probes");
    }
    std::vector<FinishedImage> images_of(const Trajectory&, int, int, PictureKind) override
    {
        throw EngineError(ErrorCode::usage, "the scripted engine keeps no states");
    }

private:
    Frame make_frame(const SamplingSettings& settings, std::uint64_t run_id, int batch, int first, int images,
                     int step, const LiveParameters* live) const
    {
        Frame frame;
        frame.run_id = run_id;
        frame.batch = batch;
        frame.first_image = first;
        frame.step = step;
        frame.t = settings.steps == 1
                      ? 999
                      : static_cast<int>(std::lround(999.0 - 999.0 * step / (settings.steps - 1)));
        frame.ms = 1.0;
        frame.parameter = parameter(settings, live);
        const bool shallow = settings.policy == PolicyKind::duodiff && frame.t >= 1000 - frame.parameter;
        frame.network = shallow ? NetworkRole::shallow : NetworkRole::full;
        const int depth = shallow ? script_.info.summary.shallow_depth : script_.info.summary.depth;
        frame.exit_layers.assign(static_cast<std::size_t>(images), static_cast<std::int16_t>(depth));
        return frame;
    }

    static double parameter(const SamplingSettings& settings, const LiveParameters* live)
    {
        switch (settings.policy) {
            case PolicyKind::duodiff:
                return live ? live->switch_step.load() : settings.switch_step;
            case PolicyKind::adadiff:
                return live ? live->threshold.load() : settings.threshold;
            case PolicyKind::static_layer:
                return live ? live->exit_layer.load() : settings.exit_layer;
            case PolicyKind::full:
                break;
        }
        return std::numeric_limits<double>::quiet_NaN();
    }

    /// Pixels that depend on the seed, so that another image is another file.
    FinishedImage make_image(const SamplingSettings& settings, int index) const
    {
        FinishedImage image;
        image.index = index;
        image.seed = settings.seed + static_cast<std::uint64_t>(index);
        image.label = settings.classes.empty()
                          ? index % 3
                          : settings.classes[static_cast<std::size_t>(index) % settings.classes.size()];
        image.channels = script_.info.summary.channels;
        image.height = image_size;
        image.width = image_size;
        for (int i = 0; i < image.channels * image_size * image_size; ++i) {
            image.pixels.push_back(static_cast<float>(std::sin(static_cast<double>(image.seed % 1000) + i)));
        }
        return image;
    }

    static void save_states(RunOutcome& outcome, int first, int images, int t)
    {
        for (int i = first; i < first + images; ++i) {
            const std::size_t pixels = image_size * image_size;
            outcome.saved.push_back({i, t, 1, image_size, image_size, std::vector<float>(pixels, 0.0F)});
        }
    }

    Script& script_;
};

}  // namespace

World::World()
{
    ModelSummary& summary = script.info.summary;
    summary.name = "scripted";
    summary.path = "model";
    summary.sha256 = {{"full", std::string(64, 'a')},
                      {"shallow", std::string(64, 'b')},
                      {"early_exit", std::string(64, 'c')}};
    summary.class_names = {"T-shirt/top", "Trouser", "Bag"};
    summary.image_size = image_size;
    summary.channels = 1;
    summary.depth = 13;
    summary.shallow_depth = 3;
    summary.has_early_exit = true;
    script.info.num_classes = 3;
    script.info.has_shallow = true;
    script.info.has_early_exit = true;
    script.info.switch_step_default = 250;
    script.info.threshold_default = 0.07;

    hooks.make_engine = [this] { return std::make_unique<ScriptedEngine>(script); };
    const auto fail = [this] {
        if (job_failure) {
            throw EngineError(*job_failure);
        }
    };
    hooks.forward = [this, fail](const ForwardRequest& request) {
        fail();
        script.forward = request;
        if (!script.forward_note.empty()) {
            request.note(script.forward_note);
        }
    };
    hooks.decode = [this, fail](const DecodeRequest& request) {
        fail();
        script.decode = request;
    };
    hooks.inspect = [this, fail](const std::filesystem::path& path, const std::filesystem::path&) {
        fail();
        info.path = path;
        return info;
    };
    hooks.import_pack = [this, fail](const ImportRequest& request, const Progress& progress) {
        fail();
        progress("writing", 0.5);
        script.import = request;
        info.path = request.output;
        return info;
    };
    hooks.examine = [this, fail](bool speed_check, const Progress&) {
        fail();
        script.speed_check = speed_check;
        return doctor;
    };
    hooks.bench = [this, fail](const BenchRequest& request, const Progress& progress, std::stop_token) {
        fail();
        progress("round 1", 0.1);
        script.bench = request;
        bench.request = request;
        return bench;
    };
    hooks.train = [this, fail](const TrainRequest& request,
                               const std::function<void(const TrainProgress&)>& progress, std::stop_token) {
        script.train = request;
        for (const TrainProgress& said : train_progress) {
            progress(said);
        }
        fail();
        return trained;
    };
    hooks.export_model = [this, fail](const ExportRequest& request) {
        script.export_model = request;
        fail();
        return exported;
    };
    hooks.evaluate_frechet = [this, fail](const FrechetRequest& request, const Progress& progress,
                                          std::stop_token) {
        fail();
        progress("Images of full", 0.1);
        script.frechet = request;
        return frechet;
    };
    hooks.evaluate_losses = [this, fail](const LossesRequest& request, const Progress&, std::stop_token) {
        fail();
        script.losses = request;
        return losses;
    };
    hooks.make_classifier = [this, fail](const ClassifierRequest& request, const Progress&, std::stop_token) {
        fail();
        script.classifier = request;
        return classifier;
    };
    hooks.save_tensors = [this](const std::filesystem::path& path, const RunOutcome&) {
        script.tensors.push_back(path);
    };
    hooks.watch_stop = [] {};
    hooks.stop = stop.get_token();
    hooks.libtorch_version = "9.8.7";
}

Result World::run(const std::vector<std::string>& arguments)
{
    std::ostringstream out;
    std::ostringstream err;
    Result result;
    result.status = run_cli(arguments, out, err, hooks);
    result.out = out.str();
    result.err = err.str();
    return result;
}

nlohmann::json only_object(const std::string& text)
{
    nlohmann::json value = nlohmann::json::parse(text);
    if (!value.is_object()) {
        throw std::runtime_error("not an object: " + text);
    }
    return value;
}

std::size_t lines(const std::string& text)
{
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::string content(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void make_file(const std::filesystem::path& path, const std::string& text)
{
    std::ofstream(path, std::ios::binary) << text;
}

}  // namespace duodiff::cli::test
