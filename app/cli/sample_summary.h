// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "command.h"

#include "stream/run_record.h"

#include <filesystem>

namespace duodiff::cli
{

struct SampleResult {
    const RunRecord& record;
    std::filesystem::path folder;
    std::filesystem::path tensors;  ///< empty: none written
};

/// What `sample` says at the end, for people and for programs.
void print_sample(const Context& context, const SampleResult& result, bool plot);
nlohmann::json sample_json(const SampleResult& result);

}  // namespace duodiff::cli
