// SPDX-License-Identifier: MIT
#include "evaluate/classifier_job.h"

#include "base/device.h"
#include "base/error.h"
#include "base/only_engine_errors.h"
#include "evaluate/kept_classifier.h"

#include <utility>

namespace duodiff
{
namespace
{

bool is_the_same(const ClassifierCard& card, const ClassifierRequest& request, const EvaluationData& examples)
{
    return card.epochs == request.epochs && card.seed == request.seed &&
           card.data_digest == examples.data->digest() && examples.test &&
           card.test_digest == examples.test->digest();
}

ClassifierReport describe(const ClassifierCard& card, const EvaluationData& examples)
{
    return {.test_accuracy = card.test_accuracy,
            .train_images = examples.data->size(),
            .test_images = examples.test->size(),
            .classes = card.shape.classes,
            .channels = card.shape.channels,
            .side = card.shape.side,
            .epochs = card.epochs};
}

ClassifierReport make(const ClassifierRequest& request, const Progress& progress, const std::stop_token& stop)
{
    const c10::Device device = resolve_device(request.device);
    std::error_code ignored;
    const bool exists = std::filesystem::exists(request.output, ignored);
    const EvaluationData examples = open_evaluation_data(request.examples, 0, 0, progress, stop);
    if (exists) {
        const auto kept = Classifier::load(request.output, device);
        if (!is_the_same(kept->card(), request, examples)) {
            throw EngineError(ErrorCode::usage,
                              "this file holds a classifier of other data or other settings already",
                              request.output.string(), "Choose another name, or remove the file.");
        }
        ClassifierReport report = describe(kept->card(), examples);
        report.was_there = true;
        return report;
    }
    const TrainedClassifier trained = train_on(
        examples, {.seed = request.seed, .epochs = request.epochs, .state = training_beside(request.output)},
        device, progress, stop);
    save_classifier(request.output, trained.card, trained.tensors);
    ClassifierReport report = describe(trained.card, examples);
    report.seconds = trained.seconds;
    return report;
}

}  // namespace

ClassifierReport make_classifier(const ClassifierRequest& request, const Progress& progress,
                                 std::stop_token stop)
{
    return only_engine_errors("classifier", [&] { return make(request, progress, stop); });
}

}  // namespace duodiff
