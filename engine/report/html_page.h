// SPDX-License-Identifier: MIT
#pragma once

// Pieces of HTML that the report is put together from; not for other rooms.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace duodiff::html
{

extern const std::string_view style;  ///< the content of the page's <style>

std::string base64(std::string_view bytes);

/// A table of names and values, both as plain text. Empty values leave their row out.
std::string facts(const std::vector<std::pair<std::string, std::string>>& rows);

/// A cell with a bar of `share` (0..1) of its width behind the text.
std::string bar_cell(std::string_view text, double share);

struct Segment {
    std::string label;
    std::string colour;  ///< "#rrggbb"
    double share = 0.0;  ///< of the whole bar
};

/// A stacked bar as SVG.
std::string stacked_bar(const std::vector<Segment>& segments);

}  // namespace duodiff::html
