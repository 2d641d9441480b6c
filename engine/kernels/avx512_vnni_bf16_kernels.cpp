// SPDX-License-Identifier: MIT
#include "kernels/avx512_vnni_lanes.h"

namespace duodiff
{

extern const Int8Kernels<BFloat16> avx512_int8_bfloat16_kernels;
constinit const Int8Kernels<BFloat16> avx512_int8_bfloat16_kernels =
    int8_kernels_of<Avx512VnniLanes<BFloat16Lanes>>(Isa::avx512_vnni);

}  // namespace duodiff
