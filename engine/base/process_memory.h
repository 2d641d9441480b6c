// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace duodiff
{

/// Bytes of this process that are in memory; 0 where the system does not tell.
std::uint64_t resident_bytes();

/// Gives back to the system what was freed and is kept for later.
void return_free_memory();

/// Memory that this process can still get without swapping; 0 where the system does not tell.
std::uint64_t available_memory();

}  // namespace duodiff
