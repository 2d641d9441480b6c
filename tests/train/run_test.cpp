// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/export_job.h"
#include "train/log_file.h"
#include "train/looking_on.h"
#include "train/train_job.h"
#include "train/train_state.h"
#include "training_data.h"

#include "checkpoint/checkpoint.h"
#include "model/bundle.h"
#include "report/png_file.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/ones.h>

#include "support/doctest_torch.h"
#include "support/test_paths.h"

#include <cmath>
#include <fstream>
#include <limits>
#include <thread>

using namespace duodiff;
namespace fs = std::filesystem;

namespace
{

using Overrides = std::vector<std::pair<std::string, std::string>>;

TrainResult run(const fs::path& config, const Overrides& overrides = {}, bool resume = false,
                const std::function<void(const TrainProgress&)>& progress = {}, std::stop_token stop = {})
{
    return train({.config = config, .overrides = overrides, .resume = resume}, progress, stop);
}

Failure failure_of(const std::function<void()>& work)
{
    try {
        work();
    } catch (const EngineError& error) {
        return error.failure();
    }
    return {};
}

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

/// The weights of a run that is stopped after `steps` steps, and then resumed, as often as there are steps.
std::string weights_after_stops(const fs::path& config, const fs::path& out, const std::vector<int>& stops)
{
    const Overrides here = {{"output.folder", out.string()}};
    bool resume = false;
    for (const int steps : stops) {
        std::stop_source stop;
        const TrainResult result = run(
            config, here, resume,
            [&](const TrainProgress& progress) {
                if (progress.kind == TrainProgress::Kind::step && progress.step >= steps) {
                    stop.request_stop();
                }
            },
            stop.get_token());
        CHECK(result.step == steps);
        CHECK_FALSE(result.finished);
        resume = true;
    }
    CHECK(run(config, here, true).finished);
    return test::file_content(out / "full.safetensors");
}

}  // namespace

TEST_CASE("a run leaves its configuration, log, checkpoints, pictures and weights that open as a model")
{
    const test::TemporaryFolder folder;
    const fs::path config = test::write_small_config(folder.path());
    std::vector<TrainProgress> said;
    const TrainResult result = run(config, {{"output.sample_every", "6"}}, false,
                                   [&](const TrainProgress& progress) { said.push_back(progress); });
    CHECK(result.finished);
    CHECK(result.step == 12);
    CHECK(result.weights == folder / "run" / "full.safetensors");
    const ModelFiles files = read_checkpoints(result.weights, {}, {}, {});
    CHECK(files.full.has_value());
    CHECK(files.full->config.uvit.num_classes == 2);
    CHECK(files.parametrization == Parametrization::predict_noise);
    CHECK(read_png(folder / "run" / "samples" / "step-00000006.png").width > 0);
    CHECK(read_png(folder / "run" / "samples" / "step-00000012.png").width > 0);
    CHECK(fs::exists(folder / "run" / "config.yaml"));

    const std::vector<TrainCurves> log = read_train_log(folder / "run");
    REQUIRE(log.size() == 3);
    CHECK(log[0].step == 4);
    CHECK(log[2].step == 12);
    for (const TrainCurves& line : log) {
        CHECK(std::isfinite(line.loss));
        CHECK(line.gradient_norm > 0.0);
        REQUIRE(line.loss_by_timestep.size() == 10);
        // 16 images a line: the mean of the tenths, weighted, is the loss; here only that some have one.
        CHECK(std::isfinite(*std::max_element(line.loss_by_timestep.begin(), line.loss_by_timestep.end(),
                                              [](double a, double b) { return !(a >= b); })));
    }
    int steps = 0;
    int logged = 0;
    for (const TrainProgress& progress : said) {
        steps += progress.kind == TrainProgress::Kind::step ? 1 : 0;
        logged += progress.kind == TrainProgress::Kind::logged ? 1 : 0;
    }
    CHECK(steps == 12);
    CHECK(logged == 3);
}

