// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace duodiff::cuda
{

/// One way to compute something.
struct Candidate {
    std::string name;
    std::function<at::Tensor()> work;
};

/// Which of several ways is the fastest on this GPU: at the first call for a `key` each is run a few times
/// (the first one is taken to be right: one that throws, or gives something else by more than rounding, is
/// out), later calls look it up. 0 on a CPU, and while a graph is recorded.
std::size_t fastest(const std::string& key, const std::vector<Candidate>& candidates,
                    const c10::Device& device);

/// What was chosen so far in this process, a line each: "key: name 0.051 ms (other 0.062 ms)".
std::vector<std::string> choices();

/// "bf16, 64 x 257 x 512": a key for work on a tensor. Batches are classed by their power of two.
std::string shape_key(const at::Tensor& tensor);

/// Attention of q, k, v (B, H, L, D) -> (B, H, L, D), by LibTorch's kernel that is the fastest here: flash,
/// cuDNN, memory-efficient or plain.
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

/// Names of the attention kernels chosen so far, "flash" or "flash, cuDNN"; empty before the first.
std::string attention_kernels();

}  // namespace duodiff::cuda
