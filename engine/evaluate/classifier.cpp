// SPDX-License-Identifier: MIT
#include "evaluate/classifier.h"

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "evaluate/classifier_metadata.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <string_view>

namespace duodiff
{
namespace
{

constexpr int least_stages = 3;
constexpr std::int64_t least_width = 32;
constexpr std::int64_t last_side = 8;
constexpr std::int64_t norm_groups = 8;
constexpr std::int64_t kernel = 3;
constexpr std::int64_t largest_side = 4096;
constexpr std::int64_t most_classes = 65536;
constexpr const char* kind_value = "duodiff classifier 1";

std::string stage_name(int stage)
{
    return fmt::format("stages.{}.", stage);
}

at::Tensor convolve(const NamedTensors& tensors, const std::string& name, const at::Tensor& x,
                    std::int64_t stride)
{
    return at::conv2d(x, tensors.at(name + ".weight"), {}, stride, kernel / 2);
}

at::Tensor activate(const NamedTensors& tensors, const std::string& name, const at::Tensor& x)
{
    return at::relu(at::group_norm(x, norm_groups, tensors.at(name + ".weight"), tensors.at(name + ".bias")));
}

ClassifierCard read_card(const Checkpoint& file)
{
    const ClassifierMetadata metadata(file);
    if (metadata.text("kind") != kind_value) {
        refuse_classifier(file.path, "this safetensors file holds no classifier");
    }
    ClassifierCard card;
    card.shape.channels = metadata.number<std::int64_t>("channels", 1, 64);
    card.shape.side = metadata.number<std::int64_t>("side", 1, largest_side);
    card.shape.classes = metadata.number<std::int64_t>("classes", 2, most_classes);
    card.data_digest = metadata.text("data_digest");
    card.test_digest = metadata.text("test_digest");
    card.test_accuracy = metadata.number<double>("test_accuracy", 0.0, 1.0);
    card.epochs = metadata.number<std::int64_t>("epochs", 0, 1'000'000);
    card.seed = metadata.number<std::uint64_t>("seed", 0, ~std::uint64_t{0});
    const nlohmann::json names = nlohmann::json::parse(metadata.text("class_names"), nullptr, false);
    if (!names.is_array() || std::cmp_not_equal(names.size(), card.shape.classes) ||
        !std::all_of(names.begin(), names.end(),
                     [](const nlohmann::json& name) { return name.is_string(); })) {
        refuse_classifier(file.path, "the classifier's class_names are damaged");
    }
    card.class_names = names.get<std::vector<std::string>>();
    return card;
}

}  // namespace

int ClassifierShape::stages() const
{
    int count = least_stages;
    while ((side >> count) > last_side) {
        ++count;
    }
    return count;
}

std::int64_t ClassifierShape::width(int stage) const
{
    return std::max(least_width, classifier_features >> (stages() - 1 - stage));
}

std::vector<std::pair<std::string, std::vector<std::int64_t>>> ClassifierShape::tensors() const
{
    std::vector<std::pair<std::string, std::vector<std::int64_t>>> all;
    const auto add_norm = [&](const std::string& name, std::int64_t size) {
        all.push_back({name + ".weight", {size}});
        all.push_back({name + ".bias", {size}});
    };
    all.push_back({"stem.weight", {width(0), channels, kernel, kernel}});
    for (int stage = 0; stage < stages(); ++stage) {
        const std::string name = stage_name(stage);
        const std::int64_t size = width(stage);
        if (stage > 0) {
            all.push_back({name + "down.weight", {size, width(stage - 1), kernel, kernel}});
        }
        for (const char* part : {"1", "2"}) {
            add_norm(name + "norm" + part, size);
            all.push_back({name + "conv" + part + ".weight", {size, size, kernel, kernel}});
        }
    }
    add_norm("norm", classifier_features);
    all.push_back({"head.weight", {classes, classifier_features}});
    all.push_back({"head.bias", {classes}});
    return all;
}

at::Tensor run_classifier(const ClassifierShape& shape, const NamedTensors& tensors, const at::Tensor& images)
{
    at::Tensor x = convolve(tensors, "stem", images, 2);
    for (int stage = 0; stage < shape.stages(); ++stage) {
        const std::string name = stage_name(stage);
        if (stage > 0) {
            x = convolve(tensors, name + "down", x, 2);
        }
        const at::Tensor hidden = convolve(tensors, name + "conv1", activate(tensors, name + "norm1", x), 1);
        x = x + convolve(tensors, name + "conv2", activate(tensors, name + "norm2", hidden), 1);
    }
    return activate(tensors, "norm", x).mean(at::IntArrayRef({2, 3}));
}

at::Tensor classify(const NamedTensors& tensors, const at::Tensor& features)
{
    return at::linear(features, tensors.at("head.weight"), tensors.at("head.bias"));
}

void save_classifier(const std::filesystem::path& path, const ClassifierCard& card,
                     const NamedTensors& tensors)
{
    write_safetensors(path, tensors,
                      {{"kind", kind_value},
                       {"channels", std::to_string(card.shape.channels)},
                       {"side", std::to_string(card.shape.side)},
                       {"classes", std::to_string(card.shape.classes)},
                       {"class_names", nlohmann::json(card.class_names).dump()},
                       {"data_digest", card.data_digest},
                       {"test_digest", card.test_digest},
                       {"test_accuracy", fmt::format("{}", card.test_accuracy)},
                       {"epochs", std::to_string(card.epochs)},
                       {"seed", std::to_string(card.seed)}});
}

std::shared_ptr<const Classifier> Classifier::load(const std::filesystem::path& path, c10::Device device)
{
    const Checkpoint file = read_checkpoint(path);
    const std::shared_ptr<Classifier> classifier(new Classifier);
    classifier->card_ = read_card(file);
    classifier->identity_ = file.sha256;
    classifier->device_ = device;
    const auto expected = classifier->card_.shape.tensors();
    for (const auto& [name, shape] : expected) {
        const auto found = file.tensors.find(name);
        if (found == file.tensors.end() || found->second.sizes() != at::IntArrayRef(shape)) {
            refuse_classifier(path,
                              fmt::format("the classifier has no tensor '{}' of the right shape", name));
        }
        classifier->tensors_.emplace(name, found->second.to(device, at::kFloat).clone());
    }
    if (file.tensors.size() != expected.size()) {
        refuse_classifier(path, "the classifier's file holds other tensors too");
    }
    return classifier;
}

at::Tensor Classifier::features(const at::Tensor& images) const
{
    const at::NoGradGuard no_grad;
    const ClassifierShape& shape = card_.shape;
    if (images.dim() != 4 || images.size(1) != shape.channels || images.size(2) != shape.side ||
        images.size(3) != shape.side) {
        throw EngineError(
            ErrorCode::usage,
            fmt::format("the classifier takes images of {} x {} x {}, and these are {} x {} x {}",
                        shape.channels, shape.side, shape.side, images.dim() == 4 ? images.size(1) : 0,
                        images.dim() == 4 ? images.size(2) : 0, images.dim() == 4 ? images.size(3) : 0),
            {}, "Use the classifier that was trained on images like these.");
    }
    return run_classifier(shape, tensors_, images.to(device_, at::kFloat)).to(at::kCPU);
}

}  // namespace duodiff
