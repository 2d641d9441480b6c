// SPDX-License-Identifier: MIT
#pragma once

#include "sampler/schedule.h"
#include "train/train_config.h"
#include "train/trainable.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace duodiff
{

/// Images with their noise, as a network sees them in training.
struct NoisyBatch {
    TrainInput input;
    at::Tensor target;  ///< (B, C, H, W): what the parametrization predicts
};

/// What part of a batch said. Only `total` has a gradient.
struct LossParts {
    at::Tensor total;              ///< scalar
    at::Tensor image_loss;         ///< (B): mean squared error of the whole network
    at::Tensor layer_loss;         ///< (probes): that of each exit; undefined without exits
    at::Tensor uncertainty_error;  ///< (probes): mean (u - û)^2
};

/// Forward process and losses. t, noise and lost labels are functions of (seed, step, place in the batch).
class Objective
{
public:
    Objective(const TrainConfig& config, c10::Device device);

    /// `images` (B, C, H, W) in [-1, 1] on the CPU, `labels` (B) or undefined; the first of them has place
    /// `first` in its step's batch.
    NoisyBatch add_noise(const at::Tensor& images, const at::Tensor& labels, std::int64_t step,
                         std::int64_t first) const;

    /// The loss of this batch. L_simple = |g_L - target|^2; with exits (arXiv 2309.17074, and the DuoDiff
    /// authors' form of it)
    ///
    ///     L_u   = sum_i (u_i - û_i)^2                û_i = mean tanh |g_i - target|
    ///     L_UAL = sum_i (1 - û_i) |g_i - target|^2
    ///
    /// all means over pixels and images, û taken as a constant. For certainty maps c both are pixel by
    /// pixel, with c instead of 1 - u. A frozen backbone has no L_simple.
    LossParts operator()(const Tensors& tensors, const NoisyBatch& batch) const;

    const ModelConfig& model() const { return model_; }

private:
    /// Sum over the exits of what is trained there; fills in the layers' figures.
    struct ExitLosses;
    at::Tensor plain_loss(const TrainableUVit& network, const NoisyBatch& batch, LossParts& parts) const;
    at::Tensor exit_loss(const TrainableUVit& network, const Tensors& tensors, const NoisyBatch& batch,
                         LossParts& parts) const;
    at::Tensor target_of(const at::Tensor& images, const at::Tensor& noise, const at::Tensor& x,
                         const at::Tensor& t) const;

    ModelConfig model_;
    Parametrization parametrization_;
    TrainConfig::Exits exits_;
    bool has_exits_;
    bool bf16_;
    double label_dropout_;
    std::uint64_t seed_;
    c10::Device device_;
    at::Tensor signal_;            ///< (T) sqrt(alpha_bar)
    at::Tensor noise_;             ///< (T) sqrt(1 - alpha_bar)
    at::Tensor previous_from_x0_;  ///< (T) coefficients of the posterior mean of x_{t-1}
    at::Tensor previous_from_x_;
};

/// t of image `place` of a step's batch: uniform over 0..T-1.
int timestep_of(std::uint64_t seed, std::int64_t step, std::int64_t place, int schedule_steps);

/// Whether it loses its label.
bool loses_label(std::uint64_t seed, std::int64_t step, std::int64_t place, double share);

}  // namespace duodiff
