// SPDX-License-Identifier: MIT
#pragma once

#include "stream/run_record.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace duodiff
{

struct RunFileOptions {
    /// Write u[probe][image] of every step (key `uncertainty_rows`), which what-if curves need: large.
    /// The mean of every probe over the images that ran it (key `uncertainty`) is always written.
    bool uncertainty_rows = false;
};

/// run.json: `format`, `settings`, `machine`, `model`, `state`, `started_at`, `sampling_ms`, `ledger`,
/// `baseline`, `phase_transition`, `summary`, `images`, `steps`. NaN is null. A step whose batches used
/// different networks has `network` "mixed" and `networks`, one an image.
/// run_from_json(run_to_json(r)) equals r, the rows of the uncertainties aside where they are left out;
/// `phase_transition`, `summary` and the ledger's `other` are derived and not read.
std::string run_to_json(const RunRecord& record, const RunFileOptions& options = {});

/// Strict: wrong types, missing keys, values out of range, duplicate keys and sizes that do not fit
/// together are EngineError(bad_file) that names the place ("steps[3].exit_layers") and `where`.
/// Keys that this version does not know are passed over.
RunRecord run_from_json(std::string_view json, const std::string& where);

void write_run_file(const std::filesystem::path& path, const RunRecord& record,
                    const RunFileOptions& options = {});
RunRecord read_run_file(const std::filesystem::path& path);

/// The settings alone, as an object with the keys of `settings` in run.json.
std::string settings_to_json(const SamplingSettings& settings);
SamplingSettings settings_from_json(std::string_view json, const std::string& where);

/// `step,t,network,mean_exit_layer,min_exit_layer,max_exit_layer,ms`, one line a step.
std::string steps_csv(const RunRecord& record);
void write_steps_csv(const std::filesystem::path& path, const RunRecord& record);

}  // namespace duodiff
