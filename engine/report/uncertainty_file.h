// SPDX-License-Identifier: MIT
#pragma once

#include "stream/run_record.h"

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace duodiff
{

/// u[step][probe][image] of a run beside its run.json, for runs whose rows would make that too large. Binary,
/// little-endian: "ddU1", CRC-32 of what follows, the numbers of recorded steps, probes and images, and for
/// each recorded step the number of its values, 0 or probes x images, and the values as 32-bit floats.
inline constexpr std::string_view uncertainty_file_name = "uncertainty.bin";

std::size_t uncertainty_values(const RunRecord& record);

void write_uncertainty(const std::filesystem::path& path, const RunRecord& record);
/// Puts the values into `record`, that was read from the run.json beside. Throws EngineError(bad_file), and
/// leaves the record as it was, for anything that write_uncertainty() did not write of this very run.
void read_uncertainty(const std::filesystem::path& path, RunRecord& record);

}  // namespace duodiff