TEST_CASE("a run that was stopped and resumed ends with the bytes of one that was not, in every precision")
{
    for (const char* precision : {"fp32", "bf16"}) {
        INFO(precision);
        const test::TemporaryFolder folder;
        const fs::path config = test::write_small_config(folder.path(), "  accumulate: 2\n");
        const fs::path other = folder / "other.yaml";
        std::string text = test::file_content(config);
        text.replace(text.find("precision: fp32"), 15, std::string("precision: ") + precision);
        std::ofstream(other) << text;
        run(other, {{"output.folder", (folder / "a").string()}});
        const std::string whole = test::file_content(folder / "a" / "full.safetensors");
        REQUIRE_FALSE(whole.empty());
        CHECK(weights_after_stops(other, folder / "b", {1, 6, 7, 11}) == whole);
        const auto log_a = read_train_log(folder / "a");
        const auto log_b = read_train_log(folder / "b");
        REQUIRE(log_a.size() == log_b.size());
        for (std::size_t i = 0; i < log_a.size(); ++i) {
            CHECK(log_a[i].step == log_b[i].step);
            CHECK(log_a[i].loss == log_b[i].loss);
            CHECK(log_a[i].gradient_norm == log_b[i].gradient_norm);
        }
    }
}

TEST_CASE("the log begins where the checkpoint was written, whatever came behind it")
{
    const test::TemporaryFolder folder;
    const fs::path path = folder / "log.jsonl";
    {
        LogFile log(path, 0);
        for (int step = 10; step <= 40; step += 10) {
            LogLine line;
            line.step = step;
            line.loss = step / 100.0;
            line.loss_by_timestep = {1.0, std::numeric_limits<double>::quiet_NaN()};
            line.loss_by_layer = {0.5};
            line.uncertainty_error_by_layer = {0.25};
            log.add(line);
        }
    }
    std::ofstream(path, std::ios::app) << "{\"step\": 50, \"lo";
    CHECK(read_log(path).size() == 4);
    {
        LogFile log(path, 25);
        CHECK(log.last_loss() == 0.2);
        LogLine line;
        line.step = 30;
        log.add(line);
    }
    const std::vector<LogLine> lines = read_log(path);
    REQUIRE(lines.size() == 3);
    CHECK(lines[1].step == 20);
    CHECK(lines[1].loss_by_layer == std::vector<double>{0.5});
    CHECK(std::isnan(lines[1].loss_by_timestep[1]));
    CHECK(lines[2].step == 30);
    CHECK(failure_of([&] { read_log(folder / "absent"); }).code == ErrorCode::bad_file);
}

TEST_CASE("a run goes on only with the configuration and the data that it began with")
{
    const test::TemporaryFolder folder;
    const fs::path config = test::write_small_config(folder.path());
    run(config);
    for (const auto& [key, value] : Overrides{{"seed", "12"},
                                              {"training.batch_size", "8"},
                                              {"model_params.qkv_bias", "true"},
                                              {"optimizer.learning_rate", "2e-3"},
                                              {"training.precision", "bf16"},
                                              {"data.limit", "5"}}) {
        const Failure failure = failure_of([&] { run(config, {{key, value}}, true); });
        INFO(key, ": ", failure.text());
        CHECK(failure.code == ErrorCode::usage);
        CHECK(contains(failure.what, key));
    }
    CHECK(failure_of([&] { run(config); }).code == ErrorCode::usage);  // without --resume

    std::string notes;
    const TrainResult longer = run(config, {{"training.steps", "14"}, {"output.log_every", "2"}}, true,
                                   [&](const TrainProgress& p) { notes += p.text; });
    CHECK(longer.step == 14);
    CHECK(contains(notes, "training.steps was 12, is now 14"));

    std::string pixels = test::file_content(folder / "images" / "train-images-idx3-ubyte");
    pixels.back() = static_cast<char>(pixels.back() + 1);
    std::ofstream(folder / "images" / "train-images-idx3-ubyte", std::ios::binary) << pixels;
    CHECK(contains(failure_of([&] { run(config, {{"training.steps", "16"}}, true); }).what, "other data"));
}

