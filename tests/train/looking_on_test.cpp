// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/looking_on.h"
#include "base/error.h"
#include "support/test_paths.h"
#include "train/log_file.h"
#include "train/train_plan.h"
#include "training_data.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <limits>

using namespace duodiff;
namespace fs = std::filesystem;

namespace
{

void add_lines(LogFile& log, std::int64_t first, std::int64_t last, double loss = 0.5)
{
    for (std::int64_t step = first; step <= last; ++step) {
        LogLine line;
        line.step = step;
        line.loss = loss;
        line.loss_by_timestep = {loss, std::numeric_limits<double>::quiet_NaN()};
        log.add(line);
    }
}

}  // namespace

TEST_CASE("following a log gives what reading it whole gives, line by line and with a cut-off last one")
{
    const test::TemporaryFolder folder;
    LogFollower follower(folder.path());
    CHECK_THROWS_AS(follower.update(), EngineError);
    LogFile log(folder / "log.jsonl", 0);
    CHECK_FALSE(follower.update());
    add_lines(log, 1, 3);
    CHECK(follower.update());
    CHECK(follower.lines().size() == 3);
    CHECK_FALSE(follower.update());
    std::ofstream(folder / "log.jsonl", std::ios::app) << "{\"step\": 4, ";
    CHECK_FALSE(follower.update());
    fs::resize_file(folder / "log.jsonl", fs::file_size(folder / "log.jsonl") - 12);
    add_lines(log, 4, 5);
    CHECK(follower.update());
    const auto whole = read_train_log(folder.path());
    REQUIRE(follower.lines().size() == whole.size());
    for (std::size_t i = 0; i < whole.size(); ++i) {
        CHECK(follower.lines()[i].step == whole[i].step);
        CHECK(std::isnan(follower.lines()[i].loss_by_timestep[1]));
    }
}

TEST_CASE("a log that a resumed run began again is read anew, shorter or not")
{
    const test::TemporaryFolder folder;
    LogFollower follower(folder.path());
    {
        LogFile log(folder / "log.jsonl", 0);
        add_lines(log, 1, 6);
    }
    CHECK(follower.update());
    for (const std::int64_t last : {9, 4}) {
        LogFile log(folder / "log.jsonl", 2);
        add_lines(log, 3, last, 0.25);
        CHECK(follower.update());
        REQUIRE(follower.lines().size() == static_cast<std::size_t>(last));
        CHECK(follower.lines()[1].loss == 0.5);
        CHECK(follower.lines()[2].loss == 0.25);
        CHECK(follower.lines().back().step == last);
    }
}

TEST_CASE("of a long log a bounded number of lines is kept, evenly, and the last one always")
{
    const test::TemporaryFolder folder;
    LogFile log(folder / "log.jsonl", 0);
    LogFollower follower(folder.path(), 8);
    for (std::int64_t step = 1; step <= 100; ++step) {
        add_lines(log, step, step);
        CHECK(follower.update());
        REQUIRE(follower.lines().size() <= 8);
        CHECK(follower.lines().front().step == 1);
        CHECK(follower.lines().back().step == step);
    }
    const auto& lines = follower.lines();
    for (std::size_t i = 2; i + 1 < lines.size(); ++i) {
        CHECK(lines[i].step - lines[i - 1].step == lines[1].step - lines[0].step);
    }
}

TEST_CASE("an exit curve comes back as it was written, and what is none is refused")
{
    const test::TemporaryFolder folder;
    const TrainExitCurve curve{{999, 500}, {0, 1, 2}, {0.5F, 0.25F, NAN, 0.1F, 0.2F, 0.3F}};
    write_exit_curve(folder / "curve.json", curve);
    const TrainExitCurve read = read_exit_curve(folder / "curve.json");
    CHECK(read.timesteps == curve.timesteps);
    CHECK(read.layers == curve.layers);
    REQUIRE(read.uncertainty.size() == 6);
    CHECK(read.uncertainty[4] == 0.2F);
    CHECK(std::isnan(read.uncertainty[2]));
    for (const char* text :
         {"", "[1]", "{\"timesteps\": [1], \"layers\": [0, 1], \"uncertainty\": [[0.5]]}"}) {
        std::ofstream(folder / "curve.json") << text;
        CHECK_THROWS_AS(read_exit_curve(folder / "curve.json"), EngineError);
    }
}

TEST_CASE("a plan tells what the run would be, and from where the folder goes on")
{
    const test::TemporaryFolder folder;
    const fs::path config = test::write_small_config(folder.path());
    const TrainPlan plan = read_train_plan(config, {{"training.steps", "7"}});
    CHECK(plan.kind == "full");
    CHECK(plan.steps == 7);
    CHECK(plan.depth == 3);
    CHECK(plan.classes == 2);
    CHECK(plan.probe.empty());
    CHECK(plan.parameters > 1000);
    CHECK_FALSE(plan.resumes_from);
    CHECK(plan.weights.empty());
    CHECK_THROWS_AS(read_train_plan(config, {{"training.step", "7"}}), EngineError);
    CHECK_THROWS_AS(read_train_plan(folder / "none.yaml", {}), EngineError);

    train({.config = config});
    const TrainPlan after = read_train_plan(folder / "run" / "config.yaml", {});
    CHECK(after.resumes_from == 12);
    CHECK(after.weights.filename() == "full.safetensors");
    CHECK(find_samples(folder / "run").empty());
    train({.config = config,
           .overrides = {{"training.steps", "14"}, {"output.sample_every", "13"}},
           .resume = true});
    const auto samples = find_samples(folder / "run");
    REQUIRE(samples.size() == 2);
    CHECK(samples[0].step == 13);
    CHECK(samples[1].step == 14);
    CHECK(samples[1].exits.empty());
}
