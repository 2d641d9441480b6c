// SPDX-License-Identifier: MIT
#include "report/labelled_grid.h"

#include "base/error.h"
#include "report/film.h"
#include "report/plot_painter.h"

#include <algorithm>
#include <cmath>

namespace duodiff
{
namespace
{

// In the painter's units, of two pixels each.
constexpr int pixels_a_unit = 2;
constexpr double margin = 10.0;
constexpr double title_height = 24.0;
constexpr double columns_height = 18.0;
constexpr double gap = 3.0;
constexpr double a_letter = 7.2;
constexpr double line_height = 15.0;

struct Layout {
    int columns = 0;
    int factor = 1;       ///< of the pictures
    double width = 0.0;   ///< of a picture
    double height = 0.0;  ///< likewise
    double left = 0.0;
    double top = 0.0;
    int canvas_width = 0;
    int canvas_height = 0;

    double x(std::size_t column) const { return left + static_cast<double>(column) * (width + gap); }
    double y(std::size_t row) const { return top + static_cast<double>(row) * (height + gap); }
};

const Image8& first_picture(const LabelledGrid& grid)
{
    for (const LabelledGrid::Row& row : grid.rows) {
        if (!row.pictures.empty()) {
            return row.pictures.front();
        }
    }
    throw EngineError(ErrorCode::usage, "a grid needs at least one picture");
}

void require_equal_pictures(const LabelledGrid& grid, const Image8& first)
{
    for (const LabelledGrid::Row& row : grid.rows) {
        for (const Image8& picture : row.pictures) {
            if (picture.width != first.width || picture.height != first.height ||
                (picture.channels != 1 && picture.channels != 3)) {
                throw EngineError(ErrorCode::usage, "the pictures of a grid have to be of one size");
            }
        }
    }
}

Layout lay_out(const LabelledGrid& grid)
{
    const Image8& first = first_picture(grid);
    require_equal_pictures(grid, first);
    Layout layout;
    std::size_t letters = 0;
    for (const LabelledGrid::Row& row : grid.rows) {
        layout.columns = std::max(layout.columns, static_cast<int>(row.pictures.size()));
        letters = std::max({letters, row.label.size(), row.remark.size()});
    }
    const int side = std::max(1, std::min(first.width, first.height));
    layout.factor = std::max(1, (grid.smallest_side + side - 1) / side);
    // Whole units, so that every picture begins at a whole pixel.
    layout.width = std::ceil(static_cast<double>(first.width * layout.factor) / pixels_a_unit);
    layout.height = std::ceil(static_cast<double>(first.height * layout.factor) / pixels_a_unit);
    layout.left = std::ceil(2.0 * margin + a_letter * static_cast<double>(letters));
    layout.top = margin + title_height + (grid.columns.empty() ? 0.0 : columns_height);
    const double right = layout.x(static_cast<std::size_t>(layout.columns)) - gap + margin;
    layout.canvas_width =
        static_cast<int>(std::max(right, 2.0 * margin + a_letter * static_cast<double>(grid.title.size())));
    layout.canvas_height = static_cast<int>(layout.y(grid.rows.size()) - gap + margin);
    return layout;
}

void draw_words(const LabelledGrid& grid, const Layout& layout, PlotPainter& painter)
{
    painter.rectangle({0.0, 0.0}, layout.canvas_width, layout.canvas_height, white);
    painter.text({margin, margin + 12.0}, grid.title, Anchor::start, ink);
    for (std::size_t i = 0; i < grid.columns.size(); ++i) {
        painter.text({layout.x(i) + layout.width / 2.0, layout.top - 5.0}, grid.columns[i], Anchor::middle,
                     quiet);
    }
    for (std::size_t i = 0; i < grid.rows.size(); ++i) {
        const LabelledGrid::Row& row = grid.rows[i];
        const double middle = layout.y(i) + layout.height / 2.0;
        const double base = row.remark.empty() ? middle + 4.0 : middle - 2.0;
        painter.text({layout.left - margin, base}, row.label, Anchor::end, ink);
        painter.text({layout.left - margin, base + line_height}, row.remark, Anchor::end, quiet);
    }
}

void place(Image8& canvas, const Image8& picture, int left, int top)
{
    const auto channels = static_cast<std::size_t>(picture.channels);
    for (int y = 0; y < picture.height; ++y) {
        for (int x = 0; x < picture.width; ++x) {
            const std::size_t from = (static_cast<std::size_t>(y) * static_cast<std::size_t>(picture.width) +
                                      static_cast<std::size_t>(x)) *
                                     channels;
            const std::size_t to =
                (static_cast<std::size_t>(top + y) * static_cast<std::size_t>(canvas.width) +
                 static_cast<std::size_t>(left + x)) *
                3;
            for (std::size_t c = 0; c < 3; ++c) {
                canvas.pixels[to + c] = picture.pixels[from + (channels == 3 ? c : 0)];
            }
        }
    }
}

}  // namespace

Image8 compose_labelled_grid(const LabelledGrid& grid)
{
    const Layout layout = lay_out(grid);
    Image8 canvas = paint_image(layout.canvas_width, layout.canvas_height,
                                [&](PlotPainter& painter) { draw_words(grid, layout, painter); });
    for (std::size_t row = 0; row < grid.rows.size(); ++row) {
        const auto& pictures = grid.rows[row].pictures;
        for (std::size_t column = 0; column < pictures.size(); ++column) {
            place(canvas, enlarged(pictures[column], layout.factor),
                  static_cast<int>(pixels_a_unit * layout.x(column)),
                  static_cast<int>(pixels_a_unit * layout.y(row)));
        }
    }
    return canvas;
}

}  // namespace duodiff