TEST_CASE("a damaged checkpoint is passed over for the one before, and only the last ones are kept")
{
    const test::TemporaryFolder folder;
    const fs::path config = test::write_small_config(folder.path());
    const Overrides keep = {{"output.keep", "2"}, {"output.checkpoint_every", "4"}};
    run(config, keep);
    const std::string whole = test::file_content(folder / "run" / "full.safetensors");
    const std::vector<fs::path> states = find_states(folder / "run" / "checkpoints");
    REQUIRE(states.size() == 2);
    CHECK(states[0].filename() == "step-00000008.safetensors");
    fs::resize_file(states[1], fs::file_size(states[1]) / 2);
    std::string notes;
    CHECK(run(config, keep, true, [&](const TrainProgress& p) { notes += p.text; }).finished);
    CHECK(contains(notes, "going back to the checkpoint before"));
    CHECK(test::file_content(folder / "run" / "full.safetensors") == whole);
}

TEST_CASE("the loss is there as a picture, of the exits' layers too")
{
    const test::TemporaryFolder folder;
    const fs::path config = test::write_small_config(folder.path());
    const TrainResult full = run(config, {{"output.log_every", "1"}});
    const std::string picture = test::file_content(folder / "run" / "loss.svg");
    CHECK(picture.starts_with("<svg"));
    CHECK(contains(picture, "Training: full"));
    CHECK(contains(picture, ">loss<"));
    const fs::path out = folder / "exits";
    run(config, {{"kind", "early_exit"},
                 {"exits.backbone", full.weights.string()},
                 {"output.log_every", "1"},
                 {"output.folder", out.string()}});
    const std::string layers = test::file_content(out / "loss.svg");
    CHECK(contains(layers, "exit 1 of 3"));
    CHECK(contains(layers, "exit 3 of 3"));
}

TEST_CASE("a loss that is not finite stops the run, naming step, batch and last good checkpoint")
{
    const test::TemporaryFolder folder;
    const fs::path config = test::write_small_config(folder.path());
    at::Tensor latents = at::ones({40, 1, 8, 8});
    latents[17].fill_(1e30);
    write_safetensors(folder / "latents.safetensors", {{"latents", latents}});
    const Overrides overrides = {{"data.path", (folder / "latents.safetensors").string()},
                                 {"data.format", "latents"},
                                 {"model_params.num_classes", "0"},
                                 {"training.label_dropout", "0"},
                                 {"output.checkpoint_every", "1"}};
    std::int64_t saved = 0;
    const Failure failure = failure_of([&] {
        run(config, overrides, false, [&](const TrainProgress& progress) {
            saved = progress.kind == TrainProgress::Kind::saved ? progress.step : saved;
        });
    });
    INFO(failure.text());
    CHECK(failure.code == ErrorCode::failed);
    CHECK(contains(failure.what, "at step " + std::to_string(saved + 1)));
    CHECK(contains(failure.what, "17"));
    if (saved > 0) {
        CHECK(contains(failure.remedy, state_path(folder / "run" / "checkpoints", saved).string()));
    }
}

TEST_CASE("a loss far above what is usual stops the run, and the checkpoint before it is whole")
{
    const test::TemporaryFolder folder;
    const fs::path config = test::write_small_config(folder.path());
    // One example is far larger than the others; predicting x_0, so is its loss.
    at::Tensor latents = at::ones({2000, 1, 8, 8});
    latents.narrow(0, 1999, 1).fill_(1e5);
    write_safetensors(folder / "latents.safetensors", {{"latents", latents}});
    Overrides overrides = {{"data.path", (folder / "latents.safetensors").string()},
                           {"data.format", "latents"},
                           {"model_params.num_classes", "0"},
                           {"training.label_dropout", "0"},
                           {"parametrization", "predict_original"},
                           {"training.batch_size", "4"},
                           {"training.accumulate", "1"},
                           {"training.steps", "500"},
                           {"output.sample_every", "0"},
                           {"output.checkpoint_every", "20"},
                           {"seed", "0"}};
    // The seed decides when the example comes: one where that is behind the steps that may not explode yet.
    Failure failure;
    std::int64_t saved = 0;
    for (int seed = 0; seed < 8 && failure.what.empty(); ++seed) {
        overrides.back().second = std::to_string(seed);
        overrides.push_back({"output.folder", (folder / ("seed" + std::to_string(seed))).string()});
        saved = 0;
        failure = failure_of([&] {
            run(config, overrides, false, [&](const TrainProgress& progress) {
                saved = progress.kind == TrainProgress::Kind::saved ? progress.step : saved;
            });
        });
    }
    INFO(failure.text());
    CHECK(failure.code == ErrorCode::failed);
    CHECK(contains(failure.what, "is usual for the loss"));
    CHECK(contains(failure.what, "1999"));
    CHECK(saved >= 200);
    CHECK(contains(failure.remedy, "step-"));
    CHECK(contains(failure.remedy, "learning_rate"));

    overrides.push_back({"training.explosion_factor", "0"});
    overrides.push_back({"output.folder", (folder / "never").string()});
    CHECK(run(config, overrides).finished);
}

