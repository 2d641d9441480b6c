// SPDX-License-Identifier: MIT
#include "session/sampling_run.h"

#include "base/device.h"
#include "sampler/sampler.h"
#include "session/gpu_report.h"
#include "session/machine.h"
#include "session/pictures.h"
#include "session/resume.h"
#include "session/settings_check.h"
#include "stream/branch.h"

#include <ATen/ops/tensor.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <utility>

namespace duodiff
{
namespace
{

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration duration)
{
    return std::chrono::duration<double, std::milli>(duration).count();
}

/// Writes every frame into the record on its way to whoever listens.
class Recorder final : public FrameSink
{
public:
    Recorder(RunRecord& record, FrameSink& listener, std::function<double()> wall_ms)
        : record_(record), listener_(listener), wall_ms_(std::move(wall_ms))
    {
    }
    void on_frame(Frame&& frame) override
    {
        record_.add(frame);
        frame.ledger = record_.ledger;
        frame.ledger->wall = wall_ms_();
        listener_.on_frame(std::move(frame));
    }
    PicturesWanted wanted_pictures() override { return listener_.wanted_pictures(); }

private:
    RunRecord& record_;
    FrameSink& listener_;
    const std::function<double()> wall_ms_;
};

std::vector<float> plain_values(const at::Tensor& tensor)
{
    if (!tensor.defined()) {
        return {};
    }
    const at::Tensor values = tensor.cpu().contiguous();
    return {values.const_data_ptr<float>(), values.const_data_ptr<float>() + values.numel()};
}

class SamplingRun
{
public:
    SamplingRun(const OpenModel& model, const SamplingSettings& settings, const RunRequest& request)
        : model_(model),
          settings_(settings),
          request_(request),
          options_(request.options),
          steps_(plan_solver(solver_options(settings), NoiseSchedule(model.files.schedule))),
          looks_back_(std::any_of(steps_.begin(), steps_.end(),
                                  [](const SolverStep& step) { return step.history != 0.0; }))
    {
        check_options();
        begin_record();
        begin_keeping();
    }

    RunOutcome go()
    {
        const auto start = Clock::now();
        const SamplerContext context = make_context();
        const auto policy = make_policy(settings_.policy,
                                        {.has_early_exit = model_.bundle.has(NetworkRole::early_exit),
                                         .compat = settings_.compat,
                                         .solver = settings_.solver},
                                        [this] { return parameters_now(); });
        RunRecord& record = outcome_.record;
        const auto wall_ms = [this, start] { return milliseconds(Clock::now() - start - paused_); };
        Recorder recorder(record, request_.sink, wall_ms);
        const RunControls& controls = request_.controls;
        batch_ = 0;
        for (int first = 0; first < settings_.count; first += settings_.batch, ++batch_) {
            const bool asked_to_end = controls.finish_batch && controls.finish_batch->load() && batch_ > 0;
            if (controls.stop.stop_requested() || asked_to_end) {
                record.state = RunState::cancelled;
                break;
            }
            const int size = std::min(settings_.batch, settings_.count - first);
            const auto noise = noise_of(first, size);
            const BatchResult result =
                sample_batch(context, make_job(first, size), *policy, *noise, recorder, record.ledger);
            if (result.state.steps_done < step_count()) {
                record.state = RunState::cancelled;
                if (controls.keep_unfinished && controls.keep_unfinished->load()) {
                    keep_unfinished(result.state, first);
                }
                break;
            }
            keep_batch(result, first);
            request_.sink.on_batch_finished(batch_, {outcome_.images.end() - size, outcome_.images.end()});
        }
        record.sampling_ms = wall_ms();
        record.ledger.wall = record.sampling_ms;
        describe_gpu(record.machine, model_.device, graphs_before_);
        return std::move(outcome_);
    }

private:
    int step_count() const { return static_cast<int>(steps_.size()); }
    int first_new_step() const { return options_.resume ? options_.resume->step : 0; }

    void check_options() const
    {
        if (options_.resume) {
            if (const auto failure = check_resume(*options_.resume, settings_, model_.summary)) {
                throw EngineError(*failure);
            }
            if (!options_.earlier_classes.empty()) {
                throw EngineError(ErrorCode::usage, "a resumed run has the earlier classes of its parent");
            }
        }
        if (options_.all_uncertainties && !model_.bundle.has(NetworkRole::early_exit)) {
            throw EngineError(ErrorCode::usage,
                              "a probe run needs uncertainty probes, and this model has none", {},
                              "Open a model with an early-exit part.");
        }
        for (const EarlierClasses& part : options_.earlier_classes) {
            SamplingSettings settings = settings_;
            settings.classes = part.classes;
            if (const auto failure = check_settings(settings, model_.files)) {
                throw EngineError(*failure);
            }
        }
    }

