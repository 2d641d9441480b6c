// SPDX-License-Identifier: MIT
#pragma once

#include "report/image8.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace duodiff
{

/// One text chunk. `tEXt` chunks are Latin-1 in the file and UTF-8 here; characters outside of Latin-1
/// make it an `iTXt` chunk when written.
struct PngText {
    std::string keyword;         ///< 1..79 printable Latin-1 characters
    std::string text;            ///< UTF-8
    bool international = false;  ///< iTXt
    bool compressed = false;     ///< zlib, where that is smaller

    bool operator==(const PngText&) const = default;
};

/// A PNG file in memory: 8 bit gray, RGB or RGBA, with `texts` before the pixels.
std::vector<std::uint8_t> encode_png(const Image8& image, std::span<const PngText> texts = {});

/// The same as a file, whole or not at all. Throws EngineError(failed).
void write_png(const std::filesystem::path& path, const Image8& image, std::span<const PngText> texts = {});

/// The tEXt, zTXt and iTXt chunks of a PNG, in file order, without decoding its pixels. Lengths, CRCs and
/// keywords are checked; more than 64 of them, a chunk above 16 MiB of text, or one that inflates to more
/// than that, is refused before it takes the memory. Throws EngineError(bad_file).
std::vector<PngText> read_png_texts(const std::filesystem::path& path);
std::vector<PngText> parse_png_texts(std::span<const std::uint8_t> bytes, std::string_view where);

/// The pixels of a PNG as gray, RGB or RGBA with 8 bits; 16 bits are reduced, palettes and low depths
/// expanded. At most 64 million pixels, and none that the bytes are too few for. Throws
/// EngineError(bad_file).
Image8 read_png(const std::filesystem::path& path);
Image8 decode_png(std::string_view bytes, const std::string& where);

}  // namespace duodiff
