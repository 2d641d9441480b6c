// SPDX-License-Identifier: MIT
#include "report/glyphs.h"
#include "report/plot_painter.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace duodiff
{

namespace
{

constexpr double scale = 2.0;

std::vector<const Glyph*> shape(std::string_view utf8)
{
    std::vector<const Glyph*> glyphs;
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const auto byte = static_cast<unsigned char>(utf8[i]);
        char32_t character = byte;
        if ((byte & 0xE0U) == 0xC0U && i + 1 < utf8.size()) {
            character = (byte & 0x1FU) << 6U | (static_cast<unsigned char>(utf8[++i]) & 0x3FU);
        }
        if (const Glyph* glyph = find_glyph(character)) {
            glyphs.push_back(glyph);
        }
    }
    return glyphs;
}

double distance_to_segment(Point p, Point a, Point b)
{
    const double dx = b.x - a.x;
    const double dy = b.y - a.y;
    const double squared = dx * dx + dy * dy;
    const double along =
        squared > 0.0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / squared, 0.0, 1.0) : 0.0;
    return std::hypot(p.x - a.x - along * dx, p.y - a.y - along * dy);
}

class Canvas final : public PlotPainter
{
public:
    Canvas(int width, int height)
    {
        image_.width = static_cast<int>(width * scale);
        image_.height = static_cast<int>(height * scale);
        image_.channels = 3;
        image_.pixels.assign(
            static_cast<std::size_t>(image_.width) * static_cast<std::size_t>(image_.height) * 3, 255);
    }

    void rectangle(Point corner, double width, double height, Colour colour) override
    {
        const int right = pixel(corner.x + width);
        const int bottom = pixel(corner.y + height);
        for (int y = pixel(corner.y); y < bottom; ++y) {
            for (int x = pixel(corner.x); x < right; ++x) {
                blend(x, y, colour, 1.0);
            }
        }
    }

    void polygon(std::span<const Point> points, Colour colour, double opacity) override
    {
        constexpr int lines_a_row = 4;
        std::vector<double> coverage(static_cast<std::size_t>(image_.width));
        std::vector<double> crossings;
        for (int y = 0; y < image_.height; ++y) {
            std::fill(coverage.begin(), coverage.end(), 0.0);
            for (int line = 0; line < lines_a_row; ++line) {
                cross(points, y + (line + 0.5) / lines_a_row, crossings);
                for (std::size_t i = 0; i + 1 < crossings.size(); i += 2) {
                    cover(coverage, crossings[i], crossings[i + 1], 1.0 / lines_a_row);
                }
            }
            for (int x = 0; x < image_.width; ++x) {
                blend(x, y, colour, coverage[static_cast<std::size_t>(x)] * opacity);
            }
        }
    }

    void line(std::span<const Point> points, const Stroke& stroke) override
    {
        // The greatest coverage of all segments, so that joints are not blended twice.
        std::vector<float> coverage(static_cast<std::size_t>(image_.width) *
                                    static_cast<std::size_t>(image_.height));
        const double half = stroke.width * scale / 2.0;
        for (std::size_t i = 0; i + 1 < points.size(); ++i) {
            cover_segment(coverage, scaled(points[i]), scaled(points[i + 1]), half, stroke.dash * scale);
        }
        for (int y = 0; y < image_.height; ++y) {
            for (int x = 0; x < image_.width; ++x) {
                blend(x, y, stroke.colour, coverage[index(x, y)]);
            }
        }
    }

    void text(Point at, std::string_view text, Anchor anchor, Colour colour) override
    {
        const std::vector<const Glyph*> glyphs = shape(text);
        const double part = anchor == Anchor::start ? 0.0 : anchor == Anchor::middle ? 0.5 : 1.0;
        int pen = pixel(at.x) - static_cast<int>(part * advance(glyphs));
        const int base = pixel(at.y);
        for (const Glyph* glyph : glyphs) {
            stamp(*glyph, [&](int x, int y, double ink) { blend(pen + x, base + y, colour, ink); });
            pen += glyph->advance;
        }
    }

    void upright_text(Point at, std::string_view text, Colour colour) override
    {
        const std::vector<const Glyph*> glyphs = shape(text);
        int pen = pixel(at.y) + advance(glyphs) / 2;
        const int base = pixel(at.x);
        for (const Glyph* glyph : glyphs) {
            stamp(*glyph, [&](int x, int y, double ink) { blend(base + y, pen - x, colour, ink); });
            pen -= glyph->advance;
        }
    }

