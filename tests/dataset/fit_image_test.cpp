// SPDX-License-Identifier: GPL-3.0-or-later
#include "data/fit_image.h"
#include "base/error.h"
#include "dataset/image_files.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

Bytes fitted(const Image8& image, std::int64_t channels, std::int64_t side)
{
    Bytes out(static_cast<std::size_t>(channels * side * side));
    fit_image(image, channels, side, out);
    return out;
}

}  // namespace

TEST_CASE("an image of the right size is copied, plane after plane")
{
    const Image8 gray = pattern(5, 5, 1);
    CHECK(fitted(gray, 1, 5) == gray.pixels);
    const Image8 colour{2, 2, 3, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
    CHECK(fitted(colour, 3, 2) == Bytes{1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12});
}

TEST_CASE("an image of one colour keeps it at any size")
{
    for (const int width : {1, 2, 7, 32, 33}) {
        for (const int height : {1, 3, 32, 45}) {
            for (const std::int64_t side : {1, 2, 5, 28, 32, 64}) {
                const Bytes out = fitted(flat(width, height, {10, 200, 77}), 3, side);
                const auto plane = static_cast<std::size_t>(side * side);
                CHECK(std::all_of(out.begin(), out.begin() + side * side, [](int v) { return v == 10; }));
                CHECK(out[plane] == 200);
                CHECK(out[3 * plane - 1] == 77);
            }
        }
    }
}

TEST_CASE("shrinking averages areas, with parts of pixels by their part")
{
    // 3 -> 2: each target pixel covers one and a half source pixels in each direction.
    const Image8 image{3, 3, 1, {0, 90, 180, 0, 90, 180, 0, 90, 180}};
    CHECK(fitted(image, 1, 2) == Bytes{30, 150, 30, 150});
    const Image8 halves{4, 4, 1, {1, 3, 5, 7, 1, 3, 5, 7, 10, 20, 30, 40, 10, 20, 30, 40}};
    CHECK(fitted(halves, 1, 2) == Bytes{2, 6, 15, 35});
}

TEST_CASE("shrinking keeps the mean")
{
    for (const int from : {40, 41, 64, 100}) {
        for (const std::int64_t to : {8, 13, 32}) {
            const Image8 image = pattern(from, from, 1);
            const Bytes out = fitted(image, 1, to);
            const auto mean = [](const Bytes& v) {
                return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
            };
            CHECK(std::abs(mean(out) - mean(image.pixels)) < 0.25);
        }
    }
}

TEST_CASE("growing interpolates between pixel centres")
{
    const Image8 image{2, 2, 1, {0, 100, 0, 100}};
    const Bytes row = {0, 25, 75, 100};
    const Bytes out = fitted(image, 1, 4);
    for (std::ptrdiff_t y = 0; y < 4; ++y) {
        CHECK(std::equal(row.begin(), row.end(), out.begin() + 4 * y));
    }
}

TEST_CASE("the central square is cut out of an oblong")
{
    const Image8 wide{4, 2, 1, {1, 2, 3, 4, 5, 6, 7, 8}};
    CHECK(fitted(wide, 1, 2) == Bytes{2, 3, 6, 7});
    const Image8 high{1, 5, 1, {1, 2, 3, 4, 5}};
    CHECK(fitted(high, 1, 1) == Bytes{3});
}

TEST_CASE("gray gets three channels, colour its luma, and transparency a white ground")
{
    CHECK(fitted(flat(1, 1, {7}), 3, 1) == Bytes{7, 7, 7});
    CHECK(fitted(flat(1, 1, {255, 0, 0}), 1, 1) == Bytes{76});
    CHECK(fitted(flat(1, 1, {0, 255, 0}), 1, 1) == Bytes{150});
    CHECK(fitted(flat(1, 1, {0, 0, 255}), 1, 1) == Bytes{29});
    CHECK(fitted(flat(1, 1, {255, 255, 255}), 1, 1) == Bytes{255});
    CHECK(fitted(flat(1, 1, {10, 20, 30, 255}), 3, 1) == Bytes{10, 20, 30});
    CHECK(fitted(flat(1, 1, {10, 20, 30, 0}), 3, 1) == Bytes{255, 255, 255});
    CHECK(fitted(flat(1, 1, {0, 0, 0, 51}), 3, 1) == Bytes{204, 204, 204});
}

TEST_CASE("buffers that do not fit are our own error, not memory out of bounds")
{
    Bytes small(3);
    CHECK_THROWS_AS(fit_image(flat(2, 2, {1}), 1, 2, small), EngineError);
    Image8 broken = flat(2, 2, {1});
    broken.pixels.pop_back();
    Bytes right(4);
    CHECK_THROWS_AS(fit_image(broken, 1, 2, right), EngineError);
}
