// SPDX-License-Identifier: MIT
#include "session/engine.h"

#include "base/device.h"
#include "sampler/sampler.h"
#include "session/guard.h"
#include "session/machine.h"
#include "session/memory.h"
#include "session/model_info.h"
#include "session/pictures.h"
#include "session/probe_run.h"
#include "session/settings_check.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace duodiff
{
namespace
{

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start)
{
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// Writes every frame into the record on its way to whoever listens.
class Recorder final : public FrameSink
{
public:
    Recorder(RunRecord& record, FrameSink& listener) : record_(record), listener_(listener) {}
    void on_frame(Frame&& frame) override
    {
        record_.add(frame);
        listener_.on_frame(std::move(frame));
    }
    bool wants_picture() override { return listener_.wants_picture(); }

private:
    RunRecord& record_;
    FrameSink& listener_;
};

template <class Image>
Image copy_pixels(const at::Tensor& image)
{
    Image copy;
    copy.channels = static_cast<int>(image.size(0));
    copy.height = static_cast<int>(image.size(1));
    copy.width = static_cast<int>(image.size(2));
    const at::Tensor pixels = image.contiguous();
    copy.pixels.assign(pixels.const_data_ptr<float>(), pixels.const_data_ptr<float>() + pixels.numel());
    return copy;
}

class TorchEngine final : public Engine
{
public:
    ModelInfo open(const ModelSource& source, const Progress& progress, std::stop_token stop) override
    {
        return guarded(source.model.string(), [&] { return do_open(source, progress, stop); });
    }

    std::optional<Failure> check(const SamplingSettings& settings) const override
    {
        if (!files_) {
            return Failure{
                ErrorCode::usage, "no model is open", {}, "Open a model pack or a checkpoint first."};
        }
        return check_settings(settings, *files_);
    }

    RunOutcome sample(const SamplingSettings& settings, std::uint64_t run_id, FrameSink& sink,
                      const RunControls& controls, const LiveParameters* live) override
    {
        return guarded("sampling", [&] { return do_sample(settings, run_id, sink, controls, live); });
    }

private:
    ModelInfo do_open(const ModelSource& source, const Progress& progress, const std::stop_token& stop)
    {
        const auto report = [&](const char* what, double fraction) {
            if (stop.stop_requested()) {
                throw EngineError(ErrorCode::cancelled, "opening the model was stopped");
            }
            if (progress) {
                progress(what, fraction);
            }
        };
        report("Reading the model", 0.0);
        ModelFiles files = read_model(source);
        if (files.early_exit && !files.has_defaults) {
            report("Finding the useful range of the threshold", 0.3);
            files.defaults = find_threshold_range(files, {.images = 2, .steps = 8}, files.defaults, stop);
        }
        report("Preparing the networks", 0.6);
        const c10::Device device = resolve_device("auto");
        const Precision precision = resolve_precision(Precision::automatic, device, files.shape());
        auto bundle = std::make_unique<const ModelBundle>(files, device, scalar_type(precision));
        report("Ready", 1.0);

        ModelInfo info = describe_model(files);
        info.summary.late_path = source.late_model.string();
        info.summary.config_path = source.config.string();
        info.summary.late_config_path = source.late_config.string();
        info.memory_bytes = bundle->bytes();
        files_ = std::move(files);
        info_ = info;
        bundle_ = std::move(bundle);
        bundle_device_ = device;
        bundle_type_ = scalar_type(precision);
        return info;
    }

    const ModelBundle& bundle_for(const c10::Device& device, c10::ScalarType type)
    {
        if (!bundle_ || bundle_device_ != device || bundle_type_ != type) {
            bundle_.reset();
            bundle_ = std::make_unique<const ModelBundle>(*files_, device, type);
            bundle_device_ = device;
            bundle_type_ = type;
        }
        return *bundle_;
    }

    RunOutcome do_sample(const SamplingSettings& wanted, std::uint64_t run_id, FrameSink& sink,
                         const RunControls& controls, const LiveParameters* live)
    {
        if (const auto failure = check(wanted)) {
            throw EngineError(*failure);
        }
        const c10::Device device = resolve_device(wanted.device);
        const SamplingSettings settings = resolve_settings(wanted, *files_, device);
        const ModelBundle& bundle = bundle_for(device, scalar_type(settings.precision));
        require_memory(settings, *files_, device);

        RunOutcome outcome;
        RunRecord& record = outcome.record;
        record.settings = settings;
        record.machine = describe_machine(device, settings.precision);
        record.model = info_.summary;
        record.started_at = utc_now();
        if (settings.policy == PolicyKind::adadiff) {
            record.probes = bundle.network(NetworkRole::early_exit).exits()->rows();
        }

        const auto start = Clock::now();
        SamplerContext context{
            .bundle = bundle,
            .device = device,
            .steps = plan_solver(solver_options(settings), NoiseSchedule(files_->schedule)),
            .keeps_history = settings.solver == SolverKind::dpm_solver_pp,
            .make_picture = picture_maker(bundle)};
        const auto policy = make_policy(settings.policy,
                                        {.has_early_exit = bundle.has(NetworkRole::early_exit),
                                         .compat = settings.compat,
                                         .solver = settings.solver},
                                        parameter_source(settings, live));
        Recorder recorder(record, sink);
        int batch = 0;
        for (int first = 0; first < settings.count; first += settings.batch, ++batch) {
            const bool asked_to_end = controls.finish_batch && controls.finish_batch->load() && batch > 0;
            if (controls.stop.stop_requested() || asked_to_end) {
                record.state = RunState::cancelled;
                break;
            }
            const int size = std::min(settings.batch, settings.count - first);
            const BatchJob job{.run_id = run_id,
                               .batch = batch,
                               .first_image = first,
                               .labels = labels_of(settings, first, size, device),
                               .save_steps = settings.save_steps};
            const auto noise = noise_of(settings, first, size);
            BatchResult result =
                sample_batch(context, job, *policy, *noise, recorder, controls.stop, record.ledger);
            if (!result.finished) {
                record.state = RunState::cancelled;
                break;
            }
            keep_batch(result, settings, bundle, first, outcome);
            sink.on_batch_finished(batch, {outcome.images.end() - size, outcome.images.end()});
        }
        record.sampling_ms = milliseconds_since(start);
        record.ledger.wall = record.sampling_ms;
        return outcome;
    }

    static std::function<PictureStrip(const at::Tensor&)> picture_maker(const ModelBundle& bundle)
    {
        if (!bundle.autoencoder()) {
            return make_strip;
        }
        return [&bundle](const at::Tensor& x) { return make_latent_strip(x, bundle.preview_map()); };
    }

    static std::function<PolicyParameters()> parameter_source(const SamplingSettings& settings,
                                                              const LiveParameters* live)
    {
        const PolicyParameters fixed{settings.switch_step, settings.threshold, settings.exit_layer};
        if (!live) {
            return [fixed] { return fixed; };
        }
        return [live] {
            return PolicyParameters{live->switch_step.load(), live->threshold.load(),
                                    live->exit_layer.load()};
        };
    }

    at::Tensor labels_of(const SamplingSettings& settings, int first, int size,
                         const c10::Device& device) const
    {
        if (files_->shape().num_classes == 0) {
            return {};
        }
        std::vector<std::int64_t> labels;
        for (int i = 0; i < size; ++i) {
            labels.push_back(label_of(settings, first + i, info_.num_classes));
        }
        return at::tensor(labels, at::TensorOptions().dtype(at::kLong)).to(device);
    }

    std::unique_ptr<NoiseSource> noise_of(const SamplingSettings& settings, int first, int size) const
    {
        const UVitConfig& shape = files_->shape();
        const std::vector<std::int64_t> image = {shape.in_chans, shape.img_size, shape.img_size};
        const std::uint64_t seed = settings.seed + static_cast<std::uint64_t>(first);
        if (settings.compat == Compat::reference) {
            return reference_noise(seed, size, image);
        }
        std::vector<std::uint64_t> seeds;
        for (int i = 0; i < size; ++i) {
            seeds.push_back(seed + static_cast<std::uint64_t>(i));
        }
        return per_image_noise(std::move(seeds), image);
    }

    /// Decodes, copies out and records the images of a finished batch, and its saved states.
    void keep_batch(const BatchResult& result, const SamplingSettings& settings, const ModelBundle& bundle,
                    int first, RunOutcome& outcome) const
    {
        at::Tensor pixels = result.x;
        if (bundle.autoencoder()) {
            const ScopedTimer timer(outcome.record.ledger.decoding, pixels.device());
            std::vector<at::Tensor> decoded;
            for (std::int64_t i = 0; i < pixels.size(0); ++i) {
                decoded.push_back(bundle.autoencoder()->decode(pixels.narrow(0, i, 1)));
            }
            pixels = at::cat(decoded);
        }
        const ScopedTimer timer(outcome.record.ledger.transfers, pixels.device());
        pixels = pixels.cpu();
        for (std::int64_t i = 0; i < pixels.size(0); ++i) {
            auto image = copy_pixels<FinishedImage>(pixels[i]);
            image.index = first + static_cast<int>(i);
            image.seed = settings.seed + static_cast<std::uint64_t>(image.index);
            image.label = label_of(settings, image.index, info_.num_classes);
            outcome.record.images.push_back({image.index, image.seed, image.label, {}});
            outcome.images.push_back(std::move(image));
            for (const auto& [t, x] : result.saved) {
                auto state = copy_pixels<SavedState>(x[i]);
                state.image = first + static_cast<int>(i);
                state.t = t;
                outcome.saved.push_back(std::move(state));
            }
        }
    }

    std::optional<ModelFiles> files_;
    ModelInfo info_;
    std::unique_ptr<const ModelBundle> bundle_;
    c10::Device bundle_device_{c10::kCPU};
    c10::ScalarType bundle_type_ = at::kFloat;
};

}  // namespace

std::unique_ptr<Engine> make_engine()
{
    return std::make_unique<TorchEngine>();
}

std::vector<std::string> available_devices()
{
    return device_names();
}

}  // namespace duodiff
