// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/mapped_file.h"

namespace duodiff
{

/// Throws EngineError(bad_file) that says what the file seems to be, when it is neither of the readable
/// formats, and what to do about it.
[[noreturn]] void refuse_unknown_kind(const MappedFile& file);

}  // namespace duodiff
