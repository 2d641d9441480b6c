// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/plots.h"
#include "report/report_samples.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <string>
#include <vector>

using namespace duodiff;

namespace
{

std::size_t count_of(const std::string& text, const std::string& piece)
{
    std::size_t count = 0;
    for (std::size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) {
        ++count;
    }
    return count;
}

std::vector<std::size_t> line_widths(const std::string& text)
{
    std::vector<std::size_t> widths(1, 0);
    for (const char c : text) {
        if (c == '\n') {
            widths.push_back(0);
        } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
            ++widths.back();
        }
    }
    widths.pop_back();
    return widths;
}

const std::vector<PolicyKind> policies = {PolicyKind::full, PolicyKind::duodiff, PolicyKind::adadiff,
                                          PolicyKind::static_layer};

}  // namespace

TEST_CASE("columns keep every step: shares add up to one and means to the mean of the run")
{
    for (const PolicyKind policy : policies) {
        for (const int steps : {1, 7, 250, 251, 1000}) {
            const RunRecord run = test::finished_run(policy, 5, steps);
            const ExitPlotData data = exit_plot_data(run, 250);
            REQUIRE(data.columns.size() <= 250);
            REQUIRE(data.columns.size() * data.steps_a_column >= static_cast<std::size_t>(steps));
            double sum = 0.0;
            for (std::size_t i = 0; i < data.columns.size(); ++i) {
                const auto& shares = data.columns[i].shares;
                CHECK(std::accumulate(shares.begin(), shares.end(), 0.0) == doctest::Approx(1.0));
                const std::size_t inside =
                    std::min(data.steps_a_column, static_cast<std::size_t>(steps) - i * data.steps_a_column);
                sum += data.columns[i].mean * static_cast<double>(inside);
            }
            CHECK(sum * 5 == doctest::Approx(static_cast<double>(blocks_run(run))));
        }
    }
}

TEST_CASE("the switch of DuoDiff and the phase transition are at the same step")
{
    const ExitPlotData data = exit_plot_data(test::finished_run(PolicyKind::duodiff, 3, 1000), 250);
    REQUIRE(data.switch_index.has_value());
    CHECK(*data.switch_index == 300);
    CHECK(data.transition_index == data.switch_index);
    CHECK_FALSE(exit_plot_data(test::finished_run(PolicyKind::full, 3, 100), 250).switch_index.has_value());
}

TEST_CASE("the axis runs from T at the left to 0 at the right, for runs of any number of steps")
{
    for (const int steps : {1, 2, 17, 50, 1000}) {
        const ExitPlotData data = exit_plot_data(test::finished_run(PolicyKind::full, 1, steps), 250);
        CHECK(axis_position(data, 1000) == 0.0);
        CHECK(axis_position(data, 0) == doctest::Approx(static_cast<double>(data.extent)));
        double last = -1.0;
        for (int t = 1000; t >= 0; t -= 10) {
            const double at = axis_position(data, t);
            CHECK(at >= last);
            last = at;
        }
        CHECK(axis_position(data, 500) == doctest::Approx(static_cast<double>(steps) / 2.0).epsilon(0.06));
    }
}

TEST_CASE("a run cut short leaves the rest of the axis empty")
{
    RunRecord run = test::finished_run(PolicyKind::full, 2, 1000);
    run.steps.resize(400);
    run.state = RunState::cancelled;
    const ExitPlotData data = exit_plot_data(run, 250);
    CHECK(data.extent == 1000);
    CHECK(data.columns.size() == 100);
    CHECK(axis_position(data, 200) == doctest::Approx(800.0).epsilon(0.01));
}

TEST_CASE("axis labels are whole, evenly apart and no more than asked for")
{
    for (const int largest : {0, 1, 3, 13, 14, 28, 1000, 4096}) {
        for (const int most : {2, 5, 14}) {
            const std::vector<int> ticks = axis_ticks(largest, most);
            REQUIRE_FALSE(ticks.empty());
            CHECK(ticks.size() <= static_cast<std::size_t>(most));
            CHECK(ticks.front() == 0);
            CHECK(ticks.back() <= largest);
            for (std::size_t i = 2; i < ticks.size(); ++i) {
                CHECK(ticks[i] - ticks[i - 1] == ticks[1] - ticks[0]);
            }
        }
    }
}

