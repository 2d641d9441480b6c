// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/curve_plot.h"
#include "report/glyphs.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

using namespace duodiff;

namespace
{

std::size_t count_of(const std::string& text, const std::string& part)
{
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) {
        ++count;
    }
    return count;
}

CurvePlot two_curves()
{
    CurvePlot plot;
    plot.title = "Distance";
    plot.x_label = "seconds";
    plot.y_label = "distance";
    plot.curves = {{"full", {{.x = 2.0, .y = 1.0, .label = "all"}}},
                   {"DuoDiff", {{.x = 1.0, .y = 3.0}, {.x = 1.5, .y = 2.0}, {.x = 1.8, .y = 1.5}}}};
    return plot;
}

}  // namespace

TEST_CASE("axes have round numbers within their range, never more than asked for")
{
    CHECK(round_numbers(0.0, 1.0, 6) == std::vector<double>{0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0});
    CHECK(round_numbers(-3.0, 3.0, 4) == std::vector<double>{-2.0, 0.0, 2.0});
    for (const double low : {-1e6, -0.37, 0.0, 1e-9, 12345.6}) {
        for (const double size : {0.02, 1.0, 7.0, 999.0, 1e8}) {
            for (const int most : {1, 2, 5, 8}) {
                const auto numbers = round_numbers(low, low + size, most);
                CHECK(static_cast<int>(numbers.size()) <= most);
                CHECK((most < 5 || !numbers.empty()));
                for (const double number : numbers) {
                    CHECK(number >= low - 1e-6 * size);
                    CHECK(number <= low + size * (1.0 + 1e-6));
                }
            }
        }
    }
    CHECK(round_numbers(1.0, 1.0, 5).empty());
    CHECK(round_numbers(0.0, std::numeric_limits<double>::infinity(), 5).empty());
}

TEST_CASE("every point has a mark, every curve a line and a name")
{
    const std::string svg = curve_plot_svg(two_curves());
    CHECK(count_of(svg, "<polygon") == 4);
    CHECK(count_of(svg, ">full</text>") == 1);
    CHECK(count_of(svg, ">DuoDiff</text>") == 1);
    CHECK(count_of(svg, ">all</text>") == 1);
    CHECK(count_of(svg, "stroke-width=\"1.8\"") == 1);
}

TEST_CASE("points that are not finite are left out and break the line; nothing else of them shows")
{
    CurvePlot plot = two_curves();
    plot.curves[1].points.insert(plot.curves[1].points.begin() + 2,
                                 {.x = 1.6, .y = std::nan(""), .label = "lost"});
    plot.curves[1].points.push_back({.x = 1.9, .y = 1.0});
    const std::string svg = curve_plot_svg(plot);
    CHECK(count_of(svg, "<polygon") == 5);
    CHECK(count_of(svg, "stroke-width=\"1.8\"") == 2);
    CHECK(count_of(svg, "nan") == 0);
    CHECK(count_of(svg, "lost") == 0);
}

TEST_CASE("bands, levels and names with markup in them are drawn as they are")
{
    CurvePlot plot = two_curves();
    plot.curves[0].name = "a < b & c";
    plot.curves[1].points[0].spread = 0.5;
    plot.level = 0.25;
    plot.level_label = "real images";
    const std::string svg = curve_plot_svg(plot);
    CHECK(count_of(svg, "a &lt; b &amp; c") == 1);
    CHECK(count_of(svg, "fill-opacity=\"0.18\"") == 1);
    CHECK(count_of(svg, "stroke-dasharray") == 1);
    CHECK(count_of(svg, "real images") == 1);
}

TEST_CASE("empty plots, single points and equal values are drawn without numbers that are none")
{
    for (const std::vector<Curve>& curves :
         {std::vector<Curve>{}, std::vector<Curve>{{"empty", {}}},
          std::vector<Curve>{{"one", {{.x = 0.0, .y = 0.0}}}},
          std::vector<Curve>{{"flat", {{.x = 1.0, .y = 5.0}, {.x = 2.0, .y = 5.0}}}}}) {
        CurvePlot plot;
        plot.curves = curves;
        const std::string svg = curve_plot_svg(plot);
        CHECK(count_of(svg, "nan") == 0);
        CHECK(count_of(svg, "inf") == 0);
        const Image8 image = curve_plot_image(plot);
        CHECK(image.width == 2 * plot.width);
        CHECK(image.height == 2 * plot.height);
    }
}

TEST_CASE("the small font has every letter that titles are written with")
{
    std::u32string letters = U"\u00e9\u03b8 0123456789.,-()%";
    for (char32_t letter = U'a'; letter <= U'z'; ++letter) {
        letters += letter;
        letters += static_cast<char32_t>(letter - U'a' + U'A');
    }
    for (const char32_t letter : letters) {
        const Glyph* glyph = find_glyph(letter);
        REQUIRE_MESSAGE(glyph != nullptr, static_cast<std::uint32_t>(letter));
        CHECK(glyph->coverage.size() == static_cast<std::size_t>(glyph->width * glyph->height));
        CHECK(glyph->advance > 0);
    }
}
