// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/error.h"
#include "report/curve_plot.h"
#include "report/glyphs.h"
#include "report/labelled_grid.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
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

TEST_CASE("with a falling x the larger is at the left")
{
    CurvePlot plot;
    plot.curves = {{"t", {{.x = 0.0, .y = 1.0, .label = "early"}, {.x = 900.0, .y = 1.0, .label = "late"}}}};
    const auto column_of = [&](const char* label) {
        const std::string svg = curve_plot_svg(plot);
        const std::size_t at = svg.rfind("<text x=\"", svg.find(std::string(">") + label + "<"));
        REQUIRE(at != std::string::npos);
        return std::stod(svg.substr(at + 9));
    };
    CHECK(column_of("early") < column_of("late"));
    plot.x_falls = true;
    CHECK(column_of("early") > column_of("late"));
}

TEST_CASE("on a logarithmic axis equal ratios are equal distances, and what is not positive is left out")
{
    CurvePlot plot;
    plot.y_logarithmic = true;
    plot.y_from_zero = true;  // has no meaning there
    plot.curves = {{"loss",
                    {{.x = 1.0, .y = 0.001, .label = "a"},
                     {.x = 2.0, .y = 0.01, .label = "b"},
                     {.x = 3.0, .y = 0.1, .label = "c"},
                     {.x = 4.0, .y = 0.0, .label = "none"},
                     {.x = 5.0, .y = -1.0, .label = "none"}}}};
    const std::string svg = curve_plot_svg(plot);
    const auto row_of = [&](const char* label) {
        const std::size_t text = svg.rfind("<text", svg.find(std::string(">") + label + "<"));
        return std::stod(svg.substr(svg.find(" y=\"", text) + 4));
    };
    CHECK(row_of("a") - row_of("b") == doctest::Approx(row_of("b") - row_of("c")).epsilon(0.01));
    CHECK(row_of("a") > row_of("c"));
    CHECK(count_of(svg, ">none<") == 0);
    CHECK(count_of(svg, ">0.01<") == 1);
    CHECK(count_of(svg, "nan") == 0);
}

TEST_CASE("labels of points beside each other do not cover each other")
{
    CurvePlot plot = two_curves();
    plot.curves = {{"one", {{.x = 1.0, .y = 1.0, .label = "first one"}, {.x = 3.0, .y = 2.0}}},
                   {"two", {{.x = 1.01, .y = 1.001, .label = "second one"}}},
                   {"three", {{.x = 1.02, .y = 1.0, .label = "third one"}}}};
    const std::string svg = curve_plot_svg(plot);
    // Where each begins or ends, and how high it stands.
    std::set<std::string> places;
    for (const char* label : {">first one<", ">second one<", ">third one<"}) {
        const std::size_t end = svg.find(label);
        REQUIRE(end != std::string::npos);
        const std::string element = svg.substr(svg.rfind('<', end), end - svg.rfind('<', end));
        const auto value = [&](const std::string& name) {
            const std::size_t from = element.find(name + "=\"") + name.size() + 2;
            return element.substr(from, element.find('"', from) - from);
        };
        const bool ends = element.find("\"end\"") != std::string::npos;
        places.insert((ends ? "left " : "right ") +
                      std::to_string(std::lround(std::stod(value("y")) / 10.0)));
    }
    CHECK(places.size() == 3);
}

TEST_CASE("a curve may bring its colour, and names that need it go on in another row")
{
    CurvePlot plot = two_curves();
    CHECK(count_of(curve_plot_svg(plot), "#010203") == 0);
    plot.curves[0].colour = {1, 2, 3};
    CHECK(count_of(curve_plot_svg(plot), "#010203") > 0);
    const auto rows = [&] {
        std::set<std::string> found;
        const std::string svg = curve_plot_svg(plot);
        for (std::size_t at = svg.find(">layer "); at != std::string::npos;
             at = svg.find(">layer ", at + 1)) {
            const std::size_t text = svg.rfind("<text", at);
            const std::size_t y = svg.find(" y=\"", text) + 4;
            found.insert(svg.substr(y, svg.find('"', y) - y));
        }
        return found.size();
    };
    plot.curves.assign(3, {"layer 1", {{.x = 0.0, .y = 0.0}}});
    CHECK(rows() == 1);
    plot.curves.assign(21, {"layer 1", {{.x = 0.0, .y = 0.0}}});
    CHECK(rows() == 3);
}

TEST_CASE("a labelled grid holds every picture whole, gray or coloured, enlarged by a whole number")
{
    const Image8 gray{2, 2, 1, {10, 20, 30, 40}};
    const Image8 red{2, 2, 3, {200, 0, 0, 200, 0, 0, 200, 0, 0, 200, 0, 0}};
    LabelledGrid grid;
    grid.title = "Rows";
    grid.columns = {"t 999"};
    grid.rows = {{.label = "one", .remark = "40 %", .pictures = {gray, red}},
                 {.label = "two", .remark = {}, .pictures = {red}}};
    grid.smallest_side = 10;
    const Image8 picture = compose_labelled_grid(grid);
    REQUIRE(picture.channels == 3);
    const auto pixels = [&](std::uint8_t r, std::uint8_t g, std::uint8_t b) {
        int count = 0;
        for (std::size_t i = 0; i < picture.pixels.size(); i += 3) {
            count +=
                picture.pixels[i] == r && picture.pixels[i + 1] == g && picture.pixels[i + 2] == b ? 1 : 0;
        }
        return count;
    };
    CHECK(pixels(200, 0, 0) == 2 * 10 * 10);
    CHECK(pixels(10, 10, 10) == 5 * 5);
    CHECK(pixels(40, 40, 40) == 5 * 5);
    // Words are drawn: not all of the rest is white.
    CHECK(pixels(255, 255, 255) < picture.width * picture.height - 4 * 10 * 10);

    grid.rows[1].pictures.push_back({1, 1, 1, {0}});
    CHECK_THROWS_AS((void)compose_labelled_grid(grid), EngineError);
    CHECK_THROWS_AS((void)compose_labelled_grid({}), EngineError);
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
