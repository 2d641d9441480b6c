// SPDX-License-Identifier: MIT
#include "report/png_file.h"

#include "base/error.h"
#include "report/atomic_file.h"

#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <exception>
#include <functional>

namespace duodiff
{

namespace
{

constexpr std::uint64_t largest_pixels = 64'000'000;
constexpr std::uint64_t largest_file = 1ULL << 30;
constexpr std::uint64_t best_deflate_ratio = 1032;

/// Handed to libpng: it may only leave its callbacks by longjmp, so what went wrong is kept here.
struct PngProblem {
    std::string text;
};

[[noreturn]] void on_png_error(png_structp png, png_const_charp message)
{
    auto* problem = static_cast<PngProblem*>(png_get_error_ptr(png));
    problem->text = message;
    png_longjmp(png, 1);
}

void on_png_warning(png_structp, png_const_charp) {}

void append_bytes(png_structp png, png_bytep data, png_size_t length)
{
    auto* bytes = static_cast<std::vector<std::uint8_t>*>(png_get_io_ptr(png));
    try {
        bytes->insert(bytes->end(), data, data + length);
        return;
    } catch (const std::exception&) {
        // An exception must not pass through libpng's C frames, and neither may its error leave a handler.
    }
    png_error(png, "not enough memory");
}

void flush_nothing(png_structp) {}

struct ByteSource {
    std::string_view bytes;
    std::size_t at = 0;
};

void take_bytes(png_structp png, png_bytep data, png_size_t length)
{
    auto* source = static_cast<ByteSource*>(png_get_io_ptr(png));
    if (source->bytes.size() - source->at < length) {
        png_error(png, "the file ends too early");
    }
    std::memcpy(data, source->bytes.data() + source->at, length);
    source->at += length;
}

/// libpng's two structures, freed at the end of the scope.
struct PngWriter {
    explicit PngWriter(PngProblem& problem)
        : png(png_create_write_struct(PNG_LIBPNG_VER_STRING, &problem, on_png_error, on_png_warning)),
          info(png != nullptr ? png_create_info_struct(png) : nullptr)
    {
    }
    PngWriter(const PngWriter&) = delete;
    PngWriter& operator=(const PngWriter&) = delete;
    ~PngWriter() { png_destroy_write_struct(&png, &info); }
    png_structp png;
    png_infop info;
};

struct PngReader {
    explicit PngReader(PngProblem& problem)
        : png(png_create_read_struct(PNG_LIBPNG_VER_STRING, &problem, on_png_error, on_png_warning)),
          info(png != nullptr ? png_create_info_struct(png) : nullptr)
    {
    }
    PngReader(const PngReader&) = delete;
    PngReader& operator=(const PngReader&) = delete;
    ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
    png_structp png;
    png_infop info;
};

/// libpng reports errors by a jump: runs `work`, in which nothing with a destructor may live, and returns
/// whether it came to its end. Opaque to the optimiser, so that no variable is in a register meanwhile.
[[gnu::noinline]] bool runs_to_end(png_structp png, const std::function<void()>& work)
{
    if (setjmp(png_jmpbuf(png)) != 0) {
        return false;
    }
    work();
    return true;
}

int colour_type(int channels)
{
    switch (channels) {
        case 1:
            return PNG_COLOR_TYPE_GRAY;
        case 3:
            return PNG_COLOR_TYPE_RGB;
        case 4:
            return PNG_COLOR_TYPE_RGB_ALPHA;
        default:
            throw EngineError(ErrorCode::failed,
                              fmt::format("a PNG file takes 1, 3 or 4 channels, not {}", channels));
    }
}

/// UTF-8 as Latin-1; false where it has characters outside of it.
bool to_latin1(const std::string& utf8, std::string& latin1)
{
    latin1.clear();
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const auto byte = static_cast<unsigned char>(utf8[i]);
        if (byte < 0x80) {
            latin1.push_back(utf8[i]);
            continue;
        }
        if ((byte != 0xC2 && byte != 0xC3) || i + 1 == utf8.size()) {
            return false;
        }
        const auto next = static_cast<unsigned char>(utf8[++i]);
        latin1.push_back(static_cast<char>(((byte & 0x03U) << 6U) | (next & 0x3FU)));
    }
    return true;
}

/// libpng's view of the texts; `storage` owns the converted strings.
std::vector<png_text> png_texts(std::span<const PngText> texts, std::vector<std::string>& storage)
{
    storage.reserve(texts.size());
    std::vector<png_text> entries;
    for (const PngText& text : texts) {
        if (text.keyword.empty() || text.keyword.size() > 79) {
            throw EngineError(ErrorCode::failed,
                              fmt::format("a PNG keyword has 1 to 79 characters: '{}'", text.keyword));
        }
        std::string latin1;
        const bool international = text.international || !to_latin1(text.text, latin1);
        storage.push_back(international ? text.text : latin1);
        png_text entry = {};
        entry.compression = international
                                ? (text.compressed ? PNG_ITXT_COMPRESSION_zTXt : PNG_ITXT_COMPRESSION_NONE)
                                : (text.compressed ? PNG_TEXT_COMPRESSION_zTXt : PNG_TEXT_COMPRESSION_NONE);
        entry.key = const_cast<char*>(text.keyword.c_str());
        entry.text = storage.back().data();
        (international ? entry.itxt_length : entry.text_length) = storage.back().size();
        entries.push_back(entry);
    }
    return entries;
}

}  // namespace

