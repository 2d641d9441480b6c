// SPDX-License-Identifier: MIT
#pragma once

#include "data/dataset.h"
#include "session/engine.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

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

/// The data of an evaluation, for its report.
struct DataSummary {
    std::string path;
    std::string digest;
    std::int64_t images = 0;
    std::vector<BadFile> bad_files;
};

DataSummary describe_data(const DataSettings& settings, const Dataset& data);

/// For people: how many files were left out, if any were.
void note_bad_files(const DataSummary& data, std::vector<std::string>& notes);

/// Reads what `settings` name, with its progress as `what`.
std::shared_ptr<const Dataset> open_with_progress(const DataSettings& settings, const std::string& what,
                                                  const Progress& progress, const std::stop_token& stop);

}  // namespace duodiff
