// SPDX-License-Identifier: MIT
#pragma once

#include "stream/frame.h"

#include <cstdint>
#include <span>
#include <vector>

namespace duodiff
{

/// An 8-bit picture: gray (1 channel), RGB (3) or RGBA (4), interleaved, rows from the top, no padding.
struct Image8 {
    int width = 0;
    int height = 0;
    int channels = 0;
    std::vector<std::uint8_t> pixels;  ///< width * height * channels

    bool operator==(const Image8&) const = default;
};

/// Float pixels in [-1, 1] scale, (channels, height, width), as 8-bit: (x + 1) / 2 clipped to [0, 1],
/// times 255, rounded to the nearest integer (halves up). NaN becomes 0. Three channels are RGB and one is
/// gray; of latents without a decoder the first three channels are shown, of two the first.
Image8 to_image8(std::span<const float> pixels, int channels, int height, int width);
Image8 to_image8(const FinishedImage& image);

struct GridOptions {
    int columns = 0;                ///< 0: near-square, never fewer columns than rows
    int padding = 2;                ///< pixels around and between the tiles
    std::uint8_t background = 128;  ///< of every channel: neutral beside dark and light pictures
    /// By tile: a dashed frame around it, which marks unfinished images. Drawn into the padding, so that
    /// every pixel of the pictures stays; the missing ones have none.
    std::vector<bool> dashed{};
};

/// The images in reading order. All have the same size and channels. No images: EngineError(usage).
Image8 compose_grid(std::span<const Image8> images, const GridOptions& options = {});

}  // namespace duodiff
