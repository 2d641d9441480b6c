// SPDX-License-Identifier: GPL-3.0-or-later
#include "scripted_world.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>

#include <limits>
#include <sstream>

using namespace duodiff;
using namespace duodiff::cli::test;
using duodiff::test::TemporaryFolder;

namespace
{

struct Files {
    TemporaryFolder folder;
    Files()
    {
        for (const char* name :
             {"full.pth", "shallow.pth", "exit.pth", "kl.pth", "a.yaml", "b.yaml", "in.st"}) {
            make_file(folder / name);
        }
    }
    std::string operator()(const char* name) const { return (folder / name).string(); }
};

InfoReport some_info()
{
    InfoReport info;
    info.is_pack = true;
    info.name = "scripted \xff pack";  // not UTF-8, as names in foreign files may be
    info.class_names = {"one", "two"};
    PartInfo part;
    part.role = "full";
    part.kind = "U-ViT";
    part.file = "full.safetensors";
    part.parameters = 1234567;
    part.gflops_per_step = 0.25;
    part.config = {{"depth", "2"}};
    part.gflops_by_part = {{"embedding", 0.01}, {"block 0", 0.1}, {"block 1", 0.1}, {"head", 0.02}};
    info.parts = {part};
    return info;
}

}  // namespace

TEST_CASE("forward and decode pass their options on and say what was written")
{
    const Files file;
    World world;
    Result result =
        world.run({"forward", "--model", file("full.pth"), "--config", file("a.yaml"), "--input",
                   file("in.st"), "--output", file("out.st"), "--device", "auto", "--precision", "bf16"});
    CHECK(result.status == 0);
    CHECK(result.out.find("out.st") != std::string::npos);
    REQUIRE(world.script.forward);
    CHECK(world.script.forward->model == file("full.pth"));
    CHECK(world.script.forward->config == file("a.yaml"));
    CHECK(world.script.forward->input == file("in.st"));
    CHECK(world.script.forward->output == file("out.st"));
    CHECK(world.script.forward->device == "auto");
    CHECK(world.script.forward->precision == Precision::bf16);

    result = world.run(
        {"decode", "--autoencoder", file("kl.pth"), "--input", file("in.st"), "--output", file("o")});
    CHECK(result.status == 0);
    REQUIRE(world.script.decode);
    CHECK(world.script.decode->autoencoder == file("kl.pth"));
    CHECK(world.script.decode->device == "cpu");
}

TEST_CASE("what forward does not use of its input is said on stderr, and it is done all the same")
{
    const Files file;
    World world;
    world.script.forward_note = "y.5 is not used: this model is unconditional, it knows no classes";
    const Result result =
        world.run({"forward", "--model", file("full.pth"), "--input", file("in.st"), "--output", file("o")});
    CHECK(result.status == 0);
    CHECK(result.err == "note: " + world.script.forward_note + "\n");
    CHECK(result.out.find("wrote") != std::string::npos);
}

TEST_CASE("forward computes in fp32 on the CPU unless told otherwise")
{
    const Files file;
    World world;
    REQUIRE(
        world.run({"forward", "--model", file("full.pth"), "--input", file("in.st"), "--output", file("o")})
            .status == 0);
    CHECK(world.script.forward->device == "cpu");
    CHECK(world.script.forward->precision == Precision::fp32);
}

TEST_CASE("missing inputs are status 3 and unwritable outputs status 1, before any job starts")
{
    const Files file;
    World world;
    const std::vector<std::vector<std::string>> missing = {
        {"forward", "--model", file("none"), "--input", file("in.st"), "--output", file("o")},
        {"forward", "--model", file("full.pth"), "--input", file("none"), "--output", file("o")},
        {"decode", "--autoencoder", file("none"), "--input", file("in.st"), "--output", file("o")},
        {"info", file("none")},
        {"import", "--full", file("full.pth"), "--shallow", file("none"), "--out", file("p")},
        {"import", "--full", file("full.pth"), "--config", file("none"), "--out", file("p")},
        {"bench", "--model", file("none")},
        {"bench"},
    };
    for (const auto& words : missing) {
        CAPTURE(words[0]);
        CHECK(world.run(words).status == 3);
    }
    CHECK(world
              .run({"forward", "--model", file("full.pth"), "--input", file("in.st"), "--output",
                    file("no/such/folder")})
              .status == 1);
    CHECK_FALSE(world.script.forward);
    CHECK_FALSE(world.script.import);
    CHECK_FALSE(world.script.bench);
}

