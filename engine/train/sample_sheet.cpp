// SPDX-License-Identifier: MIT
#include "train/sample_sheet.h"

#include "report/png_file.h"
#include "sampler/sampler.h"

#include <ATen/ops/arange.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace duodiff
{
namespace
{

/// Reads every probe, where there are any, and lets no image leave.
class RunEverything final : public Policy
{
public:
    explicit RunEverything(bool has_exits) : has_exits_(has_exits) {}

    StepPlan plan(const StepInfo& info) override
    {
        (void)info;
        return {has_exits_ ? NetworkRole::early_exit : NetworkRole::full, 0.0};
    }
    bool reads_uncertainty(int layer) const override
    {
        (void)layer;
        return has_exits_;
    }

private:
    bool has_exits_;
};

class CurveCollector final : public FrameSink
{
public:
    explicit CurveCollector(std::size_t probes) : probes_(probes) {}

    void on_frame(Frame&& frame) override
    {
        curve.timesteps.push_back(frame.t);
        const std::size_t images = frame.exit_layers.size();
        for (std::size_t row = 0; row < probes_; ++row) {
            float sum = 0.0F;
            for (std::size_t i = 0; i < images; ++i) {
                sum += frame.uncertainty.empty() ? NAN : frame.uncertainty[row * images + i];
            }
            curve.uncertainty.push_back(sum / static_cast<float>(images));
        }
    }

    TrainExitCurve curve;

private:
    std::size_t probes_;
};

ModelFiles files_of(const Tensors& tensors, const TrainConfig& config)
{
    ModelFiles files;
    ModelPart part;
    part.checkpoint.tensors = tensors;
    part.config = model_config_of(config);
    files.schedule = config.schedule;
    files.parametrization = config.parametrization;
    const bool has_exits = config.kind == TrainKind::early_exit;
    files.shares_backbone = has_exits;
    (has_exits ? files.early_exit : files.full) = std::move(part);
    return files;
}

SolverOptions solver_of(const TrainConfig& config)
{
    SolverOptions solver;
    solver.parametrization = config.parametrization;
    if (config.parametrization == Parametrization::predict_previous) {
        solver.kind = SolverKind::ddpm;
    } else {
        solver.kind = SolverKind::dpm_solver_pp;
        solver.steps = static_cast<int>(config.output.sample_steps);
    }
    return solver;
}

Image8 grid_of(const at::Tensor& x, std::int64_t num_classes)
{
    const at::Tensor images = x.cpu().contiguous();
    const auto values = static_cast<std::size_t>(images.numel() / images.size(0));
    const auto size = [&](int dimension) { return static_cast<int>(images.size(dimension)); };
    std::vector<Image8> pictures;
    for (std::int64_t i = 0; i < images.size(0); ++i) {
        const float* pixels = images.const_data_ptr<float>() + i * static_cast<std::int64_t>(values);
        pictures.push_back(to_image8({pixels, values}, size(1), size(2), size(3)));
    }
    GridOptions options;
    if (num_classes > 0 && num_classes <= 20) {
        options.columns = static_cast<int>(std::min(num_classes, images.size(0)));
    }
    return compose_grid(pictures, options);
}

}  // namespace

TrainExitCurve write_sample_sheet(const std::filesystem::path& path, const Tensors& tensors,
                                  const TrainConfig& config, c10::Device device, const std::stop_token& stop)
{
    const c10::InferenceMode inference;
    const ModelFiles files = files_of(tensors, config);
    const c10::ScalarType type = config.training.precision == Precision::bf16 ? at::kBFloat16 : at::kFloat;
    const ModelBundle bundle(files, device, type);
    const bool has_exits = config.kind == TrainKind::early_exit;
    const Exits* exits = has_exits ? bundle.network(NetworkRole::early_exit).exits() : nullptr;
    const NoiseSchedule schedule(config.schedule);
    const SamplerContext context{.bundle = bundle,
                                 .device = device,
                                 .steps = plan_solver(solver_of(config), schedule),
                                 .make_picture = {},
                                 .may_run = [&](int) { return !stop.stop_requested(); },
                                 .keep = {},
                                 .probed = nullptr};
    const std::int64_t count = config.output.sample_count;
    BatchJob job;
    if (config.model.num_classes > 0) {
        job.labels = at::arange(count, at::kLong).remainder(config.model.num_classes).to(device);
    }
    std::vector<std::uint64_t> seeds(static_cast<std::size_t>(count));
    std::iota(seeds.begin(), seeds.end(), config.output.sample_seed);
    const auto noise =
        per_image_noise(seeds, {config.model.in_chans, config.model.img_size, config.model.img_size});
    RunEverything policy(has_exits);
    CurveCollector sink(exits ? static_cast<std::size_t>(exits->rows()) : 0);
    for (int row = 0; exits && row < exits->rows(); ++row) {
        sink.curve.layers.push_back(exits->layer_of(row));
    }
    Ledger ledger;
    const BatchResult result = sample_batch(context, job, policy, *noise, sink, ledger);
    if (result.state.steps_done == static_cast<int>(context.steps.size())) {
        write_png(path, grid_of(result.state.x, config.model.num_classes));
    }
    return sink.curve;
}

}  // namespace duodiff
