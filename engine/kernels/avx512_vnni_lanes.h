// SPDX-License-Identifier: MIT
// The 8-bit products of AVX-512 VNNI, between activations of either type. Only for files with that set's
// flags; in an unnamed namespace for the reason that vector_math.h gives.
#pragma once

#include "kernels/avx512_lanes.h"
#include "kernels/vector_int8_kernels.h"

namespace duodiff
{
namespace
{

template <class Activations>
struct Avx512VnniLanes : Activations {
    using Bytes = __m512i;
    using Integer = typename Activations::Integer;
    using Vector = typename Activations::Vector;

    static DUODIFF_INLINE Bytes load_bytes(const std::int8_t* panel) { return _mm512_loadu_si512(panel); }
    static DUODIFF_INLINE Bytes broadcast_bytes(const std::uint8_t* a)
    {
        int four;
        __builtin_memcpy(&four, a, sizeof four);
        return _mm512_set1_epi32(four);
    }
    static DUODIFF_INLINE Integer multiply_bytes(Bytes a, Bytes weights, Integer sum)
    {
        return reinterpret_cast<Integer>(_mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sum), a, weights));
    }
    static DUODIFF_INLINE void round_to_bytes(std::uint8_t* to, Vector x, std::int32_t zero)
    {
        const __m512i bytes = _mm512_add_epi32(_mm512_cvtps_epi32(x), _mm512_set1_epi32(zero));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtusepi32_epi8(bytes));
    }
};

}  // namespace
}  // namespace duodiff