TEST_CASE("info shows every part, and as JSON the same numbers in one object")
{
    const Files file;
    World world;
    world.info = some_info();
    const Result text = world.run({"info", file("full.pth")});
    CHECK(text.status == 0);
    CHECK(text.out.find("1,234,567") != std::string::npos);
    CHECK(text.out.find("block 0 .. 1") != std::string::npos);
    const nlohmann::json object = only_object(world.run({"info", file("full.pth"), "--json"}).out);
    CHECK(object["parts"][0]["parameters"] == 1234567);
    CHECK(object["parts"][0]["gflops_by_part"].size() == 4);
    CHECK(object["parts"][0]["config"]["depth"] == "2");
    CHECK(object["class_names"].size() == 2);
}

TEST_CASE("import passes checkpoints, several configurations and class names on")
{
    const Files file;
    make_file(file.folder / "names.txt", "first\n\n second, third \n");
    World world;
    world.info = some_info();
    const Result result = world.run({"import",
                                     "--full",
                                     file("full.pth"),
                                     "--shallow",
                                     file("shallow.pth"),
                                     "--early-exit",
                                     file("exit.pth"),
                                     "--autoencoder",
                                     file("kl.pth"),
                                     "--config",
                                     file("a.yaml"),
                                     file("b.yaml"),
                                     "--out",
                                     file("pack"),
                                     "--name",
                                     "N",
                                     "--license",
                                     "MIT",
                                     "--provenance",
                                     "P",
                                     "--classes",
                                     file("names.txt"),
                                     "--json"});
    REQUIRE_MESSAGE(result.status == 0, result.err);
    only_object(result.out);
    const ImportRequest& request = *world.script.import;
    CHECK(request.full == file("full.pth"));
    CHECK(request.shallow == file("shallow.pth"));
    CHECK(request.early_exit == file("exit.pth"));
    CHECK(request.autoencoder == file("kl.pth"));
    CHECK(request.configs == std::vector<std::filesystem::path>{file("a.yaml"), file("b.yaml")});
    CHECK(request.output == file("pack"));
    CHECK(request.licence == "MIT");
    CHECK(request.class_names == std::vector<std::string>{"first", "second, third"});
    CHECK_FALSE(request.overwrite);
}

TEST_CASE("import refuses a folder that exists, unless it may replace it")
{
    const Files file;
    World world;
    make_file(file.folder / "pack");
    const std::vector<std::string> words = {"import", "--full", file("full.pth"), "--out", file("pack")};
    CHECK(world.run(words).status == 2);
    CHECK_FALSE(world.script.import);
    std::vector<std::string> replacing = words;
    replacing.emplace_back("--overwrite");
    CHECK(world.run(replacing).status == 0);
    CHECK(world.script.import->overwrite);
}

TEST_CASE("an interrupt ends an import with 130 from its next sign of life on")
{
    const Files file;
    World world;
    world.stop.request_stop();
    CHECK(world.run({"import", "--full", file("full.pth"), "--out", file("pack")}).status == 130);
    CHECK_FALSE(world.script.import);
}

