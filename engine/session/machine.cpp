// SPDX-License-Identifier: MIT
#include "session/machine.h"

#include "base/device.h"
#include "model/uvit.h"
#include "session/jobs.h"
#include "session/settings_check.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <torch/headeronly/version.h>

#include <sys/utsname.h>
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <thread>

namespace duodiff
{
namespace
{

std::string operating_system()
{
    std::ifstream release("/etc/os-release");
    constexpr std::string_view key = "PRETTY_NAME=\"";
    std::string line;
    std::string name = "Linux";
    while (std::getline(release, line)) {
        if (line.starts_with(key) && line.size() > key.size()) {
            name = line.substr(key.size(), line.size() - key.size() - 1);
        }
    }
    utsname kernel{};
    return uname(&kernel) == 0 ? fmt::format("{} ({} {})", name, kernel.sysname, kernel.machine) : name;
}

}  // namespace

std::string libtorch_version()
{
    return TORCH_VERSION;
}

std::string program_version()
{
    return "duodiff " DUODIFF_VERSION;
}

std::string utc_now()
{
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

MachineInfo describe_machine(const c10::Device& device, Precision precision, const UVitConfig& shape)
{
    MachineInfo machine;
    machine.cpu = cpu_name();
    machine.cores = static_cast<int>(std::thread::hardware_concurrency());
    machine.threads = at::get_num_threads();
    machine.device = describe_device(device);
    machine.precision = to_string(precision);
    const Arithmetic arithmetic = arithmetic_of(resolve_precision(precision, device, shape));
    machine.attention = describe(UVit::block_choice(shape, device, arithmetic).path, arithmetic);
    machine.os = operating_system();
    machine.libtorch = libtorch_version();
    machine.program = program_version();
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page_size = sysconf(_SC_PAGESIZE);
    machine.memory_bytes = pages > 0 && page_size > 0
                               ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_size)
                               : 0;
    return machine;
}

}  // namespace duodiff
