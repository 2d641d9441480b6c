// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/bundle.h"
#include "sampler/forward.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/sort.h>
#include <c10/core/InferenceMode.h>

#include "support/doctest_torch.h"
#include "support/golden.h"
#include "support/test_paths.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <string>

using namespace duodiff;

namespace
{

/// Golden checkpoints with exits, one of every probe kind that is there.
std::vector<std::filesystem::path> models_with_exits()
{
    std::vector<std::filesystem::path> found;
    std::set<std::string> names;
    for (const auto& folder : test::golden_folders()) {
        for (const char* name :
             {"early_exit_attention_probe", "early_exit_class_conditional", "adadiff_original",
              "early_exit_mlp_probe_per_layer", "early_exit_mlp_probe_per_timestep",
              "early_exit_mlp_probe_per_layer_per_timestep"}) {
            const auto path = folder / (std::string(name) + ".pth");
            if (std::filesystem::exists(path) && names.insert(name).second) {
                found.push_back(path);
            }
        }
    }
    return found;
}

struct Inputs {
    at::Tensor x;
    at::Tensor labels;
};

Inputs random_inputs(const UVitConfig& shape, std::int64_t batch, std::uint64_t seed)
{
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    Inputs inputs;
    inputs.x = at::randn({batch, shape.in_chans, shape.img_size, shape.img_size}, generator, at::kFloat);
    if (shape.num_classes > 0) {
        inputs.labels = at::arange(batch, at::kLong).remainder(shape.num_classes);
    }
    return inputs;
}

std::unique_ptr<Policy> adadiff(double threshold)
{
    auto policy = make_policy(PolicyKind::adadiff, {.has_early_exit = true}, [=] {
        return PolicyParameters{0, threshold, 0};
    });
    policy->plan({});
    return policy;
}

/// First layer at which u <= theta, from every layer's u: the run-everything-then-pick form.
int pick(const EveryExit& every, const Exits& exits, std::int64_t image, float threshold)
{
    for (int row = 0; row < exits.rows(); ++row) {
        if (exits.layer_of(row) < exits.rows() && every.uncertainty[row][image].item<float>() <= threshold) {
            return exits.layer_of(row);
        }
    }
    return exits.rows();
}

at::Tensor picked_output(const EveryExit& every, const Exits& exits, std::int64_t image, int layer)
{
    for (int row = 0; row < exits.rows() && layer < exits.rows(); ++row) {
        if (exits.layer_of(row) == layer) {
            return every.exit_outputs[row][image];
        }
    }
    return every.output[image];
}

/// A threshold between each two neighbouring values of u, and one beyond each end.
std::vector<double> thresholds_for(const at::Tensor& uncertainty)
{
    const at::Tensor sorted = std::get<0>(uncertainty.flatten().sort());
    std::vector<double> thresholds = {-std::numeric_limits<double>::infinity(),
                                      std::numeric_limits<double>::infinity()};
    for (std::int64_t i = 0; i + 1 < sorted.numel(); ++i) {
        const double low = sorted[i].item<double>();
        const double high = sorted[i + 1].item<double>();
        // Rounding may move u by a little between a batch and its survivors; stay away from it.
        if (high - low > 1e-5) {
            thresholds.push_back(0.5 * (low + high));
        }
    }
    return thresholds;
}

}  // namespace

