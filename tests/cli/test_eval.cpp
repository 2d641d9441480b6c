// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/scripted_world.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace duodiff;
using namespace duodiff::cli::test;
using duodiff::test::TemporaryFolder;

namespace
{

FrechetReport some_report()
{
    FrechetReport report;
    report.features = "classifier features";
    report.dimension = 128;
    report.classifier_accuracy = 0.915;
    report.data_path = "images";
    report.data_images = 60000;
    report.test_distance = 0.25;
    report.test_images = 5120;
    report.base.count = 5120;
    report.points = {{PolicyKind::full, 0.0, 5120, 0.5, 1.0, 40.0, 3.25},
                     {PolicyKind::duodiff, 300.0, 5120, 0.4, 0.8, 32.0, 3.5},
                     {PolicyKind::adadiff, 0.08, 5120, 0.3, 0.6, 24.0, 4.75}};
    report.notes = {"one thing to know"};
    return report;
}

/// A world with a model file and a folder for the results.
struct EvalWorld {
    EvalWorld()
    {
        make_file(folder / "full.pth");
        world.frechet = some_report();
    }
    Result run(std::vector<std::string> more) const
    {
        std::vector<std::string> words = {
            "eval", "frechet", "--model", (folder / "full.pth").string(), "--out", folder.path().string()};
        words.insert(words.end(), more.begin(), more.end());
        return world.run(words);
    }

    TemporaryFolder folder;
    mutable World world;
};

}  // namespace

TEST_CASE("eval frechet samples with 50 steps of ddim, 5120 images, at the model's own values by default")
{
    const EvalWorld eval;
    REQUIRE(eval.run({"--data", "images"}).status == 0);
    const FrechetRequest& request = *eval.world.script.frechet;
    CHECK(request.base.solver == SolverKind::ddim);
    CHECK(request.base.steps == 50);
    CHECK(request.base.count == 5120);
    CHECK(request.switch_steps.empty());
    CHECK(request.thresholds.empty());
    CHECK(request.data.path == "images");
    CHECK(request.data.format == DataSettings::Format::automatic);
    CHECK(request.features.empty());
    CHECK(request.folder == eval.folder.path());
}

TEST_CASE("eval frechet hands on every option")
{
    const EvalWorld eval;
    REQUIRE(eval.run({"--data",       "d",           "--test-data", "t",
                      "--format",     "cifar10",     "--split",     "test",
                      "--strict",     "--features",  "f.pth",       "--switch-step",
                      "100,200",      "--threshold", "0.05,0.1",    "--save-every",
                      "64",           "--count",     "300",         "--batch",
                      "10",           "--seed",      "9",           "--sampler",
                      "dpm-solver++", "--steps",     "20"})
                .status == 0);
    const FrechetRequest& request = *eval.world.script.frechet;
    CHECK(request.data.format == DataSettings::Format::cifar10);
    CHECK(request.data.split == DataSettings::Split::test);
    CHECK(request.data.strict);
    CHECK(request.test_data == "t");
    CHECK(request.features == "f.pth");
    CHECK(request.switch_steps == std::vector<int>{100, 200});
    CHECK(request.thresholds == std::vector<double>{0.05, 0.1});
    CHECK(request.part == 64);
    CHECK(request.base.count == 300);
    CHECK(request.base.batch == 10);
    CHECK(request.base.seed == 9);
    CHECK(request.base.steps == 20);
}

TEST_CASE("eval frechet prints a line a point and writes its files; as JSON one object")
{
    const EvalWorld eval;
    const Result text = eval.run({"--data", "images"});
    for (const char* part : {"classifier features", "DuoDiff, t_s 300", "AdaDiff, theta 0.08", "4.750",
                             "test data", "note: one thing to know", "91.5 %"}) {
        CHECK_MESSAGE(text.out.find(part) != std::string::npos, part);
    }
    CHECK(text.out.find("FID") == std::string::npos);
    for (const char* name : {"frechet.json", "frechet.csv", "frechet.svg", "frechet.png"}) {
        CHECK(std::filesystem::exists(eval.folder / name));
    }
    const nlohmann::json json = only_object(eval.run({"--data", "images", "--json"}).out);
    CHECK(json["points"].size() == 3);
    CHECK(json["points"][1]["switch_step"] == 300);
    CHECK(json["test_data"]["frechet_distance"] == 0.25);
    CHECK(json == nlohmann::json::parse(content(eval.folder / "frechet.json")));
}

TEST_CASE("wrong usage of eval is told apart, before anything runs")
{
    const EvalWorld eval;
    CHECK(eval.run({}).status == 2);
    CHECK(eval.run({"--data", ""}).status == 2);
    CHECK(eval.run({"--data", "d", "--format", "npz"}).status == 2);
    CHECK(eval.run({"--data", "d", "--switch-step", "1001"}).status == 2);
    CHECK(eval.run({"--data", "d", "--threshold", "x"}).status == 2);
    CHECK(eval.world.run({"eval"}).status == 2);
    CHECK(eval.world.run({"eval", "frehcet"}).err.find("frechet") != std::string::npos);
    CHECK(eval.world.run({"eval", "frechet", "--data", "d", "--out", "o", "--model", "none.pth"}).status ==
          3);
    CHECK_FALSE(eval.world.script.frechet);
    CHECK(eval.world.run({"eval", "--help"}).out.find("frechet") != std::string::npos);
    CHECK(eval.world.run({"eval", "frechet", "--help"}).out.find("--features") != std::string::npos);
}

TEST_CASE("an interrupted evaluation is status 130 and says what is kept; failures keep their status")
{
    EvalWorld eval;
    eval.world.job_failure = Failure{ErrorCode::cancelled, "what was finished is kept", "", ""};
    const Result result = eval.run({"--data", "images"});
    CHECK(result.status == 130);
    CHECK(result.err.find("kept") != std::string::npos);
    eval.world.job_failure = Failure{ErrorCode::bad_file, "no data", "images", "Give others."};
    CHECK(eval.run({"--data", "images"}).status == 3);
}
