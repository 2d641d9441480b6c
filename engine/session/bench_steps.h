// SPDX-License-Identifier: MIT
#pragma once

#include "model/bundle.h"
#include "session/jobs.h"

#include <c10/core/Device.h>

#include <stop_token>
#include <string>
#include <vector>

namespace duodiff
{

/// Throws EngineError(usage) where `values` is empty.
Spread spread_of(std::vector<double> values);

/// One step of the full and the shallow network of `files` (null: none) and of every shape asked for, ours in
/// fp32 and bf16 against plain LibTorch, in turn, in one process.
std::vector<StepBenchRow> bench_steps(const BenchRequest& request, const ModelFiles* files,
                                      c10::Device device, std::vector<ProductRate>& rates,
                                      const Progress& progress, const std::stop_token& stop);

}  // namespace duodiff
