// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dataset/dataset_files.h"
#include "report/image8.h"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace duodiff::test
{

/// An image with a smooth, coloured pattern, so that JPEG keeps it nearly as it is.
Image8 pattern(int width, int height, int channels, int seed = 0);
Image8 flat(int width, int height, std::vector<std::uint8_t> colour);

/// What libpng is told of the pixels: its own colour type and bits, rows packed as the format has them.
struct RawPng {
    int width = 0;
    int height = 0;
    int bits = 8;
    int colour_type = 0;
    bool interlaced = false;
    std::vector<Bytes> rows;
    std::vector<std::uint8_t> palette{};  ///< R, G, B of each entry
};
Bytes raw_png(const RawPng& image);
Bytes png(const Image8& image);
Bytes jpeg(const Image8& image, int quality = 100);
/// A CMYK file as Adobe's programs write it, of one colour, inverted values.
Bytes cmyk_jpeg(int width, int height, std::vector<std::uint8_t> stored);

}  // namespace duodiff::test
