// SPDX-License-Identifier: MIT
#include "kernels/avx512_lanes.h"

namespace duodiff
{

extern const Kernels<BFloat16> avx512_bfloat16_kernels;
constinit const Kernels<BFloat16> avx512_bfloat16_kernels = kernels_of<BFloat16Lanes>(Isa::avx512_bf16);

}  // namespace duodiff
