// SPDX-License-Identifier: GPL-3.0-or-later
#include "repeat.h"
#include "scripted_world.h"

#include "report/image_metadata.h"
#include "report/png_file.h"
#include "report/run_file.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

using namespace duodiff;
using namespace duodiff::cli::test;
using duodiff::test::TemporaryFolder;

namespace
{

using Words = std::vector<std::string>;

/// A finished run to start from.
struct Earlier {
    TemporaryFolder folder;
    World world;

    explicit Earlier(const Words& more = {"--policy", "duodiff", "--switch-step", "400"})
    {
        make_file(folder / "model");
        Words words = {"sample",
                       "--model",
                       (folder / "model").string(),
                       "--out",
                       first().string(),
                       "--steps",
                       "4",
                       "--count",
                       "3",
                       "--batch",
                       "2",
                       "--seed",
                       "77",
                       "--class",
                       "bag,0"};
        words.insert(words.end(), more.begin(), more.end());
        const Result result = world.run(words);
        REQUIRE_MESSAGE(result.status == 0, result.err);
    }

    std::filesystem::path first() const { return folder / "first"; }
    std::filesystem::path again() const { return folder / "again"; }

    Result repeat(const std::filesystem::path& from, const Words& more = {})
    {
        Words words = {"sample", "--from", from.string(), "--out", again().string()};
        words.insert(words.end(), more.begin(), more.end());
        return world.run(words);
    }
};

}  // namespace

TEST_CASE("an image, the grid, the run file and the folder all repeat their run to the same pixels")
{
    Earlier earlier;
    const SamplingSettings settings = earlier.world.script.sampled.front();
    for (const auto& from : {earlier.first() / "0001.png", earlier.first() / "grid.png",
                             earlier.first() / "run.json", earlier.first()}) {
        CAPTURE(from);
        const Result result = earlier.repeat(from);
        REQUIRE_MESSAGE(result.status == 0, result.err);
        SamplingSettings expected = settings;
        expected.device = "cpu";
        expected.precision = Precision::fp32;
        CHECK(earlier.world.script.sampled.back() == expected);
        CHECK(earlier.world.script.sources.back() == earlier.world.script.sources.front());
        for (const char* name : {"0000.png", "0001.png", "0002.png", "grid.png"}) {
            CHECK(read_png(earlier.again() / name) == read_png(earlier.first() / name));
        }
    }
}

TEST_CASE("classes that a branch had before come with its run file and with its images")
{
    Earlier earlier;
    RunRecord record = read_run_file(earlier.first() / "run.json");
    record.earlier_classes = {{2, {3, 4}}};
    write_run_file(earlier.first() / "run.json", record);
    write_image(earlier.first() / "0001.png", read_png(earlier.first() / "0001.png"), record, 1);
    for (const char* from : {"run.json", "0001.png"}) {
        const Result result = earlier.repeat(earlier.first() / from);
        REQUIRE_MESSAGE(result.status == 0, result.err);
        CHECK(result.err.find("classes") == std::string::npos);
        CHECK(earlier.world.script.options.back().earlier_classes == record.earlier_classes);
        CHECK(read_run_file(earlier.again() / "run.json").earlier_classes == record.earlier_classes);
    }
    for (const Words& more : {Words{"--class", "trouser"}, Words{"--steps", "3"}}) {
        const Result result = earlier.repeat(earlier.first() / "run.json", more);
        REQUIRE(result.status == 0);
        CHECK(result.err.find("only the last ones are used") != std::string::npos);
        CHECK(earlier.world.script.options.back().earlier_classes.empty());
    }
}

TEST_CASE("options beside --from change the run, the others stay")
{
    Earlier earlier;
    REQUIRE(
        earlier.repeat(earlier.first() / "run.json", {"--switch-step", "100", "--class", "trouser"}).status ==
        0);
    const SamplingSettings& settings = earlier.world.script.sampled.back();
    CHECK(settings.switch_step == 100);
    CHECK(settings.classes == std::vector<std::int64_t>{1});
    CHECK(settings.seed == 77);
    CHECK(settings.steps == 4);
    REQUIRE(earlier.repeat(earlier.first() / "run.json", {"--sampler", "ddim"}).status == 0);
    CHECK(earlier.world.script.sampled.back().steps == 50);
}

