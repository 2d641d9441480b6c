// SPDX-License-Identifier: MIT
#pragma once

#include "data/dataset.h"
#include "session/engine.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

namespace duodiff
{

/// Where an evaluation's examples come from.
struct EvaluationDataRequest {
    DataSettings data;  ///< img_size and channels are taken from the model's images
    /// Examples that were not trained on; empty: the other part of `data`, where it has one.
    std::filesystem::path test_data{};
};

struct EvaluationData {
    std::shared_ptr<const Dataset> data;
    std::shared_ptr<const Dataset> test;  ///< null: there are none
};

/// Both made as large as `side`, with `channels`; 0: as the first good file of the data is. Throws
/// EngineError.
EvaluationData open_evaluation_data(const EvaluationDataRequest& request, std::int64_t channels,
                                    std::int64_t side, const Progress& progress, const std::stop_token& stop);

/// Reads what `settings` name, with its progress as `what`.
std::shared_ptr<const Dataset> open_with_progress(const DataSettings& settings, const std::string& what,
                                                  const Progress& progress, const std::stop_token& stop);

}  // namespace duodiff
