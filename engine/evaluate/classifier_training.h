// SPDX-License-Identifier: MIT
#pragma once

#include "data/dataset.h"
#include "evaluate/classifier.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>

namespace duodiff
{

struct ClassifierTraining {
    std::uint64_t seed = 0;
    int epochs = 6;
    std::int64_t batch = 128;
    double learning_rate = 3e-3;  ///< at its peak; a short warm-up, then half a cosine to zero
    double weight_decay = 0.05;   ///< of AdamW, on convolutions and the head's weight
    double label_smoothing = 0.1;
    bool flip = true;
    /// Gets what an interrupted training goes on from, every now and then and when it is stopped; it goes
    /// away at the end. What is of other data or settings, or damaged, is not read. Empty: nothing is kept.
    std::filesystem::path state{};
};

struct ClassifierProgress {
    std::int64_t step = 0;  ///< done
    std::int64_t steps = 0;
    double loss = 0.0;
};

struct TrainedClassifier {
    ClassifierCard card;
    NamedTensors tensors;
    double seconds = 0.0;
};

/// Trains a classifier on the labels of `train` and measures it on `test`. On a CPU the same seed, data and
/// number of threads give the same weights, interrupted or not. Throws EngineError: usage where the data have
/// no labels or do not belong together, failed where the loss is no number any more, cancelled.
TrainedClassifier train_classifier(const std::shared_ptr<const Dataset>& train,
                                   const std::shared_ptr<const Dataset>& test,
                                   const ClassifierTraining& settings, c10::Device device,
                                   const std::function<void(const ClassifierProgress&)>& progress = {},
                                   std::stop_token stop = {});

}  // namespace duodiff
