// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/html_report.h"
#include "report/report_numbers.h"
#include "report/report_samples.h"
#include "report/run_file.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

using namespace duodiff;

namespace
{

bool contains(const std::string& text, const std::string& piece)
{
    return text.find(piece) != std::string::npos;
}

/// Every tag that is opened is closed, in order; void elements and the doctype aside.
bool is_balanced(const std::string& page)
{
    std::vector<std::string> open;
    for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
        const std::size_t end = page.find('>', at);
        if (end == std::string::npos) {
            return false;
        }
        const std::string tag = page.substr(at + 1, end - at - 1);
        const std::string name = tag.substr(0, tag.find_first_of(" \n/", 1));
        const bool void_element = tag[0] == '!' || tag.back() == '/' || name == "meta" || name == "img";
        if (tag[0] == '/') {
            if (open.empty() || "/" + open.back() != tag) {
                return false;
            }
            open.pop_back();
        } else if (!void_element) {
            open.push_back(name);
        }
    }
    return open.empty();
}

const std::vector<PolicyKind> policies = {PolicyKind::full, PolicyKind::duodiff, PolicyKind::adadiff,
                                          PolicyKind::static_layer};

}  // namespace

TEST_CASE("a report is one page of its own: balanced, no scripts, nothing from outside")
{
    const Image8 grid = test::gradient(30, 20, 3);
    for (const PolicyKind policy : policies) {
        const std::string page = html_report(test::finished_run(policy, 5, 200), &grid);
        CHECK(page.rfind("<!DOCTYPE html>", 0) == 0);
        CHECK(is_balanced(page));
        CHECK_FALSE(contains(page, "<script"));
        CHECK_FALSE(contains(page, "<link"));
        CHECK_FALSE(contains(page, "@import"));
        CHECK_FALSE(contains(page, "url("));
        CHECK_FALSE(contains(page, "href"));
        std::size_t addresses = 0;
        for (std::size_t at = page.find("://"); at != std::string::npos; at = page.find("://", at + 1)) {
            CHECK(page.compare(at - 4, 24, "http://www.w3.org/2000/s") == 0);
            ++addresses;
        }
        CHECK(addresses == 1);
        CHECK(contains(page, "src=\"data:image/png;base64,iVBORw0KGgo"));
    }
}

TEST_CASE("the report, the run file and the numbers agree")
{
    for (const PolicyKind policy : policies) {
        RunRecord run = test::finished_run(policy, 6, 100);
        run.baseline = BaselineRecord{run.sampling_ms / 4.0, "full, seed 1, 6 images"};
        const ReportNumbers numbers = report_numbers(run);
        const std::string page = html_report(run);
        const auto summary = nlohmann::json::parse(run_to_json(run))["summary"];
        CHECK(summary["block_share"] == numbers.block_share);
        CHECK(summary["blocks_run"] == numbers.blocks_run);
        CHECK(summary["ms_per_image"] == numbers.ms_per_image);
        CHECK(summary["speed_up"]["factor"] == numbers.speed_up->factor);
        CHECK(contains(page, escape_markup(result_sentence(run, numbers))));
        CHECK(contains(page, "<b>" + share_text(numbers.block_share) + "</b>"));
        CHECK(contains(page, "<b>" + factor_text(numbers.speed_up->factor) + "</b>"));
        CHECK(contains(page, "<b>" + duration_text(numbers.ms_per_image) + "</b>"));
        CHECK(contains(page, "<b>" + layer_text(numbers.mean_exit_layer) + "</b>"));
        for (const NetworkNumbers& network : numbers.networks) {
            CHECK(contains(page, std::string(network_label(network.role))));
            for (const LayerNumbers& layer : network.layers) {
                const bool shown = layer.layer > 0 || layer.leaving > 0;
                CHECK(
                    (!shown || contains(page, "<td class=\"n\">" + count_text(layer.executions) + "</td>")));
            }
        }
        if (numbers.phase_transition) {
            CHECK(contains(page, "Phase transition at t = " + std::to_string(numbers.phase_transition->t)));
        }
    }
}

TEST_CASE("a report tells the result first, then plot, ledger, table, settings, machine, in this order")
{
    const Image8 grid = test::gradient(30, 20, 3);
    for (const PolicyKind policy : policies) {
        const std::string page = html_report(test::finished_run(policy, 5, 200), &grid);
        std::size_t at = 0;
        for (const char* piece :
             {"<p class=\"result\">", "<h2>Exit layer</h2>", "<h2>Where the time went</h2>",
              "<h2>Networks and layers</h2>", "<h2>Settings</h2>", "<h2>Machine</h2>", "<h2>Model</h2>",
              "<h2>Images</h2>"}) {
            const std::size_t found = page.find(piece, at);
            REQUIRE_MESSAGE(found != std::string::npos, piece);
            at = found;
        }
        CHECK(page.find("<p>", 0) > page.find("<p class=\"result\">"));
    }
}

