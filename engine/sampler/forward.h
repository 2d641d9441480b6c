// SPDX-License-Identifier: MIT
#pragma once

#include "model/network.h"
#include "policy/policy.h"
#include "stream/run_record.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace duodiff
{

/// What one network call on a batch gave.
struct ForwardResult {
    at::Tensor prediction;                  ///< (B, C, H, W), fp32
    std::vector<std::int16_t> exit_layers;  ///< blocks run, an image
    std::vector<float> uncertainty;         ///< (probes x B), NaN where not read; empty where none was
    /// On a GPU all but the prediction may still be on its way: see finish_forward. Empty: all is there.
    std::function<void(ForwardResult&, Ledger&)> rest;
};

/// One network call with real exits: before every block the policy says which images leave; they go
/// through their head, and only the others' activations and skips go on.
///
/// x (B, C, H, W) fp32, labels (B) int64 or undefined, both on the network's device. Adds the time of its
/// parts to `ledger`.
ForwardResult forward_with_exits(const Network& network, const Policy& policy, const at::Tensor& x, int t,
                                 const at::Tensor& labels, Ledger& ledger);

/// The same, without waiting for a GPU to be done: what the solver needs is queued, and `rest` of the result
/// may be open. To be finished before the next call with this network.
ForwardResult begin_forward(const Network& network, const Policy& policy, const at::Tensor& x, int t,
                            const at::Tensor& labels, Ledger& ledger);

/// Waits for what is still on its way, and adds its times to `ledger`.
void finish_forward(ForwardResult& result, Ledger& ledger);

/// Fills in the u that `result` lacks, of every probe that can let an image leave: one more pass through
/// `network`, of the images that lack any. What is there already stays, and so does the prediction. The
/// time is that of probes.
void read_missing_uncertainty(const Network& network, const at::Tensor& x, int t, const at::Tensor& labels,
                              ForwardResult& result, Ledger& ledger);

/// Every layer of an early-exit network on the whole batch, nothing left out: the form in which the
/// reference works, and what `forward` files hold. Rows are probes.
struct EveryExit {
    at::Tensor output;        ///< (B, C, H, W), all blocks
    at::Tensor uncertainty;   ///< (depth, B)
    at::Tensor exit_outputs;  ///< (depth, B, C, H, W), leaving where each probe reads
    at::Tensor maps;          ///< (depth, B, C, H, W), certainty maps; undefined for other kinds
};
EveryExit run_every_exit(const Network& network, const at::Tensor& x, int t, const at::Tensor& labels);

}  // namespace duodiff
