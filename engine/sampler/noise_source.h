// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace duodiff
{

/// Where a batch's noise comes from. Tensors are (B, C, H, W), fp32, on the CPU.
class NoiseSource
{
public:
    virtual ~NoiseSource() = default;
    /// x_T
    virtual at::Tensor initial() = 0;
    /// z of solver step `step`; asked for in the order of the steps, and only where z matters.
    virtual at::Tensor step(int step) = 0;
    /// (B) int64 on `device`, the bits of the images' seeds, where z of a step is fill_normal of (seed,
    /// NoiseStream::step, step): a GPU then draws it by itself. Undefined otherwise.
    virtual at::Tensor seeds(const c10::Device& device)
    {
        (void)device;
        return {};
    }
    /// Instead of initial(), where a batch goes on in the middle: `draws` steps that used z are behind it.
    virtual void pass_over(int draws) = 0;
};

/// Every image's noise is a function of its own seed and the step, whatever batch it is in.
std::unique_ptr<NoiseSource> per_image_noise(std::vector<std::uint64_t> seeds,
                                             std::vector<std::int64_t> image_shape);

/// The reference's: one generator for the whole batch, seeded once, x_T first, then every z.
std::unique_ptr<NoiseSource> reference_noise(std::uint64_t seed, std::int64_t batch,
                                             std::vector<std::int64_t> image_shape);

}  // namespace duodiff
