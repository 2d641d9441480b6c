// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/model_config.h"
#include "model/bundle.h"
#include "stream/settings.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace duodiff
{

/// What is trained. Full and shallow are the same kind of network; each learns all t.
enum class TrainKind { full, shallow, early_exit };

enum class RateDecay { cosine, constant };

/// A training run, as its YAML file and `--set` give it. docs/training.md explains every key.
struct TrainConfig {
    TrainKind kind = TrainKind::full;
    Parametrization parametrization = Parametrization::predict_noise;
    std::uint64_t seed = 0;
    UVitConfig model;
    ScheduleConfig schedule;

    struct Data {
        std::string path;
        std::string format = "automatic";
        bool flip = false;
        std::int64_t limit = 0;
        bool strict = false;
        std::int64_t threads = 2;
    } data;

    struct Exits {
        ProbeKind probe = ProbeKind::mlp_per_layer;
        std::string backbone;         ///< weights to start from; required where the backbone is frozen
        bool train_backbone = false;  ///< L_simple and the exits train it too
        double uncertainty_weight = 1.0;
        double exit_weight = 1.0;
        double unweighted_weight = 0.0;
    } exits;

    struct Optimizer {
        double learning_rate = 2e-4;
        double beta1 = 0.9;
        double beta2 = 0.999;
        double eps = 1e-8;
        double weight_decay = 0.03;
        std::int64_t warmup_steps = 500;
        RateDecay decay = RateDecay::cosine;
        double final_learning_rate = 0.0;
        double gradient_clip = 1.0;  ///< of the norm of all gradients together; 0: none
    } optimizer;

    struct Training {
        std::int64_t steps = 0;
        std::string start_from;        ///< trained weights of such a network; empty: random ones
        std::int64_t batch_size = 64;  ///< of one step, all its parts together
        std::int64_t accumulate = 1;   ///< parts that a step's batch is split into
        double ema_decay = 0.999;
        double label_dropout = 0.0;
        Precision precision = Precision::automatic;
        std::string device = "auto";
        std::int64_t threads = 0;  ///< 0: all cores
        double explosion_factor = 20.0;
    } training;

    struct Output {
        std::string folder;
        std::int64_t log_every = 50;
        std::int64_t checkpoint_every = 1000;
        std::int64_t keep = 3;
        std::int64_t sample_every = 1000;
        std::int64_t sample_count = 20;
        std::int64_t sample_steps = 25;
        std::uint64_t sample_seed = 0;
    } output;
};

/// One key of the configuration. Values are texts, as in YAML and behind `--set`.
struct TrainKey {
    std::string name;  ///< "optimizer.learning_rate"
    /// Throws EngineError(usage) that says what would be right.
    std::function<void(TrainConfig&, const std::string&)> set;
    std::function<std::string(const TrainConfig&)> get;
    /// Whether a run may go on with another value: it decides no weight, or is meant to be changed.
    bool may_change = false;
};
const std::vector<TrainKey>& train_keys();

/// Reads a YAML file, then `overrides` ("key", "value"), and checks the whole. Unknown keys are refused with
/// the nearest name. Throws EngineError: bad_file for the file, usage for the overrides.
TrainConfig read_train_config(const std::filesystem::path& path,
                              const std::vector<std::pair<std::string, std::string>>& overrides);

/// What makes no sense together. Throws EngineError(usage).
void check_train_config(const TrainConfig& config);

/// The whole configuration as a YAML text that read_train_config reads.
std::string train_config_yaml(const TrainConfig& config);

/// What the weights that the run makes are, for the engine.
ModelConfig model_config_of(const TrainConfig& config);

/// A YAML text to lie beside the weights of a model, so that they open by themselves.
std::string model_yaml(const ModelConfig& config);

/// "full", "shallow" or "early_exit".
std::string_view to_string(TrainKind kind);

}  // namespace duodiff
