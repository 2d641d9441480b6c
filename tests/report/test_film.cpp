// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/error.h"
#include "report/film.h"
#include "report/gif_file.h"
#include "report/report_samples.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>
#include <gif_lib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

using namespace duodiff;
using duodiff::test::TemporaryFolder;

namespace
{

struct ReadFrame {
    Image8 image;  ///< RGB
    int ms = 0;
};

struct ReadGif {
    std::vector<ReadFrame> frames;
    bool repeats = false;
    int texts = 0;
};

ReadGif read_gif(const std::filesystem::path& path)
{
    int error = 0;
    GifFileType* gif = DGifOpenFileName(path.c_str(), &error);
    REQUIRE(gif != nullptr);
    REQUIRE(DGifSlurp(gif) == GIF_OK);
    ReadGif read;
    for (int i = 0; i < gif->ImageCount; ++i) {
        const SavedImage& saved = gif->SavedImages[i];
        GraphicsControlBlock control = {};
        REQUIRE(DGifSavedExtensionToGCB(gif, i, &control) == GIF_OK);
        ReadFrame frame;
        frame.ms = control.DelayTime * 10;
        frame.image = {saved.ImageDesc.Width, saved.ImageDesc.Height, 3, {}};
        const ColorMapObject* map = saved.ImageDesc.ColorMap;
        REQUIRE(map != nullptr);
        for (int k = 0; k < frame.image.width * frame.image.height; ++k) {
            const GifColorType& colour = map->Colors[saved.RasterBits[k]];
            frame.image.pixels.insert(frame.image.pixels.end(), {colour.Red, colour.Green, colour.Blue});
        }
        for (int k = 0; k < saved.ExtensionBlockCount; ++k) {
            const ExtensionBlock& block = saved.ExtensionBlocks[k];
            read.texts += block.Function == COMMENT_EXT_FUNC_CODE ? 1 : 0;
            read.repeats |= block.Function == APPLICATION_EXT_FUNC_CODE;
        }
        read.frames.push_back(std::move(frame));
    }
    DGifCloseFile(gif, &error);
    return read;
}

Image8 as_rgb(const Image8& image)
{
    Image8 rgb{image.width, image.height, 3, {}};
    const std::size_t channels = static_cast<std::size_t>(image.channels);
    for (std::size_t i = 0; i < image.pixels.size(); i += channels) {
        for (std::size_t c = 0; c < 3; ++c) {
            rgb.pixels.push_back(image.pixels[channels == 1 ? i : i + c]);
        }
    }
    return rgb;
}

Image8 plain(int width, int height, int channels, int value)
{
    return {width, height, channels,
            std::vector<std::uint8_t>(static_cast<std::size_t>(width * height * channels),
                                      static_cast<std::uint8_t>(value))};
}

}  // namespace

TEST_CASE("an animation has every frame exactly where 256 colours are enough, and its times")
{
    const TemporaryFolder folder;
    for (const int channels : {1, 3, 4}) {
        std::vector<Image8> frames;
        for (int i = 0; i < 5; ++i) {
            frames.push_back(test::gradient(13, 7, channels));
            frames.back().pixels[0] = static_cast<std::uint8_t>(40 * i);
        }
        frames.push_back(plain(13, 7, channels, 3));
        write_gif(folder / "a.gif", frames, {.frame_ms = 123, .last_ms = 2000});
        const ReadGif read = read_gif(folder / "a.gif");
        REQUIRE(read.frames.size() == frames.size());
        CHECK(read.repeats);
        CHECK(read.texts == 0);
        for (std::size_t i = 0; i < frames.size(); ++i) {
            CHECK(read.frames[i].image == as_rgb(frames[i]));
            CHECK(read.frames[i].ms == (i + 1 < frames.size() ? 120 : 2000));
        }
    }
}

TEST_CASE("a frame of thousands of colours comes near, and plays once where it is told to")
{
    const TemporaryFolder folder;
    Image8 image{64, 64, 3, {}};
    for (int y = 0; y < 64; ++y) {
        for (int x = 0; x < 64; ++x) {
            image.pixels.insert(image.pixels.end(),
                                {static_cast<std::uint8_t>(4 * x), static_cast<std::uint8_t>(4 * y),
                                 static_cast<std::uint8_t>(2 * (x + y))});
        }
    }
    const std::vector<Image8> frames = {image, image};
    write_gif(folder / "a.gif", frames, {.repeats = false});
    const ReadGif read = read_gif(folder / "a.gif");
    CHECK_FALSE(read.repeats);
    REQUIRE(read.frames.size() == 2);
    double sum = 0.0;
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
        sum += std::abs(static_cast<int>(read.frames[0].image.pixels[i]) - static_cast<int>(image.pixels[i]));
    }
    CHECK(sum / static_cast<double>(image.pixels.size()) < 8.0);
}

