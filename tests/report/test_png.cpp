// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/error.h"
#include "report/atomic_file.h"
#include "report/png_file.h"
#include "report/report_samples.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <random>
#include <string>
#include <vector>

using namespace duodiff;
using duodiff::test::TemporaryFolder;

namespace
{

using Bytes = std::vector<std::uint8_t>;

std::string number(std::uint32_t value)
{
    return {static_cast<char>(value >> 24U), static_cast<char>(value >> 16U), static_cast<char>(value >> 8U),
            static_cast<char>(value)};
}

std::string chunk(const std::string& type, const std::string& data)
{
    const std::string body = type + data;
    const auto crc = static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size())));
    return number(static_cast<std::uint32_t>(data.size())) + body + number(crc);
}

std::string deflated(const std::string& text)
{
    uLongf size = compressBound(text.size());
    std::string out(size, '\0');
    REQUIRE(compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                      reinterpret_cast<const Bytef*>(text.data()), text.size(), 9) == Z_OK);
    out.resize(size);
    return out;
}

const std::string png_signature = "\x89PNG\r\n\x1a\n";
const std::string header = chunk("IHDR", number(1) + number(1) + std::string("\x08\0\0\0\0", 5));
const std::string end = chunk("IEND", "");

std::string with_chunks(const std::string& chunks)
{
    return png_signature + header + chunks + end;
}

std::vector<PngText> parse(const std::string& file)
{
    return parse_png_texts(Bytes(file.begin(), file.end()), "picture.png");
}

void check_refused(const std::string& file)
{
    try {
        parse(file);
        FAIL("a damaged file was accepted");
    } catch (const EngineError& error) {
        CHECK(error.code() == ErrorCode::bad_file);
        CHECK(error.failure().where == "picture.png");
        CHECK(error.failure().what.find('\n') == std::string::npos);
    }
}

}  // namespace

TEST_CASE("pixels and texts come back as they were written, for every number of channels")
{
    const TemporaryFolder folder;
    const std::vector<PngText> texts = {{"Software", "duodiff 0.1.0", false, false},
                                        {"Description", "caf\u00e9", false, false},
                                        {"duodiff", "{\"\u03b8\":0.08}", true, false},
                                        {"long", std::string(5000, 'z') + "\u03c3", true, true},
                                        {"old", std::string(5000, 'y'), false, true}};
    for (const int channels : {1, 3, 4}) {
        for (const int size : {1, 7, 28, 300}) {
            const Image8 image = test::gradient(size, size + 1, channels);
            write_png(folder / "a.png", image, texts);
            CHECK(read_png(folder / "a.png") == image);
            CHECK(read_png_texts(folder / "a.png") == texts);
            write_png(folder / "b.png", image);
            CHECK(read_png(folder / "b.png") == image);
            CHECK(read_png_texts(folder / "b.png").empty());
        }
    }
}

TEST_CASE("a text outside of Latin-1 is written as an international one")
{
    const Bytes png = encode_png(test::gradient(1, 1, 1), std::vector<PngText>{{"Title", "\u03b8 = 0.1"}});
    const std::vector<PngText> texts = parse_png_texts(png, "");
    REQUIRE(texts.size() == 1);
    CHECK(texts[0].international);
    CHECK(texts[0].text == "\u03b8 = 0.1");
}

TEST_CASE("shapes and keywords that make no PNG are refused")
{
    CHECK_THROWS_AS(encode_png(Image8{2, 2, 2, Bytes(8)}), EngineError);
    CHECK_THROWS_AS(encode_png(Image8{2, 2, 1, Bytes(3)}), EngineError);
    CHECK_THROWS_AS(encode_png(Image8{}), EngineError);
    const Image8 image = test::gradient(1, 1, 1);
    CHECK_THROWS_AS(encode_png(image, std::vector<PngText>{{"", "x"}}), EngineError);
    CHECK_THROWS_AS(encode_png(image, std::vector<PngText>{{std::string(80, 'k'), "x"}}), EngineError);
}

