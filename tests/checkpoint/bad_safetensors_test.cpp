// SPDX-License-Identifier: GPL-3.0-or-later
#include "checkpoint/bad_file.h"
#include "checkpoint/file_builders.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

using namespace duodiff::test;

namespace
{

struct BadHeader {
    const char* name;
    const char* header;
    std::size_t data;  ///< bytes of zeros after the header
    const char* expected;
};

// Each differs from a good file in one thing.
const std::vector<BadHeader> bad_headers = {
    {"no tensors", R"({})", 0, "no tensors"},
    {"metadata only", R"({"__metadata__":{"a":"b"}})", 0, "no tensors"},
    {"unfinished JSON", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4])", 4, "not valid JSON"},
    {"two objects", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}{})", 4, "not valid JSON"},
    {"dtype unknown", R"({"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}})", 4, "unsupported dtype"},
    {"eight-bit float", R"({"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}})", 4,
     "unsupported dtype"},
    {"dtype a number", R"({"a":{"dtype":4,"shape":[1],"data_offsets":[0,4]}})", 4, "does not belong"},
    {"dtype missing", R"({"a":{"shape":[1],"data_offsets":[0,4]}})", 4, "needs dtype"},
    {"shape missing", R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", 4, "needs dtype"},
    {"offsets missing", R"({"a":{"dtype":"F32","shape":[1]}})", 4, "needs dtype"},
    {"key unknown", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":[]}})", 4, "does not belong"},
    {"key repeated", R"({"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4, "twice"},
    {"tensor repeated",
     R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
     8, "twice"},
    {"metadata repeated", R"({"__metadata__":{},"__metadata__":{}})", 0, "twice"},
    {"metadata key repeated", R"({"__metadata__":{"a":"1","a":"2"}})", 0, "twice"},
    {"metadata not text", R"({"__metadata__":{"a":1}})", 0, "does not belong"},
    {"one offset", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", 4, "needs dtype"},
    {"three offsets", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}})", 4, "more than two"},
    {"offsets turned round", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4,
     "do not lie inside"},
    {"offset negative", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}})", 4, "negative"},
    {"offset beyond the file", R"({"a":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}})", 4,
     "do not lie inside"},
    {"offsets near 2^64",
     R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[18446744073709551612,18446744073709551615]}})", 4,
     "do not lie inside"},
    {"offset above 2^64", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,99999999999999999999]}})", 4,
     "not a whole number"},
    {"offset a fraction", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4.5]}})", 4,
     "not a whole number"},
    {"dimension negative", R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4, "negative"},
    {"dimension huge", R"({"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]}})", 4,
     "absurd"},
    {"product wraps to 0", R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0,
     "absurd"},
    {"product wraps to 1",
     R"({"a":{"dtype":"U8","shape":[9223372036854775807,9223372036854775807],"data_offsets":[0,1]}})", 1,
     "absurd"},
    {"zero among huge ones",
     R"({"a":{"dtype":"F32","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}})", 0, "absurd"},
    {"bytes wrap", R"({"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}})", 0,
     "absurd"},
    {"too many dimensions",
     R"({"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}})", 1, "absurd"},
    {"too few bytes", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4, "needs 8 bytes"},
    {"too many bytes", R"({"a":{"dtype":"F16","shape":[1],"data_offsets":[0,4]}})", 4, "needs 2 bytes"},
    {"overlap",
     R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
     12, "overlap"},
    {"same bytes twice",
     R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
     4, "overlap"},
    {"gap",
     R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})",
     12, "gap"},
    {"gap at the start", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8, "gap"},
    {"bytes left over", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 9,
     "belong to no tensor"},
    {"tensor a list", R"({"a":[1,2]})", 0, "does not belong"},
    {"tensor null", R"({"a":null})", 0, "does not belong"},
    {"tensor true", R"({"a":true})", 0, "does not belong"},
    {"nested shape", R"({"a":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}})", 4, "does not belong"},
    {"nested object", R"({"a":{"dtype":{},"shape":[1],"data_offsets":[0,4]}})", 4, "does not belong"},
    {"not UTF-8", "{\"\xff\xfe\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "UTF-8"},
    {"half a surrogate", R"({"\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4, "UTF-8"},
    {"a line feed in the name", "{\"a\nb\":{}}", 0, "not valid JSON"},
};

}  // namespace

