// SPDX-License-Identifier: MIT
#include "session/probe_run.h"

#include "base/device.h"
#include "base/error.h"
#include "sampler/sampler.h"

#include <ATen/ops/arange.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <vector>

namespace duodiff
{
namespace
{

/// Reads every probe and lets nobody leave.
class ReadEverything final : public Policy
{
public:
    StepPlan plan(const StepInfo& info) override
    {
        (void)info;
        return {NetworkRole::early_exit, 0.0};
    }
    bool reads_uncertainty(int layer) const override
    {
        (void)layer;
        return true;
    }
};

/// The first layer of one image and step at which every threshold would have been met.
struct ExitCandidates {
    std::vector<float> uncertainty;  ///< by probe row
};

class UncertaintyCollector final : public FrameSink
{
public:
    explicit UncertaintyCollector(std::size_t rows) : rows_(rows) {}
    void on_frame(Frame&& frame) override
    {
        const std::size_t batch = frame.exit_layers.size();
        for (std::size_t image = 0; image < batch; ++image) {
            ExitCandidates candidates;
            for (std::size_t row = 0; row < rows_ && !frame.uncertainty.empty(); ++row) {
                candidates.uncertainty.push_back(frame.uncertainty[row * batch + image]);
            }
            collected_.push_back(std::move(candidates));
        }
    }
    const std::vector<ExitCandidates>& collected() const { return collected_; }

private:
    std::size_t rows_;
    std::vector<ExitCandidates> collected_;
};

/// Share of the blocks that `threshold` would have skipped.
double skipped_share(const std::vector<ExitCandidates>& all, const Exits& exits, float threshold)
{
    double run = 0.0;
    for (const ExitCandidates& one : all) {
        int layer = exits.rows();
        for (int row = 0; row < static_cast<int>(one.uncertainty.size()); ++row) {
            if (one.uncertainty[static_cast<std::size_t>(row)] <= threshold) {
                layer = std::min(exits.layer_of(row), exits.rows());
                break;
            }
        }
        run += layer;
    }
    return 1.0 - run / (static_cast<double>(all.size()) * exits.rows());
}

/// The smallest of the sorted `candidates` that skips at least `share`; the last where none does.
float threshold_for(double share, const std::vector<float>& candidates,
                    const std::vector<ExitCandidates>& all, const Exits& exits)
{
    const auto found = std::partition_point(candidates.begin(), candidates.end(), [&](float threshold) {
        return skipped_share(all, exits, threshold) < share;
    });
    return found == candidates.end() ? candidates.back() : *found;
}

/// Two significant digits, away from `towards_less`'s other side.
double round_nicely(double value, bool upwards)
{
    if (value == 0.0 || !std::isfinite(value)) {
        return value;
    }
    // By a whole power of ten, so that the result is the number that its two digits are written as.
    const double power = std::floor(std::log10(std::abs(value))) - 1;
    const double unit = std::pow(10.0, std::abs(power));
    const double digits = power < 0.0 ? value * unit : value / unit;
    const double rounded = upwards ? std::ceil(digits - 1e-9) : std::floor(digits + 1e-9);
    return power < 0.0 ? rounded / unit : rounded * unit;
}

}  // namespace

PolicyDefaults find_threshold_range(const ModelFiles& files, const ProbeRunOptions& options,
                                    PolicyDefaults defaults, const std::stop_token& stop)
{
    const c10::Device device(c10::kCPU);
    const ModelBundle bundle(files, device, at::kFloat);
    const Exits& exits = *bundle.network(NetworkRole::early_exit).exits();
    const UVitConfig& shape = files.shape();

    const NoiseSchedule schedule(files.schedule);
    SolverOptions solver;
    solver.parametrization = files.parametrization.value_or(Parametrization::predict_noise);
    const bool one_step_back = solver.parametrization == Parametrization::predict_previous;
    solver.kind = one_step_back ? SolverKind::ddpm : SolverKind::ddim;
    solver.steps = one_step_back ? 1000 : options.steps;
    const SamplerContext context{.bundle = bundle,
                                 .device = device,
                                 .steps = plan_solver(solver, schedule),
                                 .make_picture = {},
                                 .may_run = [&](int) { return !stop.stop_requested(); },
                                 .keep = {},
                                 .probed = nullptr};
    BatchJob job;
    if (shape.num_classes > 0) {
        job.labels = at::arange(options.images, at::kLong).remainder(shape.num_classes);
    }
    std::vector<std::uint64_t> seeds(static_cast<std::size_t>(options.images));
    std::iota(seeds.begin(), seeds.end(), 0U);
    const auto noise = per_image_noise(seeds, {shape.in_chans, shape.img_size, shape.img_size});
    ReadEverything policy;
    UncertaintyCollector sink(static_cast<std::size_t>(exits.rows()));
    Ledger ledger;
    const BatchResult result = sample_batch(context, job, policy, *noise, sink, ledger);
    if (result.state.steps_done < static_cast<int>(context.steps.size())) {
        throw EngineError(ErrorCode::cancelled, "the probe run was stopped");
    }

    std::vector<float> candidates;
    for (const ExitCandidates& one : sink.collected()) {
        std::copy_if(one.uncertainty.begin(), one.uncertainty.end(), std::back_inserter(candidates),
                     [](float u) { return std::isfinite(u); });
    }
    if (candidates.empty()) {
        return defaults;
    }
    std::sort(candidates.begin(), candidates.end());
    const auto at_share = [&](double share) {
        return threshold_for(share, candidates, sink.collected(), exits);
    };
    defaults.threshold_minimum = round_nicely(at_share(0.02), false);
    defaults.threshold_maximum = round_nicely(at_share(0.75), true);
    defaults.threshold = round_nicely(at_share(0.30), true);
    if (!(defaults.threshold_minimum < defaults.threshold_maximum)) {
        // Every probe says the same: any range around it is as good.
        const double width = std::max(1e-3, std::abs(defaults.threshold_minimum) * 0.1);
        defaults.threshold_minimum -= width;
        defaults.threshold_maximum += width;
    }
    return defaults;
}

}  // namespace duodiff
