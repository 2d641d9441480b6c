// SPDX-License-Identifier: MIT
#pragma once

#include "evaluate/classifier_training.h"
#include "evaluate/evaluation_data.h"

#include <c10/core/Device.h>

#include <filesystem>
#include <stop_token>

namespace duodiff
{

/// train_classifier with its progress in words. Throws EngineError(usage) also where there are no test data.
TrainedClassifier train_on(const EvaluationData& examples, const ClassifierTraining& settings,
                           c10::Device device, const Progress& progress, const std::stop_token& stop);

/// Where the training of the classifier in `path` keeps its state.
std::filesystem::path training_beside(std::filesystem::path path);

/// Makes `path` hold a classifier of these data; one that is there already stays.
void require_classifier(const std::filesystem::path& path, const EvaluationData& examples, c10::Device device,
                        const Progress& progress, const std::stop_token& stop);

}  // namespace duodiff
