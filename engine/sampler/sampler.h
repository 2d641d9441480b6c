// SPDX-License-Identifier: MIT
#pragma once

#include "model/bundle.h"
#include "policy/policy.h"
#include "sampler/noise_source.h"
#include "sampler/solver.h"
#include "stream/frame.h"
#include "stream/run_record.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace duodiff
{

/// How far a batch is.
struct BatchState {
    int steps_done = 0;
    at::Tensor x;          ///< (B, C, H, W), fp32, on the device
    at::Tensor predicted;  ///< x0 of the last step done; undefined before the first
};

/// Labels that a batch has before a step; see BatchJob::labels.
struct EarlierLabels {
    int before_step = 0;
    at::Tensor labels;
};

/// One batch of a run.
struct BatchJob {
    std::uint64_t run_id = 0;
    int batch = 0;        ///< index in the run
    int first_image = 0;  ///< index in the run
    at::Tensor labels;    ///< (B) int64 on the device; undefined for an unconditional model
    std::vector<EarlierLabels> earlier_labels;  ///< by step, ascending
    std::vector<int> save_steps;                ///< timesteps whose x_t is kept
    std::optional<BatchState> start;            ///< to go on from; unset: from the noise
};
/// Those of a step; of the last one after the end.
const at::Tensor& labels_at(const BatchJob& job, int step);

/// What all batches of a run share.
struct SamplerContext {
    const ModelBundle& bundle;
    c10::Device device;
    std::vector<SolverStep> steps;
    /// x (B, C, H, W) -> pictures for a window.
    std::function<PictureStrip(const at::Tensor&)> make_picture;
    /// Called before every step, ahead of the policy and of the step's clock; false ends the batch there.
    std::function<bool(int step)> may_run;
    /// Shown the batch before its first step and after every step.
    std::function<void(const BatchJob&, const BatchState&)> keep;
    /// Network whose probes are read on every image, whatever the policy does; null: none.
    const Network* probed = nullptr;
};

struct BatchResult {
    BatchState state;                               ///< fewer steps than the context's: it was ended early
    std::vector<std::pair<int, at::Tensor>> saved;  ///< (t, x_t on the CPU)
};

/// Samples one batch: the loop. After every step a frame goes to `sink`. Adds the time of its parts to
/// `ledger`.
BatchResult sample_batch(const SamplerContext& context, const BatchJob& job, Policy& policy,
                         NoiseSource& noise, FrameSink& sink, Ledger& ledger);

}  // namespace duodiff
