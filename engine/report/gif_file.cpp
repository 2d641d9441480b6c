// SPDX-License-Identifier: MIT
#include "report/gif_file.h"

#include "base/error.h"
#include "report/atomic_file.h"

#include <fmt/format.h>
#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <map>
#include <memory>
#include <string>

namespace duodiff
{

namespace
{

constexpr int most_colours = 256;
constexpr int largest_side = 65'535;

using Rgb = std::array<GifByteType, 3>;

struct Indexed {
    std::vector<GifColorType> palette;  ///< a power of two, 2..256
    std::vector<GifByteType> pixels;
};

[[noreturn]] void fail(int code)
{
    const char* reason = GifErrorString(code);
    throw EngineError(ErrorCode::failed, fmt::format("the animation cannot be made: {}",
                                                     reason != nullptr ? reason : "unknown reason"));
}

int append_bytes(GifFileType* gif, const GifByteType* data, int length)
{
    auto* bytes = static_cast<std::vector<std::uint8_t>*>(gif->UserData);
    try {
        bytes->insert(bytes->end(), data, data + length);
        return length;
    } catch (const std::exception&) {
        return 0;  // no exception may pass through giflib's C frames
    }
}

/// Of a picture in colour.
Rgb pixel(const Image8& image, std::size_t i)
{
    const std::size_t channels = static_cast<std::size_t>(image.channels);
    const std::uint8_t* at = image.pixels.data() + i * channels;
    return {at[0], at[1], at[2]};
}

void pad_palette(std::vector<GifColorType>& palette)
{
    std::size_t size = 2;
    while (size < palette.size()) {
        size *= 2;
    }
    palette.resize(size, GifColorType{0, 0, 0});
}

/// Grays are at most 256.
Indexed index_grays(const Image8& image)
{
    Indexed indexed;
    std::array<int, most_colours> numbers;
    numbers.fill(-1);
    indexed.pixels.reserve(image.pixels.size());
    for (const std::uint8_t gray : image.pixels) {
        if (numbers[gray] < 0) {
            numbers[gray] = static_cast<int>(indexed.palette.size());
            indexed.palette.push_back({gray, gray, gray});
        }
        indexed.pixels.push_back(static_cast<GifByteType>(numbers[gray]));
    }
    return indexed;
}

/// Exact; false where the frame has too many colours.
bool index_exactly(const Image8& image, Indexed& indexed)
{
    std::map<Rgb, GifByteType> numbers;
    const std::size_t count = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
    indexed.pixels.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        const Rgb colour = pixel(image, i);
        const auto known = numbers.find(colour);
        if (known == numbers.end()) {
            if (numbers.size() == most_colours) {
                return false;
            }
            indexed.pixels[i] = static_cast<GifByteType>(numbers.size());
            numbers.emplace(colour, indexed.pixels[i]);
            indexed.palette.push_back({colour[0], colour[1], colour[2]});
        } else {
            indexed.pixels[i] = known->second;
        }
    }
    return true;
}

Indexed index_best(const Image8& image)
{
    const std::size_t count = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
    std::array<std::vector<GifByteType>, 3> planes;
    for (std::size_t c = 0; c < planes.size(); ++c) {
        planes[c].resize(count);
        for (std::size_t i = 0; i < count; ++i) {
            planes[c][i] = pixel(image, i)[c];
        }
    }
    Indexed indexed;
    indexed.palette.resize(most_colours);
    indexed.pixels.resize(count);
    int colours = most_colours;
    if (GifQuantizeBuffer(static_cast<unsigned>(image.width), static_cast<unsigned>(image.height), &colours,
                          planes[0].data(), planes[1].data(), planes[2].data(), indexed.pixels.data(),
                          indexed.palette.data()) != GIF_OK) {
        throw EngineError(ErrorCode::out_of_memory, "no memory for the colours of an animation");
    }
    indexed.palette.resize(static_cast<std::size_t>(colours));
    return indexed;
}

Indexed indexed_of(const Image8& image)
{
    Indexed indexed;
    if (image.channels == 1) {
        indexed = index_grays(image);
    } else if (!index_exactly(image, indexed)) {
        indexed = index_best(image);
    }
    pad_palette(indexed.palette);
    return indexed;
}

void check_first(const Image8& first)
{
    const bool shaped = first.width > 0 && first.height > 0 &&
                        (first.channels == 1 || first.channels == 3 || first.channels == 4) &&
                        first.pixels.size() == static_cast<std::size_t>(first.width) *
                                                   static_cast<std::size_t>(first.height) *
                                                   static_cast<std::size_t>(first.channels);
    if (!shaped) {
        throw EngineError(ErrorCode::usage, "a picture of an animation has no pixels");
    }
    if (first.width > largest_side || first.height > largest_side) {
        throw EngineError(ErrorCode::failed,
                          fmt::format("a GIF has at most {0} x {0} pixels, not {1} x {2}", largest_side,
                                      first.width, first.height),
                          {}, "Export fewer images, or a strip.");
    }
}

void check_alike(const Image8& frame, const Image8& first)
{
    if (frame.width != first.width || frame.height != first.height || frame.channels != first.channels ||
        frame.pixels.size() != first.pixels.size()) {
        throw EngineError(ErrorCode::usage, "the pictures of an animation differ in shape");
    }
}

class GifWriter
{
public:
    explicit GifWriter(std::vector<std::uint8_t>& bytes)
    {
        int error = GIF_OK;
        gif_ = EGifOpen(&bytes, append_bytes, &error);
        if (gif_ == nullptr) {
            fail(error);
        }
    }
    GifWriter(const GifWriter&) = delete;
    GifWriter& operator=(const GifWriter&) = delete;
    ~GifWriter()
    {
        if (gif_ != nullptr) {
            int error = GIF_OK;
            EGifCloseFile(gif_, &error);
        }
    }

