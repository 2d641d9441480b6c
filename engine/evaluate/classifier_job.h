// SPDX-License-Identifier: MIT
#pragma once

#include "evaluate/evaluation_data.h"

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>

/// `duodiff eval classifier`: trains what makes features of images for Fréchet distances. Plain values, no
/// LibTorch.
namespace duodiff
{

struct ClassifierRequest {
    EvaluationDataRequest examples;
    std::filesystem::path output{};
    int epochs = 6;
    std::uint64_t seed = 0;
    std::string device = "auto";
};

struct ClassifierReport {
    double test_accuracy = 0.0;
    std::int64_t train_images = 0;
    std::int64_t test_images = 0;
    std::int64_t classes = 0;
    std::int64_t channels = 0;
    std::int64_t side = 0;
    std::int64_t epochs = 0;
    double seconds = 0.0;
    bool was_there = false;  ///< the file held this very classifier, and nothing was trained
};

/// Throws EngineError and nothing else: usage where there are no classes or no test data, and where the file
/// holds something else already. The file is written whole or not at all.
ClassifierReport make_classifier(const ClassifierRequest& request, const Progress& progress = {},
                                 std::stop_token stop = {});

}  // namespace duodiff
