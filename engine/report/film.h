// SPDX-License-Identifier: MIT
#pragma once

#include "report/image8.h"

#include <cstddef>
#include <span>
#include <vector>

namespace duodiff
{

/// Pictures of one image, or of a grid, in the order the steps ran.
using PictureSequence = std::vector<Image8>;

/// At most `wanted` of the numbers 0..count-1, equally spaced, the first and the last among them (the last
/// alone for one), without repetition.
std::vector<std::size_t> equally_spaced(std::size_t count, std::size_t wanted);

struct StripOptions {
    std::size_t steps = 10;  ///< pictures a row, at most
    GridOptions grid;        ///< its columns are not used
};

/// A film strip: one row an image, equally spaced steps from left to right. The sequences are of equal
/// length, the pictures of equal shape. Throws EngineError(usage) where they are not, or there are none.
Image8 compose_strip(std::span<const PictureSequence> images, const StripOptions& options = {});

/// The frames of an animation of all images: for every step the grid of their pictures.
PictureSequence grid_frames(std::span<const PictureSequence> images, const GridOptions& options = {});

/// Every pixel `factor` times in both directions, for pictures that are too small to look at.
Image8 enlarged(const Image8& image, int factor);

}  // namespace duodiff