    Image8 take() { return std::move(image_); }

private:
    static int pixel(double value) { return static_cast<int>(std::lround(value * scale)); }
    static Point scaled(Point point) { return {point.x * scale, point.y * scale}; }

    static int advance(const std::vector<const Glyph*>& glyphs)
    {
        int sum = 0;
        for (const Glyph* glyph : glyphs) {
            sum += glyph->advance;
        }
        return sum;
    }

    std::size_t index(int x, int y) const
    {
        return static_cast<std::size_t>(y) * static_cast<std::size_t>(image_.width) +
               static_cast<std::size_t>(x);
    }

    void blend(int x, int y, Colour colour, double opacity)
    {
        if (opacity <= 0.0 || x < 0 || y < 0 || x >= image_.width || y >= image_.height) {
            return;
        }
        std::uint8_t* at = image_.pixels.data() + index(x, y) * 3;
        for (std::size_t c = 0; c < colour.size(); ++c) {
            at[c] = static_cast<std::uint8_t>(std::lround(at[c] + (colour[c] - at[c]) * opacity));
        }
    }

    /// Where the outline crosses height `y` (pixels), from left to right.
    static void cross(std::span<const Point> points, double y, std::vector<double>& crossings)
    {
        crossings.clear();
        for (std::size_t i = 0; i < points.size(); ++i) {
            const Point a = scaled(points[i]);
            const Point b = scaled(points[(i + 1) % points.size()]);
            if ((a.y <= y) != (b.y <= y)) {
                crossings.push_back(a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x));
            }
        }
        std::sort(crossings.begin(), crossings.end());
    }

    /// Adds `weight` over the pixels from `from` to `to`, in part to the outer two.
    static void cover(std::vector<double>& coverage, double from, double to, double weight)
    {
        const int last = std::min(static_cast<int>(std::ceil(to)), static_cast<int>(coverage.size()));
        for (int x = std::max(static_cast<int>(std::floor(from)), 0); x < last; ++x) {
            const double part = std::min(to, x + 1.0) - std::max(from, static_cast<double>(x));
            coverage[static_cast<std::size_t>(x)] += weight * std::max(part, 0.0);
        }
    }

    void cover_segment(std::vector<float>& coverage, Point a, Point b, double half, double dash) const
    {
        const int left = std::max(static_cast<int>(std::floor(std::min(a.x, b.x) - half)) - 1, 0);
        const int right = std::min(static_cast<int>(std::ceil(std::max(a.x, b.x) + half)) + 1, image_.width);
        const int top = std::max(static_cast<int>(std::floor(std::min(a.y, b.y) - half)) - 1, 0);
        const int bottom =
            std::min(static_cast<int>(std::ceil(std::max(a.y, b.y) + half)) + 1, image_.height);
        for (int y = top; y < bottom; ++y) {
            for (int x = left; x < right; ++x) {
                const Point centre = {x + 0.5, y + 0.5};
                if (dash > 0.0 && std::fmod(std::hypot(centre.x - a.x, centre.y - a.y), 2.0 * dash) > dash) {
                    continue;
                }
                const double inside = std::clamp(half + 0.5 - distance_to_segment(centre, a, b), 0.0, 1.0);
                float& known = coverage[index(x, y)];
                known = std::max(known, static_cast<float>(inside));
            }
        }
    }

    template <class Blend>
    static void stamp(const Glyph& glyph, Blend blend_at)
    {
        for (int y = 0; y < glyph.height; ++y) {
            for (int x = 0; x < glyph.width; ++x) {
                const char letter = glyph.coverage[static_cast<std::size_t>(y * glyph.width + x)];
                blend_at(glyph.left + x, y - glyph.top, (letter - 'a') / 15.0);
            }
        }
    }

    Image8 image_;
};

}  // namespace

Image8 paint_image(int width, int height, const std::function<void(PlotPainter&)>& draw)
{
    Canvas canvas(width, height);
    draw(canvas);
    return canvas.take();
}

Image8 exit_plot_image(const RunRecord& record, const ExitPlotOptions& options)
{
    return paint_image(options.width, options.height, [&](PlotPainter& painter) {
        draw_exit_plot(exit_plot_data(record, most_plot_columns), options, painter);
    });
}

}  // namespace duodiff
