// SPDX-License-Identifier: MIT
#include "base/noise.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

// One copy a vector width, chosen at start-up. The results are the same: no contraction (see
// CMakeLists.txt), and only correctly rounded operations. Sanitizers cannot run that choice.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__) && \
    !defined(__SANITIZE_ADDRESS__)
#define DUODIFF_VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define DUODIFF_VECTOR_CLONES
#endif

namespace duodiff
{
namespace
{

constexpr std::uint32_t philox_multiplier_0 = 0xD2511F53U;
constexpr std::uint32_t philox_multiplier_1 = 0xCD9E8D57U;
constexpr std::uint32_t philox_weyl_0 = 0x9E3779B9U;
constexpr std::uint32_t philox_weyl_1 = 0xBB67AE85U;
constexpr int philox_rounds = 10;

/// Counters handled together: enough for the widest vectors.
constexpr std::size_t lanes = 16;
constexpr std::size_t normals_a_counter = 4;

/// -2 ln(u) for u in (0, 1]; the polynomial is that of Cephes' logf.
inline float minus_two_log(float u)
{
    const auto bits = std::bit_cast<std::uint32_t>(u);
    auto exponent = static_cast<std::int32_t>(bits >> 23) - 126;
    float mantissa = std::bit_cast<float>((bits & 0x007FFFFFU) | 0x3F000000U);  // [0.5, 1)
    const bool small = mantissa < 0.707106781186547524F;
    exponent -= small ? 1 : 0;
    mantissa = small ? mantissa + mantissa : mantissa;
    const float x = mantissa - 1.0F;
    const float z = x * x;
    float y = 7.0376836292e-2F;
    y = y * x - 1.1514610310e-1F;
    y = y * x + 1.1676998740e-1F;
    y = y * x - 1.2420140846e-1F;
    y = y * x + 1.4249322787e-1F;
    y = y * x - 1.6668057665e-1F;
    y = y * x + 2.0000714765e-1F;
    y = y * x - 2.4999993993e-1F;
    y = y * x + 3.3333331174e-1F;
    y = y * x * z;
    const auto e = static_cast<float>(exponent);
    y = y + e * -2.12194440e-4F;
    y = y - 0.5F * z;
    const float log_u = (x + y) + e * 0.693359375F;
    return -2.0F * log_u;
}

struct SineCosine {
    float sine;
    float cosine;
};

/// Sine and cosine of a uniformly distributed angle given by 32 random bits: two bits choose the
/// quadrant, thirty the angle in [-pi/4, pi/4), where Cephes' polynomials hold.
inline SineCosine random_angle(std::uint32_t bits)
{
    const auto centred = static_cast<std::int32_t>(bits & 0x3FFFFFFFU) - (1 << 29);
    const float a = static_cast<float>(centred) * 1.4629180792671596e-9F;  // pi / 2^31
    const float z = a * a;
    float s = -1.9515295891e-4F;
    s = s * z + 8.3321608736e-3F;
    s = s * z - 1.6666654611e-1F;
    s = s * z * a + a;
    float c = 2.443315711809948e-5F;
    c = c * z - 1.388731625493765e-3F;
    c = c * z + 4.166664568298827e-2F;
    c = c * z * z - 0.5F * z + 1.0F;
    const bool swap = (bits & 0x40000000U) != 0;
    const bool negate = (bits & 0x80000000U) != 0;
    float cosine = swap ? -s : c;
    float sine = swap ? c : s;
    cosine = negate ? -cosine : cosine;
    sine = negate ? -sine : sine;
    return {sine, cosine};
}

DUODIFF_VECTOR_CLONES
void normals_of_counters(std::uint32_t first, std::uint64_t seed, std::uint32_t stream, std::uint32_t step,
                         std::uint32_t row, float* __restrict out)
{
    std::array<std::uint32_t, lanes> c0;
    std::array<std::uint32_t, lanes> c1;
    std::array<std::uint32_t, lanes> c2;
    std::array<std::uint32_t, lanes> c3;
    for (std::size_t i = 0; i < lanes; ++i) {
        c0[i] = first + static_cast<std::uint32_t>(i);
        c1[i] = step;
        c2[i] = stream;
        c3[i] = row;
    }
    auto k0 = static_cast<std::uint32_t>(seed);
    auto k1 = static_cast<std::uint32_t>(seed >> 32);
    for (int round = 0; round < philox_rounds; ++round) {
        for (std::size_t i = 0; i < lanes; ++i) {
            const std::uint64_t p0 = static_cast<std::uint64_t>(philox_multiplier_0) * c0[i];
            const std::uint64_t p1 = static_cast<std::uint64_t>(philox_multiplier_1) * c2[i];
            c0[i] = static_cast<std::uint32_t>(p1 >> 32) ^ c1[i] ^ k0;
            c1[i] = static_cast<std::uint32_t>(p1);
            c2[i] = static_cast<std::uint32_t>(p0 >> 32) ^ c3[i] ^ k1;
            c3[i] = static_cast<std::uint32_t>(p0);
        }
        k0 += philox_weyl_0;
        k1 += philox_weyl_1;
    }
    for (std::size_t i = 0; i < lanes; ++i) {
        // (word + 1/2) / 2^32: never 0, so that the logarithm is finite.
        const float u0 = static_cast<float>(c0[i]) * 0x1p-32F + 0x1p-33F;
        const float u1 = static_cast<float>(c2[i]) * 0x1p-32F + 0x1p-33F;
        const float r0 = std::sqrt(minus_two_log(u0));
        const float r1 = std::sqrt(minus_two_log(u1));
        const SineCosine a0 = random_angle(c1[i]);
        const SineCosine a1 = random_angle(c3[i]);
        out[4 * i + 0] = r0 * a0.cosine;
        out[4 * i + 1] = r0 * a0.sine;
        out[4 * i + 2] = r1 * a1.cosine;
        out[4 * i + 3] = r1 * a1.sine;
    }
}

}  // namespace

void fill_normal(std::span<float> out, std::uint64_t seed, NoiseStream stream, std::uint32_t step,
                 std::uint32_t row)
{
    constexpr std::size_t chunk = lanes * normals_a_counter;
    const auto stream_word = static_cast<std::uint32_t>(stream);
    std::size_t done = 0;
    for (; done + chunk <= out.size(); done += chunk) {
        normals_of_counters(static_cast<std::uint32_t>(done / normals_a_counter), seed, stream_word, step,
                            row, out.data() + done);
    }
    if (done < out.size()) {
        std::array<float, chunk> rest;
        normals_of_counters(static_cast<std::uint32_t>(done / normals_a_counter), seed, stream_word, step,
                            row, rest.data());
        std::copy_n(rest.begin(), out.size() - done, out.begin() + static_cast<std::ptrdiff_t>(done));
    }
}

std::uint32_t random_bits(std::uint64_t seed, NoiseStream stream, std::uint32_t step, std::uint32_t row)
{
    std::array<std::uint32_t, 4> c = {0, step, static_cast<std::uint32_t>(stream), row};
    auto k0 = static_cast<std::uint32_t>(seed);
    auto k1 = static_cast<std::uint32_t>(seed >> 32);
    for (int round = 0; round < philox_rounds; ++round) {
        const std::uint64_t p0 = static_cast<std::uint64_t>(philox_multiplier_0) * c[0];
        const std::uint64_t p1 = static_cast<std::uint64_t>(philox_multiplier_1) * c[2];
        c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(p1),
             static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<std::uint32_t>(p0)};
        k0 += philox_weyl_0;
        k1 += philox_weyl_1;
    }
    return c[0];
}

}  // namespace duodiff
