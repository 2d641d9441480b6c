// SPDX-License-Identifier: MIT
#pragma once

#include "evaluate/feature_network.h"

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace duodiff
{

using NamedTensors = std::map<std::string, at::Tensor>;

/// A small residual convolution network (He et al., arXiv 1603.05027, with group norms, arXiv 1803.08494)
/// that tells the classes of a data set. Its last hidden layer, the mean over all places, is 128 features.
struct ClassifierShape {
    std::int64_t channels = 0;
    std::int64_t side = 0;
    std::int64_t classes = 0;

    /// Every stage but the first halves the side, and so does the stem; the last works at 8 x 8 or fewer.
    int stages() const;
    /// Channels of a stage; 128 in the last.
    std::int64_t width(int stage) const;
    /// Its tensors with their shapes.
    std::vector<std::pair<std::string, std::vector<std::int64_t>>> tensors() const;
    bool operator==(const ClassifierShape&) const = default;
};

inline constexpr std::int64_t classifier_features = 128;

/// images (B, C, H, W) in [-1, 1] -> (B, 128). Autograd sees through it.
at::Tensor run_classifier(const ClassifierShape& shape, const NamedTensors& tensors,
                          const at::Tensor& images);
/// features (B, 128) -> (B, classes), before the softmax.
at::Tensor classify(const NamedTensors& tensors, const at::Tensor& features);

/// What is known of a trained classifier; goes into its file.
struct ClassifierCard {
    ClassifierShape shape;
    std::vector<std::string> class_names;
    std::string data_digest;  ///< of the training examples
    std::string test_digest;
    double test_accuracy = 0.0;
    std::int64_t epochs = 0;
    std::uint64_t seed = 0;
};

/// Writes a safetensors file, whole or not at all.
void save_classifier(const std::filesystem::path& path, const ClassifierCard& card,
                     const NamedTensors& tensors);

/// A classifier's file as a feature network.
class Classifier final : public FeatureNetwork
{
public:
    /// Throws EngineError(bad_file).
    static std::shared_ptr<const Classifier> load(const std::filesystem::path& path, c10::Device device);

    const ClassifierCard& card() const { return card_; }
    std::int64_t dimension() const override { return classifier_features; }
    std::string name() const override { return "classifier features"; }
    std::string identity() const override { return identity_; }
    at::Tensor features(const at::Tensor& images) const override;

private:
    Classifier() = default;

    ClassifierCard card_;
    NamedTensors tensors_;
    std::string identity_;
    c10::Device device_ = c10::kCPU;
};

}  // namespace duodiff
