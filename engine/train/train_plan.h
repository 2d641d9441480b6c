// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What a training run would be, for a person to look over before it starts. No LibTorch.
namespace duodiff
{

struct TrainPlan {
    std::string kind;             ///< "full", "shallow" or "early_exit"
    std::string parametrization;  ///< "predict_noise", ...
    std::string probe;            ///< "mlp_probe_per_layer", ...; empty without exits
    std::string backbone;         ///< as the configuration has it; may be empty
    bool train_backbone = false;
    std::string start_from;  ///< trained weights to begin with, as the configuration has it; may be empty
    std::vector<int> exit_layers{};  ///< blocks run where each probe reads; empty without exits

    std::int64_t image_size = 0;
    std::int64_t channels = 0;
    std::int64_t patch_size = 0;
    std::int64_t width = 0;
    std::int64_t depth = 0;
    std::int64_t heads = 0;
    std::int64_t classes = 0;     ///< 0: unconditional
    std::int64_t parameters = 0;  ///< of the network, those that stay as they are included

    std::string data;
    std::string data_format;
    std::int64_t steps = 0;
    std::int64_t batch_size = 0;
    std::int64_t threads = 0;  ///< 0: all cores
    std::int64_t sample_every = 0;
    double learning_rate = 0.0;
    std::string precision;
    std::string device;

    std::string folder;                          ///< as the configuration has it
    std::optional<std::int64_t> resumes_from{};  ///< step of the newest checkpoint in it
    std::filesystem::path weights{};             ///< averaged weights in it; empty: none yet
};

/// Reads a configuration as train() does, and looks into its output folder. Throws EngineError.
TrainPlan read_train_plan(const std::filesystem::path& config,
                          const std::vector<std::pair<std::string, std::string>>& overrides);

}  // namespace duodiff
