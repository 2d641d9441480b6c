// SPDX-License-Identifier: MIT
#pragma once

#include "cuda/host_device.h"
#include "cuda/kernels.h"

#include <cmath>
#include <cstdint>

namespace duodiff::cuda
{

DUODIFF_BOTH float sigmoid(float value)
{
    return div_rn(1.0F, add_rn(1.0F, std::exp(-value)));
}

DUODIFF_BOTH float gelu(float value)
{
    constexpr float sqrt_half = 0.70710678118654752F;
    return mul_rn(mul_rn(0.5F, value), add_rn(1.0F, std::erf(mul_rn(value, sqrt_half))));
}

/// The solver's sums in the order and with the single roundings of LibTorch's `add` with a factor.
DUODIFF_BOTH float solver_next(const SolverCoefficients& c, float x, float prediction, float before, float z)
{
    float next = fma_rn(prediction, c.prediction, mul_rn(x, c.x));
    if (c.history != 0.0F) {
        next = fma_rn(before, c.history, next);
    }
    if (c.noise != 0.0F) {
        next = fma_rn(z, c.noise, next);
    }
    return next;
}

DUODIFF_BOTH float solver_original(const SolverCoefficients& c, float x, float prediction)
{
    return fma_rn(prediction, c.x0_prediction, mul_rn(x, c.x0_x));
}

/// [-1, 1] -> 0..255; NaN becomes black.
DUODIFF_BOTH std::uint32_t picture_byte(float value)
{
    const float scaled = mul_rn(add_rn(value, 1.0F), 0.5F);
    if (!(scaled > 0.0F)) {
        return 0;
    }
    const float clipped = scaled < 1.0F ? scaled : 1.0F;
    return static_cast<std::uint32_t>(add_rn(mul_rn(clipped, 255.0F), 0.5F));
}

/// Colour `colour` of a pixel whose channels lie `area` apart from `pixel` on.
DUODIFF_BOTH float mapped_colour(const float* pixel, std::int64_t area, const float* map, int channels,
                                 int colour)
{
    const float* weights = map + static_cast<std::int64_t>(colour) * (channels + 1);
    float value = weights[channels];
    for (int channel = 0; channel < channels; ++channel) {
        value = add_rn(value, mul_rn(weights[channel], pixel[channel * area]));
    }
    return value;
}

/// One pixel as R, G, B, 255 in memory order, on a little-endian machine.
DUODIFF_BOTH std::uint32_t picture_pixel(const Pictures& work, std::int64_t image, std::int64_t place)
{
    const float* pixel = work.x + image * work.channels * work.area + place;
    const int colours = work.map ? work.colours : work.channels;
    std::uint32_t bytes[3] = {0, 0, 0};
    const int shown = colours >= 3 ? 3 : 1;
    for (int colour = 0; colour < shown; ++colour) {
        const float value = work.map ? mapped_colour(pixel, work.area, work.map, work.channels, colour)
                                     : pixel[colour * work.area];
        bytes[colour] = picture_byte(value);
    }
    if (shown == 1) {
        bytes[1] = bytes[2] = bytes[0];
    }
    return bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | 0xFF000000U;
}

}  // namespace duodiff::cuda
