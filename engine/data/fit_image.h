// SPDX-License-Identifier: MIT
#pragma once

#include "report/image8.h"

#include <cstdint>
#include <span>

namespace duodiff
{

/// Makes `out` the (channels, side, side) pixels of an image (1, 3 or 4 channels, 8 bits):
/// - what lies behind transparent pixels is white;
/// - the largest central square is cut out (an odd remainder is cut at the right or below);
/// - a larger square shrinks by area averaging, every source pixel weighted by the part of it that lies under
///   the target pixel; a smaller one grows by bilinear interpolation between pixel centres;
/// - colour becomes gray by the luma weights of ITU-R BT.601, gray becomes three equal channels.
/// A square of the right size and channels is copied as it is. Values are averaged as they are stored,
/// without regard to gamma, as the field does.
void fit_image(const Image8& image, std::int64_t channels, std::int64_t side, std::span<std::uint8_t> out);

}  // namespace duodiff
