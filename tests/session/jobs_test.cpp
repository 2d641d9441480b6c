// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/jobs.h"
#include "checkpoint/checkpoint.h"

#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include "support/doctest_torch.h"
#include "support/golden.h"
#include "support/test_paths.h"

#include <cmath>
#include <functional>
#include <iomanip>
#include <sstream>

using namespace duodiff;
namespace fs = std::filesystem;

namespace
{

fs::path golden(const char* name)
{
    return test::data_dir() / "golden" / name;
}

ErrorCode error_of(const std::function<void()>& work)
{
    try {
        work();
    } catch (const EngineError& error) {
        CHECK(error.failure().text().size() < 400);
        return error.code();
    }
    FAIL("no error");
    return ErrorCode::failed;
}

}  // namespace

TEST_CASE("forward writes what the reference wrote")
{
    const test::TemporaryFolder folder;
    for (const char* name : {"uvit_unconditional", "early_exit_attention_probe",
                             "early_exit_class_conditional", "adadiff_original"}) {
        const fs::path input = golden((std::string(name) + ".forward.safetensors").c_str());
        ForwardRequest request;
        request.model = golden((std::string(name) + ".pth").c_str());
        request.input = input;
        request.output = folder / "out.safetensors";
        forward_file(request);
        const auto expected = read_tensors(input);
        const auto actual = read_tensors(request.output);
        int compared = 0;
        for (const auto& [key, tensor] : expected) {
            if (key.starts_with("x.") || key.starts_with("y.")) {
                continue;
            }
            INFO(name << " " << key);
            CHECK(test::relative_error(actual.at(key), tensor) < 1e-4);
            ++compared;
        }
        CHECK(compared >= 3);
    }
}

TEST_CASE("forward refuses inputs that do not fit, in words")
{
    const test::TemporaryFolder folder;
    const auto forward = [&](const char* model, const std::map<std::string, at::Tensor>& input) {
        write_safetensors(folder / "in.safetensors", input);
        ForwardRequest request;
        request.model = golden(model);
        request.input = folder / "in.safetensors";
        request.output = folder / "out.safetensors";
        return error_of([&] { forward_file(request); });
    };
    const at::Tensor x = at::zeros({2, 3, 16, 16}, at::kFloat);
    CHECK(forward("uvit_unconditional.pth", {{"x.1000", x}}) == ErrorCode::bad_file);
    CHECK(forward("uvit_unconditional.pth", {{"x.-1", x}}) == ErrorCode::bad_file);
    CHECK(forward("uvit_unconditional.pth", {{"x.abc", x}}) == ErrorCode::bad_file);
    CHECK(forward("uvit_unconditional.pth", {{"z", x}}) == ErrorCode::bad_file);
    CHECK(forward("uvit_unconditional.pth", {{"x.5", at::zeros({2, 3, 8, 8}, at::kFloat)}}) ==
          ErrorCode::bad_file);
    CHECK(forward("uvit_unconditional.pth", {{"x.5", at::zeros({3, 16, 16}, at::kFloat)}}) ==
          ErrorCode::bad_file);
    const at::Tensor latent = at::zeros({2, 4, 16, 16}, at::kFloat);
    CHECK(forward("early_exit_class_conditional.pth", {{"x.5", latent}}) == ErrorCode::bad_file);
    CHECK(forward("early_exit_class_conditional.pth",
                  {{"x.5", latent}, {"y.5", at::full({2}, 11, at::kLong)}}) == ErrorCode::bad_file);
    CHECK(forward("early_exit_class_conditional.pth",
                  {{"x.5", latent}, {"y.5", at::full({3}, 1, at::kLong)}}) == ErrorCode::bad_file);
    CHECK_FALSE(fs::exists(folder / "out.safetensors"));
}

