// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/noise.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

using duodiff::fill_normal;
using duodiff::NoiseStream;

namespace
{

using Words = std::array<std::uint32_t, 4>;

/// Philox4x32-10 as the paper states it, a counter at a time.
Words philox(Words counter, std::array<std::uint32_t, 2> key)
{
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t p0 = 0xD2511F53ULL * counter[0];
        const std::uint64_t p1 = 0xCD9E8D57ULL * counter[2];
        counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(p1),
                   static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1],
                   static_cast<std::uint32_t>(p0)};
        key[0] += 0x9E3779B9U;
        key[1] += 0xBB67AE85U;
    }
    return counter;
}

/// The same normals with the C library's functions in double precision.
std::array<double, 4> exact_normals(std::uint32_t position, std::uint64_t seed, std::uint32_t stream,
                                    std::uint32_t step)
{
    const Words w = philox({position, step, stream, 0},
                           {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
    std::array<double, 4> out{};
    for (std::size_t pair = 0; pair < 2; ++pair) {
        const auto u = static_cast<double>(static_cast<float>(w[2 * pair]) * 0x1p-32F + 0x1p-33F);
        const double radius = std::sqrt(-2.0 * std::log(u));
        const std::uint32_t bits = w[2 * pair + 1];
        const double quadrant = bits >> 30;
        const double inside = (static_cast<double>(bits & 0x3FFFFFFFU) - 0x1p29) * std::numbers::pi / 0x1p31;
        const double angle = quadrant * std::numbers::pi / 2 + inside;
        out[2 * pair] = radius * std::cos(angle);
        out[2 * pair + 1] = radius * std::sin(angle);
    }
    return out;
}

std::vector<float> normals(std::size_t n, std::uint64_t seed, NoiseStream stream = NoiseStream::step,
                           std::uint32_t step = 0)
{
    std::vector<float> values(n);
    fill_normal(values, seed, stream, step);
    return values;
}

double correlation(const std::vector<float>& a, const std::vector<float>& b)
{
    double sum = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        sum += static_cast<double>(a[i]) * b[i];
    }
    return sum / static_cast<double>(a.size());
}

}  // namespace

TEST_CASE("the test's own Philox gives the published known answers")
{
    CHECK(philox({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    CHECK(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
          Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
}

TEST_CASE("normals are those of the exact transform to a few units in the last place")
{
    for (const std::uint64_t seed : {0ULL, 1ULL, 0x123456789ABCDEFULL, ~0ULL}) {
        for (const std::uint32_t step : {0U, 999U}) {
            const std::vector<float> values = normals(4096 + 3, seed, NoiseStream::step, step);
            for (std::size_t i = 0; i < values.size(); ++i) {
                const double exact = exact_normals(static_cast<std::uint32_t>(i / 4), seed, 1, step)[i % 4];
                REQUIRE(std::abs(values[i] - exact) <= 2e-6 * std::max(1.0, std::abs(exact)));
            }
        }
    }
}

TEST_CASE("a longer draw begins with the shorter one")
{
    const std::vector<float> all = normals(1000, 7);
    for (const std::size_t n : {1U, 2U, 63U, 64U, 65U, 784U}) {
        const std::vector<float> part = normals(n, 7);
        CHECK(std::equal(part.begin(), part.end(), all.begin()));
    }
}

TEST_CASE("moments are those of the standard normal distribution")
{
    const std::vector<float> values = normals(1 << 20, 42);
    double sum = 0.0;
    double squares = 0.0;
    double fourth = 0.0;
    std::size_t beyond_three = 0;
    for (const float v : values) {
        sum += v;
        squares += static_cast<double>(v) * v;
        fourth += std::pow(static_cast<double>(v), 4);
        beyond_three += std::abs(v) > 3.0F ? 1 : 0;
    }
    const auto n = static_cast<double>(values.size());
    CHECK(std::abs(sum / n) < 0.005);
    CHECK(std::abs(squares / n - 1.0) < 0.007);
    CHECK(std::abs(fourth / n - 3.0) < 0.05);
    CHECK(std::abs(static_cast<double>(beyond_three) / n - 0.0026998) < 0.0003);
}

TEST_CASE("seeds, steps and streams are independent of each other")
{
    const std::size_t n = 1 << 16;
    const std::vector<float> base = normals(n, 5, NoiseStream::step, 3);
    CHECK(std::abs(correlation(base, normals(n, 6, NoiseStream::step, 3))) < 0.02);
    CHECK(std::abs(correlation(base, normals(n, 5, NoiseStream::step, 4))) < 0.02);
    CHECK(std::abs(correlation(base, normals(n, 5, NoiseStream::initial, 3))) < 0.02);
    CHECK(std::abs(correlation(base, normals(n, 5ULL + (1ULL << 32), NoiseStream::step, 3))) < 0.02);
}