    void begin(const Image8& first, bool repeats)
    {
        EGifSetGifVersion(gif_, true);
        check(EGifPutScreenDesc(gif_, first.width, first.height, 8, 0, nullptr));
        if (repeats) {
            // The loop extension that Netscape's browser brought: 0 rounds are all rounds.
            const std::array<GifByteType, 3> rounds = {1, 0, 0};
            check(EGifPutExtensionLeader(gif_, APPLICATION_EXT_FUNC_CODE));
            check(EGifPutExtensionBlock(gif_, 11, "NETSCAPE2.0"));
            check(EGifPutExtensionBlock(gif_, static_cast<int>(rounds.size()), rounds.data()));
            check(EGifPutExtensionTrailer(gif_));
        }
    }

    void add(const Image8& frame, int ms)
    {
        GraphicsControlBlock control = {};
        control.DisposalMode = DISPOSE_DO_NOT;
        control.DelayTime = std::clamp((ms + 5) / 10, 0, largest_side);
        control.TransparentColor = NO_TRANSPARENT_COLOR;
        std::array<GifByteType, 4> extension = {};
        EGifGCBToExtension(&control, extension.data());
        check(EGifPutExtension(gif_, GRAPHICS_EXT_FUNC_CODE, static_cast<int>(extension.size()),
                               extension.data()));
        Indexed indexed = indexed_of(frame);
        const std::unique_ptr<ColorMapObject, decltype(&GifFreeMapObject)> map(
            GifMakeMapObject(static_cast<int>(indexed.palette.size()), indexed.palette.data()),
            &GifFreeMapObject);
        if (map == nullptr) {
            throw EngineError(ErrorCode::out_of_memory, "no memory for the colours of an animation");
        }
        check(EGifPutImageDesc(gif_, 0, 0, frame.width, frame.height, false, map.get()));
        for (int y = 0; y < frame.height; ++y) {
            GifByteType* row =
                indexed.pixels.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(frame.width);
            check(EGifPutLine(gif_, row, frame.width));
        }
    }

    void end()
    {
        int error = GIF_OK;
        GifFileType* gif = gif_;
        gif_ = nullptr;
        if (EGifCloseFile(gif, &error) != GIF_OK) {
            fail(error);
        }
    }

private:
    void check(int result) const
    {
        if (result != GIF_OK) {
            fail(gif_->Error);
        }
    }

    GifFileType* gif_ = nullptr;
};

}  // namespace

std::vector<std::uint8_t> encode_gif(std::size_t frames, const GifFrameMaker& frame_at,
                                     const GifOptions& options)
{
    if (frames == 0) {
        throw EngineError(ErrorCode::usage, "an animation needs at least one picture");
    }
    const Image8 first = frame_at(0);
    check_first(first);
    std::vector<std::uint8_t> bytes;
    GifWriter writer(bytes);
    writer.begin(first, options.repeats);
    for (std::size_t i = 0; i < frames; ++i) {
        const int ms = i + 1 == frames ? options.last_ms : options.frame_ms;
        if (i == 0) {
            writer.add(first, ms);
            continue;
        }
        const Image8 frame = frame_at(i);
        check_alike(frame, first);
        writer.add(frame, ms);
    }
    writer.end();
    return bytes;
}

std::vector<std::uint8_t> encode_gif(std::span<const Image8> frames, const GifOptions& options)
{
    return encode_gif(
        frames.size(), [frames](std::size_t index) { return frames[index]; }, options);
}

void write_gif(const std::filesystem::path& path, std::span<const Image8> frames, const GifOptions& options)
{
    const std::vector<std::uint8_t> bytes = encode_gif(frames, options);
    write_file_atomically(path, std::span<const std::uint8_t>(bytes));
}

}  // namespace duodiff
