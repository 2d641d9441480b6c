// SPDX-License-Identifier: MIT
// The vectors of AVX2. Only for files with that set's flags; in an unnamed namespace for the reason that
// vector_math.h gives.
#pragma once

#include "kernels/vector_kernels.h"

#include <immintrin.h>

namespace duodiff
{
namespace
{

using Integers8 = int __attribute__((vector_size(32)));

struct Float8Lanes {
    using Element = float;
    using Vector = __m256;
    using Weights = __m256;
    using Integer = Integers8;
    using Unit = float;
    static constexpr bool is_exact = true;
    static constexpr int width = 8;
    static constexpr int step = 1;
    static constexpr int product_rows = 6;
    static constexpr int product_vectors = 2;
    static constexpr int rows = 6;  // 12 sums, 2 weights, 1 value: 15 of 16 registers

    static DUODIFF_INLINE Vector load_weights(const float* panel) { return _mm256_loadu_ps(panel); }
    static DUODIFF_INLINE Vector broadcast(const float* a) { return _mm256_set1_ps(*a); }
    static DUODIFF_INLINE Vector multiply_add(Vector a, Vector b, Vector sum)
    {
        return _mm256_fmadd_ps(a, b, sum);
    }
    static DUODIFF_INLINE Vector load(const float* from) { return _mm256_loadu_ps(from); }
    static DUODIFF_INLINE void store(float* to, Vector v) { _mm256_storeu_ps(to, v); }
    static DUODIFF_INLINE Vector maximum(Vector a, Vector b) { return _mm256_max_ps(a, b); }
    static DUODIFF_INLINE Vector divide(Vector a, Vector b) { return a / b; }
    static DUODIFF_INLINE Vector minimum(Vector a, Vector b) { return _mm256_min_ps(a, b); }
    static DUODIFF_INLINE float total(Vector v)
    {
        const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
        const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
    }
    static DUODIFF_INLINE float largest(Vector v)
    {
        const __m128 four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
        const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
        return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
    }
    static DUODIFF_INLINE float square_root(float x) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }
    static DUODIFF_INLINE void interleave(float* to, const float* value, const float*)
    {
        store(to, load(value));
        store(to + width, load(value + width));
    }
    static DUODIFF_INLINE float from_float(float x) { return x; }
};

}  // namespace
}  // namespace duodiff