    void begin_record()
    {
        RunRecord& record = outcome_.record;
        if (options_.resume) {
            record = begin_branch(*options_.resume->record, settings_, *options_.resume->trajectory,
                                  options_.resume->step);
        }
        record.settings = settings_;
        record.machine = describe_machine(model_.device, settings_.precision, model_.files.shape());
        record.model = model_.summary;
        record.started_at = utc_now();
        record.all_uncertainties = options_.all_uncertainties;
        if (!options_.resume) {
            record.earlier_classes = options_.earlier_classes;
        }
        if (settings_.policy == PolicyKind::adadiff || options_.all_uncertainties) {
            record.probes = model_.bundle.network(NetworkRole::early_exit).exits()->rows();
        }
    }

    /// Takes what is needed out of the parent's trajectory before the one to fill begins anew: they may be
    /// the same.
    void begin_keeping()
    {
        std::vector<StatePointer> inherited;
        if (options_.resume) {
            const Trajectory& parent = *options_.resume->trajectory;
            for (int batch = 0; batch < parent.batches(); ++batch) {
                const StatePointer start = parent.nearest(batch, options_.resume->step);
                starts_.push_back(start);
                for (const int done : start ? parent.held(batch) : std::vector<int>{}) {
                    if (done < start->steps_done) {
                        inherited.push_back(parent.state(batch, done));
                    }
                }
            }
        }
        if (!options_.keep) {
            return;
        }
        options_.keep->begin({.settings = settings_,
                              .model = model_.summary,
                              .steps = step_count(),
                              .keeps_predicted = looks_back_ || options_.keep->options().keep_predicted,
                              .preview_map = plain_values(model_.bundle.preview_map())});
        for (const StatePointer& state : inherited) {
            if (state) {
                options_.keep->keep(state);
            }
        }
    }

    SamplerContext make_context()
    {
        SamplerContext context{.bundle = model_.bundle,
                               .device = model_.device,
                               .steps = steps_,
                               .make_picture = picture_maker(model_.bundle),
                               .may_run = [this](int step) { return may_run(step); },
                               .keep = {},
                               .probed = nullptr};
        if (options_.keep) {
            context.keep = [this](const BatchJob& job, const BatchState& state) { keep_state(job, state); };
        }
        if (options_.all_uncertainties) {
            context.probed = &model_.bundle.network(NetworkRole::early_exit);
        }
        return context;
    }

    bool may_run(int step)
    {
        step_ = step;
        if (request_.controls.pause) {
            paused_ += request_.controls.pause->wait_while_paused(request_.controls.stop);
        }
        return !request_.controls.stop.stop_requested();
    }

    void keep_state(const BatchJob& job, const BatchState& state)
    {
        if (!options_.keep->wants(state.steps_done)) {
            return;
        }
        const ScopedTimer timer(outcome_.record.ledger.transfers, model_.device);
        const int t =
            state.steps_done < step_count() ? steps_[static_cast<std::size_t>(state.steps_done)].t : -1;
        options_.keep->keep(std::make_shared<const TrajectoryState>(
            to_trajectory_state(job, state, t, looks_back_ || options_.keep->options().keep_predicted)));
    }

    /// What the policy is told in the step that begins.
    PolicyParameters parameters_now() const
    {
        PolicyParameters now{settings_.switch_step, settings_.threshold, settings_.exit_layer};
        std::optional<double> value;
        if (step_ < first_new_step()) {
            value = parameter_at(*options_.resume->record, batch_, step_);
        } else if (options_.parameter_of) {
            value = options_.parameter_of(batch_, step_);
        }
        if (!value && request_.live) {
            const LiveParameters& live = *request_.live;
            now = {live.switch_step.load(), live.threshold.load(), live.exit_layer.load()};
        }
        if (value) {
            now = {static_cast<int>(std::lround(*value)), *value, static_cast<int>(std::lround(*value))};
        }
        return now;
    }

