// SPDX-License-Identifier: GPL-3.0-or-later
// Whole runs on a GPU against the same runs on the CPU; without a GPU they say so and pass.
#include "cuda/gpu.h"
#include "cuda/graph_set.h"
#include "session/engine.h"

#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>

#include "session/small_models.h"
#include "support/doctest_torch.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

using namespace duodiff;

namespace
{

#define NEEDS_GPU()                                                            \
    if (available_devices().size() < 2) {                                      \
        MESSAGE("skipped: no GPU answers here, or this LibTorch has no CUDA"); \
        return;                                                                \
    }

/// Keeps the last picture of every batch.
class LastPictures final : public FrameSink
{
public:
    void on_frame(Frame&& frame) override
    {
        if (frame.picture) {
            bytes = *frame.picture->rgbx;
        }
    }
    PicturesWanted wanted_pictures() override { return {.noisy = true, .predicted = true}; }
    std::vector<std::uint8_t> bytes;
};

RunOutcome run_on(Engine& engine, SamplingSettings settings, const char* device,
                  Precision precision = Precision::fp32)
{
    settings.device = device;
    settings.precision = precision;
    return test::run(engine, settings);
}

double largest_difference(const RunOutcome& a, const RunOutcome& b)
{
    REQUIRE(a.images.size() == b.images.size());
    double largest = 0.0;
    for (std::size_t i = 0; i < a.images.size(); ++i) {
        for (std::size_t k = 0; k < a.images[i].pixels.size(); ++k) {
            const double away = std::abs(static_cast<double>(a.images[i].pixels[k]) -
                                         static_cast<double>(b.images[i].pixels[k]));
            largest = std::isnan(away) ? 1e9 : std::max(largest, away);
        }
    }
    return largest;
}

/// Share of (image, step) whose exit layer differs: rounding may move a u across theta.
double exits_that_differ(const RunOutcome& a, const RunOutcome& b)
{
    REQUIRE(a.record.steps.size() == b.record.steps.size());
    std::size_t all = 0;
    std::size_t different = 0;
    for (std::size_t s = 0; s < a.record.steps.size(); ++s) {
        for (std::size_t i = 0; i < a.record.steps[s].exit_layers.size(); ++i) {
            ++all;
            different += a.record.steps[s].exit_layers[i] != b.record.steps[s].exit_layers[i] ? 1 : 0;
        }
    }
    return all == 0 ? 0.0 : static_cast<double>(different) / static_cast<double>(all);
}

}  // namespace

TEST_CASE("every solver and policy gives on a GPU the pictures that it gives on the CPU, for any batch")
{
    NEEDS_GPU();
    const auto with_exits = test::engine_with_exits();
    const auto pair = test::engine_with_pair();
    for (const SolverKind solver : test::all_solvers) {
        for (const int batch : {1, 3, 4}) {
            for (const PolicyKind policy :
                 {PolicyKind::full, PolicyKind::duodiff, PolicyKind::static_layer, PolicyKind::adadiff}) {
                Engine& engine = policy == PolicyKind::duodiff ? *pair : *with_exits;
                SamplingSettings settings = test::settings(policy, solver);
                settings.batch = batch;
                settings.exit_layer = 2;
                INFO(to_string(policy) << ", " << display_name(solver) << ", batch " << batch);
                const RunOutcome expected = run_on(engine, settings, "cpu");
                const RunOutcome actual = run_on(engine, settings, "cuda");
                if (policy == PolicyKind::adadiff) {
                    CHECK(exits_that_differ(actual, expected) <= 0.05);
                } else {
                    CHECK(exits_that_differ(actual, expected) == 0.0);
                    CHECK(largest_difference(actual, expected) < 5e-3);
                }
            }
        }
    }
}

