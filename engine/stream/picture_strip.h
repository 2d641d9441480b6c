// SPDX-License-Identifier: MIT
#pragma once

#include "stream/frame.h"

#include <span>

namespace duodiff
{

/// Shape (count, channels, height, width) of a batch of images in row-major order.
struct BatchShape {
    int count = 0;
    int channels = 0;
    int height = 0;
    int width = 0;

    std::size_t values() const
    {
        return static_cast<std::size_t>(count) * static_cast<std::size_t>(channels) *
               static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
    }
    bool operator==(const BatchShape&) const = default;
};

/// Pixels in [-1, 1] scale -> 8-bit pictures: (x + 1) / 2, clipped to [0, 1]; NaN becomes black. One
/// channel becomes grey; of two the first is shown, of more than three the first three.
PictureStrip make_strip(std::span<const float> pixels, const BatchShape& shape);

/// Latents -> pictures through a linear map (colours, channels + 1), row-major, its last column the
/// offset; a cheap approximation of what the autoencoder would give, in the latents' size.
PictureStrip make_latent_strip(std::span<const float> latents, const BatchShape& shape,
                               std::span<const float> map);

}  // namespace duodiff