TEST_CASE("hostile PNG texts are refused in one line")
{
    const std::string zero(1, '\0');
    CHECK(parse(with_chunks("")).empty());
    check_refused("");
    check_refused("PNG");
    check_refused(png_signature);
    check_refused("GIF89a" + with_chunks(""));
    check_refused(png_signature + end);
    check_refused(png_signature + header);
    check_refused(with_chunks("").substr(0, 30));
    check_refused(png_signature + header + number(0xFFFFFFFFU) + "tEXt");
    check_refused(png_signature + header + number(0x7FFFFFFFU) + "tEXtabcdefghijkl");
    check_refused(with_chunks(chunk("tEXt", "no end of keyword")));
    check_refused(with_chunks(chunk("tEXt", zero + "text")));
    check_refused(with_chunks(chunk("tEXt", std::string(80, 'k') + zero + "text")));
    check_refused(with_chunks(chunk("zTXt", "k" + zero)));
    check_refused(with_chunks(chunk("zTXt", "k" + zero + "\x07" + deflated("x"))));
    check_refused(with_chunks(chunk("zTXt", "k" + zero + zero + "not deflated")));
    check_refused(
        with_chunks(chunk("zTXt", "k" + zero + zero + deflated(std::string(999, 'x')).substr(0, 9))));
    check_refused(with_chunks(chunk("iTXt", "k" + zero)));
    check_refused(with_chunks(chunk("iTXt", "k" + zero + "\x02" + zero + zero + zero + "x")));
    check_refused(with_chunks(chunk("iTXt", "k" + zero + zero + zero + "language")));
    std::string damaged = with_chunks(chunk("tEXt", "k" + zero + "text"));
    damaged[damaged.size() - 20] = static_cast<char>(damaged[damaged.size() - 20] ^ 1);
    check_refused(damaged);
    std::string many;
    for (int i = 0; i < 65; ++i) {
        many += chunk("tEXt", "k" + zero + "text");
    }
    check_refused(with_chunks(many));
}

TEST_CASE("texts that inflate without end are refused, in one chunk and in many")
{
    const std::string zero(1, '\0');
    const std::string bomb = deflated(std::string(200U << 20U, 'x'));
    REQUIRE(bomb.size() < 1'000'000);
    check_refused(with_chunks(chunk("zTXt", "k" + zero + zero + bomb)));
    check_refused(with_chunks(chunk("iTXt", "k" + zero + "\x01" + zero + zero + zero + bomb)));
    std::string pieces;
    for (int i = 0; i < 20; ++i) {
        pieces += chunk("zTXt", "k" + zero + zero + deflated(std::string(1U << 20U, 'x')));
    }
    check_refused(with_chunks(pieces));
}

TEST_CASE("a PNG with any one byte changed or cut off anywhere is read or refused, never worse")
{
    const TemporaryFolder folder;
    const Bytes good = encode_png(test::gradient(9, 9, 3), std::vector<PngText>{{"k", "text", true, true}});
    std::mt19937 generator(1);
    const auto try_all = [&](const Bytes& bytes) {
        write_file_atomically(folder / "x.png", std::span<const std::uint8_t>(bytes));
        try {
            read_png_texts(folder / "x.png");
        } catch (const EngineError& error) {
            CHECK(error.code() == ErrorCode::bad_file);
        }
        try {
            const Image8 image = read_png(folder / "x.png");
            REQUIRE(image.pixels.size() ==
                    static_cast<std::size_t>(image.width * image.height * image.channels));
        } catch (const EngineError& error) {
            CHECK(error.code() == ErrorCode::bad_file);
        }
    };
    for (std::size_t at = 0; at < good.size(); ++at) {
        Bytes changed = good;
        changed[at] = static_cast<std::uint8_t>(generator());
        try_all(changed);
        try_all(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(at)));
    }
}
