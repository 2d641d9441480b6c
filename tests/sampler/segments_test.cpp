// SPDX-License-Identifier: GPL-3.0-or-later
// The GPU's way through a step, run on the CPU: kernels by their twins, graphs by simply doing their work.
#include "sampler/forward_gpu.h"

#include "base/noise.h"
#include "model/bundle.h"
#include "sampler/noise_source.h"
#include "sampler/solver.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>

#include "support/doctest_torch.h"
#include "support/golden.h"
#include "support/test_paths.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace duodiff;

namespace
{

const std::vector<const char*> models = {"early_exit_attention_probe", "early_exit_class_conditional",
                                         "adadiff_original"};

ModelFiles read(const char* name)
{
    return read_checkpoints(test::data_dir() / "golden" / (std::string(name) + ".pth"), {}, {}, {});
}

at::Tensor labels_for(const UVitConfig& shape, std::int64_t batch)
{
    return shape.num_classes > 0 ? at::arange(batch, at::kLong).remainder(shape.num_classes) : at::Tensor();
}

at::Tensor images_for(const UVitConfig& shape, std::int64_t batch)
{
    return at::randn({batch, shape.in_chans, shape.img_size, shape.img_size});
}

std::unique_ptr<Policy> policy_of(PolicyKind kind, double threshold, int layer)
{
    auto policy = make_policy(kind, {.has_early_exit = true}, [=] {
        return PolicyParameters{0, threshold, layer};
    });
    policy->plan({});
    return policy;
}

bool same_uncertainty(const std::vector<float>& a, const std::vector<float>& b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float one, float other) {
        return std::isnan(one) == std::isnan(other) && !(std::abs(one - other) > 1e-4F);
    });
}

void check_same(const Network& network, const Policy& policy, const at::Tensor& x, int t,
                const at::Tensor& labels, double tolerance = 1e-4)
{
    Ledger ledger;
    const ForwardResult expected = forward_with_exits(network, policy, x, t, labels, ledger);
    Ledger in_segments;
    REQUIRE(decides_on_device(network, policy));
    ForwardResult actual = forward_in_segments(network, policy, x, t, labels);
    finish_forward(actual, in_segments);
    CHECK(actual.exit_layers == expected.exit_layers);
    CHECK(same_uncertainty(actual.uncertainty, expected.uncertainty));
    CHECK(test::relative_error(actual.prediction, expected.prediction) < tolerance);
    CHECK(in_segments.sum_of_parts() > 0.0);
}

/// Thresholds that split the u of these images, away from any of them.
std::vector<double> thresholds_of(const Network& network, const at::Tensor& x, int t,
                                  const at::Tensor& labels)
{
    const at::Tensor u = run_every_exit(network, x, t, labels).uncertainty.flatten().contiguous();
    std::vector<float> values(u.const_data_ptr<float>(), u.const_data_ptr<float>() + u.numel());
    std::sort(values.begin(), values.end());
    std::vector<double> found = {-std::numeric_limits<double>::infinity(),
                                 std::numeric_limits<double>::infinity()};
    const std::size_t step = std::max<std::size_t>(1, values.size() / 6);
    for (std::size_t i = 0; i + 1 < values.size(); i += step) {
        if (values[i + 1] - values[i] > 1e-4F) {
            found.push_back(0.5 * (static_cast<double>(values[i]) + static_cast<double>(values[i + 1])));
        }
    }
    return found;
}

}  // namespace

TEST_CASE("in segments every image leaves where it does otherwise, with the same prediction and u")
{
    const c10::InferenceMode inference;
    for (const char* name : models) {
        const ModelFiles files = read(name);
        const ModelBundle bundle(files, c10::Device(c10::kCPU), at::kFloat);
        const Network& network = bundle.network(NetworkRole::early_exit);
        // Also smaller batches after larger ones, in the buffers of those, and once a larger one.
        for (const std::int64_t batch : {5, 1, 3, 13, 2}) {
            const at::Tensor x = images_for(files.shape(), batch);
            const at::Tensor labels = labels_for(files.shape(), batch);
            for (const int t : {999, 17}) {
                for (const double threshold : thresholds_of(network, x, t, labels)) {
                    INFO(name << ", batch " << batch << ", t " << t << ", theta " << threshold);
                    check_same(network, *policy_of(PolicyKind::adadiff, threshold, 0), x, t, labels);
                }
            }
        }
    }
}

TEST_CASE("in segments static exits leave at every layer, and the full network does all of it")
{
    const c10::InferenceMode inference;
    for (const char* name : models) {
        const ModelFiles files = read(name);
        const ModelBundle bundle(files, c10::Device(c10::kCPU), at::kFloat);
        const at::Tensor x = images_for(files.shape(), 3);
        const at::Tensor labels = labels_for(files.shape(), 3);
        const Network& network = bundle.network(NetworkRole::early_exit);
        for (int layer = 0; layer <= network.depth(); ++layer) {
            INFO(name << ", layer " << layer);
            check_same(network, *policy_of(PolicyKind::static_layer, 0.0, layer), x, 500, labels);
        }
        check_same(bundle.network(NetworkRole::full), *policy_of(PolicyKind::full, 0.0, 0), x, 500, labels);
    }
}

