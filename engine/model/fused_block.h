// SPDX-License-Identifier: MIT
#pragma once

#include "model/arithmetic.h"
#include "model/block.h"
#include "model/layers.h"

#include <memory>

namespace duodiff
{

/// Whether there are kernels for such a block, with products in the type of the activations, on this
/// processor; for 8-bit products see int8_obstacle.
bool has_fused_block(const BlockShape& shape, c10::Device device, c10::ScalarType type);

/// A block on the CPU out of our own kernels: three passes over the tokens (norm and qkv; attention;
/// projection and MLP), each a few rows at a time, so that everything between two products stays in a core's
/// cache. A row's result does not depend on the batch, the number of threads, or the other rows, in 8 bits
/// neither: each row has its own scale. Takes norm1, attn, norm2, mlp and, where it is there, skip_linear
/// from `source`.
std::unique_ptr<const Block> load_fused_block(const BlockShape& shape, const TensorSource& source,
                                              Arithmetic arithmetic);

}  // namespace duodiff
