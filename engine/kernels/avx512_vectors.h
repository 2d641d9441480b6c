// SPDX-License-Identifier: MIT
// What the AVX-512 kernels have in common, whatever their elements are. Only for files with that set's flags;
// in an unnamed namespace for the reason that vector_kernels.h gives.
#pragma once

#include "kernels/vector_kernels.h"

#include <immintrin.h>

namespace duodiff
{
namespace
{

using Integers16 = int __attribute__((vector_size(64)));

struct Avx512Vectors {
    using Vector = __m512;
    using Integer = Integers16;
    static constexpr int width = 16;
    // 24 sums, 4 weights, 1 value: 29 of 32 registers; attention has 24 sums of fewer columns and more rows.
    static constexpr int product_rows = 6;
    static constexpr int product_vectors = 4;
    static constexpr int rows = 12;

    static DUODIFF_INLINE Vector load(const float* from) { return _mm512_loadu_ps(from); }
    static DUODIFF_INLINE void store(float* to, Vector v) { _mm512_storeu_ps(to, v); }
    static DUODIFF_INLINE Vector maximum(Vector a, Vector b) { return _mm512_max_ps(a, b); }
    static DUODIFF_INLINE Vector minimum(Vector a, Vector b) { return _mm512_min_ps(a, b); }
    /// One step of Newton's on 14 bits of 1 / b: as exact as the division, nearly.
    static DUODIFF_INLINE Vector divide(Vector a, Vector b)
    {
        const Vector inverse = _mm512_rcp14_ps(b);
        return a * (inverse * (2.0F - b * inverse));
    }
    static DUODIFF_INLINE float total(Vector v) { return _mm512_reduce_add_ps(v); }
    static DUODIFF_INLINE float largest(Vector v) { return _mm512_reduce_max_ps(v); }
    static DUODIFF_INLINE float square_root(float x) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }
};

}  // namespace
}  // namespace duodiff
