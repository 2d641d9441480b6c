// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/export_job.h"
#include "train/train_job.h"
#include "training_data.h"

#include "checkpoint/checkpoint.h"
#include "checkpoint/pytorch_writer.h"
#include "model/bundle.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>

#include "support/doctest_torch.h"
#include "support/golden.h"
#include "support/test_paths.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

using namespace duodiff;
namespace fs = std::filesystem;

namespace
{

ExportRequest request(const fs::path& model, const fs::path& out)
{
    ExportRequest wanted;
    wanted.model = model;
    wanted.output = out;
    return wanted;
}

/// How to start a Python with torch: DUODIFF_TEST_PYTHON, else python3, also with the wheel that this program
/// was built against; empty, said on stdout, where there is none.
std::string python_with_torch()
{
    const char* named = std::getenv("DUODIFF_TEST_PYTHON");
    const std::vector<std::string> candidates =
        named && *named ? std::vector<std::string>{named}
                        : std::vector<std::string>{"python3", "PYTHONPATH='" DUODIFF_TORCH_WHEEL "' python3"};
    for (const std::string& python : candidates) {
        if (std::system((python + " -c 'import torch' >/dev/null 2>&1").c_str()) == 0) {
            return python;
        }
    }
    std::printf("skipped: %s has no torch (DUODIFF_TEST_PYTHON names another)\n", candidates.back().c_str());
    return {};
}

}  // namespace

TEST_CASE("what is exported in the reference's format is read back as it was, for every golden model")
{
    int models = 0;
    for (const fs::path& folder : test::golden_folders()) {
        for (const auto& entry : fs::directory_iterator(folder)) {
            if (entry.path().extension() != ".pth" ||
                entry.path().filename().string().starts_with("autoencoder")) {
                continue;
            }
            INFO(entry.path().string());
            const test::TemporaryFolder out;
            const ExportResult result = export_model(request(entry.path(), out / "x.pth"));
            const ModelFiles before = read_checkpoints(entry.path(), {}, {}, {});
            const ModelFiles after = read_checkpoints(out / "x.pth", {}, {}, {});
            const auto& a = before.full ? before.full : before.early_exit;
            const auto& b = after.full ? after.full : after.early_exit;
            CHECK(b->checkpoint.format == CheckpointFormat::pytorch_zip);
            CHECK(a->config.uvit == b->config.uvit);
            CHECK(a->config.probe == b->config.probe);
            CHECK(static_cast<std::size_t>(result.tensors) == b->checkpoint.tensors.size());
            for (const auto& [name, tensor] : b->checkpoint.tensors) {
                CHECK(tensor.equal(a->checkpoint.tensors.at(name)));
            }
            ++models;
        }
    }
    CHECK(models >= 3);
}

TEST_CASE("every type and shape of tensor survives the reference's format")
{
    const test::TemporaryFolder folder;
    std::map<std::string, at::Tensor> tensors;
    tensors["float"] = at::arange(12, at::kFloat).reshape({3, 4});
    tensors["strided"] = at::arange(12, at::kFloat).reshape({3, 4}).t();
    tensors["double"] = at::arange(5, at::kDouble);
    tensors["half"] = at::arange(7, at::kFloat).to(at::kHalf);
    tensors["bfloat16"] = at::arange(7, at::kFloat).to(at::kBFloat16);
    tensors["long"] = at::arange(300, at::kLong);
    tensors["scalar"] = at::ones({}, at::kFloat);
    tensors["ünïcode, with a comma"] = at::ones({1, 1, 1, 1, 2}, at::kFloat);
    write_pytorch(folder / "x.pth", tensors);
    const Checkpoint read = read_checkpoint(folder / "x.pth");
    REQUIRE(read.tensors.size() == tensors.size());
    for (const auto& [name, tensor] : tensors) {
        INFO(name);
        CHECK(read.tensors.at(name).equal(tensor));
        CHECK((read.tensors.at(name).scalar_type() == tensor.scalar_type()));
    }
    const std::string bytes = test::file_content(folder / "x.pth");
    write_pytorch(folder / "y.pth", tensors);
    CHECK(test::file_content(folder / "y.pth") == bytes);
}

TEST_CASE("a training checkpoint exports its averaged weights, or those of its last step")
{
    const test::TemporaryFolder folder;
    const fs::path config = test::write_small_config(folder.path());
    const TrainResult run = train({.config = config});
    ExportRequest average = request(run.checkpoint, folder / "average.safetensors");
    average.format = ExportRequest::Format::safetensors;
    export_model(average);
    const Checkpoint shipped = read_checkpoint(run.weights);
    for (const auto& [name, tensor] : read_checkpoint(average.output).tensors) {
        CHECK(tensor.equal(shipped.tensors.at(name)));
    }
    ExportRequest current = request(run.checkpoint, folder / "current.pth");
    current.average = false;
    export_model(current);
    CHECK_FALSE(read_checkpoint(current.output)
                    .tensors.at("mid_block.mlp.fc1.weight")
                    .equal(shipped.tensors.at("mid_block.mlp.fc1.weight")));
}

