// SPDX-License-Identifier: MIT
#include "report/image8.h"

#include "base/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace duodiff
{

namespace
{

std::uint8_t to_byte(float value)
{
    const float scaled = (value + 1.0F) / 2.0F;
    if (!(scaled > 0.0F)) {
        return 0;
    }
    return static_cast<std::uint8_t>(std::floor(std::min(scaled, 1.0F) * 255.0F + 0.5F));
}

int near_square_columns(std::size_t images)
{
    int columns = 1;
    while (static_cast<std::size_t>(columns) * static_cast<std::size_t>(columns) < images) {
        ++columns;
    }
    return columns;
}

/// One pixel wide, white and black in turn, so that it shows on every background.
void draw_dashed_frame(Image8& grid, int left, int top, int right, int bottom)
{
    constexpr int dash = 3;
    const auto dot = [&grid](int x, int y, int along) {
        const std::size_t channels = static_cast<std::size_t>(grid.channels);
        const std::size_t at = (static_cast<std::size_t>(y) * static_cast<std::size_t>(grid.width) +
                                static_cast<std::size_t>(x)) *
                               channels;
        const std::uint8_t level = along / dash % 2 == 0 ? 255 : 0;
        std::fill_n(grid.pixels.begin() + static_cast<std::ptrdiff_t>(at), std::min<std::size_t>(channels, 3),
                    level);
    };
    for (int x = left; x <= right; ++x) {
        dot(x, top, x - left);
        dot(x, bottom, x - left);
    }
    for (int y = top; y <= bottom; ++y) {
        dot(left, y, y - top);
        dot(right, y, y - top);
    }
}

}  // namespace

Image8 to_image8(std::span<const float> pixels, int channels, int height, int width)
{
    const std::size_t plane =
        static_cast<std::size_t>(std::max(height, 0)) * static_cast<std::size_t>(std::max(width, 0));
    const auto planes = static_cast<std::size_t>(std::max(channels, 0));
    if (plane == 0 || planes == 0 || pixels.size() != plane * planes) {
        throw EngineError(ErrorCode::failed,
                          fmt::format("{} pixel values do not make a picture of {} x {} x {}", pixels.size(),
                                      channels, height, width));
    }
    const std::size_t shown = planes < 3 ? 1 : 3;
    Image8 image{width, height, static_cast<int>(shown), std::vector<std::uint8_t>(plane * shown)};
    for (std::size_t c = 0; c < shown; ++c) {
        for (std::size_t i = 0; i < plane; ++i) {
            image.pixels[i * shown + c] = to_byte(pixels[c * plane + i]);
        }
    }
    return image;
}

Image8 to_image8(const FinishedImage& image)
{
    return to_image8(image.pixels, image.channels, image.height, image.width);
}

Image8 compose_grid(std::span<const Image8> images, const GridOptions& options)
{
    if (images.empty()) {
        throw EngineError(ErrorCode::usage, "a grid needs at least one picture");
    }
    const Image8& first = images.front();
    for (const Image8& image : images) {
        if (image.width != first.width || image.height != first.height || image.channels != first.channels) {
            throw EngineError(
                ErrorCode::failed,
                fmt::format("the pictures of a grid differ in shape: {} x {} x {} and {} x {} x {}",
                            first.channels, first.height, first.width, image.channels, image.height,
                            image.width));
        }
    }
    const int count = static_cast<int>(images.size());
    const int columns =
        std::min(options.columns > 0 ? options.columns : near_square_columns(images.size()), count);
    const int rows = (count + columns - 1) / columns;
    const int padding = std::max(options.padding, 0);

    Image8 grid;
    grid.width = columns * (first.width + padding) + padding;
    grid.height = rows * (first.height + padding) + padding;
    grid.channels = first.channels;
    const std::size_t channels = static_cast<std::size_t>(grid.channels);
    const std::size_t row_bytes = static_cast<std::size_t>(grid.width) * channels;
    const std::size_t tile_bytes = static_cast<std::size_t>(first.width) * channels;
    grid.pixels.assign(row_bytes * static_cast<std::size_t>(grid.height), options.background);
    if (grid.channels == 4) {
        for (std::size_t alpha = 3; alpha < grid.pixels.size(); alpha += 4) {
            grid.pixels[alpha] = 255;
        }
    }
    for (int i = 0; i < count; ++i) {
        const std::size_t left = static_cast<std::size_t>(padding + (i % columns) * (first.width + padding));
        const std::size_t top = static_cast<std::size_t>(padding + (i / columns) * (first.height + padding));
        const std::vector<std::uint8_t>& tile = images[static_cast<std::size_t>(i)].pixels;
        for (std::size_t y = 0; y < static_cast<std::size_t>(first.height); ++y) {
            std::copy_n(
                tile.begin() + static_cast<std::ptrdiff_t>(y * tile_bytes), tile_bytes,
                grid.pixels.begin() + static_cast<std::ptrdiff_t>((top + y) * row_bytes + left * channels));
        }
        if (padding > 0 && static_cast<std::size_t>(i) < options.dashed.size() &&
            options.dashed[static_cast<std::size_t>(i)]) {
            draw_dashed_frame(grid, static_cast<int>(left) - 1, static_cast<int>(top) - 1,
                              static_cast<int>(left) + first.width, static_cast<int>(top) + first.height);
        }
    }
    return grid;
}

}  // namespace duodiff
