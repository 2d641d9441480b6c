// SPDX-License-Identifier: MIT
#include "report/clean_text.h"

#include <cstddef>
#include <cstdint>

namespace duodiff
{

namespace
{

constexpr std::string_view replacement = "\xEF\xBF\xBD";

struct CodePoint {
    std::uint32_t value = 0;
    std::size_t bytes = 0;  ///< 0: no UTF-8 here
};

/// Strict: no overlong forms, no surrogates, nothing above U+10FFFF.
CodePoint code_point_at(std::string_view text, std::size_t at)
{
    const auto byte = [text, at](std::size_t i) {
        return at + i < text.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + i]))
                                    : 0U;
    };
    const std::uint32_t first = byte(0);
    if (first < 0x80) {
        return {first, 1};
    }
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (first < 0xC2 || first > 0xF4) {
        return {};
    }
    std::uint32_t value = first & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) {
            return {};
        }
        value = value << 6U | (byte(i) & 0x3FU);
    }
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    return value < least[length] || value > 0x10FFFF || surrogate ? CodePoint{} : CodePoint{value, length};
}

bool is_control(std::uint32_t value)
{
    return value < 0x20 || (value >= 0x7F && value < 0xA0) || value == 0x2028 || value == 0x2029;
}

}  // namespace

std::string one_line(std::string_view text)
{
    std::string line;
    for (std::size_t at = 0; at < text.size();) {
        const CodePoint found = code_point_at(text, at);
        if (found.bytes == 0 || found.value == 0xFFFE || found.value == 0xFFFF) {
            line += replacement;
        } else if (is_control(found.value)) {
            line += ' ';
        } else {
            line += text.substr(at, found.bytes);
        }
        at += found.bytes == 0 ? 1 : found.bytes;
    }
    const std::size_t begin = line.find_first_not_of(' ');
    return begin == std::string::npos ? std::string()
                                      : line.substr(begin, line.find_last_not_of(' ') - begin + 1);
}

}  // namespace duodiff