TEST_CASE("a run starts from trained weights, and no longer needs them once there is a checkpoint")
{
    const test::TemporaryFolder folder;
    const fs::path config = test::write_small_config(folder.path());
    const TrainResult first = run(config);
    const fs::path moved = folder / "first.safetensors";
    fs::copy_file(first.weights, moved);
    fs::copy_file(fs::path(first.weights).replace_extension(".yaml"), folder / "first.yaml");
    const Overrides overrides = {{"training.start_from", moved.string()},
                                 {"optimizer.learning_rate", "1e-30"},
                                 {"optimizer.weight_decay", "0"},
                                 {"training.steps", "13"},
                                 {"output.folder", (folder / "second").string()}};
    std::string notes;
    const TrainResult second =
        run(config, overrides, false, [&](const TrainProgress& p) { notes += p.text; });
    CHECK(contains(notes, "first.safetensors"));
    // A learning rate of nothing leaves the weights where they began.
    const Checkpoint begun = read_checkpoint(moved);
    const Checkpoint ended = read_checkpoint(second.weights);
    for (const auto& [name, tensor] : begun.tensors) {
        INFO(name);
        CHECK(ended.tensors.at(name).allclose(tensor, 1e-6, 1e-7));
    }

    fs::remove(moved);
    Overrides longer = overrides;
    longer[3].second = "14";
    CHECK(run(config, longer, true).finished);
    Overrides anew = overrides;
    anew.back().second = (folder / "third").string();
    CHECK(failure_of([&] { run(config, anew); }).code == ErrorCode::bad_file);
}

TEST_CASE("heads of their own begin as the trained backbone's, and so do their averages")
{
    const test::TemporaryFolder folder;
    const fs::path config = test::write_small_config(folder.path());
    const TrainResult full = run(config);
    const TrainResult exits = run(config, {{"kind", "early_exit"},
                                           {"exits.backbone", full.weights.string()},
                                           {"optimizer.learning_rate", "1e-30"},
                                           {"optimizer.weight_decay", "0"},
                                           {"output.folder", (folder / "exits").string()}});
    const Checkpoint trained = read_checkpoint(full.weights);
    const Checkpoint begun = read_checkpoint(exits.weights);
    for (const char* head : {"in_blocks_heads.0.", "mid_block_head.", "out_blocks_heads.0."}) {
        for (const char* part : {"norm.weight", "norm.bias", "decoder_pred.weight", "decoder_pred.bias",
                                 "final_layer.weight", "final_layer.bias"}) {
            INFO(head << part);
            CHECK(begun.tensors.at(std::string(head) + part).allclose(trained.tensors.at(part), 1e-6, 1e-7));
        }
    }
}

TEST_CASE("weights of another shape, or for exits, are no start")
{
    const test::TemporaryFolder folder;
    const fs::path config = test::write_small_config(folder.path());
    const TrainResult first = run(config);
    const Failure other = failure_of([&] {
        run(config, {{"training.start_from", first.weights.string()},
                     {"model_params.depth", "5"},
                     {"output.folder", (folder / "other").string()}});
    });
    CHECK(other.code == ErrorCode::bad_file);
    CHECK(contains(other.what, "depth is 3"));
    const Failure exits = failure_of([&] {
        run(config, {{"kind", "early_exit"},
                     {"exits.train_backbone", "true"},
                     {"training.start_from", first.weights.string()},
                     {"output.folder", (folder / "exits").string()}});
    });
    CHECK(exits.code == ErrorCode::usage);
    CHECK(contains(exits.remedy, "exits.backbone"));
}

