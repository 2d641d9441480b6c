// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/optimizer.h"
#include "train_support.h"

#include "support/doctest_torch.h"
#include "support/golden.h"

#include <cmath>
#include <limits>

using namespace duodiff;

namespace
{

double at_index(const at::Tensor& tensor, std::int64_t index)
{
    return static_cast<double>(tensor.detach().flatten()[index].item<float>());
}

void fill_gradients(const Parameters& parameters, std::uint64_t seed, double scale)
{
    auto random = test::generator(seed);
    const at::NoGradGuard no_grad;
    for (const auto& [name, leaf] : parameters.leaves()) {
        leaf.grad().copy_(at::randn(leaf.sizes(), random, at::kFloat) * scale);
    }
}

}  // namespace

TEST_CASE("the learning rate rises in a line and falls along a cosine")
{
    TrainConfig config = test::small_config();
    config.optimizer.learning_rate = 1e-3;
    config.optimizer.final_learning_rate = 1e-5;
    config.optimizer.warmup_steps = 10;
    config.training.steps = 110;
    CHECK(learning_rate_at(config, 0) == doctest::Approx(1e-4));
    CHECK(learning_rate_at(config, 4) == doctest::Approx(5e-4));
    CHECK(learning_rate_at(config, 9) == doctest::Approx(1e-3));
    CHECK(learning_rate_at(config, 10) == doctest::Approx(1e-3));
    CHECK(learning_rate_at(config, 60) == doctest::Approx((1e-3 + 1e-5) / 2.0));
    CHECK(learning_rate_at(config, 110) == doctest::Approx(1e-5));
    CHECK(learning_rate_at(config, 500) == doctest::Approx(1e-5));
    config.optimizer.decay = RateDecay::constant;
    CHECK(learning_rate_at(config, 109) == doctest::Approx(1e-3));
}

TEST_CASE("weight decay is for matrices and filters only")
{
    TrainConfig config = test::with_exits(test::small_config(), ProbeKind::attention, true);
    config.model.num_classes = 4;
    config.model.mlp_time_embed = true;
    for (const ParameterShape& parameter : parameter_shapes(model_config_of(config))) {
        INFO(parameter.name);
        const bool is_matrix = parameter.name.ends_with("weight") &&
                               parameter.name.find("norm") == std::string::npos &&
                               parameter.name.find("label_emb") == std::string::npos;
        CHECK(is_decayed(parameter) == is_matrix);
    }
}

TEST_CASE("an update is AdamW's, with clipping, decay by group and the moving average")
{
    TrainConfig config = test::small_config();
    config.model.num_classes = 4;
    config.optimizer.weight_decay = 0.1;
    config.optimizer.gradient_clip = 2.0;
    Parameters parameters = test::random_parameters(config);
    at::Tensor average = parameters.average();
    average.copy_(parameters.values());

    struct Followed {
        std::string name;
        bool decayed;
        double w = 0.0, m = 0.0, v = 0.0, ema = 0.0;
    };
    std::vector<Followed> followed = {{"mid_block.attn.qkv.weight", true},
                                      {"mid_block.norm1.weight", false},
                                      {"pos_embed", false},
                                      {"label_emb.weight", false},
                                      {"final_layer.bias", false}};
    for (Followed& one : followed) {
        one.w = one.ema = at_index(parameters.leaves().at(one.name), 0);
    }
    for (std::int64_t step = 0; step < 5; ++step) {
        fill_gradients(parameters, static_cast<std::uint64_t>(step) + 20, step == 2 ? 1e-4 : 1.0);
        double square = 0.0;
        for (const auto& [name, leaf] : parameters.leaves()) {
            square += leaf.grad().square().sum().item<double>();
        }
        const double scale = std::min(1.0, 2.0 / std::sqrt(square));
        std::vector<double> gradients;
        for (const Followed& one : followed) {
            gradients.push_back(scale * at_index(parameters.leaves().at(one.name).grad(), 0));
        }
        const at::Tensor norm = update(parameters, config, step);
        CHECK(norm.item<double>() == doctest::Approx(std::sqrt(square)).epsilon(1e-5));
        const double rate = learning_rate_at(config, step);
        for (std::size_t i = 0; i < followed.size(); ++i) {
            Followed& one = followed[i];
            INFO(one.name, " at step ", step);
            one.w *= 1.0 - (one.decayed ? rate * 0.1 : 0.0);
            one.m = 0.9 * one.m + 0.1 * gradients[i];
            one.v = 0.999 * one.v + 0.001 * gradients[i] * gradients[i];
            const double n = static_cast<double>(step + 1);
            const double m = one.m / (1.0 - std::pow(0.9, n));
            const double v = one.v / (1.0 - std::pow(0.999, n));
            one.w -= rate * m / (std::sqrt(v) + 1e-8);
            const double d = ema_decay_at(config, step);
            one.ema = d * one.ema + (1.0 - d) * one.w;
            CHECK(at_index(parameters.leaves().at(one.name), 0) == doctest::Approx(one.w).epsilon(1e-5));
            CHECK(at_index(parameters.parts_of(parameters.average()).at(one.name), 0) ==
                  doctest::Approx(one.ema).epsilon(1e-5));
        }
    }
}

