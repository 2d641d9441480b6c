// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/scripted_world.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>

#include <limits>
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
    report.data.path = "images";
    report.data.images = 60000;
    report.test_distance = 0.25;
    report.test_images = 5120;
    report.base.count = 5120;
    report.points = {{{PolicyKind::full, 0.0}, 5120, 0.5, 1.0, 40.0, 3.25, 0.48, 0.55, 10},
                     {{PolicyKind::duodiff, 300.0}, 5120, 0.4, 0.8, 32.0, 3.5, 0.39, 0.41, 10},
                     {{PolicyKind::adadiff, 0.08}, 5120, 0.3, 0.6, 24.0, 4.75, 0.29, 0.31, 10}};
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
    CHECK(request.examples.data.path == "images");
    CHECK(request.examples.data.format == DataSettings::Format::automatic);
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
    CHECK(request.examples.data.format == DataSettings::Format::cifar10);
    CHECK(request.examples.data.split == DataSettings::Split::test);
    CHECK(request.examples.data.strict);
    CHECK(request.examples.test_data == "t");
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

TEST_CASE("eval sweep is the same measurement at points over the whole range, in files of its own")
{
    EvalWorld eval;
    const std::vector<std::string> words = {
        "eval",   "sweep",  "--model", (eval.folder / "full.pth").string(),
        "--data", "images", "--out",   eval.folder.path().string()};
    const Result text = eval.world.run(words);
    REQUIRE(text.status == 0);
    const FrechetRequest& request = *eval.world.script.frechet;
    CHECK(request.fallback == PointFallback::spread);
    CHECK(request.part == 512);
    CHECK(request.base.steps == 50);
    for (const char* part : {"(0.2900-0.3100)", "24.000", "sweep.csv"}) {
        CHECK_MESSAGE(text.out.find(part) != std::string::npos, part);
    }
    for (const char* name : {"sweep.json", "sweep.csv", "sweep.svg", "sweep.png"}) {
        CHECK(std::filesystem::exists(eval.folder / name));
    }
    CHECK_FALSE(std::filesystem::exists(eval.folder / "frechet.json"));
    REQUIRE(eval.run({"--data", "images"}).status == 0);
    CHECK(eval.world.script.frechet->fallback == PointFallback::own);
}

TEST_CASE("eval trend runs through the engine, prints a line a theta and writes its files")
{
    EvalWorld eval;
    const std::vector<std::string> words = {
        "eval",        "trend",   "--model", (eval.folder / "full.pth").string(),
        "--count",     "5",       "--batch", "2",
        "--steps",     "6",       "--out",   eval.folder.path().string(),
        "--threshold", "0.06,0.1"};
    const Result text = eval.world.run(words);
    REQUIRE_MESSAGE(text.status == 0, text.err);
    for (const char* part : {"0.06", "0.1", "100.0 %", "none found", "trend.csv"}) {
        CHECK_MESSAGE(text.out.find(part) != std::string::npos, part);
    }
    for (const char* name :
         {"trend.json", "trend.csv", "trend-0.06.csv", "trend-0.1.csv", "trend.svg", "trend.png"}) {
        CHECK(std::filesystem::exists(eval.folder / name));
    }
    std::vector<std::string> as_json = words;
    as_json.emplace_back("--json");
    const nlohmann::json json = only_object(eval.world.run(as_json).out);
    CHECK(json["curves"].size() == 2);
    CHECK(json["curves"][0]["images"] == 5);
    CHECK(json == nlohmann::json::parse(content(eval.folder / "trend.json")));
}

