// SPDX-License-Identifier: MIT
// The 8-bit products of AVX-VNNI. Only for files with that set's flags; in an unnamed namespace for the
// reason that vector_math.h gives.
#pragma once

#include "kernels/avx2_lanes.h"
#include "kernels/vector_int8_kernels.h"

namespace duodiff
{
namespace
{

struct AvxVnniLanes : Float8Lanes {
    using Bytes = __m256i;

    static DUODIFF_INLINE Bytes load_bytes(const std::int8_t* panel)
    {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(panel));
    }
    static DUODIFF_INLINE Bytes broadcast_bytes(const std::uint8_t* a)
    {
        int four;
        __builtin_memcpy(&four, a, sizeof four);
        return _mm256_set1_epi32(four);
    }
    static DUODIFF_INLINE Integer multiply_bytes(Bytes a, Bytes weights, Integer sum)
    {
        const auto from = reinterpret_cast<__m256i>(sum);
#ifdef __AVXVNNI__
        return reinterpret_cast<Integer>(_mm256_dpbusd_avx_epi32(from, a, weights));
#else
        // The same instruction, encoded as AVX-512 has it: for the tests, on processors with only that.
        return reinterpret_cast<Integer>(_mm256_dpbusd_epi32(from, a, weights));
#endif
    }
    static DUODIFF_INLINE void round_to_bytes(std::uint8_t* to, Vector x, std::int32_t zero)
    {
        const __m256i numbers = _mm256_add_epi32(_mm256_cvtps_epi32(x), _mm256_set1_epi32(zero));
        const __m128i words =
            _mm_packus_epi32(_mm256_castsi256_si128(numbers), _mm256_extracti128_si256(numbers, 1));
        _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packus_epi16(words, words));
    }
};

}  // namespace
}  // namespace duodiff
