// SPDX-License-Identifier: MIT
#pragma once

#include "cuda/gpu.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace duodiff::cuda
{

/// Makes 8-bit pictures of x on the device, on a stream beside the one that samples: that one never waits,
/// and the host waits only for the pictures.
class Preview
{
public:
    /// `map` (colours, C + 1) fp32 for latents, or undefined.
    Preview(const at::Tensor& map, const c10::Device& device);

    /// x (B, C, H, W) fp32 -> B pictures of H x W times R, G, B, 255
    std::shared_ptr<const std::vector<std::uint8_t>> make(const at::Tensor& x);

private:
    c10::Device device_;
    at::Tensor map_;
    std::optional<c10::Stream> stream_;
    std::optional<HostCopy> copy_;
    std::vector<std::int64_t> sizes_;  ///< that copy_ is for
};

}  // namespace duodiff::cuda
