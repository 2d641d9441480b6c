// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/model_config.h"
#include "stream/run_record.h"

#include <c10/core/Device.h>

#include <string>

namespace duodiff
{

/// This machine as a run of a model of `shape` on `device` in `precision` sees it.
MachineInfo describe_machine(const c10::Device& device, Precision precision, const UVitConfig& shape);

/// "duodiff 0.1.0"
std::string program_version();

/// Now, ISO 8601 in UTC.
std::string utc_now();

}  // namespace duodiff
