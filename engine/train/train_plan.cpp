// SPDX-License-Identifier: MIT
#include "train/train_plan.h"

#include "base/error.h"
#include "base/only_engine_errors.h"
#include "train/looking_on.h"
#include "train/output_folder.h"
#include "train/train_config.h"
#include "train/train_state.h"
#include "train/trainable.h"

#include <algorithm>
#include <system_error>

namespace duodiff
{
namespace
{

std::int64_t parameters_of(const ModelConfig& model)
{
    std::int64_t count = 0;
    for (const ParameterShape& parameter : parameter_shapes(model)) {
        std::int64_t values = 1;
        for (const std::int64_t size : parameter.shape) {
            values *= size;
        }
        count += values;
    }
    return count;
}

std::vector<int> exit_layers_of(const TrainConfig& config)
{
    const Tensors none;
    const TrainableProbes probes(config.exits.probe, config.model, none);
    std::vector<int> layers;
    for (int layer = 0; layer <= config.model.depth; ++layer) {
        if (probes.row_at(layer) >= 0) {
            layers.push_back(layer);
        }
    }
    return layers;
}

TrainPlan plan_of(const TrainConfig& config)
{
    const bool has_exits = config.kind == TrainKind::early_exit;
    TrainPlan plan{.kind = std::string(to_string(config.kind)),
                   .parametrization = std::string(to_string(config.parametrization)),
                   .probe = has_exits ? std::string(to_string(config.exits.probe)) : std::string(),
                   .backbone = has_exits ? config.exits.backbone : std::string(),
                   .train_backbone = config.exits.train_backbone,
                   .start_from = config.training.start_from,
                   .exit_layers = has_exits ? exit_layers_of(config) : std::vector<int>(),
                   .image_size = config.model.img_size,
                   .channels = config.model.in_chans,
                   .patch_size = config.model.patch_size,
                   .width = config.model.embed_dim,
                   .depth = config.model.depth,
                   .heads = config.model.num_heads,
                   .classes = std::max<std::int64_t>(0, config.model.num_classes),
                   .parameters = parameters_of(model_config_of(config)),
                   .data = config.data.path,
                   .data_format = config.data.format,
                   .steps = config.training.steps,
                   .batch_size = config.training.batch_size,
                   .threads = config.training.threads,
                   .sample_every = config.output.sample_every,
                   .learning_rate = config.optimizer.learning_rate,
                   .precision = std::string(to_string(config.training.precision)),
                   .device = config.training.device,
                   .folder = config.output.folder};
    const std::filesystem::path folder = config.output.folder;
    if (const auto states = find_states(folder / "checkpoints"); !states.empty()) {
        plan.resumes_from = step_in_name(states.back());
    }
    const std::filesystem::path weights = weights_path(folder, config.kind);
    std::error_code none;
    if (std::filesystem::is_regular_file(weights, none)) {
        plan.weights = weights;
    }
    return plan;
}

}  // namespace

TrainPlan read_train_plan(const std::filesystem::path& config,
                          const std::vector<std::pair<std::string, std::string>>& overrides)
{
    return only_engine_errors(config.string(), [&] { return plan_of(read_train_config(config, overrides)); });
}

}  // namespace duodiff
