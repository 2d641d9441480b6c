// SPDX-License-Identifier: MIT
#include "report/film.h"

#include "base/error.h"

#include <algorithm>
#include <limits>

namespace duodiff
{

namespace
{

void check_lengths(std::span<const PictureSequence> images)
{
    if (images.empty() || images.front().empty()) {
        throw EngineError(ErrorCode::usage, "there are no pictures of the steps to show");
    }
    for (const PictureSequence& image : images) {
        if (image.size() != images.front().size()) {
            throw EngineError(ErrorCode::usage, "the images have pictures of different numbers of steps");
        }
    }
}

}  // namespace

std::vector<std::size_t> equally_spaced(std::size_t count, std::size_t wanted)
{
    std::vector<std::size_t> chosen;
    const std::size_t shown = std::min(count, wanted);
    for (std::size_t i = 0; i < shown; ++i) {
        chosen.push_back(shown == 1 ? count - 1 : (i * (count - 1) + (shown - 1) / 2) / (shown - 1));
    }
    return chosen;
}

Image8 compose_strip(std::span<const PictureSequence> images, const StripOptions& options)
{
    check_lengths(images);
    const std::vector<std::size_t> steps =
        equally_spaced(images.front().size(), std::max<std::size_t>(options.steps, 1));
    std::vector<Image8> pictures;
    for (const PictureSequence& image : images) {
        for (const std::size_t step : steps) {
            pictures.push_back(image[step]);
        }
    }
    GridOptions grid = options.grid;
    grid.columns = static_cast<int>(steps.size());
    return compose_grid(pictures, grid);
}

PictureSequence grid_frames(std::span<const PictureSequence> images, const GridOptions& options)
{
    check_lengths(images);
    PictureSequence frames;
    for (std::size_t step = 0; step < images.front().size(); ++step) {
        std::vector<Image8> pictures;
        for (const PictureSequence& image : images) {
            pictures.push_back(image[step]);
        }
        frames.push_back(compose_grid(pictures, options));
    }
    return frames;
}

Image8 enlarged(const Image8& image, int factor)
{
    if (factor < 1 || image.width > std::numeric_limits<int>::max() / factor ||
        image.height > std::numeric_limits<int>::max() / factor) {
        throw EngineError(ErrorCode::usage, "a picture is enlarged by a whole number from 1 on");
    }
    Image8 large{image.width * factor, image.height * factor, image.channels, {}};
    const std::size_t channels = static_cast<std::size_t>(image.channels);
    const std::size_t row_bytes = static_cast<std::size_t>(image.width) * channels;
    large.pixels.reserve(image.pixels.size() * static_cast<std::size_t>(factor) *
                         static_cast<std::size_t>(factor));
    for (std::size_t y = 0; y < static_cast<std::size_t>(image.height); ++y) {
        std::vector<std::uint8_t> row;
        for (std::size_t x = 0; x < row_bytes; x += channels) {
            const auto pixel = image.pixels.begin() + static_cast<std::ptrdiff_t>(y * row_bytes + x);
            for (int i = 0; i < factor; ++i) {
                row.insert(row.end(), pixel, pixel + static_cast<std::ptrdiff_t>(channels));
            }
        }
        for (int i = 0; i < factor; ++i) {
            large.pixels.insert(large.pixels.end(), row.begin(), row.end());
        }
    }
    return large;
}

}  // namespace duodiff
