// SPDX-License-Identifier: GPL-3.0-or-later
#include "progress_line.h"

#include <algorithm>

namespace duodiff::cli
{
namespace
{

bool continues_character(char byte)
{
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// At most `columns` UTF-8 characters of `text`, and how many they are.
std::pair<std::string, std::size_t> cut(const std::string& text, std::size_t columns)
{
    std::size_t characters = 0;
    std::size_t end = 0;
    while (end < text.size()) {
        std::size_t next = end + 1;
        while (next < text.size() && continues_character(text[next])) {
            ++next;
        }
        if (characters == columns) {
            break;
        }
        ++characters;
        end = next;
    }
    return {text.substr(0, end), characters};
}

}  // namespace

void ProgressLine::show(const std::string& text)
{
    if (!enabled()) {
        return;
    }
    text_ = text;
    const auto now = std::chrono::steady_clock::now();
    if (!open_ || now - last_ >= std::chrono::milliseconds(100)) {
        last_ = now;
        draw();
    }
}

void ProgressLine::end()
{
    if (!open_) {
        return;
    }
    draw();
    err_ << '\n' << std::flush;
    open_ = false;
    drawn_ = 0;
}

void ProgressLine::draw()
{
    const auto [line, characters] = cut(text_, static_cast<std::size_t>(std::max(20, terminal_.width) - 1));
    err_ << '\r' << line;
    if (characters < drawn_) {
        err_ << std::string(drawn_ - characters, ' ');
    }
    err_ << std::flush;
    drawn_ = characters;
    open_ = true;
}

}  // namespace duodiff::cli
