// SPDX-License-Identifier: MIT
#include "session/engine.h"

#include "base/device.h"
#include "base/process_memory.h"
#include "cuda/gpu.h"
#include "session/guard.h"
#include "session/layer_uncertainty.h"
#include "session/memory.h"
#include "session/model_info.h"
#include "session/pictures.h"
#include "session/probe_run.h"
#include "session/resume.h"
#include "session/sampling_run.h"
#include "session/settings_check.h"

#include <optional>
#include <utility>

namespace duodiff
{
namespace
{

/// The networks, and nothing else left in memory of making them.
std::unique_ptr<const ModelBundle> make_bundle(const ModelFiles& files, c10::Device device,
                                               Arithmetic arithmetic)
{
    auto bundle = std::make_unique<const ModelBundle>(files, device, arithmetic);
    files.drop_pages();
    return_free_memory();
    return bundle;
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
                      const RunControls& controls, const LiveParameters* live,
                      const SampleOptions& options) override
    {
        return guarded("sampling", [&] {
            return do_sample(
                settings,
                {.run_id = run_id, .sink = sink, .controls = controls, .live = live, .options = options});
        });
    }

    LayerUncertainty uncertainty_of(const Trajectory& trajectory, int batch, int steps_done) override
    {
        return guarded("uncertainty", [&] {
            const auto [state, model] = look_up(trajectory, batch, steps_done);
            if (!model.bundle.has(NetworkRole::early_exit)) {
                throw EngineError(ErrorCode::usage, "this model has no uncertainty probes", {},
                                  "Open a model with an early-exit part.");
            }
            if (state->t < 0) {
                throw EngineError(ErrorCode::usage,
                                  "the run has ended here: no step asks how uncertain this picture is", {},
                                  "Choose an earlier step.");
            }
            return read_layer_uncertainty(model.bundle.network(NetworkRole::early_exit), *state,
                                          model.device);
        });
    }

    std::vector<FinishedImage> images_of(const Trajectory& trajectory, int batch, int steps_done,
                                         PictureKind kind) override
    {
        return guarded("pictures", [&] {
            const auto [state, model] = look_up(trajectory, batch, steps_done);
            const BatchState tensors = to_batch_state(*state, model.device);
            const at::Tensor& x = kind == PictureKind::noisy ? tensors.x : tensors.predicted;
            if (!x.defined()) {
                throw EngineError(ErrorCode::usage, "no predicted x_0 is kept of this step");
            }
            Ledger unused;
            std::vector<FinishedImage> images = decode_images(x, model.bundle, unused);
            const std::uint64_t seed = trajectory.run()->settings.seed;
            for (std::size_t i = 0; i < images.size(); ++i) {
                images[i].index = state->first_image + static_cast<int>(i);
                images[i].seed = seed + static_cast<std::uint64_t>(images[i].index);
                images[i].label = state->labels.empty() ? -1 : state->labels[i];
            }
            return images;
        });
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
        if (!device.is_cpu()) {
            cuda::use_full_precision();
        }
        auto bundle = make_bundle(files, device, arithmetic_of(precision));
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
        bundle_arithmetic_ = arithmetic_of(precision);
        return info;
    }

    const ModelBundle& bundle_for(const c10::Device& device, Arithmetic arithmetic)
    {
        if (!bundle_ || bundle_device_ != device || bundle_arithmetic_ != arithmetic) {
            bundle_.reset();
            if (!device.is_cpu()) {
                cuda::use_full_precision();
            }
            bundle_ = make_bundle(*files_, device, arithmetic);
            bundle_device_ = device;
            bundle_arithmetic_ = arithmetic;
        }
        return *bundle_;
    }

    RunOutcome do_sample(const SamplingSettings& wanted, const RunRequest& request)
    {
        if (const auto failure = check(wanted)) {
            throw EngineError(*failure);
        }
        const c10::Device device = resolve_device(wanted.device);
        const SamplingSettings settings = resolve_settings(wanted, *files_, device);
        Failure failure;
        try {
            const ModelBundle& bundle = bundle_for(device, arithmetic_of(settings.precision));
            require_memory(settings, *files_, device, request.options.keep);
            return sample_run({*files_, info_.summary, bundle, device}, settings, request);
        } catch (const EngineError&) {
            throw;
        } catch (...) {
            failure = current_failure("sampling");
            if (failure.code != ErrorCode::out_of_memory) {
                throw;
            }
        }
        // Not in the handler: what failed is gone by now, and with it the memory that it held. The networks'
        // graphs and buffers go too; the next run makes what it needs.
        if (!device.is_cpu()) {
            bundle_.reset();
            cuda::empty_cache(device);
        }
        throw EngineError(with_smaller_batch(std::move(failure), settings));
    }

    /// A held state, and the model as the trajectory's run had it.
    std::pair<StatePointer, OpenModel> look_up(const Trajectory& trajectory, int batch, int steps_done)
    {
        if (!files_) {
            throw EngineError(ErrorCode::usage, "no model is open");
        }
        if (const auto failure = check_trajectory_model(trajectory, info_.summary)) {
            throw EngineError(*failure);
        }
        StatePointer state = trajectory.state(batch, steps_done);
        if (!state) {
            throw EngineError(ErrorCode::usage, "this step is not kept", {},
                              "Choose a step that is, or keep more of the run.");
        }
        const SamplingSettings& settings = trajectory.run()->settings;
        const c10::Device device = resolve_device(settings.device);
        const ModelBundle& bundle = bundle_for(device, arithmetic_of(settings.precision));
        return {std::move(state), OpenModel{*files_, info_.summary, bundle, device}};
    }

    std::optional<ModelFiles> files_;
    ModelInfo info_;
    std::unique_ptr<const ModelBundle> bundle_;
    c10::Device bundle_device_{c10::kCPU};
    Arithmetic bundle_arithmetic_;
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
