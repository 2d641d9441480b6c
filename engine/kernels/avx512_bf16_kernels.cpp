// SPDX-License-Identifier: MIT
#include "kernels/avx512_vectors.h"

namespace duodiff
{
namespace
{

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

}  // namespace

extern const Kernels<BFloat16> avx512_bfloat16_kernels;
constinit const Kernels<BFloat16> avx512_bfloat16_kernels = kernels_of<BFloat16Lanes>(Isa::avx512_bf16);

}  // namespace duodiff
