// SPDX-License-Identifier: GPL-3.0-or-later
#include "train_support.h"

#include "sampler/schedule.h"

#include "support/doctest_torch.h"
#include "support/golden.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

using namespace duodiff;

namespace
{

const c10::Device cpu(c10::kCPU);

double value(const at::Tensor& tensor)
{
    return tensor.detach().to(at::kDouble).item<double>();
}

at::Tensor labels_of(const TrainConfig& config, const test::Images& images)
{
    return config.model.num_classes > 0 ? images.labels : at::Tensor();
}

}  // namespace

TEST_CASE("x_t and the target follow the forward process in every parametrization")
{
    for (const Parametrization parametrization : test::all_parametrizations) {
        INFO(std::string(to_string(parametrization)));
        TrainConfig config = test::small_config();
        config.parametrization = parametrization;
        const Objective objective(config, cpu);
        const NoiseSchedule schedule(config.schedule);
        const test::Images images = test::random_images(config, 64);
        const NoisyBatch noisy = objective.add_noise(images.x, {}, 3, 0);
        // The same noise, from the parametrization that shows it.
        config.parametrization = Parametrization::predict_noise;
        const at::Tensor noise = Objective(config, cpu).add_noise(images.x, {}, 3, 0).target;
        for (std::int64_t i = 0; i < 64; ++i) {
            const int t = static_cast<int>(noisy.input.t[i].item<std::int64_t>());
            const double a = schedule.alpha_bar(t);
            const at::Tensor x = images.x[i] * std::sqrt(a) + noise[i] * std::sqrt(1.0 - a);
            CHECK(test::relative_error(noisy.input.x[i], x) < 1e-5);
            if (parametrization == Parametrization::predict_original) {
                CHECK(test::relative_error(noisy.target[i], images.x[i]) == 0.0);
            } else if (parametrization == Parametrization::predict_previous) {
                // The mean that DDPM steps to, written with the noise instead of x_0.
                const double beta = schedule.beta(t);
                const at::Tensor mean = (x - noise[i] * (beta / std::sqrt(1.0 - a))) / std::sqrt(1.0 - beta);
                CHECK(test::relative_error(noisy.target[i], mean) < 1e-3);
            }
        }
    }
}

TEST_CASE("t is uniform, and a function of seed, step and place alone")
{
    std::array<int, 10> tenth{};
    constexpr int draws = 20000;
    for (int i = 0; i < draws; ++i) {
        const int t = timestep_of(1, i / 100, i % 100, 1000);
        REQUIRE(t >= 0);
        REQUIRE(t < 1000);
        ++tenth[static_cast<std::size_t>(t / 100)];
    }
    for (const int count : tenth) {
        CHECK(std::abs(count - draws / 10) < 5 * std::sqrt(draws / 10.0));
    }
    CHECK(timestep_of(1, 5, 6, 1000) == timestep_of(1, 5, 6, 1000));
    CHECK(timestep_of(1, 5, 6, 1000) != timestep_of(2, 5, 6, 1000));
    CHECK(timestep_of(1, 5, 6, 1000) != timestep_of(1, 6, 5, 1000));
}

TEST_CASE("labels are lost as often as asked for, and never at 0")
{
    int lost = 0;
    for (int i = 0; i < 10000; ++i) {
        lost += loses_label(4, i, 2, 0.1) ? 1 : 0;
        REQUIRE_FALSE(loses_label(4, i, 2, 0.0));
        REQUIRE(loses_label(4, i, 2, 1.0));
    }
    CHECK(std::abs(lost - 1000) < 150);
}

TEST_CASE("what an image gets depends on its place in the step's batch, not on how the batch is split")
{
    TrainConfig config = test::small_config();
    config.model.num_classes = 4;
    config.training.label_dropout = 0.5;
    const Objective objective(config, cpu);
    const test::Images images = test::random_images(config, 8);
    const NoisyBatch whole = objective.add_noise(images.x, images.labels, 9, 0);
    const NoisyBatch second =
        objective.add_noise(images.x.narrow(0, 4, 4), images.labels.narrow(0, 4, 4), 9, 4);
    CHECK(test::relative_error(second.input.x, whole.input.x.narrow(0, 4, 4)) == 0.0);
    CHECK(second.input.t.equal(whole.input.t.narrow(0, 4, 4)));
    CHECK(second.input.label_kept.equal(whole.input.label_kept.narrow(0, 4, 4)));
    CHECK_FALSE(whole.input.label_kept.sum().item<float>() == 8.0F);
}

