// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/error.h"
#include "report/atomic_file.h"
#include "report/report_samples.h"
#include "report/run_file.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <vector>

using namespace duodiff;
using duodiff::test::TemporaryFolder;
using nlohmann::json;

namespace
{

const std::vector<PolicyKind> policies = {PolicyKind::full, PolicyKind::duodiff, PolicyKind::adadiff,
                                          PolicyKind::static_layer};

void check_refused(const std::string& text, const std::string& place = {})
{
    try {
        run_from_json(text, "run.json");
        FAIL("a damaged run file was accepted: " << place);
    } catch (const EngineError& error) {
        CHECK(error.code() == ErrorCode::bad_file);
        CHECK(error.failure().where == "run.json");
        CHECK(error.failure().what.find('\n') == std::string::npos);
        CHECK_MESSAGE(error.failure().what.find(place) != std::string::npos, error.failure().what);
    }
}

}  // namespace

TEST_CASE("a run comes back from its file as it was")
{
    for (const PolicyKind policy : policies) {
        for (const int images : {1, 2, 5, 256}) {
            for (const int steps : {1, 17}) {
                RunRecord run = test::finished_run(policy, images, steps);
                run.baseline = BaselineRecord{123.456, "full, seed 7, 16 images"};
                CHECK(test::difference(
                          run, run_from_json(run_to_json(run, {.uncertainty_rows = true}), "r")) == "");
                const RunRecord small = run_from_json(run_to_json(run), "r");
                RunRecord without_rows = run;
                for (StepRecord& step : without_rows.steps) {
                    step.uncertainty.clear();
                }
                CHECK(test::difference(without_rows, small) == "");
                CHECK(run_to_json(small) == run_to_json(run));
            }
        }
    }
}

TEST_CASE("runs that ended early, ran nothing or mixed networks in a step come back too")
{
    const RunRecord nothing = test::new_run(PolicyKind::duodiff, 4, 1000);
    CHECK(test::difference(nothing, run_from_json(run_to_json(nothing), "r")) == "");

    RunRecord cancelled = test::finished_run(PolicyKind::adadiff, 4, 10);
    cancelled.state = RunState::cancelled;
    cancelled.images.pop_back();
    cancelled.steps[9].exit_layers[3] = -1;
    cancelled.settings.parametrization = Parametrization::predict_original;
    cancelled.settings.solver = SolverKind::dpm_solver_pp;
    cancelled.settings.compat = Compat::reference;
    CHECK(test::difference(cancelled,
                           run_from_json(run_to_json(cancelled, {.uncertainty_rows = true}), "r")) == "");

    RunRecord mixed = test::finished_run(PolicyKind::duodiff, 4, 10);
    mixed.steps[3].networks = {NetworkRole::full, NetworkRole::full, NetworkRole::shallow,
                               NetworkRole::shallow};
    const std::string text = run_to_json(mixed);
    CHECK(json::parse(text)["steps"][3]["network"] == "mixed");
    CHECK(test::difference(mixed, run_from_json(text, "r")) == "");
    CHECK(steps_csv(mixed).find(",mixed,") != std::string::npos);
}

TEST_CASE("numbers that are not known become null and NaN again")
{
    RunRecord run = test::finished_run(PolicyKind::full, 2, 3);
    run.sampling_ms = std::numeric_limits<double>::quiet_NaN();
    run.model.full_gflops = std::numeric_limits<double>::quiet_NaN();
    run.steps[1].ms = std::numeric_limits<double>::infinity();
    const std::string text = run_to_json(run);
    CHECK(json::parse(text)["sampling_ms"].is_null());
    const RunRecord read = run_from_json(text, "r");
    CHECK(std::isnan(read.sampling_ms));
    CHECK(std::isnan(read.model.full_gflops));
    CHECK(std::isnan(read.steps[1].ms));
    CHECK(std::isnan(read.steps[1].parameters[0]));
}

TEST_CASE("the run file has the keys that scripts rely on")
{
    const json run = json::parse(run_to_json(test::finished_run(PolicyKind::adadiff, 3, 20)));
    for (const char* key : {"format", "settings", "machine", "model", "images", "sampling_ms", "ledger",
                            "steps", "state", "started_at", "phase_transition", "baseline"}) {
        CHECK_MESSAGE(run.contains(key), key);
    }
    REQUIRE(run["steps"].size() == 20);
    for (const char* key : {"step", "t", "network", "ms", "exit_layers", "parameters", "uncertainty"}) {
        CHECK_MESSAGE(run["steps"][0].contains(key), key);
    }
    CHECK(run["steps"][0]["exit_layers"] == json::array({2, 2, 2}));
    CHECK(run["steps"][0]["uncertainty"].size() == 13);
    CHECK(run["steps"][0]["uncertainty"][12].is_null());
    CHECK(run["phase_transition"]["t"] == run["steps"][9]["t"]);
    double sum = 0.0;
    for (const auto& [name, ms] : run["ledger"].items()) {
        sum += name == "wall" ? 0.0 : ms.get<double>();
    }
    CHECK(sum == doctest::Approx(run["ledger"]["wall"].get<double>()));
    CHECK(run["model"]["sha256"]["full"].get<std::string>().size() == 64);
}