TEST_CASE("a safetensors file with a bad header is refused in words")
{
    for (const BadHeader& bad : bad_headers) {
        expect_bytes_refused(bad.name, safetensors_file(bad.header, std::string(bad.data, '\0')),
                             bad.expected);
    }
}

TEST_CASE("a safetensors file whose header length lies is refused")
{
    const std::string header = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
    const auto with_length = [&](std::uint64_t length) {
        return little_endian(length, 8) + header + std::string(4, '\0');
    };
    expect_bytes_refused("longer than the file", with_length(header.size() + 5), "ends inside");
    expect_bytes_refused("2^63", with_length(std::uint64_t{1} << 63), "ends inside");
    expect_bytes_refused("2^64 - 1", with_length(std::numeric_limits<std::uint64_t>::max()), "ends inside");
    expect_bytes_refused("too short", with_length(header.size() - 1), "not valid JSON");
    expect_bytes_refused("zero", with_length(0), "not a JSON object");
    expect_bytes_refused("into the data", with_length(header.size() + 4), "not valid JSON");
}

TEST_CASE("a truncated safetensors file is refused wherever it is cut")
{
    const std::string whole =
        safetensors_file(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", std::string(16, '\0'));
    for (std::size_t size = 1; size < whole.size(); size += 7) {
        expect_bytes_refused("cut", whole.substr(0, size), "");
    }
}

TEST_CASE("NaN and infinity are refused in every floating type, naming the tensor")
{
    const auto file = [](const char* dtype, const std::string& value) {
        return safetensors_file(
            R"({"good":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"bad.weight":{"dtype":")" +
                std::string(dtype) + R"(","shape":[1],"data_offsets":[8,)" +
                std::to_string(8 + value.size()) + "]}}",
            std::string(8, '\xff') + value);
    };
    expect_bytes_refused("F64 NaN", file("F64", little_endian(0x7ff8000000000000, 8)), "'bad.weight'");
    expect_bytes_refused("F64 -inf", file("F64", little_endian(0xfff0000000000000, 8)), "'bad.weight'");
    expect_bytes_refused("F64 beyond F32", file("F64", little_endian(0xc7f0000000000000, 8)), "'bad.weight'");
    expect_bytes_refused("F32 NaN", file("F32", little_endian(0x7fc00000, 4)), "'bad.weight'");
    expect_bytes_refused("F32 signalling NaN", file("F32", little_endian(0x7f800001, 4)), "'bad.weight'");
    expect_bytes_refused("F32 inf", file("F32", little_endian(0x7f800000, 4)), "'bad.weight'");
    expect_bytes_refused("F16 NaN", file("F16", little_endian(0x7e00, 2)), "'bad.weight'");
    expect_bytes_refused("F16 inf", file("F16", little_endian(0xfc00, 2)), "'bad.weight'");
    expect_bytes_refused("BF16 NaN", file("BF16", little_endian(0x7fc0, 2)), "'bad.weight'");
    expect_bytes_refused("BF16 inf", file("BF16", little_endian(0xff80, 2)), "'bad.weight'");
}

TEST_CASE("large hostile safetensors headers do not take more memory than twice the file")
{
    const std::size_t size = std::size_t{24} << 20;
    std::string many = "{";
    while (many.size() < size) {
        many +=
            R"("a)" + std::to_string(many.size()) + R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)";
    }
    many.back() = '}';
    expect_bytes_refused("many empty tensors, wrong end", safetensors_file(many, "x"), "");

    std::string metadata = R"({"__metadata__":{)";
    while (metadata.size() < size) {
        metadata += "\"" + std::to_string(metadata.size()) + R"(":"",)";
    }
    metadata.back() = '}';
    expect_bytes_refused("many metadata", safetensors_file(metadata + "}"), "too many");
    expect_bytes_refused("one long text", safetensors_file("{\"" + std::string(size, 'a') + "\":{}}"),
                         "letters");
    expect_bytes_refused("one long number",
                         safetensors_file(R"({"a":{"dtype":"U8","shape":[)" + std::string(size, '1') + "]}}"),
                         "letters");
    expect_bytes_refused("deep nesting", safetensors_file("{\"a\":" + std::string(size, '[')), "");
    expect_bytes_refused("spaces", safetensors_file("{" + std::string(size, ' ')), "not valid JSON");
    expect_bytes_refused("spaces inside", safetensors_file("{" + std::string(size, ' ') + "\"a\":1}"),
                         "letters");
}
