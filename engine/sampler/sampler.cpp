// SPDX-License-Identifier: MIT
#include "sampler/sampler.h"

#include "base/device.h"
#include "cuda/gpu.h"
#include "cuda/step_clock.h"
#include "sampler/forward.h"

#include <algorithm>
#include <chrono>

namespace duodiff
{
namespace
{

BatchState begin(const SamplerContext& context, const BatchJob& job, NoiseSource& noise, Ledger& ledger)
{
    const ScopedTimer timer(ledger.noise, context.device);
    if (!job.start) {
        return {.steps_done = 0, .x = noise.initial().to(context.device), .predicted = {}};
    }
    const auto behind = context.steps.begin() + job.start->steps_done;
    noise.pass_over(static_cast<int>(
        std::count_if(context.steps.begin(), behind, [](const SolverStep& s) { return s.noise != 0.0; })));
    return *job.start;
}

/// The solver's step after the network's, with its noise. Waits for the device.
BatchState take_step(const SolverStep& step, const BatchState& state, const at::Tensor& prediction,
                     NoiseSource& noise, const c10::Device& device, Ledger& ledger)
{
    const int k = state.steps_done;
    const bool on_gpu = cuda::runs_on(device);
    const at::Tensor seeds = on_gpu && step.noise != 0.0 ? noise.seeds(device) : at::Tensor();
    at::Tensor z;
    if (step.noise != 0.0 && !seeds.defined()) {
        const ScopedTimer timer(ledger.noise, device);
        z = noise.step(k).to(device);
    }
    Advanced next;
    if (on_gpu) {
        cuda::StepClock clock(device);
        clock.enter(ledger.solver);
        next = advance_fused(step, k, state.x, prediction, z, seeds, state.predicted);
        clock.settle();
    } else {
        const ScopedTimer timer(ledger.solver, device);
        next = advance(step, state.x, prediction, z, state.predicted);
    }
    return {.steps_done = k + 1, .x = next.x, .predicted = next.original};
}

bool is_to_be_saved(const BatchJob& job, int t)
{
    return std::find(job.save_steps.begin(), job.save_steps.end(), t) != job.save_steps.end();
}

void add_pictures(Frame& frame, const SamplerContext& context, const BatchState& state, PicturesWanted wanted,
                  Ledger& ledger)
{
    if (!wanted.noisy && !wanted.predicted) {
        return;
    }
    const ScopedTimer timer(ledger.previews, context.device);
    if (wanted.noisy) {
        frame.picture = context.make_picture(state.x);
    }
    if (wanted.predicted) {
        frame.predicted = context.make_picture(state.predicted);
    }
}

}  // namespace

const at::Tensor& labels_at(const BatchJob& job, int step)
{
    for (const EarlierLabels& part : job.earlier_labels) {
        if (step < part.before_step) {
            return part.labels;
        }
    }
    return job.labels;
}

BatchResult sample_batch(const SamplerContext& context, const BatchJob& job, Policy& policy,
                         NoiseSource& noise, FrameSink& sink, Ledger& ledger)
{
    using Clock = std::chrono::steady_clock;
    const c10::Device device = context.device;
    BatchResult result{.state = begin(context, job, noise, ledger), .saved = {}};
    BatchState& state = result.state;
    if (context.keep) {
        context.keep(job, state);
    }
    const int steps = static_cast<int>(context.steps.size());
    for (int k = state.steps_done; k < steps; ++k) {
        if (context.may_run && !context.may_run(k)) {
            return result;
        }
        const auto start = Clock::now();
        const SolverStep& step = context.steps[static_cast<std::size_t>(k)];
        const int previous_t = k == 0 ? -1 : context.steps[static_cast<std::size_t>(k) - 1].t;
        const at::Tensor& labels = labels_at(job, k);
        const at::Tensor x = state.x;
        if (is_to_be_saved(job, step.t)) {
            const ScopedTimer timer(ledger.transfers, device);
            result.saved.emplace_back(step.t, x.cpu().clone());
        }

        const StepPlan plan = policy.plan({.step = k, .t = step.t, .previous_t = previous_t});
        ForwardResult forward =
            begin_forward(context.bundle.network(plan.network), policy, x, step.t, labels, ledger);
        state = take_step(step, state, forward.prediction, noise, device, ledger);
        finish_forward(forward, ledger);

        Frame frame;
        frame.ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
        if (context.probed) {
            read_missing_uncertainty(*context.probed, x, step.t, labels, forward, ledger);
        }
        frame.run_id = job.run_id;
        frame.batch = job.batch;
        frame.first_image = job.first_image;
        frame.step = k;
        frame.t = step.t;
        frame.network = plan.network;
        frame.parameter = plan.parameter;
        frame.exit_layers = std::move(forward.exit_layers);
        frame.uncertainty = std::move(forward.uncertainty);
        add_pictures(frame, context, state, sink.wanted_pictures(), ledger);
        if (context.keep) {
            context.keep(job, state);
        }
        sink.on_frame(std::move(frame));
    }
    return result;
}

}  // namespace duodiff
