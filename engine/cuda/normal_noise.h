// SPDX-License-Identifier: MIT
#pragma once

#include "cuda/host_device.h"

#include <cstdint>

/// The normal numbers of base/noise.h, a counter at a time and to the same bits: Philox4x32-10, then
/// Box-Muller with the polynomials of Cephes.
namespace duodiff::cuda
{

constexpr int normals_a_counter = 4;

struct Words {
    std::uint32_t word[4];
};

DUODIFF_BOTH std::uint32_t upper_half(std::uint64_t product)
{
    return static_cast<std::uint32_t>(product >> 32);
}

DUODIFF_BOTH Words philox(Words c, std::uint64_t seed)
{
    auto k0 = static_cast<std::uint32_t>(seed);
    auto k1 = static_cast<std::uint32_t>(seed >> 32);
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t p0 = static_cast<std::uint64_t>(0xD2511F53U) * c.word[0];
        const std::uint64_t p1 = static_cast<std::uint64_t>(0xCD9E8D57U) * c.word[2];
        c = {{upper_half(p1) ^ c.word[1] ^ k0, static_cast<std::uint32_t>(p1),
              upper_half(p0) ^ c.word[3] ^ k1, static_cast<std::uint32_t>(p0)}};
        k0 += 0x9E3779B9U;
        k1 += 0xBB67AE85U;
    }
    return c;
}

/// a * x + b in two roundings, as the engine's noise has it.
DUODIFF_BOTH float horner(float a, float x, float b)
{
    return add_rn(mul_rn(a, x), b);
}

/// -2 ln(u), u in (0, 1].
DUODIFF_BOTH float minus_two_log(float u)
{
    const std::uint32_t bits = bits_of(u);
    std::int32_t exponent = static_cast<std::int32_t>(bits >> 23) - 126;
    float mantissa = float_of((bits & 0x007FFFFFU) | 0x3F000000U);  // [0.5, 1)
    if (mantissa < 0.707106781186547524F) {
        exponent -= 1;
        mantissa = add_rn(mantissa, mantissa);
    }
    const float x = add_rn(mantissa, -1.0F);
    const float z = mul_rn(x, x);
    float y = 7.0376836292e-2F;
    y = horner(y, x, -1.1514610310e-1F);
    y = horner(y, x, 1.1676998740e-1F);
    y = horner(y, x, -1.2420140846e-1F);
    y = horner(y, x, 1.4249322787e-1F);
    y = horner(y, x, -1.6668057665e-1F);
    y = horner(y, x, 2.0000714765e-1F);
    y = horner(y, x, -2.4999993993e-1F);
    y = horner(y, x, 3.3333331174e-1F);
    y = mul_rn(mul_rn(y, x), z);
    const auto e = static_cast<float>(exponent);
    y = add_rn(y, mul_rn(e, -2.12194440e-4F));
    y = add_rn(y, -mul_rn(0.5F, z));
    const float log_u = add_rn(add_rn(x, y), mul_rn(e, 0.693359375F));
    return mul_rn(-2.0F, log_u);
}

struct SineCosine {
    float sine;
    float cosine;
};

/// Two bits choose the quadrant, thirty the angle in [-pi/4, pi/4).
DUODIFF_BOTH SineCosine random_angle(std::uint32_t bits)
{
    const std::int32_t centred = static_cast<std::int32_t>(bits & 0x3FFFFFFFU) - (1 << 29);
    const float a = mul_rn(static_cast<float>(centred), 1.4629180792671596e-9F);  // pi / 2^31
    const float z = mul_rn(a, a);
    float s = -1.9515295891e-4F;
    s = horner(s, z, 8.3321608736e-3F);
    s = horner(s, z, -1.6666654611e-1F);
    s = add_rn(mul_rn(mul_rn(s, z), a), a);
    float c = 2.443315711809948e-5F;
    c = horner(c, z, -1.388731625493765e-3F);
    c = horner(c, z, 4.166664568298827e-2F);
    c = add_rn(add_rn(mul_rn(mul_rn(c, z), z), -mul_rn(0.5F, z)), 1.0F);
    const bool swap = (bits & 0x40000000U) != 0;
    const bool negate = (bits & 0x80000000U) != 0;
    const float cosine = swap ? -s : c;
    const float sine = swap ? c : s;
    return {negate ? -sine : sine, negate ? -cosine : cosine};
}

/// The normals at positions 4 * counter .. 4 * counter + 3 of (seed, stream, step).
DUODIFF_BOTH void normals_of_counter(std::uint32_t counter, std::uint64_t seed, std::uint32_t stream,
                                     std::uint32_t step, float* out)
{
    const Words w = philox({{counter, step, stream, 0}}, seed);
    for (int pair = 0; pair < 2; ++pair) {
        // (word + 1/2) / 2^32: never 0, so that the logarithm is finite.
        const float u = add_rn(mul_rn(static_cast<float>(w.word[2 * pair]), 0x1p-32F), 0x1p-33F);
        const float radius = sqrt_rn(minus_two_log(u));
        const SineCosine angle = random_angle(w.word[2 * pair + 1]);
        out[2 * pair] = mul_rn(radius, angle.cosine);
        out[2 * pair + 1] = mul_rn(radius, angle.sine);
    }
}

}  // namespace duodiff::cuda
