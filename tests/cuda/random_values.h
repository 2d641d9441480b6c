// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cuda/host_device.h"

#include <cstddef>
#include <random>
#include <type_traits>
#include <vector>

namespace duodiff::test
{

/// Normal numbers, the same every time.
template <class T = float>
std::vector<T> random_values(std::size_t count, unsigned seed, float scale = 1.0F)
{
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal(0.0F, scale);
    std::vector<T> values(count);
    for (T& value : values) {
        cuda::store(value, normal(generator));
    }
    return values;
}

inline float plain(float value)
{
    return value;
}
inline float plain(cuda::Bf16 value)
{
    return cuda::load(value);
}

/// How far a result that is rounded to T may lie from the exact one, relative to 1 or to its size.
template <class T>
constexpr float rounding = std::is_same_v<T, float> ? 4e-6F : 8.1e-3F;

}  // namespace duodiff::test
