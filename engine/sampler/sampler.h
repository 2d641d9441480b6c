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
#include <stop_token>
#include <utility>
#include <vector>

namespace duodiff
{

/// One batch of a run.
struct BatchJob {
    std::uint64_t run_id = 0;
    int batch = 0;                ///< index in the run
    int first_image = 0;          ///< index in the run
    at::Tensor labels;            ///< (B) int64 on the device; undefined for an unconditional model
    std::vector<int> save_steps;  ///< timesteps whose x_t is kept
};

/// What all batches of a run share.
struct SamplerContext {
    const ModelBundle& bundle;
    c10::Device device;
    std::vector<SolverStep> steps;
    bool keeps_history = false;  ///< the solver looks one step back
    /// x (B, C, H, W) -> pictures for a window.
    std::function<PictureStrip(const at::Tensor&)> make_picture;
};

struct BatchResult {
    bool finished = false;                          ///< false: stopped before the last step was done
    at::Tensor x;                                   ///< (B, C, H, W), fp32, on the device
    std::vector<std::pair<int, at::Tensor>> saved;  ///< (t, x_t on the CPU)
};

/// Samples one batch: the loop. After every step a frame goes to `sink`; `stop` is looked at before every
/// step. Adds the time of its parts to `ledger`.
BatchResult sample_batch(const SamplerContext& context, const BatchJob& job, Policy& policy,
                         NoiseSource& noise, FrameSink& sink, const std::stop_token& stop, Ledger& ledger);

}  // namespace duodiff
