// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "report/atomic_file.h"
#include "report/png_file.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace duodiff
{

namespace
{

constexpr std::uint64_t largest_file = 1ULL << 30;
constexpr std::size_t largest_text = 16U << 20;
constexpr std::size_t most_texts = 64;
constexpr std::array<std::uint8_t, 8> signature = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

using Bytes = std::span<const std::uint8_t>;

/// Walks over the chunks of one file; every complaint carries the file's name.
class TextReader
{
public:
    TextReader(Bytes bytes, std::string_view where) : rest_(bytes), where_(where) {}

    std::vector<PngText> read()
    {
        if (rest_.empty()) {
            fail("the file is empty");
        }
        if (rest_.size() < signature.size() ||
            !std::equal(signature.begin(), signature.end(), rest_.begin())) {
            fail("this is not a PNG file");
        }
        rest_ = rest_.subspan(signature.size());
        for (bool first = true;; first = false) {
            const Chunk chunk = next_chunk();
            if (first && (chunk.type != "IHDR" || chunk.data.size() != 13)) {
                fail("this PNG file does not begin with its header");
            }
            if (chunk.type == "IEND") {
                return std::move(texts_);
            }
            if (chunk.type == "tEXt" || chunk.type == "zTXt" || chunk.type == "iTXt") {
                take_text(chunk);
            }
        }
    }

private:
    struct Chunk {
        std::string_view type;
        Bytes data;
    };

    [[noreturn]] void fail(std::string what) const
    {
        throw EngineError(ErrorCode::bad_file, std::move(what), std::string(where_));
    }

    std::uint32_t number_at(std::size_t at) const
    {
        return static_cast<std::uint32_t>(rest_[at]) << 24U |
               static_cast<std::uint32_t>(rest_[at + 1]) << 16U |
               static_cast<std::uint32_t>(rest_[at + 2]) << 8U | static_cast<std::uint32_t>(rest_[at + 3]);
    }

    Chunk next_chunk()
    {
        constexpr std::size_t around = 12;  // length, type, CRC
        if (rest_.size() < around) {
            fail("this PNG file ends too early");
        }
        const std::uint32_t length = number_at(0);
        if (length > 0x7FFFFFFFU || length > rest_.size() - around) {
            fail(fmt::format("a part of this PNG file claims {} bytes, {} are left", length,
                             rest_.size() - around));
        }
        const Bytes type_and_data = rest_.subspan(4, 4 + static_cast<std::size_t>(length));
        const std::uint32_t stored_crc = number_at(8 + static_cast<std::size_t>(length));
        const std::uint32_t crc = static_cast<std::uint32_t>(
            crc32(0, type_and_data.data(), static_cast<uInt>(type_and_data.size())));
        if (crc != stored_crc) {
            fail("this PNG file is damaged: a checksum does not fit");
        }
        rest_ = rest_.subspan(around + static_cast<std::size_t>(length));
        return {std::string_view(reinterpret_cast<const char*>(type_and_data.data()), 4),
                type_and_data.subspan(4)};
    }

    /// Cuts off what comes before the next zero byte.
    std::string take_field(Bytes& data) const
    {
        const auto zero = std::find(data.begin(), data.end(), std::uint8_t{0});
        if (zero == data.end()) {
            fail("a text of this PNG file has no end of its keyword");
        }
        std::string field(data.begin(), zero);
        data = data.subspan(field.size() + 1);
        return field;
    }

    std::string inflate_text(Bytes data) const
    {
        z_stream stream = {};
        if (inflateInit(&stream) != Z_OK) {
            fail("a compressed text of this PNG file cannot be read");
        }
        std::string text;
        std::vector<char> piece(64U << 10U);
        stream.next_in = const_cast<Bytef*>(data.data());
        stream.avail_in = static_cast<uInt>(data.size());
        int state = Z_OK;
        bool too_long = false;
        while (state == Z_OK && !too_long) {
            stream.next_out = reinterpret_cast<Bytef*>(piece.data());
            stream.avail_out = static_cast<uInt>(piece.size());
            state = inflate(&stream, Z_NO_FLUSH);
            const std::size_t got = piece.size() - stream.avail_out;
            too_long = text.size() + got > largest_text;
            if (!too_long) {
                text.append(piece.data(), got);
            }
        }
        inflateEnd(&stream);
        if (too_long) {
            fail("a compressed text of this PNG file inflates to more than 16 MiB");
        }
        if (state != Z_STREAM_END) {
            fail("a compressed text of this PNG file is damaged");
        }
        return text;
    }

    static std::string from_latin1(std::string_view latin1)
    {
        std::string utf8;
        for (const char c : latin1) {
            const auto byte = static_cast<unsigned char>(c);
            if (byte < 0x80) {
                utf8.push_back(c);
            } else {
                utf8.push_back(static_cast<char>(0xC0U | (byte >> 6U)));
                utf8.push_back(static_cast<char>(0x80U | (byte & 0x3FU)));
            }
        }
        return utf8;
    }

    static std::string as_string(Bytes data) { return {data.begin(), data.end()}; }

    void take_text(const Chunk& chunk)
    {
        if (texts_.size() == most_texts) {
            fail(fmt::format("this PNG file has more than {} texts", most_texts));
        }
        if (chunk.data.size() > largest_text) {
            fail("a text of this PNG file is longer than 16 MiB");
        }
        Bytes data = chunk.data;
        PngText text;
        text.keyword = take_field(data);
        if (text.keyword.empty() || text.keyword.size() > 79) {
            fail("a text of this PNG file has a bad keyword");
        }
        text.keyword = from_latin1(text.keyword);
        if (chunk.type == "tEXt") {
            text.text = from_latin1(as_string(data));
        } else if (chunk.type == "zTXt") {
            check_method(data, 0);
            text.compressed = true;
            text.text = from_latin1(inflate_text(data.subspan(1)));
        } else {
            check_method(data, 1);
            text.international = true;
            text.compressed = data[0] == 1;
            data = data.subspan(2);
            (void)take_field(data);  // language
            (void)take_field(data);  // keyword in that language
            text.text = text.compressed ? inflate_text(data) : as_string(data);
        }
        total_ += text.text.size();
        if (total_ > largest_text) {
            fail("the texts of this PNG file are longer than 16 MiB");
        }
        texts_.push_back(std::move(text));
    }

    /// zTXt: the method byte at 0. iTXt: a flag of 0 or 1 before it.
    void check_method(Bytes data, std::size_t at) const
    {
        if (data.size() <= at || (at == 1 && data[0] > 1) || data[at] != 0) {
            fail("a text of this PNG file is compressed in an unknown way");
        }
    }

    Bytes rest_;
    std::string_view where_;
    std::vector<PngText> texts_;
    std::size_t total_ = 0;
};

}  // namespace

std::vector<PngText> parse_png_texts(std::span<const std::uint8_t> bytes, std::string_view where)
{
    return TextReader(bytes, where).read();
}

std::vector<PngText> read_png_texts(const std::filesystem::path& path)
{
    const std::string file = read_whole_file(path, largest_file);
    return parse_png_texts(Bytes(reinterpret_cast<const std::uint8_t*>(file.data()), file.size()),
                           path.string());
}

}  // namespace duodiff