TEST_CASE("gradients that are not finite change no parameter")
{
    TrainConfig config = test::small_config();
    Parameters parameters = test::random_parameters(config);
    fill_gradients(parameters, 1, 1.0);
    parameters.gradients().narrow(0, 5, 1).fill_(std::numeric_limits<float>::quiet_NaN());
    const at::Tensor before = parameters.values().clone();
    const at::Tensor norm = update(parameters, config, 0);
    CHECK_FALSE(std::isfinite(norm.item<double>()));
    CHECK(parameters.values().equal(before));
}

TEST_CASE("a batch in two parts gives the gradients of the batch in one")
{
    TrainConfig config = test::small_config();
    config.model.num_classes = 4;
    const Objective objective(config, c10::Device(c10::kCPU));
    const test::Images images = test::random_images(config, 16);
    Parameters one = test::random_parameters(config);
    Parameters two = test::random_parameters(config);
    objective(one.leaves(), objective.add_noise(images.x, images.labels, 0, 0)).total.backward();
    for (const std::int64_t first : {0, 8}) {
        const NoisyBatch half =
            objective.add_noise(images.x.narrow(0, first, 8), images.labels.narrow(0, first, 8), 0, first);
        (objective(two.leaves(), half).total / 2.0).backward();
    }
    CHECK(test::relative_error(two.gradients(), one.gradients()) < 1e-5);
}

TEST_CASE("first weights follow from the seed and the name, and are those of the U-ViT authors")
{
    TrainConfig config = test::small_config();
    config.model.embed_dim = 64;
    config.model.num_classes = 50;
    const ModelConfig model = model_config_of(config);
    Parameters a(parameter_shapes(model), c10::Device(c10::kCPU));
    initialise(a.leaves(), 9);
    config.model.depth = 5;
    Parameters b(parameter_shapes(model_config_of(config)), c10::Device(c10::kCPU));
    initialise(b.leaves(), 9);
    const auto leaf = [](const Parameters& p, const char* name) { return p.leaves().at(name).detach(); };
    CHECK(leaf(a, "mid_block.mlp.fc1.weight").equal(leaf(b, "mid_block.mlp.fc1.weight")));
    CHECK(leaf(a, "mid_block.mlp.fc1.weight").std().item<double>() == doctest::Approx(0.02).epsilon(0.05));
    CHECK(leaf(a, "label_emb.weight").std().item<double>() == doctest::Approx(1.0).epsilon(0.1));
    CHECK(leaf(a, "mid_block.mlp.fc1.bias").abs().max().item<double>() == 0.0);
    CHECK(leaf(a, "mid_block.norm1.weight").min().item<double>() == 1.0);
    CHECK(leaf(a, "final_layer.weight").abs().max().item<double>() <= 1.0 / 3.0);
    CHECK(leaf(a, "patch_embed.proj.weight").abs().max().item<double>() > 0.4);
    CHECK(leaf(a, "patch_embed.proj.weight").abs().max().item<double>() <= 0.5);
}
