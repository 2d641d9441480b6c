// SPDX-License-Identifier: MIT
#pragma once

#include "model/arithmetic.h"
#include "model/block.h"

#include <string>

namespace duodiff
{

/// What runs the blocks of a model on a CPU.
enum class BlockPath { own_kernels, libtorch };

struct BlockChoice {
    BlockPath path = BlockPath::libtorch;
    double own_ms = 0.0;       ///< of processor time, a block of two images; 0: not measured
    double libtorch_ms = 0.0;  ///< likewise
};

/// The faster of the two for blocks of this shape here: measured once, for some hundredths of a second, and
/// kept between starts in $XDG_CACHE_HOME/duodiff/blocks.json (~/.cache without that variable; another
/// processor, thread count or program measures anew). Our own are taken unless LibTorch's are faster by a
/// tenth. DUODIFF_BLOCKS=own or libtorch in the environment says which, where there are both. 8-bit products
/// are our own always; throws EngineError(usage) where there are none. Thread-safe.
BlockChoice choose_blocks(const BlockShape& shape, c10::Device device, Arithmetic arithmetic);

/// "AVX-512 BF16 kernels", "AVX-512 BF16 kernels, AVX-512 VNNI products" or "LibTorch scaled dot product".
std::string describe(BlockPath path, Arithmetic arithmetic);

}  // namespace duodiff
