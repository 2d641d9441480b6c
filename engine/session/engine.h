// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"
#include "stream/frame.h"
#include "stream/run_record.h"
#include "stream/settings.h"

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace duodiff
{

/// What to open: a pack folder, or a bare checkpoint with what it needs besides.
struct ModelSource {
    std::filesystem::path model;       ///< pack folder, .pth/.pt or .safetensors
    std::filesystem::path late_model;  ///< DuoDiff pair of bare checkpoints: `model` is the shallow one
    std::filesystem::path config;      ///< YAML for `model`; empty: looked for beside it
    std::filesystem::path late_config;

    bool operator==(const ModelSource&) const = default;
};

/// What a person has to know about an open model, and what of it each control may use.
struct ModelInfo {
    ModelSummary summary;
    std::string description;  ///< one line: kind, depth, shape
    std::string convention;   ///< "DuoDiff authors", "AdaDiff authors", "plain U-ViT"
    std::string licence;
    bool is_pack = false;
    bool latent = false;
    int num_classes = 0;  ///< 0: unconditional
    Parametrization parametrization = Parametrization::predict_noise;

    bool has_shallow = false;
    bool has_early_exit = false;
    bool threshold_is_probability = true;  ///< false for the attention probe: any number
    double threshold_minimum = 0.0;        ///< useful range of theta, of this model
    double threshold_maximum = 1.0;
    double threshold_default = 0.1;
    int switch_step_default = 300;
    std::uint64_t memory_bytes = 0;  ///< of the weights, shared ones counted once
};

/// Values that a person may move while a run goes on; the policy reads them at the start of each step.
struct LiveParameters {
    std::atomic<double> threshold{0.0};
    std::atomic<int> switch_step{0};
    std::atomic<int> exit_layer{0};
};

/// Ways to end a run early. A fresh one for every run.
struct RunControls {
    std::stop_token stop;                             ///< stop now: the batch in progress is given up
    const std::atomic<bool>* finish_batch = nullptr;  ///< true: no further batch is started
};

/// What `sample` returns. `record.state` is done or cancelled; a failure is thrown instead.
struct RunOutcome {
    RunRecord record;
    std::vector<FinishedImage> images;
    std::vector<SavedState> saved;
};

/// Called while something long goes on: what, and how far (0..1; negative: unknown).
using Progress = std::function<void(const std::string& what, double fraction)>;

/// The one public door to the engine. Everything on it is called on one thread, the same for the whole
/// life of the object, and blocks until it is done. Throws EngineError and nothing else.
class Engine
{
public:
    virtual ~Engine() = default;

    /// Opens a model and makes it the current one; on an error the former stays.
    virtual ModelInfo open(const ModelSource& source, const Progress& progress = {},
                           std::stop_token stop = {}) = 0;

    /// Whether `settings` can run on the current model; what is wrong, in words, otherwise.
    virtual std::optional<Failure> check(const SamplingSettings& settings) const = 0;

    /// Runs `settings` on the current model. `live` overrides threshold, switch_step and exit_layer from
    /// the first step on; null: the settings' own are used throughout.
    virtual RunOutcome sample(const SamplingSettings& settings, std::uint64_t run_id, FrameSink& sink,
                              const RunControls& controls = {}, const LiveParameters* live = nullptr) = 0;
};

/// The LibTorch engine.
std::unique_ptr<Engine> make_engine();

/// Devices that this machine and this LibTorch offer: "cpu", "cuda:0", ...; cheap, any thread.
std::vector<std::string> available_devices();

}  // namespace duodiff