TEST_CASE("an image that leaves where it does on the CPU is the same picture")
{
    NEEDS_GPU();
    const auto engine = test::engine_with_exits();
    for (const double theta : {-1e9, 1e9}) {
        SamplingSettings settings = test::settings(PolicyKind::adadiff);
        settings.threshold = theta;
        const RunOutcome expected = run_on(*engine, settings, "cpu");
        const RunOutcome actual = run_on(*engine, settings, "cuda");
        CHECK(exits_that_differ(actual, expected) == 0.0);
        CHECK(largest_difference(actual, expected) < 5e-3);
    }
}

TEST_CASE("bf16 is about as far from fp32 as it is on the CPU")
{
    NEEDS_GPU();
    const auto engine = test::engine_with_exits();
    const SamplingSettings settings = test::settings(PolicyKind::full);
    const RunOutcome exact = run_on(*engine, settings, "cpu");
    const double on_cpu = largest_difference(run_on(*engine, settings, "cpu", Precision::bf16), exact);
    const double on_gpu = largest_difference(run_on(*engine, settings, "cuda", Precision::bf16), exact);
    CHECK(on_gpu <= 3.0 * on_cpu + 1e-3);
}

TEST_CASE("the same run again is the same to the bit, now from recorded graphs, none of which fell back")
{
    NEEDS_GPU();
    const auto engine = test::engine_with_exits();
    for (const PolicyKind policy : {PolicyKind::full, PolicyKind::adadiff}) {
        const SamplingSettings settings = test::settings(policy);
        run_on(*engine, settings, "cuda");
        const RunOutcome one = run_on(*engine, settings, "cuda");
        const cuda::GraphCounts before = cuda::graph_counts();
        const RunOutcome other = run_on(*engine, settings, "cuda");
        const cuda::GraphCounts counts = cuda::graph_counts() - before;
        CHECK(largest_difference(one, other) == 0.0);
        CHECK(exits_that_differ(one, other) == 0.0);
        if (cuda::has_kernels() && cuda::mode() == cuda::Mode::graphs) {
            CHECK(counts.replays > 0);
            CHECK(counts.fallbacks == 0);
        }
    }
}

TEST_CASE("previews made on a GPU are those of the CPU, give or take one level")
{
    NEEDS_GPU();
    const auto engine = test::engine_with_exits();
    std::vector<std::vector<std::uint8_t>> pictures;
    for (const char* device : {"cpu", "cuda"}) {
        SamplingSettings settings = test::settings(PolicyKind::full);
        settings.device = device;
        LastPictures sink;
        engine->sample(settings, 1, sink);
        pictures.push_back(sink.bytes);
    }
    REQUIRE_FALSE(pictures[0].empty());
    REQUIRE(pictures[0].size() == pictures[1].size());
    int largest = 0;
    for (std::size_t i = 0; i < pictures[0].size(); ++i) {
        largest = std::max(largest, std::abs(int(pictures[0][i]) - int(pictures[1][i])));
    }
    CHECK(largest <= 1);
}

TEST_CASE("where the GPU's memory does not do, a smaller batch is offered, and the next run works")
{
    NEEDS_GPU();
    const auto engine = test::engine_with_exits();
    SamplingSettings settings = test::settings(PolicyKind::full);
    run_on(*engine, settings, "cuda");
    {
        const c10::InferenceMode inference;
        const c10::Device device(c10::kCUDA, 0);
        const auto memory = cuda::device_memory(device);
        REQUIRE(memory);
        constexpr std::size_t left = 64U << 20U;
        const at::Tensor hog = at::empty({static_cast<std::int64_t>(memory->free - left)},
                                         at::TensorOptions().device(device).dtype(at::kByte));
        settings.count = settings.batch = 20000;
        try {
            run_on(*engine, settings, "cuda");
            FAIL("that batch has room in 64 MB");
        } catch (const EngineError& error) {
            CHECK(error.code() == ErrorCode::out_of_memory);
            CHECK(error.failure().remedy.find("batch of") != std::string::npos);
        }
    }
    settings.count = settings.batch = 4;
    CHECK(run_on(*engine, settings, "cuda").images.size() == 4);
}