TEST_CASE("a report has a style for paper, for light and for dark screens")
{
    const std::string page = html_report(test::finished_run(PolicyKind::duodiff, 2, 20));
    CHECK(contains(page, "@media print"));
    CHECK(contains(page, "@page"));
    CHECK(contains(page, "@media screen and (prefers-color-scheme: dark)"));
    CHECK(contains(page, "color-scheme: light dark"));
    // The plot is drawn for light paper.
    CHECK(contains(page, "<div class=\"plot\">\n<svg"));
}

TEST_CASE("a run is compared with its baseline where there is one, and said to be estimated where not")
{
    for (const double factor : {4.0, 0.5}) {
        RunRecord run = test::finished_run(PolicyKind::duodiff, 4, 50);
        const std::string estimated = html_report(run);
        CHECK(contains(estimated, "The full network was not measured on this machine"));
        CHECK(contains(estimated, "(estimated from the measured time of a block)"));
        run.baseline = BaselineRecord{run.sampling_ms / 4.0 * factor, "full, seed 1, 4 images"};
        const std::string measured = html_report(run);
        CHECK_FALSE(contains(measured, "The full network was not measured"));
        CHECK(contains(measured, "Baseline: full, seed 1, 4 images"));
        CHECK(contains(measured, ">" + duration_text(run.baseline->ms_per_image) + "</td>"));
        CHECK(contains(measured, "<td class=\"n\">" + factor_text(factor) + "</td>"));
    }
    CHECK_FALSE(contains(html_report(test::finished_run(PolicyKind::full, 4, 50)), "Compared with"));
}

TEST_CASE("texts from files cannot become markup")
{
    const std::string evil = "</title><script>alert('x')</script>\"<img onerror=x>&\x01";
    RunRecord run = test::finished_run(PolicyKind::duodiff, 2, 10);
    run.model.name = run.model.path = evil;
    run.model.sha256 = {{evil, evil}};
    run.model.class_names = {evil, evil, evil};
    run.machine = {evil, 1, 1, evil, evil, evil, evil, evil, evil, 1};
    run.started_at = evil;
    run.settings.device = evil;
    run.baseline = BaselineRecord{1.0, evil};
    const std::vector<ReportedRun> runs = {{&run, nullptr, evil}, {&run, nullptr, evil}};
    for (const std::string& page : {html_report(run), html_report(runs)}) {
        CHECK_FALSE(contains(page, "<script"));
        CHECK_FALSE(contains(page, "<img"));
        CHECK_FALSE(contains(page, "\x01"));
        CHECK(is_balanced(page));
        CHECK(contains(page, "&lt;script&gt;alert(&#39;x&#39;)"));
    }
}

TEST_CASE("a report of several runs compares them, measured against the full one among them")
{
    const RunRecord full = test::finished_run(PolicyKind::full, 4, 100);
    const RunRecord duo = test::finished_run(PolicyKind::duodiff, 4, 100);
    const RunRecord ada = test::finished_run(PolicyKind::adadiff, 4, 100);
    const std::vector<ReportedRun> runs = {
        {&full, nullptr, ""}, {&duo, nullptr, ""}, {&ada, nullptr, "Mine"}};
    const std::string page = html_report(runs);
    CHECK(is_balanced(page));
    CHECK(contains(page, "Comparison"));
    CHECK(contains(page, "Of these 3 runs"));
    CHECK(page.find("Of these 3 runs") < page.find("Comparison"));
    CHECK(contains(page, "Mine"));
    CHECK_FALSE(contains(page, "estimated"));
    for (const RunRecord* run : {&duo, &ada}) {
        const double factor = full.sampling_ms / run->sampling_ms;
        CHECK(contains(page, "<td class=\"n\">" + factor_text(factor) + "</td>"));
        CHECK(contains(page, "<b>" + factor_text(factor) + "</b>"));
    }
}

TEST_CASE("runs that ran nothing, little or much all have a report")
{
    const RunRecord nothing = test::new_run(PolicyKind::adadiff, 4, 1000);
    RunRecord cancelled = nothing;
    cancelled.state = RunState::cancelled;
    CHECK(contains(html_report(cancelled), "was cancelled before its first step"));
    CHECK(is_balanced(html_report(nothing)));
    CHECK(is_balanced(html_report(RunRecord{})));
    CHECK(is_balanced(html_report(std::vector<ReportedRun>{})));
    CHECK(is_balanced(html_report(test::finished_run(PolicyKind::adadiff, 1, 1))));
    const std::string large = html_report(test::finished_run(PolicyKind::adadiff, 256, 1000));
    CHECK(is_balanced(large));
    CHECK(large.size() < 500'000);
}

TEST_CASE("a value that was moved during the run is told with where it changed")
{
    RunRecord run = test::finished_run(PolicyKind::adadiff, 1, 10);
    run.steps[4].parameters = {0.25};
    const std::string page = html_report(run);
    CHECK(contains(page, "0.1 from t = 999, 0.25 from t = 599, 0.1 from t = 499"));
    CHECK_FALSE(contains(html_report(test::finished_run(PolicyKind::adadiff, 1, 10)), "Moved during"));
}
