// SPDX-License-Identifier: MIT
#include "train/training_data.h"

#include "base/error.h"

#include <fmt/format.h>

#include <map>

namespace duodiff
{

std::shared_ptr<const Dataset> open_training_data(const TrainConfig& config, const DataProgress& progress,
                                                  const std::stop_token& stop)
{
    using Format = DataSettings::Format;
    const std::map<std::string, Format> formats = {{"automatic", Format::automatic},
                                                   {"image_folder", Format::image_folder},
                                                   {"cifar10", Format::cifar10},
                                                   {"idx", Format::idx},
                                                   {"latents", Format::latents}};
    DataSettings settings;
    settings.format = formats.at(config.data.format);
    settings.path = config.data.path;
    settings.img_size = config.model.img_size;
    settings.channels = config.model.in_chans;
    settings.strict = config.data.strict;
    settings.limit = config.data.limit;
    settings.threads = static_cast<int>(config.data.threads);
    std::shared_ptr<const Dataset> data = open_dataset(settings, progress, stop);
    if (data->channels() != config.model.in_chans || data->side() != config.model.img_size) {
        throw EngineError(ErrorCode::bad_file,
                          fmt::format("the examples are {}x{} with {} channels, but the model takes {}x{} "
                                      "with {}",
                                      data->side(), data->side(), data->channels(), config.model.img_size,
                                      config.model.img_size, config.model.in_chans),
                          config.data.path, "Change model_params.img_size and in_chans, or the data.");
    }
    const auto classes = static_cast<std::int64_t>(data->class_names().size());
    if (config.model.num_classes > 0 && (!data->has_labels() || classes > config.model.num_classes)) {
        throw EngineError(
            ErrorCode::bad_file,
            data->has_labels() ? fmt::format("the data have {} classes, but model_params.num_classes is {}",
                                             classes, config.model.num_classes)
                               : std::string("the data have no labels, but the model is class-conditional"),
            config.data.path, fmt::format("Set model_params.num_classes to {}.", classes > 0 ? classes : -1));
    }
    return data;
}

}  // namespace duodiff
