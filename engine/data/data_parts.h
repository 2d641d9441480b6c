// SPDX-License-Identifier: MIT
#pragma once

#include "data/dataset.h"

namespace duodiff
{

/// Whether settings.path holds a set in parts and the part of settings.split is among them. A set without
/// parts has none: it is read whole whatever part is asked for. Looks at names only.
bool has_part(const DataSettings& settings);

}  // namespace duodiff