TEST_CASE("paths with bytes that are no text still make a run file")
{
    RunRecord run = test::finished_run(PolicyKind::full, 1, 1);
    run.model.path = "models/\xff\xfe\"\\<\n";
    CHECK(run_from_json(run_to_json(run), "r").model.path.find("models/") == 0);
}

TEST_CASE("where the probes of a model sit is kept, and has to be a place there is")
{
    RunRecord run = test::finished_run(PolicyKind::adadiff, 2, 3);
    run.model.first_probe_layer = 1;
    CHECK(test::difference(run_from_json(run_to_json(run, {.uncertainty_rows = true}), "r"), run).empty());
    json odd = json::parse(run_to_json(run));
    odd["model"]["first_probe_layer"] = 2;
    check_refused(odd.dump(), "first_probe_layer");
}

TEST_CASE("branches, changed classes, probe runs and unfinished images come back as they were")
{
    RunRecord run = test::finished_run(PolicyKind::adadiff, 4, 20);
    run.settings.classes = {5};
    run.earlier_classes = {{3, {1, 2, 3}}, {9, {}}, {20, {7}}};
    run.branch = BranchRecord{.step = 9, .taken_over_ms = 12.5};
    run.all_uncertainties = true;
    run.state = RunState::cancelled;
    run.images.pop_back();
    run.unfinished = {{3, run.settings.seed + 3, 5, {}, 17}};
    CHECK(test::difference(run, run_from_json(run_to_json(run, {.uncertainty_rows = true}), "r")) == "");

    const json good = json::parse(run_to_json(run));
    const auto refused = [&](const char* place, const json& value, const char* named) {
        json odd = good;
        odd[json::json_pointer(place)] = value;
        check_refused(odd.dump(), named);
    };
    refused("/branch/step", 21, "branch.step");
    refused("/branch/step", "nine", "branch.step");
    refused("/branch", json::object(), "branch");
    refused("/earlier_classes/0/before_step", 0, "earlier_classes[0].before_step");
    refused("/earlier_classes/1/before_step", 3, "earlier_classes[1]");
    refused("/earlier_classes/0/classes", json::array({-1}), "earlier_classes[0].classes");
    refused("/earlier_classes", 7, "earlier_classes");
    refused("/all_uncertainties", 1, "all_uncertainties");
    refused("/unfinished/0/steps_done", 0, "unfinished[0].steps_done");
    refused("/unfinished/0/steps_done", 21, "unfinished[0].steps_done");
    refused("/unfinished/0/index", 4, "unfinished[0].index");
}

TEST_CASE("every missing key and every wrong type of a run file is named")
{
    const json good = json::parse(run_to_json(test::finished_run(PolicyKind::adadiff, 2, 3)));
    const std::vector<std::string> derived = {"/phase_transition", "/summary", "/ledger/other"};
    std::size_t tried = 0;
    const json flat = good.flatten();
    for (const auto& [pointer, value] : flat.items()) {
        const bool not_read =
            std::any_of(derived.begin(), derived.end(),
                        [&p = pointer](const std::string& name) { return p.rfind(name, 0) == 0; });
        if (not_read) {
            continue;
        }
        const json::json_pointer at(pointer);
        const bool nullable_text = pointer == "/settings/parametrization";
        json wrong = good;
        wrong[at] = value.is_string() || nullable_text ? json(17) : json("text");
        if (pointer == "/baseline") {
            wrong[at] = json(17);
        }
        const std::string last = pointer.substr(pointer.rfind('/') + 1);
        const bool in_list =
            std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; });
        check_refused(wrong.dump(), in_list ? "" : last);
        ++tried;
        if (!in_list && !pointer.starts_with("/model/sha256/")) {
            json missing = good;
            missing[at.parent_pointer()].erase(last);
            check_refused(missing.dump(), last);
        }
    }
    CHECK(tried > 90);
}

