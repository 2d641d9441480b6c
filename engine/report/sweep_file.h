// SPDX-License-Identifier: MIT
#pragma once

#include "stream/sweep.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace duodiff
{

/// sweep.json: `format`, `started_at`, `machine`, `model`, `rows`; NaN is null. Written after every row, so
/// that a sweep which was stopped, or killed, goes on where it was.
/// sweep_from_json(sweep_to_json(s)) equals s.
std::string sweep_to_json(const Sweep& sweep);

/// Strict, as run_from_json(): EngineError(bad_file) that names the place ("rows[3].state") and `where`.
Sweep sweep_from_json(std::string_view json, const std::string& where);

void write_sweep_file(const std::filesystem::path& path, const Sweep& sweep);
Sweep read_sweep_file(const std::filesystem::path& path);

/// One line a row that is done: `policy,switch_step,threshold,steps,images,ms_per_image,sampling_ms,
/// difference,block_share,mean_exit_layer,on_pareto_front`. Values that a policy does not read, and those
/// that are not known, are empty.
std::string sweep_csv(const Sweep& sweep);
void write_sweep_csv(const std::filesystem::path& path, const Sweep& sweep);

}  // namespace duodiff
