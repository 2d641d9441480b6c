// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

/// What a kernel and its plain C++ twin have in common is written once, in functions of this kind.
#if defined(__CUDACC__)
#define DUODIFF_BOTH __host__ __device__ inline
#else
#define DUODIFF_BOTH inline
#endif

namespace duodiff::cuda
{

/// A bf16 number as its bits: the upper half of an fp32's.
struct Bf16 {
    std::uint16_t bits;
};

// Single IEEE operations that no compiler contracts: on a GPU by name, on a CPU because the files that use
// them are compiled with -ffp-contract=off.

DUODIFF_BOTH float mul_rn(float a, float b)
{
#if defined(__CUDA_ARCH__)
    return __fmul_rn(a, b);
#else
    return a * b;
#endif
}

DUODIFF_BOTH float add_rn(float a, float b)
{
#if defined(__CUDA_ARCH__)
    return __fadd_rn(a, b);
#else
    return a + b;
#endif
}

/// a * b + c, rounded once.
DUODIFF_BOTH float fma_rn(float a, float b, float c)
{
#if defined(__CUDA_ARCH__)
    return __fmaf_rn(a, b, c);
#else
    return std::fma(a, b, c);
#endif
}

DUODIFF_BOTH float div_rn(float a, float b)
{
#if defined(__CUDA_ARCH__)
    return __fdiv_rn(a, b);
#else
    return a / b;
#endif
}

DUODIFF_BOTH float sqrt_rn(float a)
{
#if defined(__CUDA_ARCH__)
    return __fsqrt_rn(a);
#else
    return std::sqrt(a);
#endif
}

DUODIFF_BOTH std::uint32_t bits_of(float value)
{
#if defined(__CUDA_ARCH__)
    return __float_as_uint(value);
#else
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof(bits));
    return bits;
#endif
}

DUODIFF_BOTH float float_of(std::uint32_t bits)
{
#if defined(__CUDA_ARCH__)
    return __uint_as_float(bits);
#else
    float value = 0.0F;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
#endif
}

DUODIFF_BOTH float load(float value)
{
    return value;
}

DUODIFF_BOTH float load(Bf16 value)
{
    return float_of(static_cast<std::uint32_t>(value.bits) << 16);
}

DUODIFF_BOTH void store(float& to, float value)
{
    to = value;
}

/// Rounds to nearest, ties to even, as LibTorch does; a NaN stays one.
DUODIFF_BOTH void store(Bf16& to, float value)
{
    const std::uint32_t bits = bits_of(value);
    if ((bits & 0x7FFFFFFFU) > 0x7F800000U) {
        to.bits = 0x7FC0;
        return;
    }
    to.bits = static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

}  // namespace duodiff::cuda
