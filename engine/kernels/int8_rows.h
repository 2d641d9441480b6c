// SPDX-License-Identifier: MIT
// What the plain and the vector kernels have to compute alike, to the bit.
#pragma once

#include "kernels/int8.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace duodiff
{
namespace
{

/// To the nearest integer, ties to even. By the instruction, not by adding 1.5 * 2^23: the compiler would
/// join that addition with the product before it in some files and not in others.
[[gnu::always_inline]] inline std::int32_t nearest(float x)
{
#ifdef __SSE2__
    return _mm_cvtss_si32(_mm_set_ss(x));
#else
    return static_cast<std::int32_t>(__builtin_lrintf(x));
#endif
}

struct RowRange {
    RowScale scale;
    float inverse = 0.0F;  ///< bytes a unit; the byte of x is nearest(x * inverse) + zero, at most 255
};

/// Of a row between `least` <= 0 and `most` >= 0; `check` is NaN where something in it is not finite.
[[gnu::always_inline]] inline RowRange row_range(float least, float most, float check)
{
    constexpr float smallest = 1e-30F;  // below that, 255 / range is no number
    const float range = most - least;
    if (!(range - range + check == 0.0F)) {
        return {{__builtin_nanf(""), 0}, 0.0F};
    }
    if (range < smallest) {
        return {};
    }
    const float inverse = 255.0F / range;
    return {{range / 255.0F, -nearest(least * inverse)}, inverse};
}

}  // namespace
}  // namespace duodiff
