// SPDX-License-Identifier: MIT
#pragma once

#include "sampler/forward.h"

namespace duodiff
{

/// Whether a device can make this step's decisions by itself: none of them is a host's that reads u.
bool decides_on_device(const Network& network, const Policy& policy);

/// The forward pass for a GPU, for policies that decide on the device: the network in segments from one exit
/// check to the next, each recorded as a CUDA graph for every batch size of a short list (see GraphSet), in
/// buffers that stay where they are and are kept with the network. After a check the survivors are compacted
/// in place, skips with them, and go on in the smallest size that holds them; rows beyond them compute
/// something that nobody reads. The host waits for the number of survivors and nothing else; and where nobody
/// left the time before, the block behind the check is queued ahead of that, so that the GPU does not wait. A
/// wrong guess costs time and changes nothing.
///
/// Runs on a CPU too, for the tests. The result's `rest` is open.
ForwardResult forward_in_segments(const Network& network, const Policy& policy, const at::Tensor& x, int t,
                                  const at::Tensor& labels);

/// The batch size that `rows` images run in: 1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, then every 64.
std::int64_t bucket_of(std::int64_t rows);

}  // namespace duodiff
