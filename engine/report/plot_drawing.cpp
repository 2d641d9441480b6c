// SPDX-License-Identifier: MIT
#include "report/plot_painter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace duodiff
{

namespace
{

constexpr Colour paper = {248, 249, 251};
constexpr Colour blue = {31, 111, 235};
constexpr Colour switch_colour = {91, 100, 114};

constexpr double left_margin = 50.0;
constexpr double right_margin = 14.0;
constexpr double top_margin = 44.0;
constexpr double bottom_margin = 46.0;
constexpr int shades = 32;

/// Maps steps and layers to pixels.
struct Frame2d {
    double left, top, width, height;
    double extent;
    double layers;

    double right() const { return left + width; }
    double bottom() const { return top + height; }
    double x(double step) const { return left + step / extent * width; }
    /// Layers have cells of height 1 around whole numbers.
    double y(double layer) const { return top + (layers - 0.5 - layer) / layers * height; }
};

class ExitPlot
{
public:
    ExitPlot(const ExitPlotData& data, const ExitPlotOptions& options, PlotPainter& painter)
        : data_(data),
          painter_(painter),
          size_{static_cast<double>(options.width), static_cast<double>(options.height)},
          area_{left_margin,
                top_margin,
                std::max(size_.x - left_margin - right_margin, 10.0),
                std::max(size_.y - top_margin - bottom_margin, 10.0),
                static_cast<double>(std::max<std::size_t>(data.extent, 1)),
                static_cast<double>(data.depth) + 1.0}
    {
    }

    void draw()
    {
        painter_.rectangle({0.0, 0.0}, size_.x, size_.y, white);
        painter_.rectangle({area_.left, area_.top}, area_.width, area_.height, paper);
        draw_axes();
        draw_heat_map();
        draw_band();
        draw_mean();
        draw_markers();
        draw_frame();
        draw_legend();
    }

private:
    void draw_axes()
    {
        const int most_labels = std::max(static_cast<int>(area_.height / 16.0), 2);
        for (const int layer : axis_ticks(data_.depth, most_labels)) {
            const double y = area_.y(layer);
            segment({area_.left, y}, {area_.right(), y}, {grid_colour, 1.0, 0.0});
            painter_.text({area_.left - 8.0, y + 4.0}, fmt::format("{}", layer), Anchor::end, quiet);
        }
        const int first = data_.timesteps.empty() ? 1000 : data_.timesteps.front() + 1;
        for (const int t : axis_ticks(first, std::max(static_cast<int>(area_.width / 70.0), 2))) {
            const double x = area_.x(axis_position(data_, t));
            segment({x, area_.bottom()}, {x, area_.bottom() + 4.0}, {frame_colour, 1.0, 0.0});
            painter_.text({x, area_.bottom() + 18.0}, fmt::format("{}", t), Anchor::middle, quiet);
        }
        painter_.text({area_.left + area_.width / 2.0, area_.bottom() + 37.0}, "timestep t", Anchor::middle,
                      quiet);
        painter_.upright_text({14.0, area_.top + area_.height / 2.0}, "exit layer", quiet);
    }

    static int shade_of(double share) { return static_cast<int>(std::ceil(share * shades)); }

    double column_edge(std::size_t column) const
    {
        const std::size_t ran = data_.timesteps.size();
        return area_.x(static_cast<double>(std::min(column * data_.steps_a_column, ran)));
    }

    /// Neighbours of one shade become one rectangle.
    void draw_heat_map()
    {
        for (int layer = 0; layer <= data_.depth; ++layer) {
            const auto shade_at = [&](std::size_t column) {
                return shade_of(data_.columns[column].shares[static_cast<std::size_t>(layer)]);
            };
            const double top = area_.y(layer + 0.5);
            const double height = area_.y(layer - 0.5) - top;
            for (std::size_t begin = 0; begin < data_.columns.size();) {
                const int shade = shade_at(begin);
                std::size_t end = begin + 1;
                while (end < data_.columns.size() && shade_at(end) == shade) {
                    ++end;
                }
                if (shade > 0) {
                    const double x = column_edge(begin);
                    painter_.rectangle({x, top}, column_edge(end) - x, height,
                                       share_colour(static_cast<double>(shade) / shades));
                }
                begin = end;
            }
        }
    }

    double column_centre(std::size_t column) const
    {
        return (column_edge(column) + column_edge(column + 1)) / 2.0;
    }

    /// Values at the column centres, drawn on to the outer edges of the first and the last.
    template <class Value>
    std::vector<Point> curve(Value value) const
    {
        std::vector<Point> points;
        if (data_.columns.empty()) {
            return points;
        }
        const auto y = [&](std::size_t column) {
            return area_.y(std::clamp(value(data_.columns[column]), 0.0, static_cast<double>(data_.depth)));
        };
        points.push_back({column_edge(0), y(0)});
        for (std::size_t column = 0; column < data_.columns.size(); ++column) {
            points.push_back({column_centre(column), y(column)});
        }
        points.push_back({column_edge(data_.columns.size()), y(data_.columns.size() - 1)});
        return points;
    }

    void draw_band()
    {
        using Column = ExitPlotData::Column;
        std::vector<Point> outline = curve([](const Column& c) { return c.mean + c.deviation; });
        const std::vector<Point> lower = curve([](const Column& c) { return c.mean - c.deviation; });
        outline.insert(outline.end(), lower.rbegin(), lower.rend());
        if (!outline.empty()) {
            painter_.polygon(outline, blue, 0.20);
        }
    }

    void draw_mean()
    {
        const std::vector<Point> points = curve([](const ExitPlotData::Column& c) { return c.mean; });
        if (!points.empty()) {
            painter_.line(points, {white, 4.0, 0.0});
            painter_.line(points, {blue, 2.0, 0.0});
        }
    }

    void draw_markers()
    {
        if (data_.switch_index) {
            const double x = area_.x(static_cast<double>(*data_.switch_index));
            segment({x, area_.top}, {x, area_.bottom()}, {switch_colour, 1.5, 0.0});
        }
        if (data_.transition_index) {
            const double x = area_.x(static_cast<double>(*data_.transition_index));
            segment({x, area_.top}, {x, area_.bottom()}, {ink, 1.5, 3.0});
            marker({x, area_.top});
        }
    }

    void draw_frame()
    {
        const Stroke stroke{frame_colour, 1.0, 0.0};
        segment({area_.left, area_.top}, {area_.right(), area_.top}, stroke);
        segment({area_.right(), area_.top}, {area_.right(), area_.bottom()}, stroke);
        segment({area_.left, area_.bottom()}, {area_.right(), area_.bottom()}, stroke);
        segment({area_.left, area_.top}, {area_.left, area_.bottom()}, stroke);
    }

    void draw_legend()
    {
        const double base = 18.0;
        double x = area_.left;
        segment({x, base - 4.0}, {x + 20.0, base - 4.0}, {blue, 2.0, 0.0});
        x = legend_text(x + 26.0, base, "mean");
        painter_.polygon(
            std::vector<Point>{
                {x, base - 9.0}, {x + 20.0, base - 9.0}, {x + 20.0, base + 1.0}, {x, base + 1.0}},
            blue, 0.20);
        x = legend_text(x + 26.0, base, "\u00b1 \u03c3");
        if (data_.switch_index) {
            segment({x + 6.0, base - 11.0}, {x + 6.0, base + 2.0}, {switch_colour, 1.5, 0.0});
            x = legend_text(x + 14.0, base, fmt::format("switch at t = {}", t_at(*data_.switch_index)));
        }
        if (data_.transition_index) {
            segment({x + 6.0, base - 11.0}, {x + 6.0, base + 2.0}, {ink, 1.5, 3.0});
            marker({x + 6.0, base - 8.0});
            legend_text(x + 16.0, base,
                        fmt::format("phase transition at t = {}", t_at(*data_.transition_index)));
        }
        draw_colour_scale(base);
    }

    void draw_colour_scale(double base)
    {
        constexpr double width = 96.0;
        const double end = area_.right() - 46.0;
        for (int shade = 1; shade <= shades; ++shade) {
            painter_.rectangle({end - width + (shade - 1) * width / shades, base - 9.0}, width / shades, 10.0,
                               share_colour(static_cast<double>(shade) / shades));
        }
        painter_.text({end - width - 6.0, base}, "share of images 0", Anchor::end, quiet);
        painter_.text({area_.right(), base}, "100 %", Anchor::end, quiet);
    }

    /// Returns where the next entry of the legend begins; the width of the text is a guess that holds for
    /// the usual sans-serif fonts.
    double legend_text(double x, double base, std::string_view text)
    {
        painter_.text({x, base}, text, Anchor::start, ink);
        const auto characters = std::count_if(text.begin(), text.end(), [](char c) {
            return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
        });
        return x + static_cast<double>(characters) * 6.4 + 20.0;
    }

    void marker(Point tip)
    {
        painter_.polygon(
            std::vector<Point>{{tip.x - 5.0, tip.y - 7.0}, {tip.x + 5.0, tip.y - 7.0}, {tip.x, tip.y + 1.0}},
            ink, 1.0);
    }

    void segment(Point from, Point to, const Stroke& stroke)
    {
        const std::array<Point, 2> ends = {from, to};
        painter_.line(ends, stroke);
    }

    int t_at(std::size_t index) const { return data_.timesteps[index]; }

    const ExitPlotData& data_;
    PlotPainter& painter_;
    Point size_;
    Frame2d area_;
};

}  // namespace

void draw_exit_plot(const ExitPlotData& data, const ExitPlotOptions& options, PlotPainter& painter)
{
    ExitPlot(data, options, painter).draw();
}

}  // namespace duodiff
