// SPDX-License-Identifier: MIT
#include "kernels/avx512_vnni_lanes.h"

namespace duodiff
{

extern const Int8Kernels<float> avx512_int8_float_kernels;
constinit const Int8Kernels<float> avx512_int8_float_kernels =
    int8_kernels_of<Avx512VnniLanes<Float16Lanes>>(Isa::avx512_vnni);

}  // namespace duodiff
