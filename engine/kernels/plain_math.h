// SPDX-License-Identifier: MIT
#pragma once

#include "kernels/kernels.h"

#include <cmath>

namespace duodiff
{

/// For the plain kernels: rounds where T is narrower.
template <class T>
T from_float(float value)
{
    if constexpr (sizeof(T) == sizeof(float)) {
        return value;
    } else {
        return to_bfloat16(value);
    }
}

inline float gelu(float x)
{
    return 0.5F * x * (1.0F + std::erf(x * 0.70710678118654752440F));
}

}  // namespace duodiff