TEST_CASE("in segments what ran ahead of a wrong guess changes nothing, to the bit")
{
    const c10::InferenceMode inference;
    const ModelFiles files = read(models.front());
    const ModelBundle bundle(files, c10::Device(c10::kCPU), at::kFloat);
    const Network& network = bundle.network(NetworkRole::early_exit);
    const at::Tensor x = images_for(files.shape(), 13);
    const auto prediction_after = [&](double threshold_before, double threshold) {
        Ledger ledger;
        for (const double now : {threshold_before, threshold}) {
            ForwardResult result =
                forward_in_segments(network, *policy_of(PolicyKind::adadiff, now, 0), x, 300, {});
            finish_forward(result, ledger);
            if (now == threshold) {
                return result.prediction;
            }
        }
        return at::Tensor();
    };
    constexpr double nobody = -1e9;
    constexpr double everybody = 1e9;
    for (const double threshold : thresholds_of(network, x, 300, {})) {
        INFO("theta " << threshold);
        CHECK(prediction_after(nobody, threshold).equal(prediction_after(everybody, threshold)));
    }
}

TEST_CASE("in segments bf16 networks run in bf16")
{
    const c10::InferenceMode inference;
    for (const char* name : models) {
        const ModelFiles files = read(name);
        const ModelBundle bundle(files, c10::Device(c10::kCPU), at::kBFloat16);
        const Network& network = bundle.network(NetworkRole::early_exit);
        const at::Tensor x = images_for(files.shape(), 5);
        const at::Tensor labels = labels_for(files.shape(), 5);
        for (const int layer : {0, 2, network.depth()}) {
            INFO(name << ", layer " << layer);
            check_same(network, *policy_of(PolicyKind::static_layer, 0.0, layer), x, 500, labels, 3e-2);
        }
    }
}

namespace
{

/// Lets every second image leave at every layer, and the last one at the third.
class EverySecond final : public Policy
{
public:
    StepPlan plan(const StepInfo&) override { return {NetworkRole::early_exit, 0.0}; }
    void decide(int layer, std::span<const float>, std::span<std::uint8_t> leaves) const override
    {
        for (std::size_t i = 0; i < leaves.size(); ++i) {
            leaves[i] = leaves.size() > 1 ? i % 2 == 0 : layer >= 3;
        }
    }
};

class ReadsEverything final : public Policy
{
public:
    StepPlan plan(const StepInfo&) override { return {NetworkRole::early_exit, 0.0}; }
    bool reads_uncertainty(int) const override { return true; }
};

}  // namespace

TEST_CASE("in segments a policy that decides without u is followed; one that reads u by itself is not taken")
{
    const c10::InferenceMode inference;
    const ModelFiles files = read(models.front());
    const ModelBundle bundle(files, c10::Device(c10::kCPU), at::kFloat);
    const Network& network = bundle.network(NetworkRole::early_exit);
    const at::Tensor x = images_for(files.shape(), 13);
    // Compaction changes the order of rows, so that only what does not depend on it is the same.
    Ledger ledger;
    const ForwardResult expected = forward_with_exits(network, EverySecond(), x, 100, {}, ledger);
    ForwardResult actual = forward_in_segments(network, EverySecond(), x, 100, {});
    finish_forward(actual, ledger);
    auto sorted = [](std::vector<std::int16_t> layers) {
        std::sort(layers.begin(), layers.end());
        return layers;
    };
    CHECK(sorted(actual.exit_layers) == sorted(expected.exit_layers));
    CHECK(actual.uncertainty.empty());
    for (std::size_t i = 0; i < actual.exit_layers.size(); ++i) {
        const auto alone = static_cast<std::int64_t>(i);
        const auto policy = policy_of(PolicyKind::static_layer, 0.0, actual.exit_layers[i]);
        const ForwardResult one =
            forward_with_exits(network, *policy, x.narrow(0, alone, 1), 100, {}, ledger);
        CHECK(test::relative_error(actual.prediction[alone], one.prediction[0]) < 1e-4);
    }
    CHECK_FALSE(decides_on_device(network, ReadsEverything()));
}

TEST_CASE("batch sizes round up by at most a half, from 1 to beyond 300")
{
    std::int64_t before = 0;
    for (std::int64_t rows = 1; rows <= 400; ++rows) {
        const std::int64_t bucket = bucket_of(rows);
        CHECK(bucket >= rows);
        CHECK(bucket >= before);
        CHECK((rows < 3 || bucket * 2 <= rows * 3 + 2));
        CHECK(bucket_of(bucket) == bucket);
        before = bucket;
    }
}

TEST_CASE("the fused solver step is the plain one, with its own noise, a given one and none")
{
    const c10::InferenceMode inference;
    const NoiseSchedule schedule({});
    const std::vector<std::uint64_t> seeds = {3, 4, 0xFFFFFFFFFFFFFFFFULL};
    const auto noise = per_image_noise(seeds, {3, 5, 5});
    for (const SolverKind kind :
         {SolverKind::ddpm, SolverKind::ddim, SolverKind::dpm_solver_pp, SolverKind::euler_maruyama}) {
        const SolverOptions options{.kind = kind, .steps = 25, .eta = kind == SolverKind::ddim ? 0.5 : 0.0};
        at::Tensor before;
        int k = 0;
        for (const SolverStep& step : plan_solver(options, schedule)) {
            const at::Tensor x = at::randn({3, 3, 5, 5});
            const at::Tensor prediction = at::randn({3, 3, 5, 5});
            const at::Tensor z = noise->step(k);
            const Advanced expected = advance(step, x, prediction, z, before);
            const Advanced drawn = advance_fused(step, k, x, prediction, {}, noise->seeds(c10::kCPU), before);
            const Advanced given = advance_fused(step, k, x, prediction, z, {}, before);
            INFO(display_name(kind) << ", t " << step.t);
            CHECK(drawn.x.equal(given.x));
            CHECK(test::relative_error(drawn.x, expected.x) < 5e-7);
            CHECK(test::relative_error(drawn.original, expected.original) < 5e-7);
            before = expected.original;
            ++k;
        }
    }
}
