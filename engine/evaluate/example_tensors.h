// SPDX-License-Identifier: MIT
#pragma once

#include "data/dataset.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace duodiff
{

/// Examples of a data set by their numbers, not mirrored: (B, C, H, W) on the CPU.
at::Tensor read_examples(const Dataset& data, std::span<const std::uint32_t> examples);

}  // namespace duodiff
