// SPDX-License-Identifier: MIT
#include "report/curve_plot.h"

#include "report/plot_painter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace duodiff
{
namespace
{

/// Told apart by most kinds of colour-blind eyes (Okabe and Ito), without their yellow, which is lost on
/// white.
constexpr std::array<Colour, 6> curve_colours = {
    {{0, 114, 178}, {213, 94, 0}, {0, 158, 115}, {204, 121, 167}, {86, 180, 233}, {230, 159, 0}}};

constexpr double left_margin = 66.0;
constexpr double right_margin = 20.0;
constexpr double first_top_margin = 52.0;
constexpr double legend_row = 16.0;
constexpr double bottom_margin = 46.0;
constexpr double half_mark = 3.5;
constexpr int most_ticks = 8;

struct Range {
    double low = std::numeric_limits<double>::infinity();
    double high = -std::numeric_limits<double>::infinity();

    void take(double value)
    {
        if (std::isfinite(value)) {
            low = std::min(low, value);
            high = std::max(high, value);
        }
    }
    /// A little room around the values, and never empty.
    void widen(bool from_zero)
    {
        if (low > high) {
            low = 0.0;
            high = 1.0;
        }
        if (from_zero) {
            low = std::min(low, 0.0);
            high = std::max(high, 0.0);
        }
        const double size = high - low;
        const double room = size > 0.0 ? 0.06 * size : std::max(0.5 * std::abs(high), 1e-6);
        low = from_zero && low == 0.0 ? 0.0 : low - room;
        high += room;
    }
};

class Drawing
{
public:
    Drawing(const CurvePlot& plot, PlotPainter& painter)
        : plot_(plot),
          painter_(painter),
          right_(std::max(plot.width - right_margin, left_margin + 1.0)),
          legend_(place_legend(plot, right_)),
          top_(first_top_margin + legend_row * static_cast<double>(legend_.empty() ? 0 : legend_.back().row)),
          bottom_(std::max(plot.height - bottom_margin, top_ + 1.0))
    {
        for (const Curve& curve : plot.curves) {
            for (const Curve::Sample& point : curve.points) {
                if (usable(point)) {
                    x_.take(point.x);
                    y_.take(height_of(point.y - point.spread));
                    y_.take(height_of(point.y + point.spread));
                    y_.take(height_of(point.y));
                }
            }
        }
        y_.take(height_of(plot.level.value_or(std::numeric_limits<double>::quiet_NaN())));
        x_.widen(plot.x_from_zero);
        y_.widen(plot.y_from_zero && !plot.y_logarithmic);
    }

    void draw()
    {
        painter_.rectangle({0.0, 0.0}, plot_.width, plot_.height, white);
        draw_axes();
        draw_level();
        for (std::size_t i = 0; i < plot_.curves.size(); ++i) {
            const Curve& curve = plot_.curves[i];
            const Colour colour = curve.colour.value_or(curve_colours[i % curve_colours.size()]);
            draw_band(curve, colour);
            draw_curve(curve, colour);
            draw_legend(curve.name, colour, legend_[i]);
        }
    }

private:
    /// Where a curve's name stands.
    struct LegendPlace {
        double x = 0.0;
        int row = 0;
    };

    /// A point's label: where its base line begins.
    struct LabelBox {
        double x = 0.0;
        double y = 0.0;
        double width = 0.0;
        bool ends_at_mark = false;

        bool covers(const LabelBox& other) const
        {
            constexpr double height = 12.0;
            return x < other.x + other.width && other.x < x + width && std::abs(y - other.y) < height;
        }
    };

    /// One after another, as many rows as they need.
    static std::vector<LegendPlace> place_legend(const CurvePlot& plot, double right)
    {
        std::vector<LegendPlace> places;
        LegendPlace next{left_margin, 0};
        for (const Curve& curve : plot.curves) {
            const double width = curve.name.empty() ? 0.0 : legend_width(curve.name);
            if (next.x > left_margin && next.x + width > right) {
                next = {left_margin, next.row + 1};
            }
            places.push_back(next);
            next.x += width;
        }
        return places;
    }

    static double text_width(const std::string& text)
    {
        constexpr double a_letter = 7.2;
        const auto letters = std::count_if(text.begin(), text.end(), [](char byte) {
            return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;  // of UTF-8
        });
        return a_letter * static_cast<double>(letters);
    }

    static double legend_width(const std::string& name) { return 32.0 + text_width(name); }

    bool usable(const Curve::Sample& point) const
    {
        return std::isfinite(point.x) && std::isfinite(height_of(point.y));
    }

    /// On the axis, before it is scaled; NaN where it has no place.
    double height_of(double y) const
    {
        if (!plot_.y_logarithmic) {
            return y;
        }
        return y > 0.0 ? std::log10(y) : std::numeric_limits<double>::quiet_NaN();
    }

    double across(double x) const
    {
        const double share = (x - x_.low) / (x_.high - x_.low);
        return left_margin + (plot_.x_falls ? 1.0 - share : share) * (right_ - left_margin);
    }
    double down(double y) const
    {
        const double height = std::isfinite(height_of(y)) ? height_of(y) : y_.low;
        return bottom_ - (height - y_.low) / (y_.high - y_.low) * (bottom_ - top_);
    }

    std::vector<double> y_ticks() const
    {
        if (!plot_.y_logarithmic) {
            return round_numbers(y_.low, y_.high, most_ticks);
        }
        std::vector<double> ticks;
        for (const auto& digits : {std::vector<double>{1.0, 2.0, 5.0}, std::vector<double>{1.0}}) {
            ticks.clear();
            for (double power = std::floor(y_.low); power <= y_.high; power += 1.0) {
                for (const double digit : digits) {
                    const double tick = digit * std::pow(10.0, power);
                    if (std::log10(tick) >= y_.low && std::log10(tick) <= y_.high) {
                        ticks.push_back(tick);
                    }
                }
            }
            if (ticks.size() <= static_cast<std::size_t>(most_ticks)) {
                break;
            }
        }
        return ticks;
    }
    Point place(const Curve::Sample& point) const { return {across(point.x), down(point.y)}; }

    void draw_line(std::initializer_list<Point> points, const Stroke& stroke)
    {
        painter_.line(std::span<const Point>(points.begin(), points.size()), stroke);
    }

    void draw_axes()
    {
        for (const double tick : round_numbers(x_.low, x_.high, most_ticks)) {
            draw_line({{across(tick), top_}, {across(tick), bottom_}}, {.colour = grid_colour});
            painter_.text({across(tick), bottom_ + 16.0}, fmt::format("{:.6g}", tick), Anchor::middle, quiet);
        }
        for (const double tick : y_ticks()) {
            draw_line({{left_margin, down(tick)}, {right_, down(tick)}}, {.colour = grid_colour});
            painter_.text({left_margin - 6.0, down(tick) + 4.0}, fmt::format("{:.6g}", tick), Anchor::end,
                          quiet);
        }
        draw_line({{left_margin, top_}, {left_margin, bottom_}, {right_, bottom_}}, {.colour = frame_colour});
        painter_.text({left_margin, 18.0}, plot_.title, Anchor::start, ink);
        painter_.text({(left_margin + right_) / 2.0, plot_.height - 10.0}, plot_.x_label, Anchor::middle,
                      ink);
        painter_.upright_text({16.0, (top_ + bottom_) / 2.0}, plot_.y_label, ink);
    }

    void draw_level()
    {
        if (plot_.level) {
            const double y = down(*plot_.level);
            draw_line({{left_margin, y}, {right_, y}}, {.colour = quiet, .width = 1.2, .dash = 4.0});
            painter_.text({right_, y - 5.0}, plot_.level_label, Anchor::end, quiet);
        }
    }

    void draw_band(const Curve& curve, Colour colour)
    {
        std::vector<Point> outline;
        for (const Curve::Sample& point : curve.points) {
            if (usable(point)) {
                outline.push_back({across(point.x), down(point.y + point.spread)});
            }
        }
        const bool any = std::any_of(curve.points.begin(), curve.points.end(),
                                     [](const Curve::Sample& point) { return point.spread > 0.0; });
        for (auto point = curve.points.rbegin(); point != curve.points.rend(); ++point) {
            if (usable(*point)) {
                outline.push_back({across(point->x), down(point->y - point->spread)});
            }
        }
        if (any && outline.size() > 3) {
            painter_.polygon(outline, colour, 0.18);
        }
    }

    void draw_curve(const Curve& curve, Colour colour)
    {
        std::vector<Point> piece;
        const auto end_piece = [&] {
            if (curve.line && piece.size() > 1) {
                painter_.line(piece, {.colour = colour, .width = 1.8});
            }
            piece.clear();
        };
        for (const Curve::Sample& point : curve.points) {
            if (!usable(point)) {
                end_piece();
                continue;
            }
            piece.push_back(place(point));
        }
        end_piece();
        for (const Curve::Sample& point : curve.points) {
            if (usable(point) && curve.marks) {
                const Point at = place(point);
                const std::array<Point, 4> mark = {{{at.x - half_mark, at.y},
                                                    {at.x, at.y - half_mark},
                                                    {at.x + half_mark, at.y},
                                                    {at.x, at.y + half_mark}}};
                painter_.polygon(mark, colour, 1.0);
            }
            if (usable(point) && !point.label.empty()) {
                draw_label(place(point), point.label);
            }
        }
    }

    /// Over the mark and to its right, else where it covers no other label.
    void draw_label(Point mark, const std::string& text)
    {
        constexpr double above = -6.0;
        constexpr double below = 16.0;
        const double width = text_width(text);
        const bool at_the_right = mark.x > right_ - 60.0;
        std::vector<LabelBox> places;
        for (const double rise : {above, below}) {
            for (const bool left : {at_the_right, !at_the_right}) {
                places.push_back({mark.x + (left ? -6.0 - width : 6.0), mark.y + rise, width, left});
            }
        }
        const auto is_free = [&](const LabelBox& place) {
            return std::none_of(labels_.begin(), labels_.end(),
                                [&](const LabelBox& other) { return place.covers(other); });
        };
        const auto found = std::find_if(places.begin(), places.end(), is_free);
        const LabelBox chosen = found == places.end() ? places.front() : *found;
        labels_.push_back(chosen);
        painter_.text({chosen.ends_at_mark ? chosen.x + width : chosen.x, chosen.y}, text,
                      chosen.ends_at_mark ? Anchor::end : Anchor::start, ink);
    }

    void draw_legend(const std::string& name, Colour colour, const LegendPlace& at)
    {
        if (name.empty()) {
            return;
        }
        const double y = 30.0 + legend_row * at.row;
        painter_.rectangle({at.x, y}, 10.0, 10.0, colour);
        painter_.text({at.x + 15.0, y + 9.0}, name, Anchor::start, ink);
    }

    const CurvePlot& plot_;
    PlotPainter& painter_;
    double right_;
    std::vector<LegendPlace> legend_;  ///< one a curve
    std::vector<LabelBox> labels_;     ///< drawn so far
    double top_;
    double bottom_;
    Range x_;
    Range y_;
};

}  // namespace

std::vector<double> round_numbers(double low, double high, int most)
{
    std::vector<double> numbers;
    if (!(high > low) || !std::isfinite(low) || !std::isfinite(high) || most < 1) {
        return numbers;
    }
    const double size = std::pow(10.0, std::floor(std::log10((high - low) / most)));
    double step = 10.0 * size;
    for (const double factor : {1.0, 2.0, 5.0}) {
        if ((high - low) / (factor * size) <= most - 1) {
            step = factor * size;
            break;
        }
    }
    const double first = std::ceil(low / step - 1e-9);
    for (int i = 0; i < most && (first + i) * step <= high * (1.0 + 1e-12) + 1e-12 * step; ++i) {
        // A whole multiple, so that zero is zero.
        numbers.push_back((first + i) * step);
    }
    return numbers;
}

std::string curve_plot_svg(const CurvePlot& plot)
{
    return paint_svg(plot.width, plot.height, plot.title,
                     [&](PlotPainter& painter) { Drawing(plot, painter).draw(); });
}

Image8 curve_plot_image(const CurvePlot& plot)
{
    return paint_image(plot.width, plot.height, [&](PlotPainter& painter) { Drawing(plot, painter).draw(); });
}

}  // namespace duodiff
