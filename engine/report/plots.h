// SPDX-License-Identifier: MIT
#pragma once

#include "report/image8.h"
#include "stream/run_record.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace duodiff
{

/// The exit-layer plot reduced to columns: what every drawing of it (SVG, PNG, characters) shows. Columns
/// run in the order the steps ran, left to right, so t goes from T to 0.
struct ExitPlotData {
    struct Column {
        double mean = 0.0;
        double deviation = 0.0;      ///< one sigma over the images and steps of the column
        std::vector<double> shares;  ///< of (image, step) pairs that left at layer 0..depth
    };
    int depth = 0;
    std::size_t extent = 0;      ///< steps that the axis spans: of a run cut short, all it was to have
    std::vector<int> timesteps;  ///< t of the steps that ran
    std::size_t steps_a_column = 1;
    std::vector<Column> columns;
    std::optional<std::size_t> switch_index;      ///< first step of another network than the first's
    std::optional<std::size_t> transition_index;  ///< of the phase transition
};

/// At most `most_columns` columns; every one holds the same number of steps but the last.
ExitPlotData exit_plot_data(const RunRecord& record, std::size_t most_columns);

/// Where timestep `t` lies on the axis, in steps from the left (0..extent); a step begins at its t + 1.
double axis_position(const ExitPlotData& data, double t);

/// Whole numbers for axis labels in 0..`largest`, at most `most` of them, 1, 2 or 5 times a power of ten
/// apart, from 0 upwards.
std::vector<int> axis_ticks(int largest, int most);

/// Colour of a share in 0..1: dark violet to yellow, perceptually even (viridis, CC0, by van der Walt
/// and Smith). Red, green, blue.
std::array<std::uint8_t, 3> share_colour(double share);

struct ExitPlotOptions {
    int width = 920;  ///< pixels; the picture has twice as many, for dense screens
    int height = 340;
};

/// A complete SVG element with its name space, no scripts, no references outward.
std::string exit_plot_svg(const RunRecord& record, const ExitPlotOptions& options = {});

/// The same plot as a picture, for machines with no display and no SVG viewer.
Image8 exit_plot_image(const RunRecord& record, const ExitPlotOptions& options = {});

struct TextPlotOptions {
    int width = 72;       ///< characters, axis included; at least 24
    int height = 12;      ///< rows, axis included; at least 4
    bool unicode = true;  ///< else ASCII only
};

/// The mean exit layer as a curve in characters, with axes; lines end with '\n'.
std::string exit_plot_text(const RunRecord& record, const TextPlotOptions& options = {});

}  // namespace duodiff
