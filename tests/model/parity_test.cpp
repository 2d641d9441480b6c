// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/autoencoder.h"
#include "model/bundle.h"
#include "sampler/forward.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mean.h>
#include <c10/core/InferenceMode.h>

#include "support/doctest_torch.h"
#include "support/golden.h"
#include "support/test_paths.h"

#include <string>

using namespace duodiff;
namespace fs = std::filesystem;

namespace
{

constexpr double fp32_tolerance = 1e-4;
/// bf16 has 8 bits; a few blocks deep the largest error is some of its units.
constexpr double bf16_tolerance = 6e-2;

constexpr const char* forward_suffix = ".forward.safetensors";

std::vector<fs::path> golden_checkpoints()
{
    std::vector<fs::path> found;
    for (const fs::path& folder : test::golden_folders()) {
        for (const auto& entry : fs::directory_iterator(folder)) {
            fs::path forward = entry.path();
            forward.replace_extension(forward_suffix);
            if (entry.path().extension() == ".pth" && fs::exists(forward)) {
                found.push_back(entry.path());
            }
        }
    }
    return found;
}

void check(const char* what, const at::Tensor& actual, const std::map<std::string, at::Tensor>& golden,
           const std::string& suffix, double tolerance)
{
    const auto expected = golden.find(what + suffix);
    if (expected == golden.end()) {
        return;
    }
    INFO(what << suffix);
    REQUIRE(actual.sizes() == expected->second.sizes());
    CHECK(test::relative_error(actual, expected->second) < tolerance);
}

void check_network(const fs::path& path, const std::map<std::string, at::Tensor>& golden,
                   c10::ScalarType type, double tolerance)
{
    const ModelFiles files = read_checkpoints(path, {}, {}, {});
    const ModelBundle bundle(files, c10::Device(c10::kCPU), type);
    const Network& network =
        bundle.network(bundle.has(NetworkRole::early_exit) ? NetworkRole::early_exit : NetworkRole::full);
    int inputs = 0;
    for (const auto& [name, x] : golden) {
        if (!name.starts_with("x.")) {
            continue;
        }
        ++inputs;
        const std::string suffix = name.substr(1);
        const auto labels = golden.find("y" + suffix);
        const EveryExit every = run_every_exit(network, x, std::stoi(suffix.substr(1)),
                                               labels == golden.end() ? at::Tensor() : labels->second);
        check("output", every.output, golden, suffix, tolerance);
        check("uncertainty", every.uncertainty, golden, suffix, tolerance);
        check("exit_outputs", every.exit_outputs, golden, suffix, tolerance);
        check("certainty_map", every.maps, golden, suffix, tolerance);
    }
    CHECK(inputs >= 3);
}

}  // namespace

TEST_CASE("every network call equals the reference's")
{
    const c10::InferenceMode inference;
    int checkpoints = 0;
    for (const fs::path& path : golden_checkpoints()) {
        INFO(path.string());
        fs::path forward = path;
        const auto golden = read_tensors(forward.replace_extension(forward_suffix));
        if (golden.contains("z")) {
            continue;
        }
        ++checkpoints;
        check_network(path, golden, at::kFloat, fp32_tolerance);
        check_network(path, golden, at::kBFloat16, bf16_tolerance);
    }
    CHECK(checkpoints >= 4);
}

TEST_CASE("the autoencoder decodes and encodes as the reference's does")
{
    const c10::InferenceMode inference;
    for (const fs::path& path : golden_checkpoints()) {
        fs::path forward = path;
        const auto golden = read_tensors(forward.replace_extension(forward_suffix));
        if (!golden.contains("z")) {
            continue;
        }
        const Checkpoint checkpoint = read_checkpoint(path);
        const Autoencoder autoencoder(resolve_config(checkpoint).autoencoder,
                                      TensorSource(checkpoint.tensors, c10::Device(c10::kCPU)));
        check("decoded", autoencoder.decode(golden.at("z")), golden, "", fp32_tolerance);
        check("moments", autoencoder.moments(golden.at("image")), golden, "", fp32_tolerance);
        const at::Tensor map = autoencoder.fit_preview();
        CHECK(map.size(0) == 3);
        CHECK(map.size(1) == golden.at("z").size(1) + 1);
    }
}

TEST_CASE("an uncertainty map's mean over the patch tokens is in the range of its probe")
{
    const c10::InferenceMode inference;
    const ModelFiles files =
        read_checkpoints(test::data_dir() / "golden" / "early_exit_class_conditional.pth", {}, {}, {});
    const ModelBundle bundle(files, c10::Device(c10::kCPU), at::kFloat);
    const Network& network = bundle.network(NetworkRole::early_exit);
    const auto golden =
        read_tensors(test::data_dir() / "golden" / "early_exit_class_conditional.forward.safetensors");
    Activations activations = network.begin(golden.at("x.500"), 500, golden.at("y.500"));
    const at::Tensor map = network.exits()->map(0, 500, activations.tokens);
    const auto side = files.shape().img_size;
    CHECK(map.sizes() == c10::IntArrayRef({3, 1, side, side}));
    // The probe's u also averages over the label and time tokens.
    const double patches = static_cast<double>(files.shape().patches());
    const double tokens = static_cast<double>(files.shape().tokens());
    for (std::int64_t i = 0; i < 3; ++i) {
        const double mean_map = map[i].mean().item<double>();
        const double u = network.uncertainty(activations)[i].item<double>();
        CHECK(u >= mean_map * patches / tokens - 1e-6);
        CHECK(u <= (mean_map * patches + 2.0) / tokens + 1e-6);
    }
}
