// SPDX-License-Identifier: MIT
#pragma once

// Shared by the drawings of plots in this room.

#include "report/plots.h"

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace duodiff
{

using Colour = std::array<std::uint8_t, 3>;

// What all figures are drawn in.
inline constexpr Colour white = {255, 255, 255};
inline constexpr Colour frame_colour = {208, 213, 221};
inline constexpr Colour grid_colour = {232, 235, 240};
inline constexpr Colour ink = {31, 35, 40};
inline constexpr Colour quiet = {91, 100, 114};

struct Point {
    double x = 0.0;
    double y = 0.0;
};

struct Stroke {
    Colour colour = {};
    double width = 1.0;
    double dash = 0.0;  ///< length of dashes and gaps; 0: solid
};

enum class Anchor { start, middle, end };

/// What the plot is drawn with: in pixels of the options, y downwards, text of 12 pixels on a base line.
class PlotPainter
{
public:
    virtual ~PlotPainter() = default;
    /// Sharp edges.
    virtual void rectangle(Point corner, double width, double height, Colour colour) = 0;
    virtual void polygon(std::span<const Point> points, Colour colour, double opacity) = 0;
    virtual void line(std::span<const Point> points, const Stroke& stroke) = 0;
    virtual void text(Point at, std::string_view text, Anchor anchor, Colour colour) = 0;
    /// Reads from below to above, centred on `at`.
    virtual void upright_text(Point at, std::string_view text, Colour colour) = 0;
};

/// What `draw` draws, as a complete SVG element with its name space; `label` says what it shows.
std::string paint_svg(int width, int height, std::string_view label,
                      const std::function<void(PlotPainter&)>& draw);
/// The same as a picture of twice as many pixels.
Image8 paint_image(int width, int height, const std::function<void(PlotPainter&)>& draw);

/// The one drawing of the plot.
void draw_exit_plot(const ExitPlotData& data, const ExitPlotOptions& options, PlotPainter& painter);

inline constexpr std::size_t most_plot_columns = 250;

}  // namespace duodiff