TEST_CASE("two runs cannot write to one folder, and a killed writer's leftovers go")
{
    const test::TemporaryFolder folder;
    const fs::path config = test::write_small_config(folder.path());
    fs::create_directories(folder / "run" / "checkpoints");
    std::ofstream(folder / "run" / "checkpoints" / ".duodiff-1-0.partial") << "x";
    Failure second;
    run(config, {}, false, [&](const TrainProgress& progress) {
        if (progress.kind == TrainProgress::Kind::started) {
            second = failure_of([&] { run(config, {}, true); });
        }
    });
    CHECK(contains(second.what, "another run"));
    CHECK_FALSE(fs::exists(folder / "run" / "checkpoints" / ".duodiff-1-0.partial"));
}

TEST_CASE("a pause holds the run until it is lifted, and changes nothing")
{
    const test::TemporaryFolder folder;
    const fs::path config = test::write_small_config(folder.path());
    run(config, {{"output.folder", (folder / "a").string()}});
    PauseSwitch pause;
    std::thread lifter;
    bool waited = false;
    train(
        {.config = config, .overrides = {{"output.folder", (folder / "b").string()}}},
        [&](const TrainProgress& progress) {
            if (progress.kind == TrainProgress::Kind::step && progress.step == 3) {
                pause.pause();
                lifter = std::thread([&] {
                    while (!pause.is_waiting()) {
                        std::this_thread::yield();
                    }
                    waited = true;
                    pause.resume();
                });
            }
        },
        {}, &pause);
    lifter.join();
    CHECK(waited);
    CHECK(test::file_content(folder / "a" / "full.safetensors") ==
          test::file_content(folder / "b" / "full.safetensors"));
}

TEST_CASE("exits train on a frozen backbone, whose tensors stay what they are to the bit")
{
    const test::TemporaryFolder folder;
    const fs::path config = test::write_small_config(folder.path());
    const TrainResult full = run(config);
    for (const char* probe : {"mlp_probe_per_layer", "mlp_probe_per_timestep", "attention_probe",
                              "certainty_map", "mlp_probe_per_layer_per_timestep"}) {
        INFO(probe);
        const fs::path out = folder / probe;
        const Overrides overrides = {{"kind", "early_exit"},
                                     {"exits.backbone", full.weights.string()},
                                     {"exits.classifier_type", probe},
                                     {"output.folder", out.string()},
                                     {"output.sample_every", "12"}};
        TrainExitCurve exits;
        const TrainResult result = run(config, overrides, false, [&](const TrainProgress& progress) {
            exits = progress.kind == TrainProgress::Kind::sampled ? progress.exits : exits;
        });
        CHECK(exits.timesteps.size() == 3);
        CHECK(exits.layers.size() == 3);
        CHECK(exits.uncertainty.size() == 9);
        const auto samples = find_samples(out);
        REQUIRE(samples.size() == 1);
        const std::vector<float> kept = read_exit_curve(samples[0].exits).uncertainty;
        REQUIRE(kept.size() == exits.uncertainty.size());
        for (std::size_t i = 0; i < kept.size(); ++i) {
            // Where a kind of probe reads nothing there is no number.
            CHECK((kept[i] == exits.uncertainty[i] ||
                   (std::isnan(kept[i]) && std::isnan(exits.uncertainty[i]))));
        }
        const ModelFiles files = read_checkpoints(result.weights, {}, {}, {});
        REQUIRE(files.early_exit.has_value());
        CHECK(std::string(to_string(*files.early_exit->config.probe)) == probe);
        const Checkpoint before = read_checkpoint(full.weights);
        const std::string prefix = backbone_prefix(files.early_exit->config);
        for (const auto& [name, tensor] : before.tensors) {
            CHECK(files.early_exit->checkpoint.tensors.at(prefix + name).equal(tensor));
        }
        const std::vector<TrainCurves> log = read_train_log(out);
        REQUIRE_FALSE(log.empty());
        CHECK(log.back().loss_by_layer.size() == 3);
        CHECK(log.back().uncertainty_error_by_layer.size() == 3);

        std::ofstream(folder / "other.yaml") << test::file_content(config);
        const TrainResult other =
            run(folder / "other.yaml",
                {{"seed", "5"}, {"output.folder", (folder / (std::string("o_") + probe)).string()}});
        Overrides swapped = overrides;
        swapped[1].second = other.weights.string();
        CHECK(contains(failure_of([&] { run(config, swapped, true); }).what, "another backbone"));
    }
}
