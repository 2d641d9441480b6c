// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "session/jobs.h"

#include <nlohmann/json_fwd.hpp>

#include <ostream>

namespace duodiff::cli
{

/// The tables of a benchmark, each with a line that says what its columns mean.
void print_bench(std::ostream& out, const BenchReport& report);

nlohmann::json bench_json(const BenchReport& report);

}  // namespace duodiff::cli
