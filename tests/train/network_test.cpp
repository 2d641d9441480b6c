// SPDX-License-Identifier: GPL-3.0-or-later
#include "train_support.h"

#include "model/bundle.h"
#include "sampler/forward.h"

#include <ATen/ops/full.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/InferenceMode.h>

#include "support/doctest_torch.h"
#include "support/golden.h"

#include <functional>
#include <utility>

using namespace duodiff;

namespace
{

struct Shape {
    const char* name;
    std::function<void(UVitConfig&)> change;
};

const std::vector<Shape>& shapes()
{
    static const std::vector<Shape> all = {
        {"plain", [](UVitConfig&) {}},
        {"class-conditional", [](UVitConfig& c) { c.num_classes = 4; }},
        {"time embedding", [](UVitConfig& c) { c.mlp_time_embed = true; }},
        {"qkv bias", [](UVitConfig& c) { c.qkv_bias = true; }},
        {"normalised timesteps",
         [](UVitConfig& c) {
             c.normalize_timesteps = true;
             c.mlp_time_embed = true;
         }},
        {"three channels, patches of four, five blocks",
         [](UVitConfig& c) {
             c.in_chans = 3;
             c.patch_size = 4;
             c.depth = 5;
             c.mlp_ratio = 2.5;
         }},
        {"one block", [](UVitConfig& c) { c.depth = 1; }},
    };
    return all;
}

/// What the engine computes of the weights that were trained.
EveryExit engine_output(const TrainConfig& config, const Tensors& tensors, const TrainInput& input, int t,
                        c10::ScalarType type = at::kFloat)
{
    const c10::InferenceMode inference;
    ModelFiles files;
    ModelPart part;
    part.checkpoint.tensors = to_file_names(tensors, model_config_of(config));
    part.config = model_config_of(config);
    const bool has_exits = config.kind == TrainKind::early_exit;
    files.shares_backbone = has_exits;
    (has_exits ? files.early_exit : files.full) = part;
    const ModelBundle bundle(files, c10::Device(c10::kCPU), type);
    return run_every_exit(bundle.network(has_exits ? NetworkRole::early_exit : NetworkRole::full),
                          input.x.clone(), t, input.labels.defined() ? input.labels.clone() : at::Tensor());
}

TrainInput input_at(const TrainConfig& config, int t)
{
    const test::Images images = test::random_images(config, 3);
    TrainInput input;
    input.x = images.x;
    input.t = at::full({3}, t, at::kLong);
    if (config.model.num_classes > 0) {
        input.labels = images.labels;
    }
    return input;
}

}  // namespace

TEST_CASE("the network that is trained computes what the engine computes with its weights")
{
    for (const Shape& shape : shapes()) {
        INFO(shape.name);
        TrainConfig config = test::small_config();
        shape.change(config.model);
        const Parameters parameters = test::random_parameters(config);
        const TrainableUVit network(config.model, parameters.leaves(), "");
        for (const int t : {0, 1, 417, 999}) {
            const TrainInput input = input_at(config, t);
            const at::Tensor trained = network.head(network.run(input)).detach();
            const EveryExit engine = engine_output(config, parameters.leaves(), input, t);
            CHECK(test::relative_error(trained, engine.output) < 1e-5);
        }
    }
}

TEST_CASE("in bf16 the products round, and nothing else")
{
    TrainConfig config = test::small_config();
    config.model.num_classes = 4;
    const Parameters parameters = test::random_parameters(config);
    const TrainableUVit network(config.model, parameters.leaves(), "");
    const TrainInput input = input_at(config, 300);
    const at::Tensor exact = network.head(network.run(input)).detach();
    at::Tensor rounded;
    {
        const Autocast bf16(true, c10::Device(c10::kCPU));
        rounded = network.head(network.run(input)).detach();
    }
    CHECK((rounded.scalar_type() == at::kFloat));
    CHECK(test::relative_error(rounded, exact) < 0.05);
    CHECK(test::relative_error(rounded, exact) > 1e-5);
}

TEST_CASE("probes and heads that are trained say what the engine's say, for every kind of probe")
{
    for (const ProbeKind probe : test::all_probes) {
        for (const std::int64_t classes : {0, 4}) {
            INFO(std::string(to_string(probe)), ", classes ", classes);
            TrainConfig config = test::with_exits(test::small_config(), probe, true);
            config.model.num_classes = classes;
            const ModelConfig model = model_config_of(config);
            const Parameters parameters = test::random_parameters(config);
            const TrainableUVit network(config.model, parameters.leaves(), backbone_prefix(model));
            const TrainableProbes probes(probe, config.model, parameters.leaves());
            for (const int t : {0, 612, 999}) {
                const TrainInput input = input_at(config, t);
                const EveryExit engine = engine_output(config, parameters.leaves(), input, t);
                int rows = 0;
                network.run(input, [&](int layer, const at::Tensor& tokens) {
                    const int row = probes.row_at(layer);
                    if (row < 0) {
                        return;
                    }
                    ++rows;
                    const std::string head = head_prefix(model, layer);
                    const at::Tensor output =
                        (head.empty() ? network.head(tokens) : network.head(tokens, head)).detach();
                    CHECK(test::relative_error(output, engine.exit_outputs[row]) < 1e-5);
                    const at::Tensor said = probes(row, input.t, tokens).detach();
                    if (probe == ProbeKind::certainty_map) {
                        CHECK(test::relative_error(said, engine.maps[row]) < 1e-5);
                    } else {
                        CHECK(test::relative_error(said, engine.uncertainty[row]) < 1e-5);
                    }
                });
                CHECK(rows == config.model.depth);
            }
        }
    }
}

TEST_CASE("a lost label is a zero vector in its token's place")
{
    TrainConfig config = test::small_config();
    config.model.num_classes = 4;
    const Parameters parameters = test::random_parameters(config);
    const TrainableUVit network(config.model, parameters.leaves(), "");
    TrainInput input = input_at(config, 100);
    input.label_kept = at::full({3}, 0.0, at::kFloat);
    const at::Tensor without = network.head(network.run(input)).detach();

    Tensors zeroed = parameters.leaves();
    zeroed["label_emb.weight"] = at::zeros_like(zeroed["label_emb.weight"]);
    const EveryExit engine = engine_output(config, zeroed, input, 100);
    CHECK(test::relative_error(without, engine.output) < 1e-5);
}

TEST_CASE("names of files and names of training are each other's inverse")
{
    for (const ProbeKind probe : test::all_probes) {
        INFO(std::string(to_string(probe)));
        const TrainConfig config = test::with_exits(test::small_config(), probe, true);
        const ModelConfig model = model_config_of(config);
        const Parameters parameters = test::random_parameters(config);
        const Tensors named = to_file_names(parameters.leaves(), model);
        CHECK(named.size() == expected_tensors(model).size());
        for (const auto& [name, shape] : expected_tensors(model)) {
            REQUIRE(named.contains(name));
            CHECK(named.at(name).sizes() == at::IntArrayRef(shape));
        }
        for (const auto& [name, tensor] : from_file_names(named, model)) {
            CHECK(test::relative_error(tensor.detach(), parameters.leaves().at(name).detach()) == 0.0);
        }
    }
}
