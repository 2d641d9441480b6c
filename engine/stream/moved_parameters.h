// SPDX-License-Identifier: MIT
#pragma once

#include "stream/run_record.h"

#include <optional>
#include <vector>

namespace duodiff
{

/// theta, t_s or the static layer as they were in force while a run went on: [step][batch]; NaN where
/// nothing is known. With the run's settings they repeat it.
using MovedParameters = std::vector<std::vector<double>>;

/// What a run had in every step.
MovedParameters moved_parameters_of(const RunRecord& record);

/// Whether any value differs from that of the settings: else the settings alone repeat the run.
bool has_moves(const MovedParameters& moved, const SamplingSettings& settings);

/// The value in force; nothing where none is known.
std::optional<double> moved_value(const MovedParameters& moved, int batch, int step);

/// Makes `automatic` the precision that it was on the run's machine: it may choose otherwise next time, and
/// other roundings are other pixels.
void pin_precision(SamplingSettings& settings, const MachineInfo& machine);

}  // namespace duodiff