    std::vector<std::int64_t> labels_of(const std::vector<std::int64_t>& classes, int first, int size) const
    {
        SamplingSettings settings = settings_;
        settings.classes = classes;
        std::vector<std::int64_t> labels;
        for (int i = 0; i < size; ++i) {
            labels.push_back(label_of(settings, first + i, num_classes()));
        }
        return labels;
    }

    int num_classes() const { return static_cast<int>(model_.files.shape().num_classes); }

    BatchJob make_job(int first, int size) const
    {
        BatchJob job{.run_id = request_.run_id,
                     .batch = batch_,
                     .first_image = first,
                     .labels = {},
                     .earlier_labels = {},
                     .save_steps = settings_.save_steps,
                     .start = {}};
        if (num_classes() > 0) {
            const auto tensor_of = [&](const std::vector<std::int64_t>& classes) {
                return at::tensor(labels_of(classes, first, size), at::TensorOptions().dtype(at::kLong))
                    .to(model_.device);
            };
            job.labels = tensor_of(settings_.classes);
            for (const EarlierClasses& part : outcome_.record.earlier_classes) {
                job.earlier_labels.push_back({part.before_step, tensor_of(part.classes)});
            }
        }
        const auto place = static_cast<std::size_t>(batch_);
        if (place < starts_.size() && starts_[place]) {
            job.start = to_batch_state(*starts_[place], model_.device);
        }
        return job;
    }

    std::unique_ptr<NoiseSource> noise_of(int first, int size) const
    {
        const UVitConfig& shape = model_.files.shape();
        const std::vector<std::int64_t> image = {shape.in_chans, shape.img_size, shape.img_size};
        const std::uint64_t seed = settings_.seed + static_cast<std::uint64_t>(first);
        if (settings_.compat == Compat::reference) {
            return reference_noise(seed, size, image);
        }
        std::vector<std::uint64_t> seeds;
        for (int i = 0; i < size; ++i) {
            seeds.push_back(seed + static_cast<std::uint64_t>(i));
        }
        return per_image_noise(std::move(seeds), image);
    }

    std::vector<FinishedImage> images_of(const at::Tensor& x, int first)
    {
        std::vector<FinishedImage> images = decode_images(x, model_.bundle, outcome_.record.ledger);
        for (std::size_t i = 0; i < images.size(); ++i) {
            FinishedImage& image = images[i];
            image.index = first + static_cast<int>(i);
            image.seed = settings_.seed + static_cast<std::uint64_t>(image.index);
            image.label = label_of(settings_, image.index, num_classes());
        }
        return images;
    }

    /// Decodes, copies out and records the images of a finished batch, and its saved states.
    void keep_batch(const BatchResult& result, int first)
    {
        for (FinishedImage& image : images_of(result.state.x, first)) {
            const ScopedTimer timer(outcome_.record.ledger.transfers, c10::kCPU);
            outcome_.record.images.push_back({image.index, image.seed, image.label, {}, 0});
            for (const auto& [t, x] : result.saved) {
                auto state = copy_pixels<SavedState>(x[image.index - first]);
                state.image = image.index;
                state.t = t;
                outcome_.saved.push_back(std::move(state));
            }
            outcome_.images.push_back(std::move(image));
        }
    }

    /// The x0 that a stopped batch had come to, where it had done a step.
    void keep_unfinished(const BatchState& state, int first)
    {
        if (!state.predicted.defined()) {
            return;
        }
        const int t = steps_[static_cast<std::size_t>(state.steps_done) - 1].t;
        for (FinishedImage& image : images_of(state.predicted, first)) {
            outcome_.record.unfinished.push_back(
                {image.index, image.seed, image.label, {}, state.steps_done});
            outcome_.unfinished.push_back({std::move(image), state.steps_done, t});
        }
    }

    const OpenModel& model_;
    const SamplingSettings& settings_;
    const RunRequest& request_;
    const SampleOptions& options_;
    const std::vector<SolverStep> steps_;
    const bool looks_back_;
    std::vector<StatePointer> starts_;  ///< by batch; null: from the noise
    RunOutcome outcome_;
    Clock::duration paused_{};
    const cuda::GraphCounts graphs_before_ = cuda::graph_counts();
    int batch_ = 0;
    int step_ = 0;
};

}  // namespace

RunOutcome sample_run(const OpenModel& model, const SamplingSettings& settings, const RunRequest& request)
{
    return SamplingRun(model, settings, request).go();
}

}  // namespace duodiff
