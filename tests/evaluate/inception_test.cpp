// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluate/inception.h"
#include "base/error.h"
#include "base/noise.h"
#include "checkpoint/checkpoint.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "support/doctest_torch.h"
#include "support/test_paths.h"

#include <cmath>
#include <string>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

at::Tensor normal(const std::vector<std::int64_t>& shape, std::uint32_t sequence)
{
    at::Tensor values = at::empty(shape, at::kFloat);
    fill_normal({values.data_ptr<float>(), static_cast<std::size_t>(values.numel())}, 2015,
                NoiseStream::probe, sequence);
    return values;
}

/// Weights with which every layer and every norm matters, a function of nothing but the layers' order.
const std::map<std::string, at::Tensor>& random_weights()
{
    static const std::map<std::string, at::Tensor> all = [] {
        std::map<std::string, at::Tensor> tensors;
        std::uint32_t sequence = 0;
        for (const InceptionLayer& layer : inception_layers()) {
            const auto [height, width] = layer.kernel;
            const double deviation = std::sqrt(2.0 / static_cast<double>(layer.in * height * width));
            tensors[layer.name + ".conv.weight"] =
                normal({layer.out, layer.in, height, width}, sequence++) * deviation;
            tensors[layer.name + ".bn.weight"] = normal({layer.out}, sequence++) * 0.1 + 1.0;
            tensors[layer.name + ".bn.bias"] = normal({layer.out}, sequence++) * 0.1;
            tensors[layer.name + ".bn.running_mean"] = normal({layer.out}, sequence++) * 0.1;
            tensors[layer.name + ".bn.running_var"] = normal({layer.out}, sequence++).abs() * 0.2 + 0.8;
        }
        return tensors;
    }();
    return all;
}

at::Tensor images()
{
    return (normal({2, 3, 32, 32}, 100'000) * 0.5).clamp(-1.0, 1.0);
}

std::string refusal(const std::map<std::string, at::Tensor>& tensors)
{
    try {
        const Inception network(tensors, "weights.pth", "id", at::kCPU);
    } catch (const EngineError& error) {
        CHECK(error.code() == ErrorCode::bad_file);
        CHECK_FALSE(error.failure().remedy.empty());
        return error.failure().what;
    }
    return {};
}

}  // namespace

TEST_CASE("the network has the 94 convolutions of Inception v3, and 2048 features at its end")
{
    std::int64_t weights = 0;
    for (const InceptionLayer& layer : inception_layers()) {
        weights += layer.in * layer.out * layer.kernel[0] * layer.kernel[1];
    }
    CHECK(inception_layers().size() == 94);
    CHECK(weights == 21'751'136);
}

TEST_CASE("features are those of the network as PyTorch computes it, pools and norms included")
{
    const Inception network(random_weights(), "random", "id", at::kCPU);
    const at::Tensor features = network.features(images());
    REQUIRE(features.sizes() == at::IntArrayRef({2, 2048}));
    // Made with the same weights by the usual Python program's modules, every norm computed on its own.
    const auto golden = read_tensors(data_dir() / "inception" / "features.safetensors");
    const at::Tensor expected = golden.at("features");
    const double largest = expected.abs().max().item<double>();
    CHECK((features - expected).abs().max().item<double>() < 2e-5 * largest);
    // The two images differ by far more than that.
    CHECK((expected[0] - expected[1]).abs().max().item<double>() > 1e-2 * largest);

    const at::Tensor gray = images().narrow(1, 0, 1);
    const at::Tensor three = gray.expand({2, 3, 32, 32}).contiguous();
    CHECK((network.features(gray) - network.features(three)).abs().max().item<double>() < 1e-5 * largest);
    CHECK_THROWS_AS(network.features(at::zeros({1, 2, 8, 8})), EngineError);
}

TEST_CASE("weights of another layout or another training are refused in words")
{
    CHECK(refusal({}).find("no tensor 'Conv2d_1a_3x3.conv.weight'") != std::string::npos);
    auto fewer = random_weights();
    fewer.erase("Mixed_6c.branch7x7dbl_3.bn.bias");
    CHECK(refusal(fewer).find("Mixed_6c.branch7x7dbl_3.bn.bias") != std::string::npos);
    auto shape = random_weights();
    shape["Mixed_7c.branch_pool.conv.weight"] = at::zeros({192, 2048, 3, 3});
    CHECK(refusal(shape).find("Mixed_7c.branch_pool.conv.weight") != std::string::npos);
    auto torchvision = random_weights();
    torchvision["fc.weight"] = at::zeros({1000, 2048});
    CHECK(refusal(torchvision).find("1000 classes") != std::string::npos);
    auto auxiliary = random_weights();
    auxiliary["AuxLogits.fc.weight"] = at::zeros({1000, 768});
    CHECK(refusal(auxiliary).find("AuxLogits") != std::string::npos);
    auto negative = random_weights();
    negative["Conv2d_1a_3x3.bn.running_var"] = -at::ones({32});
    CHECK(refusal(negative).find("running_var") != std::string::npos);
    auto whole = random_weights();
    whole["fc.weight"] = at::zeros({1008, 2048});
    CHECK(refusal(whole).empty());
}