TEST_CASE("leaving for real gives what running every layer and picking afterwards gives")
{
    const c10::InferenceMode inference;
    for (const auto& path : models_with_exits()) {
        const ModelFiles files = read_checkpoints(path, {}, {}, {});
        const ModelBundle bundle(files, c10::Device(c10::kCPU), at::kFloat);
        const Network& network = bundle.network(NetworkRole::early_exit);
        const Exits& exits = *network.exits();
        INFO(path.filename().string());
        for (const std::int64_t batch : {1, 2, 5}) {
            for (const int t : {0, 17, 999}) {
                const Inputs inputs =
                    random_inputs(files.shape(), batch, static_cast<std::uint64_t>(t + batch));
                const EveryExit every = run_every_exit(network, inputs.x, t, inputs.labels);
                for (const double threshold : thresholds_for(every.uncertainty)) {
                    Ledger ledger;
                    const auto policy = adadiff(threshold);
                    const ForwardResult real =
                        forward_with_exits(network, *policy, inputs.x, t, inputs.labels, ledger);
                    for (std::int64_t i = 0; i < batch; ++i) {
                        const int layer = pick(every, exits, i, static_cast<float>(threshold));
                        REQUIRE(real.exit_layers[static_cast<std::size_t>(i)] == layer);
                        REQUIRE(test::relative_error(real.prediction[i],
                                                     picked_output(every, exits, i, layer)) < 1e-4);
                        for (int row = 0; row < exits.rows(); ++row) {
                            const float u = real.uncertainty[static_cast<std::size_t>(row) *
                                                                 static_cast<std::size_t>(batch) +
                                                             static_cast<std::size_t>(i)];
                            const bool was_read =
                                exits.layer_of(row) <= layer && exits.layer_of(row) < exits.rows();
                            REQUIRE(std::isnan(u) != was_read);
                            if (was_read) {
                                REQUIRE(std::abs(u - every.uncertainty[row][i].item<float>()) < 1e-4);
                            }
                        }
                    }
                }
            }
        }
    }
}

TEST_CASE("no image leaves below every threshold, and the output is the full network's to the bit")
{
    const c10::InferenceMode inference;
    for (const auto& path : models_with_exits()) {
        const ModelFiles files = read_checkpoints(path, {}, {}, {});
        const ModelBundle bundle(files, c10::Device(c10::kCPU), at::kFloat);
        const Inputs inputs = random_inputs(files.shape(), 4, 1);
        Ledger ledger;
        const auto full = make_policy(PolicyKind::full, {}, [] { return PolicyParameters{}; });
        const auto never = adadiff(-std::numeric_limits<double>::infinity());
        const at::Tensor one =
            forward_with_exits(bundle.network(NetworkRole::full), *full, inputs.x, 500, inputs.labels, ledger)
                .prediction;
        const at::Tensor other = forward_with_exits(bundle.network(NetworkRole::early_exit), *never, inputs.x,
                                                    500, inputs.labels, ledger)
                                     .prediction;
        CHECK(at::equal(one, other));
    }
}

TEST_CASE("static exits run exactly their blocks at every layer")
{
    const c10::InferenceMode inference;
    for (const auto& path : models_with_exits()) {
        const ModelFiles files = read_checkpoints(path, {}, {}, {});
        const ModelBundle bundle(files, c10::Device(c10::kCPU), at::kFloat);
        const Network& network = bundle.network(NetworkRole::early_exit);
        const Inputs inputs = random_inputs(files.shape(), 3, 2);
        for (int layer = 0; layer <= network.depth(); ++layer) {
            auto policy = make_policy(PolicyKind::static_layer, {.has_early_exit = true}, [=] {
                return PolicyParameters{0, 0.0, layer};
            });
            policy->plan({});
            Ledger ledger;
            const ForwardResult result =
                forward_with_exits(network, *policy, inputs.x, 500, inputs.labels, ledger);
            CHECK(result.exit_layers == std::vector<std::int16_t>(3, static_cast<std::int16_t>(layer)));
            CHECK(result.uncertainty.empty());
            CHECK(result.prediction.sizes() == inputs.x.sizes());
        }
    }
}

TEST_CASE("a class-conditional network without labels and an unconditional one with them are refused")
{
    const c10::InferenceMode inference;
    for (const auto& path : models_with_exits()) {
        const ModelFiles files = read_checkpoints(path, {}, {}, {});
        const ModelBundle bundle(files, c10::Device(c10::kCPU), at::kFloat);
        Inputs inputs = random_inputs(files.shape(), 2, 2);
        inputs.labels = inputs.labels.defined() ? at::Tensor() : at::arange(2, at::kLong);
        try {
            bundle.network(NetworkRole::full).begin(inputs.x, 0, inputs.labels);
            FAIL("accepted by " << path);
        } catch (const EngineError& error) {
            CHECK(error.code() == ErrorCode::usage);
        }
    }
}