std::vector<std::uint8_t> encode_png(const Image8& image, std::span<const PngText> texts)
{
    const int colour = colour_type(image.channels);
    const std::size_t row_bytes =
        static_cast<std::size_t>(std::max(image.width, 0)) * static_cast<std::size_t>(image.channels);
    if (row_bytes == 0 || image.height <= 0 ||
        image.pixels.size() != row_bytes * static_cast<std::size_t>(image.height)) {
        throw EngineError(ErrorCode::failed,
                          fmt::format("{} bytes do not make a picture of {} x {} x {}", image.pixels.size(),
                                      image.height, image.width, image.channels));
    }
    std::vector<std::string> storage;
    const std::vector<png_text> entries = png_texts(texts, storage);
    std::vector<png_bytep> rows(static_cast<std::size_t>(image.height));
    for (std::size_t y = 0; y < rows.size(); ++y) {
        rows[y] = const_cast<png_bytep>(image.pixels.data() + y * row_bytes);
    }
    std::vector<std::uint8_t> bytes;
    PngProblem problem;

    const PngWriter writer(problem);
    if (writer.info == nullptr) {
        throw EngineError(ErrorCode::out_of_memory, "no memory for a PNG file");
    }
    const png_structp png = writer.png;
    const png_infop info = writer.info;
    const auto write = [&] {
        png_set_write_fn(png, &bytes, append_bytes, flush_nothing);
        png_set_IHDR(png, info, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height),
                     8, colour, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
        if (!entries.empty()) {
            png_set_text(png, info, entries.data(), static_cast<int>(entries.size()));
        }
        png_write_info(png, info);
        png_write_image(png, rows.data());
        png_write_end(png, info);
    };
    if (!runs_to_end(png, write)) {
        throw EngineError(ErrorCode::failed, fmt::format("cannot make a PNG file: {}", problem.text));
    }
    return bytes;
}

void write_png(const std::filesystem::path& path, const Image8& image, std::span<const PngText> texts)
{
    write_file_atomically(path, encode_png(image, texts));
}

namespace
{

/// Sets libpng up to give 8-bit gray, RGB or RGBA, and `image` up to take it.
void begin_reading(png_structp png, png_infop info, ByteSource& source, Image8& image)
{
    png_set_read_fn(png, &source, take_bytes);
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_DEFAULT);
    // Texts and profiles are read elsewhere, with limits of their own.
    constexpr const char* passed_over = "tEXt\0zTXt\0iTXt\0iCCP\0sPLT\0eXIf";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, reinterpret_cast<png_const_bytep>(passed_over),
                                6);
    png_read_info(png, info);
    const png_uint_32 width = png_get_image_width(png, info);
    const png_uint_32 height = png_get_image_height(png, info);
    if (static_cast<std::uint64_t>(width) * height > largest_pixels) {
        png_error(png, "it has too many pixels");
    }
    if (png_get_rowbytes(png, info) * height / best_deflate_ratio > source.bytes.size()) {
        png_error(png, "the file ends too early");
    }
    png_set_expand(png);
    png_set_strip_16(png);
    const int colour = png_get_color_type(png, info);
    const bool transparent_gray =
        colour == PNG_COLOR_TYPE_GRAY_ALPHA ||
        (colour == PNG_COLOR_TYPE_GRAY && png_get_valid(png, info, PNG_INFO_tRNS) != 0);
    if (transparent_gray) {
        png_set_gray_to_rgb(png);
    }
    (void)png_set_interlace_handling(png);
    png_read_update_info(png, info);
    image.width = static_cast<int>(width);
    image.height = static_cast<int>(height);
    image.channels = png_get_channels(png, info);
}

}  // namespace

Image8 decode_png(std::string_view bytes, const std::string& where)
{
    ByteSource source{bytes, 0};
    PngProblem problem;
    const PngReader reader(problem);
    if (reader.info == nullptr) {
        throw EngineError(ErrorCode::out_of_memory, "no memory to read a PNG file", where);
    }
    Image8 image;
    std::vector<png_bytep> rows;
    const bool begun =
        runs_to_end(reader.png, [&] { begin_reading(reader.png, reader.info, source, image); });
    if (begun) {
        const std::size_t row_bytes =
            static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.channels);
        image.pixels.resize(row_bytes * static_cast<std::size_t>(image.height));
        for (std::size_t y = 0; y < static_cast<std::size_t>(image.height); ++y) {
            rows.push_back(image.pixels.data() + y * row_bytes);
        }
    }
    const bool ended = begun && runs_to_end(reader.png, [&] {
                           png_read_image(reader.png, rows.data());
                           png_read_end(reader.png, nullptr);
                       });
    if (!ended) {
        throw EngineError(ErrorCode::bad_file, fmt::format("this PNG file cannot be read: {}", problem.text),
                          where);
    }
    return image;
}

Image8 read_png(const std::filesystem::path& path)
{
    return decode_png(read_whole_file(path, largest_file), path.string());
}

}  // namespace duodiff