TEST_CASE("forward says which labels the model has no use for, and uses the others")
{
    const test::TemporaryFolder folder;
    const auto notes = [&](const char* model, const std::map<std::string, at::Tensor>& input) {
        write_safetensors(folder / "in.safetensors", input);
        std::vector<std::string> said;
        ForwardRequest request;
        request.model = golden(model);
        request.input = folder / "in.safetensors";
        request.output = folder / "out.safetensors";
        request.note = [&](const std::string& note) { said.push_back(note); };
        forward_file(request);
        CHECK(fs::exists(folder / "out.safetensors"));
        return said;
    };
    const at::Tensor x = at::zeros({2, 3, 16, 16}, at::kFloat);
    const at::Tensor y = at::full({2}, 1, at::kLong);
    CHECK(notes("uvit_unconditional.pth", {{"x.5", x}}).empty());
    const auto said = notes("uvit_unconditional.pth", {{"x.5", x}, {"y.5", y}, {"x.7", x}, {"y.7", y}});
    REQUIRE(said.size() == 1);
    CHECK(said[0].find("y.5, y.7 are not used") == 0);
    CHECK(said[0].find("unconditional") != std::string::npos);
    const at::Tensor latent = at::zeros({2, 4, 16, 16}, at::kFloat);
    CHECK(notes("early_exit_class_conditional.pth", {{"x.5", latent}, {"y.5", y}}).empty());
    const auto other = notes("early_exit_class_conditional.pth", {{"x.5", latent}, {"y.5", y}, {"y.6", y}});
    REQUIRE(other.size() == 1);
    CHECK(other[0].find("y.6 is not used") == 0);
}

TEST_CASE("info tells kind, convention, parameters and cost of a bare checkpoint and of a pack")
{
    const InfoReport bare = inspect(golden("adadiff_original.pth"));
    REQUIRE(bare.parts.size() == 1);
    CHECK_FALSE(bare.is_pack);
    CHECK(bare.parts[0].convention == "AdaDiff authors");
    CHECK(bare.parts[0].gflops_per_step > 0.0);
    CHECK(bare.parts[0].sha256.size() == 64);
    CHECK(bare.parts[0].parameters > 100000);

    const test::TemporaryFolder folder;
    ImportRequest request;
    request.full = golden("uvit_unconditional.pth");
    request.output = folder / "pack";
    request.name = "tiny";
    const InfoReport pack = import_pack(request);
    CHECK(pack.is_pack);
    CHECK(pack.name == "tiny");
    CHECK(pack.parts.size() == 1);
    CHECK(inspect(folder / "pack").parts[0].parameters == pack.parts[0].parameters);
}

TEST_CASE("an imported pack samples as its checkpoints do, and knows the useful range of theta")
{
    const test::TemporaryFolder folder;
    ImportRequest request;
    request.early_exit = golden("early_exit_attention_probe.pth");
    request.output = folder / "pack";
    const InfoReport report = import_pack(request);
    CHECK(report.threshold_minimum < report.threshold_default);
    CHECK(report.threshold_default < report.threshold_maximum);
    // In two digits, so that what people read is what it is.
    for (const double value :
         {report.threshold_minimum, report.threshold_default, report.threshold_maximum}) {
        std::ostringstream two;
        two << std::setprecision(2) << value;
        CHECK(std::stod(two.str()) == value);
    }

    SamplingSettings s;
    s.policy = PolicyKind::adadiff;
    s.threshold = report.threshold_default;
    s.solver = SolverKind::ddim;
    s.steps = 10;
    s.count = s.batch = 3;
    const auto run = [&](const fs::path& model) {
        const auto engine = make_engine();
        engine->open({.model = model, .late_model = {}, .config = {}, .late_config = {}});
        test::FrameLog log;
        return engine->sample(s, 1, log);
    };
    const RunOutcome one = run(request.early_exit);
    const RunOutcome other = run(folder / "pack");
    CHECK(one.images[2].pixels == other.images[2].pixels);
    const double skipped = 1.0 - block_share(other.record);
    CHECK(skipped > 0.0);
    CHECK(skipped < 1.0);
}

