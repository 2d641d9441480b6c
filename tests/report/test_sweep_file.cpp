// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/error.h"
#include "report/report_samples.h"
#include "report/sweep_file.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using namespace duodiff;
using duodiff::test::TemporaryFolder;

namespace
{

Sweep half_done()
{
    SweepPlan plan;
    plan.base.steps = 20;
    plan.switch_steps = {200, 400};
    plan.thresholds = {0.1, 1.0 / 3.0};
    Sweep sweep = begin_sweep(plan);
    const RunRecord run = test::finished_run(PolicyKind::full, 4, 20);
    sweep.model = run.model;
    sweep.machine = run.machine;
    sweep.started_at = run.started_at;
    finish_row(sweep.rows[0], run, 0.0);
    finish_row(sweep.rows[1], test::finished_run(PolicyKind::duodiff, 4, 20), 0.0125);
    sweep.rows[1].run_file = "0001/run \"\xc3\xa9\",\n.json";
    sweep.rows[2].state = SweepState::failed;
    sweep.rows[2].failure = "out of memory";
    finish_row(sweep.rows[3], test::finished_run(PolicyKind::adadiff, 4, 20), std::nan(""));
    return sweep;
}

}  // namespace

TEST_CASE("a sweep comes back from its file as it was, with what is finished and what is not")
{
    const TemporaryFolder folder;
    const Sweep sweep = half_done();
    write_sweep_file(folder / "sweep.json", sweep);
    const Sweep read = read_sweep_file(folder / "sweep.json");
    CHECK(sweep_to_json(read) == sweep_to_json(sweep));
    CHECK(read.model.sha256 == sweep.model.sha256);
    CHECK(read.machine.cpu == sweep.machine.cpu);
    CHECK(read.started_at == sweep.started_at);
    REQUIRE(read.rows.size() == sweep.rows.size());
    for (std::size_t i = 0; i < read.rows.size(); ++i) {
        CHECK(read.rows[i].settings == sweep.rows[i].settings);
        CHECK(read.rows[i].state == sweep.rows[i].state);
        CHECK(read.rows[i].sampling_ms == sweep.rows[i].sampling_ms);
        CHECK(read.rows[i].run_file == sweep.rows[i].run_file);
        CHECK(read.rows[i].failure == sweep.rows[i].failure);
        CHECK(std::isnan(read.rows[i].difference) == std::isnan(sweep.rows[i].difference));
    }
    CHECK(read.rows[1].difference == 0.0125);
    CHECK(next_row(read) == std::optional<std::size_t>(4));
}

TEST_CASE("an empty sweep has a file too")
{
    CHECK(sweep_from_json(sweep_to_json({}), "sweep.json").rows.empty());
}

TEST_CASE("a damaged sweep file is refused with its place, cut off anywhere it is no sweep")
{
    const std::string good = sweep_to_json(half_done());
    const auto failure_of = [](const std::string& json) {
        try {
            sweep_from_json(json, "sweep.json");
        } catch (const EngineError& error) {
            CHECK(error.code() == ErrorCode::bad_file);
            CHECK(error.failure().where == "sweep.json");
            return error.failure().what;
        }
        return std::string("accepted");
    };
    for (std::size_t length = 0; length + 2 < good.size(); length += 97) {
        CHECK(failure_of(good.substr(0, length)) != "accepted");
    }
    const auto changed = [&](const std::string& from, const std::string& to) {
        std::string bad = good;
        const std::size_t at = bad.find(from);
        REQUIRE(at != std::string::npos);
        return failure_of(bad.replace(at, from.size(), to));
    };
    CHECK(changed("duodiff sweep", "duodiff run").find("format") == 0);
    CHECK(changed("\"version\":1", "\"version\":9").find("later program") != std::string::npos);
    CHECK(changed("\"state\":\"done\"", "\"state\":\"fine\"").find("rows[0].state") == 0);
    CHECK(changed("\"difference\":0.0125", "\"difference\":-1").find("rows[1].difference") == 0);
    CHECK(changed("\"failure\":\"out of memory\"", "\"failure\":3").find("rows[2].failure") == 0);
    CHECK(changed("\"run_file\":", "\"run_life\":").find("rows[0].run_file: missing") == 0);
}

TEST_CASE("the table of a sweep has one line a finished row, with the same number of columns")
{
    const Sweep sweep = half_done();
    std::istringstream lines(sweep_csv(sweep));
    std::vector<std::string> table;
    for (std::string line; std::getline(lines, line);) {
        CHECK(std::count(line.begin(), line.end(), ',') == 10);
        table.push_back(line);
    }
    REQUIRE(table.size() == 4);
    CHECK(table[1].rfind("full,,,20,16,", 0) == 0);
    CHECK(table[2].rfind("duodiff,200,,20,16,", 0) == 0);
    CHECK(table[2].find(",0.0125,") != std::string::npos);
    CHECK(table[3].rfind("adadiff,,0.1,20,16,", 0) == 0);
    CHECK(table[3].find(",,") != std::string::npos);
    CHECK(table[3].back() == '0');
}
