// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "session/jobs.h"

#include <nlohmann/json_fwd.hpp>

#include <ostream>

namespace duodiff::cli
{

/// What a pack or checkpoint holds, for people and for programs. Used by `info` and `import`.
void print_info(std::ostream& out, const InfoReport& report);
nlohmann::json info_json(const InfoReport& report);

}  // namespace duodiff::cli
