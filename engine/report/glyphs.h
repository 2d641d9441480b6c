// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace duodiff
{

/// One character of the small font that the plot's picture is lettered with.
struct Glyph {
    char32_t character;
    int advance;  ///< pixels to the next character
    int left;     ///< of the bitmap, from the pen
    int top;      ///< of the bitmap, above the base line
    int width;
    int height;
    std::string_view coverage;  ///< width * height letters, 'a' (none) to 'p' (full)
};

/// Null for a character that the font lacks: it has letters, digits and what plots need.
const Glyph* find_glyph(char32_t character);

}  // namespace duodiff
