// SPDX-License-Identifier: MIT
#include "session/resume.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace duodiff
{
namespace
{

Failure refusal(std::string what, std::string remedy = "Start the run anew.")
{
    return {ErrorCode::usage, std::move(what), "resuming", std::move(remedy)};
}

template <class Value>
std::optional<Failure> differ(const char* name, const Value& kept, const Value& wanted)
{
    if (kept == wanted) {
        return std::nullopt;
    }
    return refusal(
        fmt::format("the kept states are of a run with {} {}, and this one has {}", name, kept, wanted));
}

/// What has to be as it was: all but what a branch may change.
std::optional<Failure> compare_settings(const SamplingSettings& kept, const SamplingSettings& wanted)
{
    const auto parametrization = [](const SamplingSettings& s) {
        return to_string(s.parametrization.value_or(Parametrization::predict_noise));
    };
    for (auto& failure : {
             differ("the policy", to_string(kept.policy), to_string(wanted.policy)),
             differ("the solver", to_string(kept.solver), to_string(wanted.solver)),
             differ("steps", kept.steps, wanted.steps),
             differ("eta", kept.eta, wanted.eta),
             differ("the parametrization", parametrization(kept), parametrization(wanted)),
             differ("an image count of", kept.count, wanted.count),
             differ("a batch of", kept.batch, wanted.batch),
             differ("the seed", kept.seed, wanted.seed),
             differ("the device", kept.device, wanted.device),
             differ("the precision", to_string(kept.precision), to_string(wanted.precision)),
             differ("the compatibility", to_string(kept.compat), to_string(wanted.compat)),
         }) {
        if (failure) {
            return failure;
        }
    }
    return std::nullopt;
}

at::Tensor to_tensor(const std::vector<float>& values, const BatchShape& shape, c10::Device device)
{
    if (values.empty()) {
        return {};
    }
    at::Tensor tensor = at::empty({shape.count, shape.channels, shape.height, shape.width}, at::kFloat);
    std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
    return tensor.to(device);
}

template <class Value>
std::vector<Value> to_vector(const at::Tensor& tensor)
{
    const at::Tensor values = tensor.cpu().contiguous();
    return {values.const_data_ptr<Value>(), values.const_data_ptr<Value>() + values.numel()};
}

}  // namespace

std::optional<Failure> check_trajectory_model(const Trajectory& trajectory, const ModelSummary& model)
{
    const auto run = trajectory.run();
    if (!run) {
        return refusal("no states of a run are kept");
    }
    if (run->model.sha256 != model.sha256 || run->model.config_path != model.config_path ||
        (model.sha256.empty() && run->model.path != model.path)) {
        return refusal(
            fmt::format("the kept states are of the model {}, and {} is open", run->model.name, model.name),
            "Open the model that the run was made with.");
    }
    return std::nullopt;
}

std::optional<Failure> check_resume(const ResumePoint& point, const SamplingSettings& settings,
                                    const ModelSummary& model)
{
    if (!point.trajectory || !point.record) {
        return refusal("a run to go on from needs its states and its record");
    }
    if (auto failure = check_trajectory_model(*point.trajectory, model)) {
        return failure;
    }
    const auto run = point.trajectory->run();
    if (point.record->settings != run->settings) {
        return refusal("the record is of another run than the kept states");
    }
    if (point.step < 0 || point.step > run->steps) {
        return refusal(fmt::format("a run of {} steps cannot go on from step {}", run->steps, point.step),
                       {});
    }
    return compare_settings(run->settings, settings);
}

BatchState to_batch_state(const TrajectoryState& state, c10::Device device)
{
    return {.steps_done = state.steps_done,
            .x = to_tensor(state.x, state.shape, device),
            .predicted = to_tensor(state.predicted, state.shape, device)};
}

TrajectoryState to_trajectory_state(const BatchJob& job, const BatchState& state, int t, bool predicted)
{
    const auto size = [&](std::int64_t dimension) { return static_cast<int>(state.x.size(dimension)); };
    TrajectoryState kept;
    kept.batch = job.batch;
    kept.first_image = job.first_image;
    kept.steps_done = state.steps_done;
    kept.t = t;
    kept.shape = {size(0), size(1), size(2), size(3)};
    if (const at::Tensor& labels = labels_at(job, state.steps_done); labels.defined()) {
        kept.labels = to_vector<std::int64_t>(labels);
    }
    kept.x = to_vector<float>(state.x);
    if (predicted && state.predicted.defined()) {
        kept.predicted = to_vector<float>(state.predicted);
    }
    return kept;
}

}  // namespace duodiff
