// SPDX-License-Identifier: MIT
#include "sampler/sampler.h"

#include "base/device.h"
#include "sampler/forward.h"

#include <algorithm>
#include <chrono>

namespace duodiff
{

BatchResult sample_batch(const SamplerContext& context, const BatchJob& job, Policy& policy,
                         NoiseSource& noise, FrameSink& sink, const std::stop_token& stop, Ledger& ledger)
{
    using Clock = std::chrono::steady_clock;
    const c10::Device device = context.device;
    BatchResult result;
    at::Tensor history;  // x0 of the step before, for solvers that look back
    {
        const ScopedTimer timer(ledger.noise, device);
        result.x = noise.initial().to(device);
    }
    int previous_t = -1;
    for (std::size_t k = 0; k < context.steps.size(); ++k) {
        if (stop.stop_requested()) {
            return result;
        }
        const auto start = Clock::now();
        const SolverStep& step = context.steps[k];
        if (std::find(job.save_steps.begin(), job.save_steps.end(), step.t) != job.save_steps.end()) {
            const ScopedTimer timer(ledger.transfers, device);
            result.saved.emplace_back(step.t, result.x.cpu().clone());
        }

        const StepPlan plan =
            policy.plan({.step = static_cast<int>(k), .t = step.t, .previous_t = previous_t});
        ForwardResult forward = forward_with_exits(context.bundle.network(plan.network), policy, result.x,
                                                   step.t, job.labels, ledger);
        at::Tensor z;
        if (step.noise != 0.0) {
            const ScopedTimer timer(ledger.noise, device);
            z = noise.step(static_cast<int>(k)).to(device);
        }
        {
            const ScopedTimer timer(ledger.solver, device);
            result.x = advance(step, result.x, forward.prediction, z, history, context.keeps_history);
        }
        previous_t = step.t;

        Frame frame;
        frame.run_id = job.run_id;
        frame.batch = job.batch;
        frame.first_image = job.first_image;
        frame.step = static_cast<int>(k);
        frame.t = step.t;
        frame.network = plan.network;
        frame.parameter = plan.parameter;
        frame.exit_layers = std::move(forward.exit_layers);
        frame.uncertainty = std::move(forward.uncertainty);
        frame.ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
        if (sink.wants_picture()) {
            const ScopedTimer timer(ledger.previews, device);
            frame.picture = context.make_picture(result.x);
        }
        sink.on_frame(std::move(frame));
    }
    result.finished = true;
    return result;
}

}  // namespace duodiff
