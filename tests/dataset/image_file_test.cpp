// SPDX-License-Identifier: GPL-3.0-or-later
#include "data/image_file.h"
#include "base/error.h"
#include "dataset/image_files.h"
#include "support/test_paths.h"

#include <doctest/doctest.h>
#include <png.h>

#include <algorithm>
#include <random>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

Image8 written_and_read(const TemporaryFolder& folder, const Bytes& bytes)
{
    write_bytes(folder / "image", bytes);
    return read_image(folder / "image");
}

std::string refusal_of(const TemporaryFolder& folder, const Bytes& bytes)
{
    try {
        (void)written_and_read(folder, bytes);
    } catch (const EngineError& error) {
        CHECK(error.code() == ErrorCode::bad_file);
        return error.failure().what;
    }
    return {};
}

int largest_difference(const Image8& a, const Image8& b)
{
    REQUIRE(a.pixels.size() == b.pixels.size());
    int largest = 0;
    for (std::size_t i = 0; i < a.pixels.size(); ++i) {
        largest = std::max(largest, std::abs(a.pixels[i] - b.pixels[i]));
    }
    return largest;
}

void set_size(Bytes& file, std::uint32_t width, std::uint32_t height)
{
    const auto put = [&](std::size_t at, std::uint32_t number) {
        for (std::size_t i = 0; i < 4; ++i) {
            file[at + i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
        }
    };
    constexpr std::size_t header = 12;  // the chunk's name, from where its checksum counts
    put(16, width);
    put(20, height);
    std::uint32_t crc = 0xFFFFFFFFU;
    for (std::size_t i = header; i < 29; ++i) {
        crc ^= file[i];
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc & 1U) != 0 ? (crc >> 1U) ^ 0xEDB88320U : crc >> 1U;
        }
    }
    put(29, ~crc);
}

std::vector<Bytes> sample_files()
{
    return {png(pattern(16, 12, 3)), png(pattern(9, 9, 1)), jpeg(pattern(16, 12, 3)),
            jpeg(pattern(16, 16, 1), 60)};
}

}  // namespace

TEST_CASE("PNG images of every kind come out as 8-bit gray, RGB or RGBA")
{
    const TemporaryFolder folder;
    for (const int channels : {1, 3, 4}) {
        const Image8 image = pattern(13, 7, channels);
        CHECK(written_and_read(folder, png(image)) == image);
    }
    const Image8 two_bits = written_and_read(
        folder,
        raw_png({.width = 4, .height = 1, .bits = 2, .colour_type = PNG_COLOR_TYPE_GRAY, .rows = {{0x1B}}}));
    CHECK(two_bits == Image8{4, 1, 1, {0, 85, 170, 255}});
    const Image8 palette = written_and_read(folder, raw_png({.width = 2,
                                                             .height = 1,
                                                             .bits = 1,
                                                             .colour_type = PNG_COLOR_TYPE_PALETTE,
                                                             .rows = {{0x40}},
                                                             .palette = {1, 2, 3, 200, 100, 50}}));
    CHECK(palette == Image8{2, 1, 3, {1, 2, 3, 200, 100, 50}});
    const Image8 sixteen = written_and_read(folder, raw_png({.width = 2,
                                                             .height = 1,
                                                             .bits = 16,
                                                             .colour_type = PNG_COLOR_TYPE_GRAY,
                                                             .rows = {{0x80, 0x10, 0xFF, 0xFF}}}));
    CHECK(sixteen == Image8{2, 1, 1, {0x80, 0xFF}});
}

TEST_CASE("an interlaced PNG is the same image")
{
    const TemporaryFolder folder;
    const Image8 image = pattern(21, 17, 3);
    std::vector<Bytes> rows;
    for (std::ptrdiff_t y = 0; y < image.height; ++y) {
        const auto begin = image.pixels.begin() + y * image.width * 3;
        rows.emplace_back(begin, begin + image.width * 3);
    }
    CHECK(written_and_read(folder, raw_png({.width = 21,
                                            .height = 17,
                                            .colour_type = PNG_COLOR_TYPE_RGB,
                                            .interlaced = true,
                                            .rows = rows})) == image);
}

TEST_CASE("JPEG images come out as gray or RGB, also those in printing inks")
{
    const TemporaryFolder folder;
    for (const int channels : {1, 3}) {
        const Image8 image = pattern(24, 17, channels);
        const Image8 read = written_and_read(folder, jpeg(image));
        CHECK(read.channels == channels);
        CHECK(largest_difference(read, image) <= 4);
    }
    // Inverted, as stored: full paper white, cyan taken away, half of the black.
    const Image8 white = written_and_read(folder, cmyk_jpeg(8, 8, {255, 255, 255, 255}));
    CHECK(largest_difference(white, flat(8, 8, {255, 255, 255})) <= 2);
    const Image8 dark_red = written_and_read(folder, cmyk_jpeg(8, 8, {255, 0, 0, 128}));
    CHECK(largest_difference(dark_red, flat(8, 8, {128, 0, 0})) <= 2);
}

TEST_CASE("an image that is cut off is refused, wherever")
{
    const TemporaryFolder folder;
    for (const Bytes& whole : sample_files()) {
        // The last two bytes of a JPEG file only say that it ends; of a PNG, the last chunk does.
        const bool is_png = whole[0] == 0x89;
        const std::size_t needed = whole.size() - (is_png ? 13 : 3);
        for (std::size_t length = 0; length < needed; length += 7) {
            CHECK_FALSE(
                refusal_of(folder, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)))
                    .empty());
        }
    }
}

TEST_CASE("damaged images are read or refused, never worse")
{
    const TemporaryFolder folder;
    std::mt19937 random(1);
    int refused = 0;
    for (const Bytes& whole : sample_files()) {
        for (int i = 0; i < 100; ++i) {
            Bytes bytes = whole;
            const int changes = 1 + static_cast<int>(random() % 4);
            for (int change = 0; change < changes; ++change) {
                bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
            }
            refused += refusal_of(folder, bytes).empty() ? 0 : 1;
        }
    }
    CHECK(refused > 100);
}

TEST_CASE("an image that announces more pixels than its file can hold is refused at once")
{
    const TemporaryFolder folder;
    for (const std::uint32_t side : {4000U, 8000U, 100'000U, 0x7FFFFFFFU}) {
        Bytes file = png(pattern(8, 8, 3));
        set_size(file, side, side);
        const std::string what = refusal_of(folder, file);
        CHECK_MESSAGE(!what.empty(), side);
    }
    Bytes file = jpeg(pattern(8, 8, 3));
    const Bytes marker = {0xFF, 0xC0};  // the frame's size follows 5 bytes on
    const auto at = std::search(file.begin(), file.end(), marker.begin(), marker.end());
    REQUIRE(at != file.end());
    *(at + 5) = 0xF0;
    *(at + 7) = 0xF0;
    CHECK(refusal_of(folder, file).find(" x 614") != std::string::npos);
    *(at + 5) = 0x10;
    *(at + 7) = 0x10;
    CHECK(refusal_of(folder, file).find("too early") != std::string::npos);
}

TEST_CASE("what is no image is named")
{
    const TemporaryFolder folder;
    CHECK(refusal_of(folder, {}).find("an empty file") != std::string::npos);
    CHECK(refusal_of(folder, {'G', 'I', 'F', '8', '9', 'a'}).find("a GIF image") != std::string::npos);
    CHECK(refusal_of(folder, {'h', 'e', 'l', 'l', 'o'}).find("unknown kind") != std::string::npos);
    CHECK(refusal_of(folder, {'P', 'K', 3, 4}).find("zip") != std::string::npos);
}
