// SPDX-License-Identifier: MIT
#include "train/objective.h"

#include "base/noise.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <vector>

namespace duodiff
{
namespace
{

at::Tensor table(const std::vector<float>& values, c10::Device device)
{
    at::Tensor tensor = at::empty({static_cast<std::int64_t>(values.size())}, at::kFloat);
    std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
    return tensor.to(device);
}

/// The values of `table` at t, for products with (B, C, H, W).
at::Tensor spread(const at::Tensor& values, const at::Tensor& t)
{
    return values.index_select(0, t).reshape({-1, 1, 1, 1});
}

at::Tensor image_means(const at::Tensor& values)
{
    return values.flatten(1).mean(1);
}

}  // namespace

int timestep_of(std::uint64_t seed, std::int64_t step, std::int64_t place, int schedule_steps)
{
    const std::uint64_t bits =
        random_bits(seed, NoiseStream::train_timestep, static_cast<std::uint32_t>(step),
                    static_cast<std::uint32_t>(place));
    return static_cast<int>((bits * static_cast<std::uint64_t>(schedule_steps)) >> 32U);
}

bool loses_label(std::uint64_t seed, std::int64_t step, std::int64_t place, double share)
{
    const std::uint32_t bits =
        random_bits(seed, NoiseStream::train_unlabelled, static_cast<std::uint32_t>(step),
                    static_cast<std::uint32_t>(place));
    return static_cast<double>(bits) * 0x1p-32 < share;
}

Objective::Objective(const TrainConfig& config, c10::Device device)
    : model_(model_config_of(config)),
      parametrization_(config.parametrization),
      exits_(config.exits),
      has_exits_(config.kind == TrainKind::early_exit),
      bf16_(config.training.precision == Precision::bf16),
      label_dropout_(config.training.label_dropout),
      seed_(config.seed),
      device_(device)
{
    const NoiseSchedule schedule(config.schedule);
    std::vector<float> signal;
    std::vector<float> noise;
    std::vector<float> from_x0;
    std::vector<float> from_x;
    for (int t = 0; t < schedule.steps(); ++t) {
        const double now = schedule.alpha_bar(t);
        signal.push_back(static_cast<float>(std::sqrt(now)));
        noise.push_back(static_cast<float>(std::sqrt(1.0 - now)));
        const NoiseSchedule::PosteriorMean mean = schedule.posterior_mean(t);
        from_x0.push_back(static_cast<float>(mean.x0));
        from_x.push_back(static_cast<float>(mean.x));
    }
    signal_ = table(signal, device_);
    noise_ = table(noise, device_);
    previous_from_x0_ = table(from_x0, device_);
    previous_from_x_ = table(from_x, device_);
}

NoisyBatch Objective::add_noise(const at::Tensor& images, const at::Tensor& labels, std::int64_t step,
                                std::int64_t first) const
{
    const std::int64_t batch = images.size(0);
    const auto image_size = static_cast<std::size_t>(images.numel() / batch);
    at::Tensor noise = at::empty(images.sizes(), at::kFloat);
    at::Tensor t = at::empty({batch}, at::kLong);
    at::Tensor kept = at::ones({batch}, at::kFloat);
    for (std::int64_t i = 0; i < batch; ++i) {
        float* row = noise.data_ptr<float>() + i * static_cast<std::int64_t>(image_size);
        fill_normal({row, image_size}, seed_, NoiseStream::train_noise, static_cast<std::uint32_t>(step),
                    static_cast<std::uint32_t>(first + i));
        t.data_ptr<std::int64_t>()[i] =
            timestep_of(seed_, step, first + i, static_cast<int>(signal_.numel()));
        kept.data_ptr<float>()[i] = loses_label(seed_, step, first + i, label_dropout_) ? 0.0F : 1.0F;
    }
    const at::Tensor x0 = images.to(device_, /*non_blocking=*/true);
    noise = noise.to(device_, true);
    NoisyBatch noisy;
    noisy.input.t = t.to(device_, true);
    noisy.input.x = spread(signal_, noisy.input.t) * x0 + spread(noise_, noisy.input.t) * noise;
    if (model_.uvit.num_classes > 0) {
        noisy.input.labels = labels.to(device_, true);
        if (label_dropout_ > 0.0) {
            noisy.input.label_kept = kept.to(device_, true);
        }
    }
    noisy.target = target_of(x0, noise, noisy.input.x, noisy.input.t);
    return noisy;
}

at::Tensor Objective::target_of(const at::Tensor& images, const at::Tensor& noise, const at::Tensor& x,
                                const at::Tensor& t) const
{
    switch (parametrization_) {
        case Parametrization::predict_original:
            return images;
        case Parametrization::predict_previous:
            return spread(previous_from_x0_, t) * images + spread(previous_from_x_, t) * x;
        default:
            return noise;
    }
}

LossParts Objective::operator()(const Tensors& tensors, const NoisyBatch& batch) const
{
    const Autocast precision(bf16_, device_);
    const TrainableUVit network(model_.uvit, tensors, backbone_prefix(model_));
    LossParts parts;
    parts.total = has_exits_ ? exit_loss(network, tensors, batch, parts) : plain_loss(network, batch, parts);
    return parts;
}

at::Tensor Objective::plain_loss(const TrainableUVit& network, const NoisyBatch& batch,
                                 LossParts& parts) const
{
    const at::Tensor loss = image_means((network.head(network.run(batch.input)) - batch.target).square());
    parts.image_loss = loss.detach();
    return loss.mean();
}

at::Tensor Objective::exit_loss(const TrainableUVit& network, const Tensors& tensors, const NoisyBatch& batch,
                                LossParts& parts) const
{
    const TrainableProbes probes(*model_.probe, model_.uvit, tensors);
    const bool maps = model_.probe == ProbeKind::certainty_map;
    at::Tensor total = at::zeros({}, batch.target.options());
    std::vector<at::Tensor> layer_loss;
    std::vector<at::Tensor> uncertainty_error;

    const auto at_exit = [&](int layer, const at::Tensor& tokens) {
        const int row = probes.row_at(layer);
        if (row < 0) {
            return;
        }
        const at::AutoGradMode with_gradients(true);
        const std::string prefix = head_prefix(model_, layer);
        const at::Tensor output = prefix.empty() ? network.head(tokens) : network.head(tokens, prefix);
        const at::Tensor difference = output - batch.target;
        const at::Tensor error = difference.square();
        const at::Tensor uncertain = difference.detach().abs().tanh();
        const at::Tensor said = probes(row, batch.input.t, tokens);
        // Of an image, or of a pixel for maps, whose probes say how certain they are.
        const at::Tensor truth = maps ? 1.0 - uncertain : image_means(uncertain);
        const at::Tensor certain = maps ? truth : 1.0 - truth;
        const at::Tensor loss = maps ? error : image_means(error);
        const at::Tensor misjudged = (said - truth).square().mean();
        const at::Tensor plain = error.mean();
        total = total + exits_.uncertainty_weight * misjudged + exits_.exit_weight * (certain * loss).mean() +
                exits_.unweighted_weight * plain;
        layer_loss.push_back(plain.detach());
        uncertainty_error.push_back(misjudged.detach());
    };

    at::Tensor tokens;
    {
        const at::AutoGradMode backbone_gradients(exits_.train_backbone);
        tokens = network.run(batch.input, at_exit);
    }
    const at::AutoGradMode backbone_gradients(exits_.train_backbone);
    const at::Tensor loss = image_means((network.head(tokens) - batch.target).square());
    parts.image_loss = loss.detach();
    parts.layer_loss = at::stack(layer_loss);
    parts.uncertainty_error = at::stack(uncertainty_error);
    const at::AutoGradMode with_gradients(true);
    return exits_.train_backbone ? total + loss.mean() : total;
}

}  // namespace duodiff