TEST_CASE("an interrupted trend is status 130, says where its parts are, and goes on from them")
{
    EvalWorld eval;
    const std::vector<std::string> words = {
        "eval",        "trend", "--model", (eval.folder / "full.pth").string(),
        "--count",     "6",     "--batch", "2",
        "--steps",     "5",     "--out",   (eval.folder / "o").string(),
        "--threshold", "0.06"};
    int steps = 0;
    eval.world.script.before_step = [&](int, int) {
        if (++steps == 1 + 5 + 3) {
            eval.world.stop.request_stop();
        }
    };
    const Result result = eval.world.run(words);
    CHECK(result.status == 130);
    CHECK(result.err.find("goes on from there") != std::string::npos);
    eval.world.stop = std::stop_source();
    eval.world.hooks.stop = eval.world.stop.get_token();
    steps = 100;
    REQUIRE(eval.world.run(words).status == 0);
    // The first step to look at, and two batches: one was kept.
    CHECK(steps == 100 + 2 + 2 * 5);
}

TEST_CASE("eval losses takes the data, prints a line a layer and writes its files")
{
    EvalWorld eval;
    LossesReport& report = eval.world.losses;
    report.parametrization = "predict_noise";
    report.data.path = "images";
    report.images = 96;
    report.model.depth = 13;
    report.bucket_edges = {0, 500, 1000};
    report.curves = {{NetworkRole::early_exit, 4, {{0.5, 0.01}, {0.25, 0.02}}},
                     {NetworkRole::full, 13, {{0.25, 0.01}, {0.125, 0.02}}}};
    ProbeCalibration probe;
    probe.layer = 4;
    probe.pearson = 0.875;
    probe.spearman = std::numeric_limits<double>::quiet_NaN();
    probe.curve = {{48, 0.1, 0.2, 0.15, 0.25}, {48, 0.2, 0.4, 0.3, 0.35}};
    report.calibration = {probe};
    const auto words = [&](std::vector<std::string> more) {
        std::vector<std::string> all = {"eval",   "losses", "--model", (eval.folder / "full.pth").string(),
                                        "--data", "images", "--out",   eval.folder.path().string()};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    };
    const Result text = eval.world.run(words({"--count", "96", "--buckets", "2", "--split", "test"}));
    REQUIRE_MESSAGE(text.status == 0, text.err);
    const LossesRequest& request = *eval.world.script.losses;
    CHECK(request.base.count == 96);
    CHECK(request.base.batch == 64);
    CHECK(request.buckets == 2);
    CHECK(request.data.path == "images");
    CHECK(request.data.split == DataSettings::Split::test);
    for (const char* part : {"0.37500", "0.875", "0.18750", "calibration.csv"}) {
        CHECK_MESSAGE(text.out.find(part) != std::string::npos, part);
    }
    for (const char* name : {"losses.json", "losses.csv", "losses.svg", "losses.png", "calibration.csv",
                             "calibration.png", "reliability.csv", "reliability.svg"}) {
        CHECK_MESSAGE(std::filesystem::exists(eval.folder / name), name);
    }
    const nlohmann::json json = only_object(eval.world.run(words({"--json"})).out);
    CHECK(eval.world.script.losses->base.count == 1024);
    CHECK(json["calibration"][0]["pearson"] == 0.875);
    CHECK(json["calibration"][0]["spearman"].is_null());
    CHECK(json["curves"][1]["buckets"][1]["t_from"] == 500);
    CHECK(content(eval.folder / "losses.csv").find("early_exit,4,0,499,96,0.5,0.01") != std::string::npos);
    CHECK(eval.world.run(words({"--buckets", "0"})).status == 2);
    CHECK(eval.world.run(words({"--steps", "5"})).status == 2);
    CHECK(eval.world.run({"eval", "losses", "--out", "o"}).status == 2);
}

