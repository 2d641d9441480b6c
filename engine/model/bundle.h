// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/checkpoint.h"
#include "model/arithmetic.h"
#include "model/autoencoder.h"
#include "model/network.h"
#include "stream/settings.h"

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace duodiff
{

/// The noise schedule a model was trained with: beta over T steps.
struct ScheduleConfig {
    enum class Kind { linear, scaled_linear };  ///< linear in beta, or in its square root
    Kind kind = Kind::linear;
    double beta_start = 1e-4;
    double beta_end = 0.02;
    int steps = 1000;
    bool operator==(const ScheduleConfig&) const = default;
};

/// Useful values of the parameters of a model's policies.
struct PolicyDefaults {
    int switch_step = 300;
    double threshold = 0.1;
    double threshold_minimum = 0.0;
    double threshold_maximum = 1.0;
    bool operator==(const PolicyDefaults&) const = default;
};

/// One file of a model, checked against its configuration.
struct ModelPart {
    Checkpoint checkpoint;
    ModelConfig config;
};

/// A model as its files give it: tensors still in the files' mappings.
struct ModelFiles {
    std::filesystem::path path;
    bool is_pack = false;
    std::string name;
    std::string description;
    std::string licence;
    std::string provenance;
    std::vector<std::string> class_names;
    ScheduleConfig schedule;
    std::optional<Parametrization> parametrization;
    PolicyDefaults defaults;
    bool has_defaults = false;  ///< whether a probe run has found `defaults`

    std::optional<ModelPart> full;
    std::optional<ModelPart> shallow;
    std::optional<ModelPart> early_exit;  ///< its checkpoint holds the backbone too, shared or not
    std::optional<ModelPart> autoencoder;
    /// The early-exit backbone's tensors are the full network's.
    bool shares_backbone = false;

    /// The U-ViT configuration that every part agrees on in image shape and classes.
    const UVitConfig& shape() const;
    /// The files' pages leave this process's memory: for when the networks have their own copies.
    void drop_pages() const;

    /// Blocks of the full network (of the shallow one where that is all there is).
    int depth() const;
};

/// Opens bare checkpoints: `model` alone, or a shallow `model` with its full `late_model`.
/// Throws EngineError(bad_file), also where the two do not belong together.
ModelFiles read_checkpoints(const std::filesystem::path& model, const std::filesystem::path& config,
                            const std::filesystem::path& late_model,
                            const std::filesystem::path& late_config);

/// Checks that the parts belong together (same image shape, channels, classes, time convention).
/// Throws EngineError(bad_file) naming both values.
void check_parts(const ModelFiles& files);

/// The prefix of the backbone's tensors in a part ("uvit." in the DuoDiff authors' early-exit files).
std::string backbone_prefix(const ModelConfig& config);

/// Networks ready to run on one device in one arithmetic. Immutable.
class ModelBundle
{
public:
    ModelBundle(const ModelFiles& files, c10::Device device, Arithmetic arithmetic);

    bool has(NetworkRole role) const;
    /// Throws EngineError(usage) where the model has no such network.
    const Network& network(NetworkRole role) const;
    /// Null for models of pixels.
    const Autoencoder* autoencoder() const { return autoencoder_.get(); }
    /// (C, z + 1), see Autoencoder::fit_preview; undefined for models of pixels.
    const at::Tensor& preview_map() const { return preview_map_; }
    /// Of the weights, shared ones counted once.
    std::size_t bytes() const;

private:
    std::shared_ptr<const Network> full_;
    std::shared_ptr<const Network> shallow_;
    std::shared_ptr<const Network> early_exit_;
    std::shared_ptr<const Autoencoder> autoencoder_;
    at::Tensor preview_map_;
};

}  // namespace duodiff
