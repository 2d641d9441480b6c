// SPDX-License-Identifier: MIT
#include "base/process_memory.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <unistd.h>

#include <fstream>
#include <string>

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

void return_free_memory()
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

std::uint64_t available_memory()
{
    std::ifstream info("/proc/meminfo");
    std::string key;
    std::uint64_t kilobytes = 0;
    std::string unit;
    while (info >> key >> kilobytes && std::getline(info, unit)) {
        if (key == "MemAvailable:") {
            return kilobytes * 1024;
        }
    }
    return 0;
}

}  // namespace duodiff
