// SPDX-License-Identifier: MIT
// The vectors of AVX-512, for fp32 and, with that set's flags, for bf16. Only for files with such flags; in
// an unnamed namespace for the reason that vector_math.h gives.
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

struct Float16Lanes : Avx512Vectors {
    using Element = float;
    using Weights = __m512;
    using Unit = float;
    static constexpr bool is_exact = true;
    static constexpr int step = 1;

    static DUODIFF_INLINE Vector load_weights(const float* panel) { return _mm512_loadu_ps(panel); }
    static DUODIFF_INLINE Vector broadcast(const float* a) { return _mm512_set1_ps(*a); }
    static DUODIFF_INLINE Vector multiply_add(Vector a, Vector b, Vector sum)
    {
        return _mm512_fmadd_ps(a, b, sum);
    }
    static DUODIFF_INLINE void interleave(float* to, const float* value, const float*)
    {
        store(to, load(value));
        store(to + width, load(value + width));
    }
    static DUODIFF_INLINE float from_float(float x) { return x; }
};

#ifdef __AVX512BF16__
struct BFloat16Lanes : Avx512Vectors {
    using Element = BFloat16;
    using Weights = __m512bh;
    using Unit = std::uint32_t __attribute__((aligned(2), may_alias));
    static constexpr bool is_exact = false;
    static constexpr int step = 2;

    static DUODIFF_INLINE __m512bh load_weights(const BFloat16* panel)
    {
        return reinterpret_cast<__m512bh>(_mm512_loadu_si512(panel));
    }
    static DUODIFF_INLINE __m512bh broadcast(const BFloat16* a)
    {
        int pair;
        __builtin_memcpy(&pair, a, sizeof pair);
        return reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair));
    }
    static DUODIFF_INLINE Vector multiply_add(__m512bh a, __m512bh b, Vector sum)
    {
        return _mm512_dpbf16_ps(sum, a, b);
    }
    using Avx512Vectors::load;
    using Avx512Vectors::store;
    static DUODIFF_INLINE Vector load(const BFloat16* from)
    {
        const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
        return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
    }
    static DUODIFF_INLINE void store(BFloat16* to, Vector v)
    {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(v)));
    }
    /// 32 columns of two tokens: value[0], next[0], value[1], next[1], …
    static DUODIFF_INLINE void interleave(BFloat16* to, const BFloat16* value, const BFloat16* next)
    {
        for (int part = 0; part < 2; ++part) {
            const __m512i even = _mm512_cvtepu16_epi32(
                _mm256_loadu_si256(reinterpret_cast<const __m256i*>(value + part * width)));
            const __m512i odd = _mm512_cvtepu16_epi32(
                _mm256_loadu_si256(reinterpret_cast<const __m256i*>(next + part * width)));
            _mm512_storeu_si512(to + part * 2 * width, _mm512_or_si512(even, _mm512_slli_epi32(odd, 16)));
        }
    }
    static DUODIFF_INLINE BFloat16 from_float(float x) { return to_bfloat16(x); }
};
#endif

}  // namespace
}  // namespace duodiff