TEST_CASE("exits trained on a frozen backbone export with it")
{
    const test::TemporaryFolder folder;
    const fs::path config = test::write_small_config(folder.path());
    const TrainResult full = train({.config = config});
    const TrainResult exits = train({.config = config,
                                     .overrides = {{"kind", "early_exit"},
                                                   {"exits.backbone", full.weights.string()},
                                                   {"output.folder", (folder / "exits").string()}}});
    export_model(request(exits.checkpoint, folder / "exits.pth"));
    const ModelFiles files = read_checkpoints(folder / "exits.pth", {}, {}, {});
    REQUIRE(files.early_exit.has_value());
    const Checkpoint shipped = read_checkpoint(exits.weights);
    for (const auto& [name, tensor] : files.early_exit->checkpoint.tensors) {
        CHECK(tensor.equal(shipped.tensors.at(name)));
    }
    // And the network under them without them, from the checkpoint and from the weights.
    for (const fs::path& from : {exits.checkpoint, exits.weights}) {
        ExportRequest alone = request(from, folder / "alone.pth");
        alone.part = "full";
        alone.overwrite = true;
        CHECK(export_model(alone).kind == "uvit");
        const Checkpoint under = read_checkpoint(alone.output);
        CHECK(read_checkpoints(alone.output, {}, {}, {}).full->config.parametrization ==
              read_checkpoints(full.weights, {}, {}, {}).full->config.parametrization);
        const Checkpoint trained = read_checkpoint(full.weights);
        REQUIRE(under.tensors.size() == trained.tensors.size());
        for (const auto& [name, tensor] : under.tensors) {
            INFO(name);
            CHECK(tensor.equal(trained.tensors.at(name)));
        }
    }
}

TEST_CASE("an export in bf16 takes half the room, rounds to the nearest, and opens as the same network")
{
    const test::TemporaryFolder folder;
    const fs::path pack = test::source_dir() / "models" / "fashion-mnist";
    for (const auto format : {ExportRequest::Format::reference, ExportRequest::Format::safetensors}) {
        ExportRequest whole = request(pack, folder / "whole.safetensors");
        whole.part = "shallow";
        whole.format = format;
        whole.overwrite = true;
        ExportRequest half = whole;
        half.bf16 = true;
        half.output = folder / "half.safetensors";
        export_model(whole);
        export_model(half);
        CHECK(static_cast<double>(fs::file_size(half.output)) <
              0.51 * static_cast<double>(fs::file_size(whole.output)));
        const ModelFiles before = read_checkpoints(whole.output, {}, {}, {});
        const ModelFiles after = read_checkpoints(half.output, {}, {}, {});
        CHECK(before.full->config.uvit == after.full->config.uvit);
        for (const auto& [name, tensor] : before.full->checkpoint.tensors) {
            CHECK(after.full->checkpoint.tensors.at(name)
                      .to(at::kFloat)
                      .equal(tensor.to(at::kBFloat16).to(at::kFloat)));
        }
        ExportRequest back = request(half.output, folder / "back.safetensors");
        back.format = format;
        back.overwrite = true;
        export_model(back);
        CHECK(fs::file_size(back.output) == fs::file_size(whole.output));
    }
}

TEST_CASE("an export never replaces a file unasked, and says which parts there are")
{
    const test::TemporaryFolder folder;
    const fs::path config = test::write_small_config(folder.path());
    const TrainResult run = train({.config = config});
    ExportRequest wanted = request(run.weights, folder / "x.pth");
    export_model(wanted);
    CHECK_THROWS_AS(export_model(wanted), EngineError);
    wanted.overwrite = true;
    CHECK_NOTHROW(export_model(wanted));
    wanted.part = "early_exit";
    CHECK_THROWS_AS(export_model(wanted), EngineError);
    CHECK_THROWS_AS(export_model(request(config, folder / "z.pth")), EngineError);
    CHECK_FALSE(fs::exists(folder / "z.pth"));
}

TEST_CASE("torch.load with weights_only reads an export, with the reference's keys")
{
    const std::string python = python_with_torch();
    if (python.empty()) {
        return;
    }
    const test::TemporaryFolder folder;
    const fs::path config = test::write_small_config(folder.path());
    const TrainResult run = train({.config = config});
    export_model(request(run.weights, folder / "x.pth"));
    const std::string script =
        "import torch, sys; d = torch.load('" + (folder / "x.pth").string() +
        "', weights_only=True); m = d['model_state_dict']; "
        "sys.exit(0 if list(d) == ['model_state_dict'] and m['pos_embed'].shape == (1, 18, 16) and "
        "m['mid_block.attn.qkv.weight'].isfinite().all() and len(m) == " +
        std::to_string(read_checkpoint(run.weights).tensors.size()) + " else 1)";
    CHECK(std::system((python + " -c \"" + script + "\"").c_str()) == 0);
}
