// SPDX-License-Identifier: MIT
#include "kernels/avx2_lanes.h"

namespace duodiff
{

extern const Kernels<float> avx2_float_kernels;
constinit const Kernels<float> avx2_float_kernels = kernels_of<Float8Lanes>(Isa::avx2);

}  // namespace duodiff
