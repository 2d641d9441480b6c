// SPDX-License-Identifier: MIT
#include "kernels/avx_vnni_lanes.h"

namespace duodiff
{

extern const Int8Kernels<float> avx_vnni_int8_float_kernels;
constinit const Int8Kernels<float> avx_vnni_int8_float_kernels = int8_kernels_of<AvxVnniLanes>(Isa::avx_vnni);

}  // namespace duodiff