TEST_CASE("bench takes the bundled pack, three values of t_s and thetas by their share by default")
{
    const Files file;
    World world;
    world.hooks.bundled_pack = file.folder.path();
    BenchRow full;
    full.name = "full";
    full.ms = {10.0, 11.0, 12.0};
    full.median_ms = 11.0;
    full.skipped_became_time = std::numeric_limits<double>::quiet_NaN();
    world.bench.models.emplace_back().rows = {full};
    const Result result = world.run({"bench"});
    REQUIRE_MESSAGE(result.status == 0, result.err);
    CHECK(result.out.find("median ms") != std::string::npos);
    const BenchRequest& request = *world.script.bench;
    CHECK(request.source.model == file.folder.path());
    CHECK(request.switch_steps == std::vector<int>{150, 300, 500});
    CHECK(request.thresholds.empty());
    CHECK(request.parts.size() == 4);
    CHECK(request.shapes.empty());
    CHECK(request.base.solver == SolverKind::ddim);
    CHECK(request.base.steps == 50);

    REQUIRE(world
                .run({"bench", "--switch-step", "1,2", "--threshold", "-1,0.5", "--rounds", "7", "--count",
                      "4", "--steps", "9"})
                .status == 0);
    CHECK(world.script.bench->switch_steps == std::vector<int>{1, 2});
    CHECK(world.script.bench->thresholds == std::vector<double>{-1.0, 0.5});
    CHECK(world.script.bench->rounds == 7);
    REQUIRE(
        world.run({"bench", "--part", "runs, accuracy", "--shape", "all", "--step-batch", "2,8"}).status ==
        0);
    CHECK(world.script.bench->parts == std::vector<BenchPart>{BenchPart::runs, BenchPart::accuracy});
    CHECK(world.script.bench->shapes.size() == 3);
    CHECK(world.script.bench->batches == std::vector<int>{2, 8});
    const Result wrong = world.run({"bench", "--shape", "cifar100"});
    CHECK(wrong.status == 2);
    CHECK(wrong.err.find("cifar10") != std::string::npos);
    CHECK(world.run({"bench", "--part", "nothing"}).status == 2);
    CHECK(world.run({"bench", "--only-shapes"}).status == 2);
    CHECK(world.run({"bench", "--only-shapes", "--shape", "cifar10", "--shape-steps", "3"}).status == 0);
    CHECK(world.script.bench->source.model.empty());
    CHECK(world.script.bench->shape_steps == 3);
    REQUIRE(world
                .run({"bench", "--switch-step", "1,2", "--threshold", "-1,0.5", "--rounds", "7", "--count",
                      "4", "--steps", "9"})
                .status == 0);
    CHECK(world.script.bench->base.count == 4);
    CHECK(world.script.bench->base.steps == 9);
}

TEST_CASE("bench writes its JSON to a file beside the table, or in the table's place")
{
    const Files file;
    World world;
    world.hooks.bundled_pack = file.folder.path();
    BenchRow full;
    full.name = "full";
    full.ms = {10.0};
    world.bench.models.emplace_back().rows = {full};
    const Result beside = world.run({"bench", "--json", file("bench.json")});
    CHECK(beside.status == 0);
    CHECK(beside.out.find("median ms") != std::string::npos);
    CHECK(only_object(content(file("bench.json")))["models"][0].contains("rows"));
    CHECK(only_object(world.run({"bench", "--json"}).out)["models"][0].contains("rows"));
    CHECK(only_object(world.run({"bench", "--json", "--rounds", "1"}).out)["rounds"] == 1);
}

TEST_CASE("doctor groups its findings and fails when something that is needed is missing")
{
    World world;
    world.doctor.findings = {{"Versions", "program", "1", Finding::Level::ok, {}},
                             {"Devices", "cpu", "some", Finding::Level::info, {}},
                             {"Versions", "LibTorch", "2", Finding::Level::warning, "update it"}};
    const Result good = world.run({"doctor"});
    CHECK(good.status == 0);
    CHECK(world.script.speed_check == true);
    CHECK(good.out.find("LibTorch") < good.out.find("Devices"));
    CHECK(good.out.find("update it") != std::string::npos);

    world.doctor.findings.push_back({"Devices", "memory", "none", Finding::Level::missing, "buy some"});
    const Result bad = world.run({"doctor", "--json", "--quick"});
    CHECK(bad.status == 1);
    CHECK(world.script.speed_check == false);
    CHECK(only_object(bad.out)["complete"] == false);
    CHECK(only_object(bad.out)["findings"][3]["level"] == "missing");
}

TEST_CASE("results that cannot be written are a failure")
{
    World world;
    std::ostream broken(nullptr);
    std::ostringstream err;
    CHECK(cli::run_cli({"--version"}, broken, err, world.hooks) == 1);
    CHECK(err.str().find("standard output") != std::string::npos);
}
