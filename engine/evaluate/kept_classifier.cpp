// SPDX-License-Identifier: MIT
#include "evaluate/kept_classifier.h"

#include "base/error.h"

#include <fmt/format.h>

namespace duodiff
{

TrainedClassifier train_on(const EvaluationData& examples, const ClassifierTraining& settings,
                           c10::Device device, const Progress& progress, const std::stop_token& stop)
{
    if (!examples.test || !examples.data->has_labels()) {
        throw EngineError(ErrorCode::usage,
                          "there are no test data, or no classes, to train a classifier for features with",
                          {},
                          "Give --test-data with examples of the same classes, or --features with a "
                          "classifier or Inception weights.");
    }
    const auto told = [&](const ClassifierProgress& now) {
        if (progress) {
            progress(fmt::format("Training the classifier, loss {:.3f},", now.loss),
                     static_cast<double>(now.step) / static_cast<double>(now.steps));
        }
    };
    return train_classifier(examples.data, examples.test, settings, device, told, stop);
}

std::filesystem::path training_beside(std::filesystem::path path)
{
    path += ".training";
    return path;
}

void require_classifier(const std::filesystem::path& path, const EvaluationData& examples, c10::Device device,
                        const Progress& progress, const std::stop_token& stop)
{
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored) &&
        Classifier::load(path, device)->card().data_digest == examples.data->digest()) {
        return;
    }
    const TrainedClassifier trained =
        train_on(examples, {.state = training_beside(path)}, device, progress, stop);
    save_classifier(path, trained.card, trained.tensors);
}

}  // namespace duodiff