TEST_CASE("shares of images become brighter as they grow")
{
    double last = -1.0;
    for (int i = 0; i <= 32; ++i) {
        const auto colour = share_colour(i / 32.0);
        const double brightness = 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2];
        CHECK(brightness > last);
        last = brightness;
    }
}

TEST_CASE("the SVG is one closed element that refers to nothing outside, and stays small")
{
    for (const PolicyKind policy : policies) {
        const std::string svg = exit_plot_svg(test::finished_run(policy, 256, 1000));
        CHECK(svg.rfind("<svg xmlns=", 0) == 0);
        CHECK(count_of(svg, "<svg") == 1);
        CHECK(count_of(svg, "</svg>") == 1);
        CHECK(count_of(svg, "href") == 0);
        CHECK(count_of(svg, "<script") == 0);
        CHECK(count_of(svg, "nan") == 0);
        CHECK(svg.size() < 400'000);
        CHECK(count_of(svg, "switch at t = ") == (policy == PolicyKind::duodiff ? 1 : 0));
    }
}

TEST_CASE("runs of no steps, one step and one image are drawn by every plot")
{
    for (const RunRecord& run : {test::new_run(PolicyKind::adadiff, 4, 1000),
                                 test::finished_run(PolicyKind::adadiff, 1, 1), RunRecord{}}) {
        CHECK(exit_plot_svg(run).find("</svg>") != std::string::npos);
        CHECK(exit_plot_image(run, {.width = 200, .height = 120}).pixels.size() == 400U * 240U * 3U);
        CHECK(line_widths(exit_plot_text(run)).size() == 12);
    }
}

TEST_CASE("the picture of the plot shows the heat map's colours")
{
    const Image8 image = exit_plot_image(test::finished_run(PolicyKind::adadiff, 5, 100));
    std::set<std::array<std::uint8_t, 3>> colours;
    for (std::size_t i = 0; i + 2 < image.pixels.size(); i += 3) {
        colours.insert({image.pixels[i], image.pixels[i + 1], image.pixels[i + 2]});
    }
    CHECK(colours.count(share_colour(1.0)) == 1);
    CHECK(colours.count(share_colour(0.625)) == 1);
    CHECK(image.width == 1840);
    CHECK(image.height == 680);
}

TEST_CASE("the plot in characters keeps to its size, and to ASCII when asked")
{
    for (const int width : {24, 60, 120}) {
        for (const int height : {4, 12, 30}) {
            for (const bool unicode : {true, false}) {
                const std::string text = exit_plot_text(test::finished_run(PolicyKind::adadiff, 3, 1000),
                                                        {width, height, unicode});
                const std::vector<std::size_t> widths = line_widths(text);
                CHECK(widths.size() == static_cast<std::size_t>(height));
                for (const std::size_t line : widths) {
                    CHECK(line <= static_cast<std::size_t>(width));
                }
                const bool ascii = std::all_of(text.begin(), text.end(),
                                               [](char c) { return static_cast<unsigned char>(c) < 0x80; });
                CHECK(ascii == !unicode);
            }
        }
    }
}

TEST_CASE("the curve in characters rises where the run's does")
{
    const std::string text = exit_plot_text(test::finished_run(PolicyKind::duodiff, 2, 100), {64, 6, false});
    const std::string top = text.substr(0, text.find('\n'));
    const std::size_t begin = top.find('+') + 1;
    const std::size_t first_full = top.find('#');
    REQUIRE(first_full != std::string::npos);
    CHECK(static_cast<double>(first_full - begin) == doctest::Approx(0.3 * 60.0).epsilon(0.07));
    CHECK(top.find_first_not_of('#', first_full) == std::string::npos);
}