TEST_CASE("values and sizes that make no sense are refused")
{
    const json good = json::parse(run_to_json(test::finished_run(PolicyKind::adadiff, 2, 3)));
    const auto refused = [&](const char* pointer, const json& value) {
        json bad = good;
        bad[json::json_pointer(pointer)] = value;
        check_refused(bad.dump());
    };
    refused("/settings/count", 2'000'000'000);
    refused("/settings/count", -1);
    refused("/settings/count", 3);
    refused("/settings/steps", 0);
    refused("/settings/steps", 1001);
    refused("/settings/steps", 2);
    refused("/settings/seed", -1);
    refused("/settings/seed", 1.5);
    refused("/settings/threshold", nullptr);
    refused("/settings/eta", -0.5);
    refused("/settings/batch", 0);
    refused("/settings/switch_step", 1001);
    refused("/settings/save_steps", json::array({1001}));
    refused("/model/depth", 1);
    refused("/model/depth", 1'000'000);
    refused("/probes", 12);
    refused("/probes", -1);
    refused("/steps/0/step", 1);
    refused("/steps/0/step", 7);
    refused("/steps/0/t", 5000);
    refused("/steps/0/exit_layers", json::array({1}));
    refused("/steps/0/exit_layers", json::array({1, 14}));
    refused("/steps/0/exit_layers", json::array({1, -2}));
    refused("/steps/0/exit_layers", json::array({1, 70000}));
    refused("/steps/0/network", "mixed");
    refused("/steps/0/network", "deep");
    refused("/steps/0/parameters", json::array({1, 2, 3}));
    refused("/steps/0/uncertainty", json::array({1, 2, 3}));
    refused("/steps/0/uncertainty_rows", json::array({1, 2, 3}));
    refused("/images/0/index", 2);
    refused("/state", "running");
    refused("/format/name", "another");
    refused("/format/version", 2);
    refused("/format/version", 0);
}

TEST_CASE("texts that are no run file are refused in one line")
{
    const std::string good = run_to_json(test::finished_run(PolicyKind::full, 1, 2));
    for (const std::string& text : {std::string(), std::string("   \n"), std::string("{"), std::string("[]"),
                                    std::string("null"), std::string("{}"), std::string("\0\1\2", 3),
                                    std::string("\x89PNG\r\n"), good + "x", good.substr(0, good.size() - 3),
                                    std::string("{\"format\":1e999}"), std::string("{\"a\":1,\"a\":2}"),
                                    "{\"state\":\"done\"," + good.substr(1), std::string("{\"\xff\":1}")}) {
        check_refused(text);
    }
    check_refused(std::string(1'000'000, '['), "nested");
    std::string deep;
    for (int i = 0; i < 100'000; ++i) {
        deep += "{\"a\":";
    }
    check_refused(deep, "nested");
}

TEST_CASE("a run file with any byte changed is read or refused, never worse")
{
    const std::string good = run_to_json(test::finished_run(PolicyKind::adadiff, 2, 3));
    std::mt19937 generator(2);
    int refused = 0;
    for (std::size_t at = 0; at < good.size(); ++at) {
        std::string changed = good;
        changed[at] = static_cast<char>(generator());
        try {
            run_to_json(run_from_json(changed, "r"));
        } catch (const EngineError& error) {
            REQUIRE(error.code() == ErrorCode::bad_file);
            ++refused;
        }
    }
    CHECK(refused > 500);
}

TEST_CASE("a long run of many images is written and read whole")
{
    const TemporaryFolder folder;
    const RunRecord run = test::finished_run(PolicyKind::duodiff, 256, 1000);
    write_run_file(folder / "run.json", run);
    CHECK(test::difference(run, read_run_file(folder / "run.json")) == "");
}

TEST_CASE("settings come back from their own text")
{
    for (const PolicyKind policy : policies) {
        SamplingSettings settings = test::new_run(policy, 3, 77).settings;
        settings.threshold = 0.1 + 0.2;
        settings.parametrization = Parametrization::predict_previous;
        settings.device = "cuda:1";
        CHECK(settings_from_json(settings_to_json(settings), "s") == settings);
    }
    CHECK(settings_from_json(settings_to_json({}), "s") == SamplingSettings{});
    CHECK_THROWS_AS(settings_from_json("{}", "s"), EngineError);
}

TEST_CASE("the table of steps has one line a step with its statistics")
{
    const RunRecord run = test::finished_run(PolicyKind::adadiff, 5, 40);
    std::istringstream lines(steps_csv(run));
    std::string line;
    std::getline(lines, line);
    CHECK(line == "step,t,network,mean_exit_layer,min_exit_layer,max_exit_layer,ms");
    for (const StepRecord& step : run.steps) {
        REQUIRE(std::getline(lines, line));
        std::vector<std::string> cells;
        std::istringstream row(line);
        for (std::string cell; std::getline(row, cell, ',');) {
            cells.push_back(cell);
        }
        REQUIRE(cells.size() == 7);
        const ExitStatistics exits = exit_statistics(step);
        CHECK(cells[0] == std::to_string(step.step));
        CHECK(cells[1] == std::to_string(step.t));
        CHECK(cells[2] == "early_exit");
        CHECK(std::stod(cells[3]) == doctest::Approx(exits.mean));
        CHECK(cells[4] == std::to_string(exits.minimum));
        CHECK(cells[5] == std::to_string(exits.maximum));
        CHECK(std::stod(cells[6]) == doctest::Approx(step.ms));
    }
    CHECK_FALSE(std::getline(lines, line));
}
