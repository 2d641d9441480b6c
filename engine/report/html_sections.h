// SPDX-License-Identifier: MIT
#pragma once

// The parts of the timing report that tell of one run; not for other rooms.

#include "report/image8.h"
#include "report/report_numbers.h"
#include "stream/run_record.h"

#include <string>
#include <string_view>

namespace duodiff::html
{

/// A run with everything the report says about it.
struct Subject {
    RunRecord record;
    ReportNumbers numbers;
    std::string name;
    const Image8* grid = nullptr;
};

/// A heading and what stands under it; `kind`: its class in the style, "long" may break between pages.
std::string section(std::string_view title, const std::string& content, std::string_view kind = "");

/// "2026-11-21 12:30:00 UTC" of an ISO 8601 time in UTC; other texts as they are.
std::string date_text(std::string iso);

/// The result in a sentence, the plot, where the time went, the comparison with the baseline, the table,
/// the settings, the machine, the model, the images.
std::string run_body(const Subject& subject);

}  // namespace duodiff::html
