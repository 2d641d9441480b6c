// SPDX-License-Identifier: MIT
#include "data/dataset.h"

#include "base/error.h"
#include "base/hash.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstring>
#include <utility>

namespace duodiff
{
namespace
{

constexpr int pixel_values = 256;

/// 0 is -1 and 255 is 1, both exactly.
std::array<float, pixel_values> make_pixel_table()
{
    std::array<float, pixel_values> table{};
    for (int value = 0; value < pixel_values; ++value) {
        table[static_cast<std::size_t>(value)] = static_cast<float>(2.0 * value / (pixel_values - 1) - 1.0);
    }
    return table;
}

const std::array<float, pixel_values> pixel_table = make_pixel_table();

float from_half(std::uint16_t bits)
{
    constexpr std::uint32_t infinity_exponent = 31;
    const std::uint32_t sign = (bits & 0x8000U) << 16U;
    const std::uint32_t exponent = (bits >> 10U) & infinity_exponent;
    const std::uint32_t mantissa = bits & 0x3FFU;
    if (exponent == 0) {
        // Zero and subnormal numbers: mantissa x 2^-24.
        const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;
        return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
    }
    const std::uint32_t wide = exponent == infinity_exponent ? 255U : exponent + 112U;
    return std::bit_cast<float>(sign | (wide << 23U) | (mantissa << 13U));
}

float from_bfloat16(std::uint16_t bits)
{
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

template <class Stored, class Convert>
void copy_rows(const std::byte* from, std::int64_t side, bool flip, std::span<float> out, Convert convert)
{
    const auto width = static_cast<std::size_t>(side);
    for (std::size_t start = 0; start < out.size(); start += width) {
        for (std::size_t x = 0; x < width; ++x) {
            Stored value;
            std::memcpy(&value, from + (start + x) * sizeof(Stored), sizeof(Stored));
            out[start + (flip ? width - 1 - x : x)] = convert(value);
        }
    }
}

template <class Value>
std::string hash_of(const std::vector<Value>& values)
{
    return sha256_hex(std::as_bytes(std::span(values)));
}

std::string hash_of(const std::string& text)
{
    return sha256_hex(std::as_bytes(std::span(text)));
}

}  // namespace

std::size_t element_size(Examples::Element element)
{
    switch (element) {
        case Examples::Element::pixel:
            return 1;
        case Examples::Element::float32:
            return 4;
        case Examples::Element::float16:
        case Examples::Element::bfloat16:
            break;
    }
    return 2;
}

Dataset::Dataset(Examples examples) : examples_(std::move(examples))
{
    const auto expected =
        static_cast<std::size_t>(size() * values_an_example()) * element_size(examples_.element);
    if (size() <= 0 || values_an_example() <= 0 || examples_.values.size() != expected) {
        throw EngineError(ErrorCode::failed,
                          fmt::format("{} bytes do not make {} examples of {} x {} x {}",
                                      examples_.values.size(), size(), channels(), side(), side()));
    }
    if (!examples_.labels.empty() && std::cmp_not_equal(examples_.labels.size(), size())) {
        throw EngineError(ErrorCode::failed,
                          fmt::format("{} labels for {} examples", examples_.labels.size(), size()));
    }
    for (const std::int32_t label : examples_.labels) {
        if (label < 0 || std::cmp_greater_equal(label, examples_.class_names.size())) {
            throw EngineError(ErrorCode::failed, fmt::format("the label {} is none of the {} classes", label,
                                                             examples_.class_names.size()));
        }
    }
}

int Dataset::label(std::int64_t index) const
{
    return has_labels() ? examples_.labels[static_cast<std::size_t>(index)] : -1;
}

std::string Dataset::digest() const
{
    std::call_once(digest_once_, [this] {
        std::string parts =
            fmt::format("{} {} {} {}\n{}\n{}\n", static_cast<int>(examples_.element), size(), channels(),
                        side(), hash_of(examples_.values), hash_of(examples_.labels));
        for (const std::string& name : examples_.class_names) {
            parts += hash_of(name) + "\n";
        }
        digest_ = hash_of(parts);
    });
    return digest_;
}

void Dataset::read(std::int64_t index, bool flip, std::span<float> out) const
{
    if (index < 0 || index >= size() || std::cmp_not_equal(out.size(), values_an_example())) {
        throw EngineError(ErrorCode::failed, fmt::format("example {} of {} read into {} values of {}", index,
                                                         size(), out.size(), values_an_example()));
    }
    const std::size_t bytes = out.size() * element_size(examples_.element);
    const std::byte* from = examples_.values.data() + static_cast<std::size_t>(index) * bytes;
    switch (examples_.element) {
        case Examples::Element::pixel:
            copy_rows<std::uint8_t>(from, side(), flip, out,
                                    [](std::uint8_t value) { return pixel_table[value]; });
            break;
        case Examples::Element::float32:
            copy_rows<float>(from, side(), flip, out, [](float value) { return value; });
            break;
        case Examples::Element::float16:
            copy_rows<std::uint16_t>(from, side(), flip, out, from_half);
            break;
        case Examples::Element::bfloat16:
            copy_rows<std::uint16_t>(from, side(), flip, out, from_bfloat16);
            break;
    }
}

}  // namespace duodiff