TEST_CASE("other weights are refused unless they are allowed")
{
    Earlier earlier;
    earlier.world.script.info.summary.sha256["shallow"] = std::string(64, 'e');
    const Result refused = earlier.repeat(earlier.first() / "0000.png");
    CHECK(refused.status == 3);
    CHECK(refused.err.find("shallow") != std::string::npos);
    CHECK(refused.err.find("--allow-other-model") != std::string::npos);
    CHECK(earlier.world.script.sampled.size() == 1);
    CHECK(earlier.repeat(earlier.first() / "0000.png", {"--allow-other-model"}).status == 0);
}

TEST_CASE("weights of a part that the run does not use may differ")
{
    Earlier earlier;
    earlier.world.script.info.summary.sha256["early_exit"] = std::string(64, 'e');
    CHECK(earlier.repeat(earlier.first() / "0000.png").status == 0);
}

TEST_CASE("a model that has moved is said to be missing, and --model tells where it is")
{
    Earlier earlier;
    std::filesystem::rename(earlier.folder / "model", earlier.folder / "moved");
    const Result result = earlier.repeat(earlier.first() / "run.json");
    CHECK(result.status == 3);
    CHECK(result.err.find("--model") != std::string::npos);
    CHECK(earlier.repeat(earlier.first() / "run.json", {"--model", (earlier.folder / "moved").string()})
              .status == 0);
}

TEST_CASE("a pair of bare checkpoints is found again from its record alone")
{
    TemporaryFolder other;
    make_file(other / "late");
    make_file(other / "late.yaml");
    Earlier earlier(
        {"--late-model", (other / "late").string(), "--late-config", (other / "late.yaml").string()});
    for (const char* from : {"run.json", "0002.png"}) {
        REQUIRE(earlier.repeat(earlier.first() / from).status == 0);
        CHECK(earlier.world.script.sources.back().late_model == other / "late");
        CHECK(earlier.world.script.sources.back().late_config == other / "late.yaml");
    }
}

TEST_CASE("what holds no run is refused with status 3")
{
    Earlier earlier;
    make_file(earlier.folder / "noise", "not a run");
    make_file(earlier.folder / "broken.png", "\x89PNG\r\n\x1a\nrest");
    write_clean_image(earlier.folder / "clean.png", read_png(earlier.first() / "0000.png"));
    REQUIRE(mkfifo((earlier.folder / "pipe").c_str(), 0600) == 0);
    for (const char* name : {"noise", "broken.png", "clean.png", "absent.png", "pipe"}) {
        CAPTURE(name);
        const Result result = earlier.repeat(earlier.folder / name);
        CHECK(result.status == 3);
        CHECK(lines(result.err) <= 2);
        CHECK(result.err.find(name) != std::string::npos);
    }
    CHECK(earlier.repeat(earlier.folder.path()).status == 3);
}

TEST_CASE("values that were moved during a run are put back at the same steps")
{
    Earlier earlier;
    RunRecord record = read_run_file(earlier.first() / "run.json");
    REQUIRE(record.steps.size() == 4);
    for (StepRecord& step : record.steps) {
        step.parameters = {step.step < 2 ? 400.0 : 600.0, 600.0};
    }
    write_run_file(earlier.folder / "moved.json", record);
    earlier.world.script.parameters.clear();
    REQUIRE(earlier.repeat(earlier.folder / "moved.json").status == 0);
    CHECK(earlier.world.script.parameters == std::vector<double>{400, 400, 600, 600, 600, 600, 600, 600});

    earlier.world.script.parameters.clear();
    REQUIRE(earlier.repeat(earlier.folder / "moved.json", {"--switch-step", "50"}).status == 0);
    CHECK(earlier.world.script.parameters == std::vector<double>(8, 50.0));
}

TEST_CASE("where the earlier run's device is absent, the run falls back and says so")
{
    Earlier earlier;
    RunRecord record = read_run_file(earlier.first() / "run.json");
    record.settings.device = "auto";
    record.machine.device = "cuda:0 (a GPU)";
    write_run_file(earlier.folder / "gpu.json", record);
    const cli::EarlierRun run = cli::read_earlier_run(earlier.folder / "gpu.json");
    CHECK(run.settings.device == "cuda:0");
    CHECK(run.device_was_automatic);
}
