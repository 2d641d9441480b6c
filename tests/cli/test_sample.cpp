// SPDX-License-Identifier: GPL-3.0-or-later
#include "scripted_world.h"

#include "report/image_metadata.h"
#include "report/png_file.h"
#include "report/run_file.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>

#include <limits>

using namespace duodiff;
using namespace duodiff::cli::test;
using duodiff::test::TemporaryFolder;

namespace
{

using Words = std::vector<std::string>;

/// A sample command on an empty model file, in a folder of its own.
struct Sampling {
    TemporaryFolder folder;
    World world;

    Sampling() { make_file(model()); }
    std::filesystem::path model() const { return folder / "model"; }
    std::filesystem::path out() const { return folder / "out"; }

    Result run(const Words& more)
    {
        Words words = {"sample", "--model", model().string(), "--out", out().string()};
        words.insert(words.end(), more.begin(), more.end());
        return world.run(words);
    }

    const SamplingSettings& settings_for(const Words& more)
    {
        const Result result = run(more);
        REQUIRE_MESSAGE(result.status == 0, result.err);
        return world.script.sampled.back();
    }
};

const Words small = {"--steps", "4", "--count", "5", "--batch", "2"};

Words with(Words words, const Words& more)
{
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

}  // namespace

TEST_CASE("every option of sample reaches its place in the settings")
{
    struct Case {
        Words words;
        bool (*holds)(const SamplingSettings&);
    };
    using S = const SamplingSettings&;
    const std::vector<Case> cases = {
        {{"--policy", "full"}, [](S s) { return s.policy == PolicyKind::full; }},
        {{"--policy=duodiff"}, [](S s) { return s.policy == PolicyKind::duodiff; }},
        {{"--policy", "adadiff"}, [](S s) { return s.policy == PolicyKind::adadiff; }},
        {{"--policy", "static", "--exit-layer", "13"},
         [](S s) { return s.policy == PolicyKind::static_layer && s.exit_layer == 13; }},
        {{"--policy", "duodiff", "--switch-step", "0"}, [](S s) { return s.switch_step == 0; }},
        {{"--policy", "duodiff", "--switch-step", "1000"}, [](S s) { return s.switch_step == 1000; }},
        {{"--policy", "adadiff", "--threshold", "-0.5"}, [](S s) { return s.threshold == -0.5; }},
        {{"--policy", "adadiff", "--threshold=12.5"}, [](S s) { return s.threshold == 12.5; }},
        {{"--sampler", "ddpm"}, [](S s) { return s.solver == SolverKind::ddpm; }},
        {{"--sampler", "ddim"}, [](S s) { return s.solver == SolverKind::ddim; }},
        {{"--sampler", "dpm-solver++"}, [](S s) { return s.solver == SolverKind::dpm_solver_pp; }},
        {{"--sampler", "euler-maruyama"}, [](S s) { return s.solver == SolverKind::euler_maruyama; }},
        {{"--steps", "1"}, [](S s) { return s.steps == 1; }},
        {{"--steps", "17"}, [](S s) { return s.steps == 17; }},
        {{"--sampler", "ddim", "--eta", "0.5"}, [](S s) { return s.eta == 0.5; }},
        {{"--count", "3"}, [](S s) { return s.count == 3; }},
        {{"--batch", "7"}, [](S s) { return s.batch == 7; }},
        {{"--seed", "18446744073709551615"},
         [](S s) { return s.seed == std::numeric_limits<std::uint64_t>::max(); }},
        {{"--class", "bag,0"},
         [](S s) {
             return s.classes == std::vector<std::int64_t>{2, 0};
         }},
        {{"--compat", "reference"}, [](S s) { return s.compat == Compat::reference; }},
        {{"--parametrization", "predict_original"},
         [](S s) { return s.parametrization == Parametrization::predict_original; }},
        {{"--device", "cuda:1"}, [](S s) { return s.device == "cuda:1"; }},
        {{"--precision", "bf16"}, [](S s) { return s.precision == Precision::bf16; }},
        {{"--precision", "int8"}, [](S s) { return s.precision == Precision::int8; }},
        {{"--precision", "auto"}, [](S s) { return s.precision == Precision::automatic; }},
        {{"--save-steps", "999,500"},
         [](S s) {
             return s.save_steps == std::vector<int>{999, 500};
         }},
    };
    Sampling sampling;
    for (const Case& item : cases) {
        CAPTURE(item.words.front());
        CAPTURE(item.words.back());
        Words words = item.words;
        const bool has_steps = words.front() == "--steps";
        CHECK(item.holds(sampling.settings_for(has_steps ? words : with(words, {"--steps", "3"}))));
    }
}

TEST_CASE("what is not asked for comes from the documented defaults and from the model")
{
    Sampling sampling;
    const SamplingSettings plain = sampling.settings_for({"--count", "1"});
    CHECK(plain.policy == PolicyKind::full);
    CHECK(plain.solver == SolverKind::ddpm);
    CHECK(plain.steps == 1000);
    CHECK(plain.seed == 0);
    CHECK(plain.eta == 0.0);
    CHECK(plain.compat == Compat::none);
    CHECK(plain.device == "auto");
    CHECK(plain.classes.empty());
    CHECK_FALSE(plain.parametrization);
    CHECK(plain.switch_step == 250);
    CHECK(plain.threshold == 0.07);
    CHECK(sampling.settings_for({"--count", "1", "--sampler", "euler-maruyama"}).steps == 1000);
    CHECK(sampling.settings_for({"--count", "1", "--sampler", "ddim"}).steps == 50);
    CHECK(sampling.settings_for({"--count", "1", "--sampler", "dpm-solver++"}).steps == 50);
}

TEST_CASE("the paths of a bare pair reach the engine")
{
    Sampling sampling;
    for (const char* name : {"late", "c.yaml", "l.yaml"}) {
        make_file(sampling.folder / name);
    }
    const auto path = [&](const char* name) { return (sampling.folder / name).string(); };
    REQUIRE(sampling
                .run(with(small, {"--late-model", path("late"), "--config", path("c.yaml"), "--late-config",
                                  path("l.yaml")}))
                .status == 0);
    const ModelSource& source = sampling.world.script.sources.front();
    CHECK(source.model == sampling.model());
    CHECK(source.late_model == sampling.folder / "late");
    CHECK(source.config == sampling.folder / "c.yaml");
    CHECK(source.late_config == sampling.folder / "l.yaml");
}

TEST_CASE("a run leaves its images, grid, run file, table, report and saved states")
{
    Sampling sampling;
    const Result result = sampling.run(with(
        small, {"--save-steps", "999,0", "--save-tensors", (sampling.folder / "t.safetensors").string()}));
    REQUIRE_MESSAGE(result.status == 0, result.err);
    for (const char* name : {"0000.png", "0004.png", "grid.png", "run.json", "steps.csv", "report.html",
                             "step-0999/0000.png", "step-0000/0004.png"}) {
        CAPTURE(name);
        CHECK(std::filesystem::is_regular_file(sampling.out() / name));
    }
    CHECK_FALSE(std::filesystem::exists(sampling.out() / "0005.png"));
    CHECK(sampling.world.script.tensors == std::vector{sampling.folder / "t.safetensors"});
    const RunRecord record = read_run_file(sampling.out() / "run.json");
    CHECK(record.state == RunState::done);
    CHECK(record.images.size() == 5);
    CHECK(record.images[3].file == "0003.png");
    CHECK(record.model.path == sampling.model());
    const ImageMetadata metadata = read_image_metadata(sampling.out() / "0003.png");
    CHECK(metadata.index == 3);
    CHECK(metadata.seed == 3);
    CHECK(metadata.settings == record.settings);
    CHECK(result.out.find(sampling.out().string()) != std::string::npos);
    CHECK(result.err.empty());
}

TEST_CASE("latents without an autoencoder become pictures of their first channels, and that is said")
{
    Sampling sampling;
    sampling.world.script.info.summary.channels = 4;
    const Result result = sampling.run(small);
    CHECK(result.status == 0);
    CHECK(result.err.find("latents of 4 channels") != std::string::npos);
    CHECK(std::filesystem::is_regular_file(sampling.out() / "0004.png"));
}

TEST_CASE("a step that the solver does not visit is said to be missing")
{
    Sampling sampling;
    const Result result = sampling.run(with(small, {"--save-steps", "999,998"}));
    CHECK(result.status == 0);
    CHECK(result.err.find("t = 998") != std::string::npos);
}

TEST_CASE("options that the policy does not read are pointed out and do no harm")
{
    Sampling sampling;
    const Result result = sampling.run(with(small, {"--threshold", "0.1", "--policy", "duodiff"}));
    CHECK(result.status == 0);
    CHECK(result.err.find("--threshold has no effect with --policy duodiff") != std::string::npos);
}

TEST_CASE("--json prints one object with the numbers of the run and nothing else")
{
    Sampling sampling;
    const Result result = sampling.run(with(small, {"--json", "--policy", "duodiff", "--class", "Bag"}));
    REQUIRE(result.status == 0);
    const nlohmann::json object = only_object(result.out);
    CHECK(object["state"] == "done");
    CHECK(object["images"].size() == 5);
    CHECK(object["images"][4]["label"] == 2);
    CHECK(object["images_finished"] == 5);
    CHECK(object["settings"]["policy"] == "duodiff");
    CHECK(object["blocks_skipped"].get<double>() > 0.0);
    CHECK(object["precision"] == "fp32");
}

TEST_CASE("--plot adds the curve that the report room draws")
{
    Sampling sampling;
    const Result plain = sampling.run(small);
    const Result plotted = sampling.run(with(small, {"--plot"}));
    CHECK(lines(plotted.out) > lines(plain.out) + 5);
}

TEST_CASE("a run into the folder of an earlier one leaves nothing of it behind, and nothing else out")
{
    Sampling sampling;
    REQUIRE(sampling.run(with(small, {"--save-steps", "999"})).status == 0);
    make_file(sampling.out() / "notes.txt");
    REQUIRE(sampling.run({"--steps", "2", "--count", "1"}).status == 0);
    CHECK_FALSE(std::filesystem::exists(sampling.out() / "0004.png"));
    CHECK_FALSE(std::filesystem::exists(sampling.out() / "step-0999"));
    CHECK(std::filesystem::exists(sampling.out() / "notes.txt"));
}

TEST_CASE("an output that cannot be written is refused before the model is opened")
{
    Sampling sampling;
    make_file(sampling.folder / "file");
    const std::string model = sampling.model().string();
    const std::string file = (sampling.folder / "file").string();
    CHECK(sampling.world.run({"sample", "--model", model, "--out", file}).status == 3);
    CHECK(sampling.world.run({"sample", "--model", model, "--out", file + "/below"}).status == 1);
    CHECK(sampling.run(with(small, {"--save-tensors", "/no/such/folder/t.safetensors"})).status == 1);
    CHECK(sampling.world.script.opened == 0);
}

TEST_CASE("a model that is not there is status 3 and leaves no folder behind")
{
    Sampling sampling;
    const Result result =
        sampling.world.run({"sample", "--model", "/no/such/model", "--out", sampling.out().string()});
    CHECK(result.status == 3);
    CHECK(result.err.find("/no/such/model") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(sampling.out()));
}

TEST_CASE("an unknown class is refused with the model's names")
{
    Sampling sampling;
    const Result result = sampling.run({"--class", "hat"});
    CHECK(result.status == 2);
    CHECK(result.err.find("Trouser") != std::string::npos);
}

TEST_CASE("an interrupt keeps the finished batches, says so, and ends with 130")
{
    for (const bool json : {false, true}) {
        Sampling sampling;
        sampling.world.script.before_step = [&](int batch, int step) {
            if (batch == 1 && step == 2) {
                sampling.world.stop.request_stop();
            }
        };
        const Result result = sampling.run(json ? with(small, {"--json"}) : small);
        CHECK(result.status == 130);
        CHECK(result.err.find("2 of 5 images") != std::string::npos);
        CHECK(result.err.find(sampling.out().string()) != std::string::npos);
        const RunRecord record = read_run_file(sampling.out() / "run.json");
        CHECK(record.state == RunState::cancelled);
        CHECK(record.images.size() == 2);
        CHECK(std::filesystem::exists(sampling.out() / "0001.png"));
        CHECK_FALSE(std::filesystem::exists(sampling.out() / "0002.png"));
        CHECK(sampling.world.script.parameters.size() == 6);
        if (json) {
            CHECK(only_object(result.out)["state"] == "cancelled");
        }
    }
}

TEST_CASE("an interrupt in the first batch still leaves a run file that says so")
{
    Sampling sampling;
    sampling.world.script.before_step = [&](int, int) { sampling.world.stop.request_stop(); };
    const Result result = sampling.run(small);
    CHECK(result.status == 130);
    CHECK(result.err.find("0 of 5 images") != std::string::npos);
    CHECK(read_run_file(sampling.out() / "run.json").state == RunState::cancelled);
    CHECK_FALSE(std::filesystem::exists(sampling.out() / "grid.png"));
}

TEST_CASE("an interrupt while the model opens ends with 130 and samples nothing")
{
    Sampling sampling;
    sampling.world.stop.request_stop();
    const Result result = sampling.run(small);
    CHECK(result.status == 130);
    CHECK(sampling.world.script.sampled.empty());
}

TEST_CASE("images that were finished before a failure are kept, marked as such")
{
    Sampling sampling;
    sampling.world.script.sample_failure = Failure{ErrorCode::out_of_memory, "no memory is left", "", ""};
    sampling.world.script.batches_before_failure = 2;
    const Result result = sampling.run(small);
    CHECK(result.status == 4);
    CHECK(result.err.find("4 images") != std::string::npos);
    const RunRecord record = read_run_file(sampling.out() / "run.json");
    CHECK(record.state == RunState::failed);
    CHECK(record.images.size() == 4);
    CHECK(std::filesystem::exists(sampling.out() / "0003.png"));
}
