// SPDX-License-Identifier: MIT
#pragma once

#include "report/image8.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace duodiff
{

/// Points of one colour, joined by a line from left to right.
struct Curve {
    struct Sample {
        double x = 0.0;
        double y = 0.0;
        std::string label{};  ///< beside the point
        double spread = 0.0;  ///< half the height of the band around the line
    };

    std::string name;
    std::vector<Sample> points;
    bool marks = true;  ///< a mark at every point
    bool line = true;
    std::optional<std::array<std::uint8_t, 3>> colour{};  ///< nothing: one of its own, of six
};

/// Curves over two axes with round numbers. Points that are not finite are left out and break the line.
struct CurvePlot {
    std::string title;
    std::string x_label;
    std::string y_label;
    std::vector<Curve> curves;
    std::optional<double> level{};  ///< a dashed line across
    std::string level_label{};
    bool x_from_zero = false;
    bool y_from_zero = false;
    bool x_falls = false;        ///< the largest x at the left, as t runs
    bool y_logarithmic = false;  ///< values that are not positive are left out; no from_zero with it
    int width = 920;             ///< pixels; the picture has twice as many, for dense screens
    int height = 460;
};

/// A complete SVG element with its name space, no scripts, no references outward.
std::string curve_plot_svg(const CurvePlot& plot);
/// The same as a picture.
Image8 curve_plot_image(const CurvePlot& plot);

/// Round numbers within [low, high], 1, 2 or 5 times a power of ten apart, at most `most` of them.
std::vector<double> round_numbers(double low, double high, int most);

}  // namespace duodiff
