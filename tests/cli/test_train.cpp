// SPDX-License-Identifier: GPL-3.0-or-later
#include "scripted_world.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>

using namespace duodiff;
using namespace duodiff::cli::test;
using duodiff::test::TemporaryFolder;

namespace
{

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

TrainResult finished()
{
    TrainResult result;
    result.step = result.steps = 2000;
    result.finished = true;
    result.seconds = 3700.0;
    result.loss = 0.0625;
    result.weights = "run/full.safetensors";
    result.checkpoint = "run/checkpoints/step-00002000.safetensors";
    return result;
}

}  // namespace

TEST_CASE("train passes configuration, resume and every --set on, and says what it made")
{
    World world;
    world.trained = finished();
    const Result result =
        world.run({"train", "a.yaml", "--resume", "--set", "training.steps=5", "--set", "output.folder=a=b"});
    CHECK(result.status == 0);
    REQUIRE(world.script.train);
    CHECK(world.script.train->config == "a.yaml");
    CHECK(world.script.train->resume);
    REQUIRE(world.script.train->overrides.size() == 2);
    CHECK(world.script.train->overrides[0] == std::pair<std::string, std::string>("training.steps", "5"));
    CHECK(world.script.train->overrides[1] == std::pair<std::string, std::string>("output.folder", "a=b"));
    CHECK(contains(result.out, "2,000 steps in 1 h 01 min, loss 0.0625"));
    CHECK(contains(result.out, "run/full.safetensors"));
    CHECK(result.err.empty());
}

TEST_CASE("train's result is one JSON object where asked for")
{
    World world;
    world.trained = finished();
    const auto object = only_object(world.run({"train", "a.yaml", "--json"}).out);
    CHECK(object["step"] == 2000);
    CHECK(object["finished"] == true);
    CHECK(object["weights"] == "run/full.safetensors");
}

TEST_CASE("an interrupted training ends with 130 and says where it was saved")
{
    World world;
    world.trained = finished();
    world.trained.step = 1200;
    world.trained.finished = false;
    const Result result = world.run({"train", "a.yaml"});
    CHECK(result.status == 130);
    CHECK(contains(result.err, "1,200 of 2,000"));
    CHECK(contains(result.err, "--resume"));
    CHECK(result.out.empty());
}

TEST_CASE("train's notes go to the error stream, its progress only to a terminal")
{
    World world;
    world.trained = finished();
    TrainProgress note;
    note.kind = TrainProgress::Kind::note;
    note.text = "3 files are\nleft out";
    TrainProgress step;
    step.step = 7;
    step.steps = 2000;
    step.loss = 0.5;
    step.images_per_second = 100.0;
    step.seconds_left = 90.0;
    world.train_progress = {note, step};
    CHECK(world.run({"train", "a.yaml"}).err == "note: 3 files are left out\n");
    world.hooks.terminal.err_is_terminal = true;
    world.hooks.terminal.width = 120;
    CHECK(contains(world.run({"train", "a.yaml"}).err,
                   "Step 7 of 2,000, loss 0.5000, 100 images/s, 1 min 30 s left"));
}

TEST_CASE("wrong usage of train is refused before anything starts")
{
    World world;
    CHECK(world.run({"train"}).status == 2);
    CHECK(world.run({"train", "a.yaml", "--set", "steps"}).status == 2);
    CHECK(world.run({"train", "a.yaml", "--set", "=3"}).status == 2);
    CHECK(world.run({"train", "a.yaml", "b.yaml"}).status == 2);
    CHECK(contains(world.run({"train", "a.yaml", "--resum"}).err, "--resume"));
    CHECK_FALSE(world.script.train);
    CHECK(world.run({"train", "--help"}).status == 0);
}

TEST_CASE("export passes its options on and says what was written")
{
    const TemporaryFolder folder;
    make_file(folder / "m.pth");
    World world;
    world.exported.tensors = 139;
    world.exported.parameters = 2782234;
    world.exported.output = folder / "x.pth";
    const Result result =
        world.run({"export", (folder / "m.pth").string(), "--format", "safetensors", "--part", "shallow",
                   "--weights", "current", "--out", (folder / "x.pth").string(), "--overwrite"});
    CHECK(result.status == 0);
    REQUIRE(world.script.export_model);
    CHECK(world.script.export_model->format == ExportRequest::Format::safetensors);
    CHECK(world.script.export_model->part == "shallow");
    CHECK_FALSE(world.script.export_model->average);
    CHECK(world.script.export_model->overwrite);
    CHECK(contains(result.out, "139 tensors, 2,782,234 parameters"));
}

TEST_CASE("wrong usage of export is refused")
{
    const TemporaryFolder folder;
    make_file(folder / "m.pth");
    const std::string model = (folder / "m.pth").string();
    const std::string out = (folder / "x.pth").string();
    World world;
    CHECK(world.run({"export", "--out", out}).status == 2);
    CHECK(world.run({"export", model}).status == 2);
    CHECK(world.run({"export", (folder / "absent").string(), "--out", out}).status == 3);
    CHECK(contains(world.run({"export", model, "--format", "referense", "--out", out}).err, "'reference'"));
    CHECK(world.run({"export", model, "--part", "deep", "--out", out}).status == 2);
    CHECK_FALSE(world.script.export_model);
}
