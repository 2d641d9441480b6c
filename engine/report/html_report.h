// SPDX-License-Identifier: MIT
#pragma once

#include "report/image8.h"
#include "stream/run_record.h"

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace duodiff
{

/// One run of a report. The pointers outlive the call.
struct ReportedRun {
    const RunRecord* record = nullptr;
    const Image8* grid = nullptr;  ///< its images; null: none shown
    std::string name;              ///< empty: the policy's
};

/// The timing report: one file that refers to nothing outside of itself (inline styles and SVG, pictures
/// as data URIs, no scripts), reads well on screen and on paper. Several runs get a comparison first, then
/// a part each; one of the full network among them serves the others as their baseline where
/// baseline_from() allows it.
std::string html_report(std::span<const ReportedRun> runs);
std::string html_report(const RunRecord& record, const Image8* grid = nullptr);

void write_html_report(const std::filesystem::path& path, std::span<const ReportedRun> runs);

/// `text` safe inside HTML and SVG, between tags and in quoted attributes.
std::string escape_markup(std::string_view text);

}  // namespace duodiff
