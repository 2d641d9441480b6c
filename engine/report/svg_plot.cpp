// SPDX-License-Identifier: MIT
#include "report/html_report.h"
#include "report/plot_painter.h"

#include <fmt/format.h>

#include <iterator>

namespace duodiff
{

namespace
{

std::string hex(Colour colour)
{
    return fmt::format("#{:02x}{:02x}{:02x}", colour[0], colour[1], colour[2]);
}

/// Without needless zeros: a plot has thousands of coordinates.
std::string coordinate(double value)
{
    std::string text = fmt::format("{:.2f}", value);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') {
        text.pop_back();
    }
    return text == "-0" ? "0" : text;
}

std::string coordinates(std::span<const Point> points)
{
    std::string text;
    for (const Point& point : points) {
        fmt::format_to(std::back_inserter(text), "{}{},{}", text.empty() ? "" : " ", coordinate(point.x),
                       coordinate(point.y));
    }
    return text;
}

class SvgPainter final : public PlotPainter
{
public:
    void rectangle(Point corner, double width, double height, Colour colour) override
    {
        add("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\" "
            "shape-rendering=\"crispEdges\"/>\n",
            coordinate(corner.x), coordinate(corner.y), coordinate(width), coordinate(height), hex(colour));
    }

    void polygon(std::span<const Point> points, Colour colour, double opacity) override
    {
        add("<polygon points=\"{}\" fill=\"{}\" fill-opacity=\"{}\"/>\n", coordinates(points), hex(colour),
            coordinate(opacity));
    }

    void line(std::span<const Point> points, const Stroke& stroke) override
    {
        const std::string dash =
            stroke.dash > 0.0 ? fmt::format(" stroke-dasharray=\"{}\"", coordinate(stroke.dash)) : "";
        add("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" "
            "stroke-linejoin=\"round\"{}/>\n",
            coordinates(points), hex(stroke.colour), coordinate(stroke.width), dash);
    }

    void text(Point at, std::string_view text, Anchor anchor, Colour colour) override
    {
        const char* where = anchor == Anchor::start ? "start" : anchor == Anchor::middle ? "middle" : "end";
        add("<text x=\"{}\" y=\"{}\" text-anchor=\"{}\" fill=\"{}\">{}</text>\n", coordinate(at.x),
            coordinate(at.y), where, hex(colour), escape_markup(text));
    }

    void upright_text(Point at, std::string_view text, Colour colour) override
    {
        add("<text transform=\"translate({} {}) rotate(-90)\" text-anchor=\"middle\" fill=\"{}\">{}</text>\n",
            coordinate(at.x), coordinate(at.y), hex(colour), escape_markup(text));
    }

    const std::string& elements() const { return elements_; }

private:
    template <class... Values>
    void add(fmt::format_string<Values...> form, Values&&... values)
    {
        fmt::format_to(std::back_inserter(elements_), form, std::forward<Values>(values)...);
    }

    std::string elements_;
};

}  // namespace

std::string paint_svg(int width, int height, std::string_view label,
                      const std::function<void(PlotPainter&)>& draw)
{
    SvgPainter painter;
    draw(painter);
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
        "role=\"img\" aria-label=\"{2}\" "
        "font-family=\"Inter, system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif\" "
        "font-size=\"12\">\n{3}</svg>\n",
        width, height, escape_markup(label), painter.elements());
}

std::string exit_plot_svg(const RunRecord& record, const ExitPlotOptions& options)
{
    return paint_svg(options.width, options.height, "Exit layer against timestep", [&](PlotPainter& painter) {
        draw_exit_plot(exit_plot_data(record, most_plot_columns), options, painter);
    });
}

}  // namespace duodiff