TEST_CASE("eval grid makes a row a policy and writes its files; eval maps needs what this engine lacks")
{
    EvalWorld eval;
    const std::string model = (eval.folder / "full.pth").string();
    const std::string out = eval.folder.path().string();
    const std::vector<std::string> words = {"eval",    "grid", "--model",     model, "--out",         out,
                                            "--steps", "4",    "--threshold", "0.1", "--switch-step", "300"};
    const Result text = eval.world.run(words);
    REQUIRE_MESSAGE(text.status == 0, text.err);
    for (const char* part : {"full", "duodiff-300", "adadiff-0.1", "grid.png"}) {
        CHECK_MESSAGE(text.out.find(part) != std::string::npos, part);
    }
    CHECK(eval.world.script.sampled.back().count == 10);
    CHECK(std::filesystem::exists(eval.folder / "grid.png"));
    std::vector<std::string> as_json = words;
    as_json.emplace_back("--json");
    CHECK(only_object(eval.world.run(as_json).out)["rows"].size() == 3);
    CHECK(eval.world.run({"eval", "grid", "--out", out, "--model", model, "--switch-step", "1001"}).status ==
          2);
    CHECK(eval.world.run({"eval", "grid", "--model", model}).status == 2);

    CHECK(eval.world.run({"eval", "maps", "--out", out, "--model", model, "--columns", "0"}).status == 2);
    eval.world.script.info.has_early_exit = false;
    const Result refused = eval.world.run({"eval", "maps", "--out", out, "--model", model});
    CHECK(refused.status == 2);
    CHECK(refused.err.find("no uncertainty probes") != std::string::npos);
}

TEST_CASE("eval classifier says how good the classifier is, and whether it was there")
{
    EvalWorld eval;
    eval.world.classifier = {
        .test_accuracy = 0.9123, .train_images = 60000, .test_images = 10000, .classes = 10};
    const std::string file = (eval.folder / "c.safetensors").string();
    const Result text = eval.world.run({"eval", "classifier", "--data", "d", "--test-data", "t", "--out",
                                        file, "--epochs", "2", "--seed", "5"});
    REQUIRE(text.status == 0);
    CHECK(text.out.find("91.23 % of 10,000") != std::string::npos);
    const ClassifierRequest& request = *eval.world.script.classifier;
    CHECK(request.examples.data.path == "d");
    CHECK(request.examples.test_data == "t");
    CHECK(request.epochs == 2);
    CHECK(request.seed == 5);
    CHECK(request.output == file);
    eval.world.classifier.was_there = true;
    CHECK(eval.world.run({"eval", "classifier", "--data", "d", "--out", file}).out.find("there already") !=
          std::string::npos);
    CHECK(only_object(eval.world.run({"eval", "classifier", "--data", "d", "--out", file, "--json"})
                          .out)["test_images"] == 10000);
    CHECK(eval.world.run({"eval", "classifier", "--data", "d"}).status == 2);
    CHECK(eval.world.run({"eval", "classifier", "--data", "d", "--out", "/no/such/folder/c"}).status == 1);
    CHECK(eval.world.run({"eval", "classifier", "--data", "d", "--out", file, "--epochs", "0"}).status == 2);
}

TEST_CASE("wrong usage of eval is told apart, before anything runs")
{
    const EvalWorld eval;
    CHECK(eval.run({}).status == 2);
    CHECK(eval.run({"--data", ""}).status == 2);
    CHECK(eval.run({"--data", "d", "--format", "npz"}).status == 2);
    CHECK(eval.run({"--data", "d", "--switch-step", "1001"}).status == 2);
    CHECK(eval.run({"--data", "d", "--threshold", "x"}).status == 2);
    const auto trend = [&](std::vector<std::string> more) {
        std::vector<std::string> words = {"eval", "trend", "--model", (eval.folder / "full.pth").string()};
        words.insert(words.end(), more.begin(), more.end());
        return eval.world.run(words).status;
    };
    CHECK(trend({}) == 2);
    CHECK(trend({"--out", ""}) == 2);
    CHECK(trend({"--out", "o", "--threshold", "x"}) == 2);
    CHECK(trend({"--out", "o", "--threshold", "nan"}) == 2);
    CHECK(trend({"--out", "o", "--threshold", ""}) == 2);
    CHECK(trend({"--out", "o", "--count", "0"}) == 2);
    CHECK(trend({"--out", "o", "--data", "d"}) == 2);
    CHECK(eval.world.script.opened == 0);
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