TEST_CASE("import refuses parts in the wrong place, and an existing pack")
{
    const test::TemporaryFolder folder;
    ImportRequest request;
    request.output = folder / "pack";
    CHECK(error_of([&] { import_pack(request); }) == ErrorCode::usage);
    request.full = golden("early_exit_attention_probe.pth");
    CHECK(error_of([&] { import_pack(request); }) == ErrorCode::bad_file);
    request.full = golden("uvit_unconditional.pth");
    request.early_exit = golden("uvit_unconditional.pth");
    CHECK(error_of([&] { import_pack(request); }) == ErrorCode::bad_file);
    request.early_exit.clear();
    request.class_names = {"a", "b"};
    CHECK(error_of([&] { import_pack(request); }) == ErrorCode::usage);
    CHECK_FALSE(fs::exists(request.output));
    request.class_names.clear();
    import_pack(request);
    CHECK(error_of([&] { import_pack(request); }) == ErrorCode::usage);
    CHECK(fs::directory_iterator(folder.path()) != fs::directory_iterator());
}

TEST_CASE("doctor names what it found without a speed check in no time")
{
    const DoctorReport report = examine(false);
    CHECK(report.findings.size() > 5);
    CHECK(report.machine.threads >= 1);
}

TEST_CASE("the benchmark compares every policy with full, and full with itself")
{
    BenchRequest request;
    request.source.model = golden("early_exit_attention_probe.pth");
    request.parts = {BenchPart::runs};
    request.base.solver = SolverKind::ddim;
    request.base.steps = 5;
    request.base.count = request.base.batch = 2;
    request.thresholds = {-1e9, 1e9};
    request.rounds = 2;
    const BenchReport whole = bench(request);
    REQUIRE(whole.models.size() == 1);
    const ModelBench& report = whole.models.front();
    REQUIRE(report.rows.size() == 3);
    CHECK(report.rows[0].speedup == 1.0);
    CHECK(report.rows[0].ms.size() == 2);
    CHECK(report.rows[1].blocks_skipped == 0.0);
    CHECK(report.rows[2].blocks_skipped == 1.0);
    CHECK(std::isnan(report.rows[0].skipped_became_time));
    CHECK(whole.steps.empty());
    CHECK_FALSE(report.loading);
}

TEST_CASE("the benchmark finds the thetas that skip a quarter, a half and three quarters by itself")
{
    BenchRequest request;
    request.source.model = golden("early_exit_class_conditional.pth");
    request.parts = {BenchPart::runs, BenchPart::loading};
    request.base.solver = SolverKind::ddim;
    request.base.steps = 6;
    request.base.count = request.base.batch = 4;
    request.rounds = 1;
    const BenchReport whole = bench(request);
    REQUIRE(whole.models.size() == 1);
    const ModelBench& report = whole.models.front();
    REQUIRE(report.rows.size() > 1);
    CHECK(report.thresholds.size() == report.rows.size() - 1);
    CHECK(std::is_sorted(report.thresholds.begin(), report.thresholds.end()));
    REQUIRE(report.loading);
    CHECK(report.loading->weight_bytes > 0);
    CHECK(report.loading->ms.median > 0.0);
}

TEST_CASE("single steps are timed against plain LibTorch, itself with the ratio 1")
{
    BenchRequest request;
    request.source.model = golden("uvit_unconditional.pth");
    request.parts = {BenchPart::steps};
    request.batches = {1, 3};
    request.rounds = 2;
    const BenchReport report = bench(request);
    REQUIRE(report.steps.size() == 2);
    for (const StepBenchRow& row : report.steps) {
        CHECK(row.timings.front().speedup.median == 1.0);
        CHECK(row.timings.size() >= 2);
        CHECK(row.gflop > 0.0);
        for (const StepTiming& timing : row.timings) {
            CHECK(timing.ms.minimum <= timing.ms.median);
            CHECK(timing.ms.median <= timing.ms.maximum);
            CHECK(timing.share_of_product > 0.0);
        }
    }
    CHECK(report.steps[1].gflop == doctest::Approx(3.0 * report.steps[0].gflop));
}
