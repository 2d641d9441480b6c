// SPDX-License-Identifier: MIT
#include "kernels/avx512_lanes.h"

namespace duodiff
{

extern const Kernels<float> avx512_float_kernels;
constinit const Kernels<float> avx512_float_kernels = kernels_of<Float16Lanes>(Isa::avx512);

}  // namespace duodiff
