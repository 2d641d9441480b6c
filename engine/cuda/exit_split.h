// SPDX-License-Identifier: MIT
#pragma once

#include "cuda/gpu.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace duodiff::cuda
{

/// Which images of a batch are still in a network, kept on the device: rows of the activations -> places in
/// the batch. The host learns how many stay at a layer, and waits for nothing but that; who left where, and
/// every u, it reads once, after the step.
class ExitSplit
{
public:
    /// For batches of up to `most` images and `probes` rows of u.
    ExitSplit(std::int64_t most, std::int64_t probes, const c10::Device& device);

    /// All of `batch` images are in, row = place; who never leaves has `depth` as exit layer.
    void begin(std::int64_t batch, int depth);
    std::int64_t rows() const { return rows_; }
    /// Whether an image has left since begin().
    bool any_left() const { return rows_ < batch_; }

    struct Counts {
        std::int64_t staying = 0;
        std::int64_t leaving = 0;
    };
    /// Queues a decision: rows with u (rows) <= theta leave at `layer`. u is kept as row `probe` of the
    /// uncertainties.
    void decide(const at::Tensor& u, float theta, int layer, std::int64_t probe);
    /// Likewise: rows with leaves != 0 leave at `layer`.
    void decide(const std::vector<std::uint8_t>& leaves, int layer);
    /// Waits for what the last decision came to, and for nothing that was queued after it.
    Counts counts();

    // Of the last decision, after counts(), in the order of the rows:
    at::Tensor leaving_rows() const;    ///< (leaving) int64
    at::Tensor leaving_places() const;  ///< (leaving) int64

    /// Takes the leaving rows out of tensors that have at least rows() of them; each is compacted in place.
    /// The order of the rows changes; places() follows.
    void compact(const std::vector<at::Tensor>& tensors);
    at::Tensor places() const;  ///< (rows) int64

    /// Queues the copy of what was decided to the host.
    void start_reading();
    struct Readout {
        std::vector<std::int16_t> exit_layers;  ///< by place
        std::vector<float> uncertainty;         ///< (probes x batch), NaN where not read
    };
    /// Waits for that copy.
    Readout read();

private:
    void split(const at::Tensor& u, float theta, int layer, float* u_of_place);

    c10::Device device_;
    std::int64_t most_;
    std::int64_t probes_;
    std::int64_t batch_ = 0;
    std::int64_t rows_ = 0;
    Counts counts_;
    std::int64_t holes_ = 0;
    at::Tensor identity_;  ///< 0, 1, 2, ...
    at::Tensor places_;    ///< (most) int64, like the next three
    at::Tensor staying_rows_;
    at::Tensor leaving_rows_;
    at::Tensor leaving_places_;
    at::Tensor counts_on_device_;  ///< (2) int32
    at::Tensor uncertainty_;       ///< (probes * most), the first probes * batch in use
    at::Tensor exit_layers_;       ///< (most) int32
    HostCopy counts_copy_;
    HostCopy uncertainty_copy_;
    HostCopy exit_layers_copy_;
};

}  // namespace duodiff::cuda
