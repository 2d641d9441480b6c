// SPDX-License-Identifier: GPL-3.0-or-later
// The AVX-VNNI kernels with their product encoded as AVX-512 VNNI has it, so that processors with only that
// can test them.
#include "kernels/avx_vnni_lanes.h"

namespace duodiff::test
{

extern const Int8Kernels<float> avx_vnni_kernels_as_avx512;
constinit const Int8Kernels<float> avx_vnni_kernels_as_avx512 =
    int8_kernels_of<AvxVnniLanes>(Isa::avx512_vnni);

}  // namespace duodiff::test
