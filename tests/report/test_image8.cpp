// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/error.h"
#include "report/image8.h"
#include "report/report_samples.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <vector>

using namespace duodiff;

TEST_CASE("pixels are shifted, clipped and rounded to the nearest of 256 values")
{
    const std::vector<float> pixels = {-1.0F,
                                       1.0F,
                                       0.0F,
                                       -7.0F,
                                       7.0F,
                                       -1.0F + 2.0F * 100.0F / 255.0F,
                                       std::numeric_limits<float>::quiet_NaN(),
                                       std::numeric_limits<float>::infinity()};
    const Image8 image = to_image8(pixels, 1, 2, 4);
    CHECK(image.width == 4);
    CHECK(image.height == 2);
    CHECK(image.pixels == std::vector<std::uint8_t>{0, 255, 128, 0, 255, 100, 0, 255});
}

TEST_CASE("every 8-bit value survives the way through floats")
{
    std::vector<float> pixels;
    for (int value = 0; value < 256; ++value) {
        pixels.push_back(static_cast<float>(value) / 255.0F * 2.0F - 1.0F);
    }
    const Image8 image = to_image8(pixels, 1, 16, 16);
    for (int value = 0; value < 256; ++value) {
        CHECK(image.pixels[static_cast<std::size_t>(value)] == value);
    }
}

TEST_CASE("planes become interleaved channels; of latents the first three are shown, of two the first")
{
    const Image8 image = to_image8(std::vector<float>{-1, 1, 0, 0, 1, -1}, 3, 1, 2);
    CHECK(image.pixels == std::vector<std::uint8_t>{0, 128, 255, 255, 128, 0});
    CHECK(to_image8(std::vector<float>{-1, 1, 0, 0, 1, -1, 0.5F, 0.5F}, 4, 1, 2) == image);
    const Image8 first = to_image8(std::vector<float>{-1, 1, 0, 0}, 2, 1, 2);
    CHECK(first == Image8{2, 1, 1, {0, 255}});
    for (const int channels : {0, 3, -1}) {
        CHECK_THROWS_AS(to_image8(std::vector<float>(8, 0.0F), channels, 1, 2), EngineError);
    }
    CHECK_THROWS_AS(to_image8(std::vector<float>(5, 0.0F), 1, 2, 2), EngineError);
    CHECK_THROWS_AS(to_image8(std::vector<float>(), 1, 0, 2), EngineError);
}

TEST_CASE("a grid holds every picture at its place and the background everywhere else")
{
    for (const int count : {1, 2, 3, 5, 9, 16, 17}) {
        for (const int channels : {1, 3}) {
            for (const int columns : {0, 1, 3, 100}) {
                const std::vector<Image8> tiles(
                    static_cast<std::size_t>(count),
                    Image8{5, 4, channels,
                           std::vector<std::uint8_t>(static_cast<std::size_t>(20 * channels), 9)});
                const Image8 grid =
                    compose_grid(tiles, {.columns = columns, .padding = 2, .background = 200});
                const int across = (grid.width - 2) / 7;
                const int down = (grid.height - 2) / 6;
                CHECK(across * down >= count);
                CHECK((down - 1) * across < count);
                if (columns == 0) {
                    CHECK(across >= down);
                    CHECK(across - down <= 1);
                }
                std::size_t tile_bytes = 0;
                for (const std::uint8_t byte : grid.pixels) {
                    const bool known = byte == 9 || byte == 200;
                    REQUIRE(known);
                    tile_bytes += byte == 9 ? 1 : 0;
                }
                CHECK(tile_bytes == static_cast<std::size_t>(count * 20 * channels));
                CHECK(grid.pixels[static_cast<std::size_t>((2 * grid.width + 2) * channels)] == 9);
                CHECK(grid.pixels[static_cast<std::size_t>((1 * grid.width + 2) * channels)] == 200);
            }
        }
    }
}

TEST_CASE("a dashed frame lies around its picture alone, and costs it no pixel")
{
    for (const int channels : {1, 3, 4}) {
        const std::vector<Image8> images(3, test::gradient(7, 4, channels));
        const Image8 plain = compose_grid(images);
        const Image8 framed = compose_grid(images, {.dashed = {false, true}});
        REQUIRE(framed.width == plain.width);
        REQUIRE(framed.height == plain.height);
        std::size_t white = 0;
        std::size_t black = 0;
        for (int y = 0; y < plain.height; ++y) {
            for (int x = 0; x < plain.width; ++x) {
                const std::size_t at = static_cast<std::size_t>((y * plain.width + x) * channels);
                // The second of two columns: its frame is one pixel wide, a pixel outside.
                const bool inside = x >= 10 && x <= 18 && y >= 1 && y <= 6;
                const bool on_frame = inside && (x == 10 || x == 18 || y == 1 || y == 6);
                if (!on_frame) {
                    CHECK(std::equal(plain.pixels.begin() + static_cast<std::ptrdiff_t>(at),
                                     plain.pixels.begin() + static_cast<std::ptrdiff_t>(at) + channels,
                                     framed.pixels.begin() + static_cast<std::ptrdiff_t>(at)));
                    continue;
                }
                white += framed.pixels[at] == 255 ? 1 : 0;
                black += framed.pixels[at] == 0 ? 1 : 0;
                CHECK((channels < 4 || framed.pixels[at + 3] == 255));
            }
        }
        CHECK(white + black == 2 * 9 + 2 * 4);
        CHECK(white >= 10);
        CHECK(black >= 10);
        CHECK(compose_grid(images, {.padding = 0, .dashed = {true}}) == compose_grid(images, {.padding = 0}));
    }
}

TEST_CASE("a grid of nothing or of different shapes is an error")
{
    CHECK_THROWS_AS(compose_grid({}), EngineError);
    const std::vector<Image8> tiles = {test::gradient(4, 4, 1), test::gradient(4, 5, 1)};
    CHECK_THROWS_AS(compose_grid(tiles), EngineError);
}
