// SPDX-License-Identifier: MIT
#include "base/process_memory.h"

#include <unistd.h>

#include <fstream>

namespace duodiff
{

std::uint64_t resident_bytes()
{
    std::ifstream statm("/proc/self/statm");
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    statm >> size >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace duodiff