TEST_CASE("without exits the loss is the mean squared error")
{
    for (const Parametrization parametrization : test::all_parametrizations) {
        TrainConfig config = test::small_config();
        config.parametrization = parametrization;
        config.model.num_classes = 4;
        const Objective objective(config, cpu);
        const Parameters parameters = test::random_parameters(config);
        const test::Images images = test::random_images(config, 6);
        const NoisyBatch noisy = objective.add_noise(images.x, images.labels, 0, 0);
        const LossParts parts = objective(parameters.leaves(), noisy);
        const TrainableUVit network(config.model, parameters.leaves(), "");
        const at::Tensor output = network.head(network.run(noisy.input)).detach();
        double sum = 0.0;
        for (std::int64_t i = 0; i < output.numel(); ++i) {
            const double d = static_cast<double>(output.flatten()[i].item<float>()) -
                             static_cast<double>(noisy.target.flatten()[i].item<float>());
            sum += d * d;
        }
        CHECK(value(parts.total) == doctest::Approx(sum / static_cast<double>(output.numel())).epsilon(1e-5));
        CHECK(value(parts.image_loss.mean()) == doctest::Approx(value(parts.total)).epsilon(1e-5));
    }
}

TEST_CASE("the losses of the exits are those of the papers, written out image by image")
{
    for (const ProbeKind probe : test::all_probes) {
        INFO(std::string(to_string(probe)));
        TrainConfig config = test::with_exits(test::small_config(), probe, true);
        config.exits.uncertainty_weight = 0.7;
        config.exits.exit_weight = 1.3;
        config.exits.unweighted_weight = 0.4;
        const ModelConfig model = model_config_of(config);
        const Objective objective(config, cpu);
        const Parameters parameters = test::random_parameters(config);
        const test::Images images = test::random_images(config, 4);
        const NoisyBatch noisy = objective.add_noise(images.x, {}, 0, 0);
        const LossParts parts = objective(parameters.leaves(), noisy);

        const TrainableUVit network(config.model, parameters.leaves(), backbone_prefix(model));
        const TrainableProbes probes(probe, config.model, parameters.leaves());
        double expected = 0.0;
        std::vector<double> misjudged;
        const at::Tensor last = network.run(noisy.input, [&](int layer, const at::Tensor& tokens) {
            const int row = probes.row_at(layer);
            if (row < 0) {
                return;
            }
            const std::string head = head_prefix(model, layer);
            const at::Tensor output =
                (head.empty() ? network.head(tokens) : network.head(tokens, head)).detach().flatten(1);
            const at::Tensor target = noisy.target.flatten(1);
            const at::Tensor said = probes(row, noisy.input.t, tokens).detach().reshape({4, -1});
            double u_error = 0.0;
            double weighted = 0.0;
            double plain = 0.0;
            const auto pixels = output.size(1);
            for (std::int64_t b = 0; b < 4; ++b) {
                double mean_tanh = 0.0;
                double mean_square = 0.0;
                for (std::int64_t p = 0; p < pixels; ++p) {
                    const double d = static_cast<double>((output[b][p] - target[b][p]).item<float>());
                    const double u = std::tanh(std::abs(d));
                    mean_tanh += u / static_cast<double>(pixels);
                    mean_square += d * d / static_cast<double>(pixels);
                    if (probe == ProbeKind::certainty_map) {
                        const double c = static_cast<double>(said[b][p].item<float>());
                        u_error += (c - (1.0 - u)) * (c - (1.0 - u)) / static_cast<double>(4 * pixels);
                        weighted += (1.0 - u) * d * d / static_cast<double>(4 * pixels);
                    }
                }
                plain += mean_square / 4.0;
                if (probe != ProbeKind::certainty_map) {
                    const double u = static_cast<double>(said[b][0].item<float>());
                    u_error += (u - mean_tanh) * (u - mean_tanh) / 4.0;
                    weighted += (1.0 - mean_tanh) * mean_square / 4.0;
                }
            }
            expected += 0.7 * u_error + 1.3 * weighted + 0.4 * plain;
            misjudged.push_back(u_error);
            CHECK(value(parts.layer_loss[row]) == doctest::Approx(plain).epsilon(1e-4));
        });
        const at::Tensor full = network.head(last).detach();
        const double simple = value((full - noisy.target).square().mean());
        CHECK(value(parts.total) == doctest::Approx(expected + simple).epsilon(1e-4));
        for (std::size_t row = 0; row < misjudged.size(); ++row) {
            CHECK(value(parts.uncertainty_error[static_cast<std::int64_t>(row)]) ==
                  doctest::Approx(misjudged[row]).epsilon(1e-4));
        }
    }
}

