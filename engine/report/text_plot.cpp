// SPDX-License-Identifier: MIT
#include "report/plots.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

namespace duodiff
{

namespace
{

constexpr int least_width = 24;
constexpr int least_height = 4;

struct Glyphs {
    std::vector<std::string_view> fills;  ///< from empty to full, evenly
    std::string_view tick, side, corner, floor, marker;
};

const Glyphs& glyphs(bool unicode)
{
    static const Glyphs blocks = {
        {" ", "\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588"},
        "\u2524",
        "\u2502",
        "\u2514",
        "\u2500",
        "\u25b2"};
    static const Glyphs ascii = {{" ", ".", ":", "#"}, "+", "|", "+", "-", "^"};
    return unicode ? blocks : ascii;
}

/// Text of one line that grows as pieces are put at columns.
void put(std::string& line, int column, std::string_view piece)
{
    const auto at = static_cast<std::size_t>(std::max(column, 0));
    if (line.size() < at + piece.size()) {
        line.resize(at + piece.size(), ' ');
    }
    line.replace(at, piece.size(), piece);
}

/// t at both ends and, where there is room, at the phase transition.
std::string label_line(const ExitPlotData& data, int margin, int columns, int marker)
{
    const int first = data.timesteps.empty() ? 1000 : data.timesteps.front() + 1;
    std::string line;
    const std::string left = fmt::format("t = {}", first);
    put(line, margin, left);
    put(line, margin + columns - 1, "0");
    if (marker >= 0) {
        const std::string at = fmt::format("{}", data.timesteps[*data.transition_index]);
        const int start = margin + marker - static_cast<int>(at.size()) / 2;
        const int free_from = margin + static_cast<int>(left.size()) + 1;
        const int free_to = margin + columns - 2;
        if (start >= free_from && start + static_cast<int>(at.size()) <= free_to) {
            put(line, start, at);
        }
    }
    return line;
}

}  // namespace

std::string exit_plot_text(const RunRecord& record, const TextPlotOptions& options)
{
    const Glyphs& glyph = glyphs(options.unicode);
    const ExitPlotData every_step =
        exit_plot_data(record, std::max<std::size_t>(record.steps.size(), 1'000'000));
    const int axis = static_cast<int>(fmt::format("{}", every_step.depth).size()) + 1;
    const int margin = axis + 1;
    const int columns = std::max(options.width, least_width) - margin;
    const int rows = std::max(options.height, least_height) - 2;

    const auto step_of = [&](int column) {
        return static_cast<std::size_t>(column) * every_step.extent / static_cast<std::size_t>(columns);
    };
    std::vector<double> levels(static_cast<std::size_t>(columns), 0.0);
    for (int column = 0; column < columns; ++column) {
        const std::size_t begin = step_of(column);
        const std::size_t end = std::min(std::max(step_of(column + 1), begin + 1), every_step.columns.size());
        for (std::size_t step = begin; step < end; ++step) {
            levels[static_cast<std::size_t>(column)] +=
                every_step.columns[step].mean / static_cast<double>(end - begin);
        }
    }

    std::string plot;
    for (int row = 0; row < rows; ++row) {
        const double top = static_cast<double>(rows - row) * every_step.depth / rows;
        const double bottom = static_cast<double>(rows - row - 1) * every_step.depth / rows;
        const bool labelled = row == 0 || row == rows - 1;
        const int label = row == 0 ? every_step.depth : 0;
        plot += labelled ? fmt::format("{:>{}} ", label, axis - 1)
                         : std::string(static_cast<std::size_t>(axis), ' ');
        plot += labelled ? glyph.tick : glyph.side;
        for (const double level : levels) {
            const double filled = std::clamp((level - bottom) / (top - bottom), 0.0, 1.0);
            plot += glyph.fills[static_cast<std::size_t>(
                std::lround(filled * static_cast<double>(glyph.fills.size() - 1)))];
        }
        plot += '\n';
    }

    int marker = -1;
    if (every_step.transition_index) {
        marker = static_cast<int>(*every_step.transition_index * static_cast<std::size_t>(columns) /
                                  every_step.extent);
    }
    plot += std::string(static_cast<std::size_t>(axis), ' ');
    plot += glyph.corner;
    for (int column = 0; column < columns; ++column) {
        plot += column == marker ? glyph.marker : glyph.floor;
    }
    return plot + '\n' + label_line(every_step, margin, columns, marker) + '\n';
}

}  // namespace duodiff
