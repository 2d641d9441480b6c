// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/reference_network.h"
#include "base/error.h"
#include "model/network.h"
#include "session/random_model.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/remainder.h>
#include <ATen/ops/tensor.h>

#include "support/doctest_torch.h"
#include "support/golden.h"

using namespace duodiff;

namespace
{

struct Shape {
    const char* what;
    UVitConfig config;
};

std::vector<Shape> shapes()
{
    const auto shape = [](std::int64_t side, std::int64_t patch, std::int64_t channels, std::int64_t dim,
                          std::int64_t depth, std::int64_t heads, std::int64_t classes) {
        UVitConfig config;
        config.img_size = side;
        config.patch_size = patch;
        config.in_chans = channels;
        config.embed_dim = dim;
        config.depth = depth;
        config.num_heads = heads;
        config.num_classes = classes;
        return config;
    };
    std::vector<Shape> all = {{"Fashion-MNIST", shape(28, 4, 1, 128, 5, 4, 10)},
                              {"one patch", shape(4, 4, 3, 32, 3, 2, 0)},
                              {"patches of one pixel", shape(12, 1, 4, 64, 3, 4, 3)},
                              {"more patches than are computed together", shape(32, 2, 3, 48, 3, 3, 0)},
                              {"widths that are no multiple of a vector", shape(9, 3, 2, 30, 5, 3, 7)},
                              {"an odd width", shape(8, 2, 1, 21, 3, 3, 2)}};
    all.push_back({"time through an MLP", all[1].config});
    all.back().config.mlp_time_embed = true;
    all.back().config.qkv_bias = true;
    all.push_back({"t between 0 and 1", all[3].config});
    all.back().config.normalize_timesteps = true;
    return all;
}

}  // namespace

TEST_CASE("a network computes what plain LibTorch computes, operator by operator, whatever its shape")
{
    const at::Device cpu(at::kCPU);
    for (const auto& [what, config] : shapes()) {
        const auto tensors = random_weights(config, 5);
        const at::Tensor x = at::randn({3, config.in_chans, config.img_size, config.img_size},
                                       at::make_generator<at::CPUGeneratorImpl>(1), at::kFloat);
        const at::Tensor labels = config.num_classes > 0
                                      ? at::remainder(at::arange(3, at::kLong), config.num_classes)
                                      : at::Tensor();
        const at::Tensor expected =
            ReferenceNetwork(config, tensors, cpu, at::kFloat).forward(x, 321, labels);
        for (const auto type : {at::kFloat, at::kBFloat16}) {
            const Network network(std::make_shared<const UVit>(config, TensorSource(tensors, cpu), type));
            Activations activations = network.begin(x, 321, labels);
            while (activations.layer < network.depth()) {
                network.advance(activations);
            }
            INFO(what << ", " << toString(type));
            CHECK(test::relative_error(network.leave(network.depth(), activations.tokens), expected) <
                  (type == at::kFloat ? 1e-4 : 3e-2));
        }
    }
}

TEST_CASE("images that leave at different layers get what they get when they leave alone")
{
    const UVitConfig config = shapes().front().config;
    const auto backbone = std::make_shared<const UVit>(
        config, TensorSource(random_weights(config, 5), at::kCPU), at::kBFloat16);
    const Network network(backbone);
    const at::Tensor x = at::randn({5, config.in_chans, config.img_size, config.img_size},
                                   at::make_generator<at::CPUGeneratorImpl>(1), at::kFloat);
    Activations activations = network.begin(x, 10, at::tensor({0, 1, 2, 3, 4}, at::kLong));
    std::vector<Network::Leaving> groups;
    groups.push_back({0, activations.tokens.narrow(0, 0, 2), {4, 0}});
    groups.push_back({1, activations.tokens.narrow(0, 2, 3), {1, 3, 2}});
    const at::Tensor together = network.leave(groups, 5);
    for (const Network::Leaving& group : groups) {
        for (std::size_t i = 0; i < group.places.size(); ++i) {
            const at::Tensor alone =
                network.leave(group.layer, group.tokens.narrow(0, static_cast<std::int64_t>(i), 1));
            CHECK(at::equal(together.narrow(0, group.places[i], 1), alone));
        }
    }
}

TEST_CASE("images that all leave together go to their own places")
{
    const UVitConfig config = shapes().front().config;
    const Network network(
        std::make_shared<const UVit>(config, TensorSource(random_weights(config, 5), at::kCPU), at::kFloat));
    const at::Tensor x = at::randn({2, config.in_chans, config.img_size, config.img_size},
                                   at::make_generator<at::CPUGeneratorImpl>(1), at::kFloat);
    const at::Tensor tokens = network.begin(x, 10, at::tensor({0, 1}, at::kLong)).tokens;
    const at::Tensor in_order = network.leave({{0, tokens, {0, 1}}}, 2);
    const at::Tensor turned = network.leave({{0, tokens, {1, 0}}}, 2);
    CHECK(at::equal(turned.select(0, 0), in_order.select(0, 1)));
    CHECK(at::equal(turned.select(0, 1), in_order.select(0, 0)));
}

TEST_CASE("a class that the model does not have is refused in words")
{
    const UVitConfig config = shapes().front().config;
    const UVit uvit(config, TensorSource(random_weights(config, 5), at::kCPU), at::kFloat);
    const at::Tensor x = at::randn({1, 1, 28, 28});
    CHECK_THROWS_AS(uvit.embed(x, 0, at::tensor({10}, at::kLong)), EngineError);
    CHECK_THROWS_AS(uvit.embed(x, 0, at::tensor({-1}, at::kLong)), EngineError);
    CHECK_THROWS_AS(uvit.embed(x, 0, at::Tensor()), EngineError);
}