TEST_CASE("frames that make no animation are refused")
{
    CHECK_THROWS_AS(encode_gif({}), EngineError);
    const std::vector<Image8> differing = {plain(2, 2, 1, 0), plain(3, 2, 1, 0)};
    CHECK_THROWS_AS(encode_gif(differing), EngineError);
    Image8 damaged = plain(4, 4, 3, 0);
    damaged.pixels.pop_back();
    CHECK_THROWS_AS(encode_gif(std::vector<Image8>{damaged}), EngineError);
    CHECK_THROWS_AS(encode_gif(std::vector<Image8>{plain(65'536, 1, 1, 0)}), EngineError);
}

TEST_CASE("frames that are made one at a time give the same file, and what a maker throws ends it")
{
    std::vector<Image8> frames;
    for (int i = 0; i < 4; ++i) {
        frames.push_back(plain(6, 5, 1, 60 * i));
    }
    std::vector<std::size_t> asked;
    const auto maker = [&](std::size_t index) {
        asked.push_back(index);
        return frames[index];
    };
    CHECK(encode_gif(frames.size(), maker) == encode_gif(frames));
    CHECK(asked == std::vector<std::size_t>{0, 1, 2, 3});
    const auto stopping = [&](std::size_t index) -> Image8 {
        if (index == 2) {
            throw EngineError(ErrorCode::cancelled, "stopped");
        }
        return frames[index];
    };
    CHECK_THROWS_AS(encode_gif(frames.size(), stopping), EngineError);
    CHECK_THROWS_AS(encode_gif(0, maker), EngineError);
}

TEST_CASE("steps are spaced equally, the first and the last among them, none twice")
{
    for (std::size_t count = 1; count <= 60; ++count) {
        for (std::size_t wanted = 1; wanted <= 70; ++wanted) {
            const std::vector<std::size_t> steps = equally_spaced(count, wanted);
            REQUIRE(steps.size() == std::min(count, wanted));
            CHECK(steps.back() == count - 1);
            CHECK((steps.size() == 1 || steps.front() == 0));
            std::size_t least = count;
            std::size_t most = 0;
            for (std::size_t i = 1; i < steps.size(); ++i) {
                REQUIRE(steps[i] > steps[i - 1]);
                least = std::min(least, steps[i] - steps[i - 1]);
                most = std::max(most, steps[i] - steps[i - 1]);
            }
            CHECK((steps.size() < 2 || most - least <= 1));
        }
    }
    CHECK(equally_spaced(0, 5).empty());
    CHECK(equally_spaced(5, 0).empty());
}

TEST_CASE("a strip has a row an image and a column a chosen step; an animation a grid a step")
{
    std::vector<PictureSequence> images(3);
    for (int image = 0; image < 3; ++image) {
        for (int step = 0; step < 11; ++step) {
            images[static_cast<std::size_t>(image)].push_back(plain(4, 5, 3, image * 50 + step));
        }
    }
    const Image8 strip = compose_strip(images, {.steps = 6, .grid = {.padding = 1}});
    REQUIRE(strip.width == 6 * 5 + 1);
    REQUIRE(strip.height == 3 * 6 + 1);
    for (int row = 0; row < 3; ++row) {
        for (int column = 0; column < 6; ++column) {
            const int at = ((1 + row * 6) * strip.width + 1 + column * 5) * 3;
            CHECK(strip.pixels[static_cast<std::size_t>(at)] == row * 50 + column * 2);
        }
    }
    const PictureSequence frames = grid_frames(images);
    REQUIRE(frames.size() == 11);
    CHECK(frames[4] == compose_grid(std::vector<Image8>{images[0][4], images[1][4], images[2][4]}));
    CHECK_THROWS_AS(compose_strip({}), EngineError);
    CHECK_THROWS_AS(compose_strip(std::vector<PictureSequence>(2)), EngineError);
    images[1].pop_back();
    CHECK_THROWS_AS(compose_strip(images), EngineError);
    CHECK_THROWS_AS(grid_frames(images), EngineError);
}

TEST_CASE("an enlarged picture has every pixel in a square of its own")
{
    const Image8 small = test::gradient(3, 2, 3);
    const Image8 large = enlarged(small, 4);
    REQUIRE(large.width == 12);
    REQUIRE(large.height == 8);
    for (int y = 0; y < 8; ++y) {
        for (int x = 0; x < 12; ++x) {
            for (int c = 0; c < 3; ++c) {
                CHECK(large.pixels[static_cast<std::size_t>((y * 12 + x) * 3 + c)] ==
                      small.pixels[static_cast<std::size_t>((y / 4 * 3 + x / 4) * 3 + c)]);
            }
        }
    }
    CHECK(enlarged(small, 1) == small);
    CHECK_THROWS_AS(enlarged(small, 0), EngineError);
}