TEST_CASE("gradients are those of the loss, by finite differences, for every parameter")
{
    for (const ProbeKind probe : {ProbeKind::mlp_per_layer, ProbeKind::attention}) {
        TrainConfig config = test::with_exits(test::small_config(), probe, true);
        config.model.num_classes = 4;
        config.model.mlp_time_embed = true;
        config.model.qkv_bias = true;
        config.exits.exit_weight = 0.0;  // its weights û are taken as constants
        const Objective objective(config, cpu);
        const Parameters parameters = test::random_parameters(config);
        const test::Images images = test::random_images(config, 4);
        const NoisyBatch noisy = objective.add_noise(images.x, images.labels, 0, 0);
        config.exits.uncertainty_weight = 0.0;
        config.exits.unweighted_weight = 1.0;
        const Objective smooth(config, cpu);
        smooth(parameters.leaves(), noisy).total.backward();
        auto random = test::generator(11);
        for (const auto& [name, leaf] : parameters.leaves()) {
            if (name.starts_with("matrix.")) {
                continue;
            }
            INFO(name);
            const at::NoGradGuard no_grad;
            at::Tensor direction = at::randn(leaf.sizes(), random, at::kFloat);
            const double slope = value((leaf.grad() * direction).sum());
            const at::Tensor before = leaf.detach().clone();
            at::Tensor target = leaf;
            constexpr double h = 2e-3;
            target.copy_(before + direction * h);
            const double above = value(smooth(parameters.leaves(), noisy).total);
            target.copy_(before - direction * h);
            const double below = value(smooth(parameters.leaves(), noisy).total);
            target.copy_(before);
            const double measured = (above - below) / (2.0 * h);
            CHECK(std::abs(measured - slope) < 2e-2 * std::max(0.2, std::abs(slope)));
        }
    }
}

TEST_CASE("a frozen backbone gets no gradient, and L_simple is not in the loss")
{
    for (const ProbeKind probe : test::all_probes) {
        INFO(std::string(to_string(probe)));
        TrainConfig config = test::with_exits(test::small_config(), probe, false);
        const ModelConfig model = model_config_of(config);
        const Parameters parameters = test::random_parameters(config);
        Tensors network;
        for (const auto& [name, leaf] : parameters.leaves()) {
            const std::string prefix = backbone_prefix(model);
            const bool backbone = prefix.empty() ? !name.starts_with("lte_") : name.starts_with(prefix);
            network[name] = backbone ? leaf.detach().clone() : leaf;
        }
        const Objective objective(config, cpu);
        const test::Images images = test::random_images(config, 4);
        const NoisyBatch noisy = objective.add_noise(images.x, labels_of(config, images), 0, 0);
        const LossParts frozen = objective(network, noisy);
        frozen.total.backward();
        double trained = 0.0;
        for (const auto& [name, leaf] : network) {
            trained += leaf.requires_grad() ? value(leaf.grad().abs().sum()) : 0.0;
        }
        CHECK(trained > 0.0);
        config.exits.train_backbone = true;
        const double joint = value(Objective(config, cpu)(parameters.leaves(), noisy).total);
        CHECK(joint == doctest::Approx(value(frozen.total) + value(frozen.image_loss.mean())).epsilon(1e-5));
    }
}
