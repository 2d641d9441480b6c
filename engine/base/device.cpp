// SPDX-License-Identifier: MIT
#include "base/device.h"

#include "base/error.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <fstream>
#include <string_view>

namespace duodiff
{
namespace
{

int cuda_device_count()
{
    if (!at::hasCUDA()) {
        return 0;
    }
    return at::detail::getCUDAHooks().getNumGPUs();
}

/// The first value of `key` in the kernel's description of the processors; empty where it has none.
std::string cpu_info(std::string_view key)
{
    std::ifstream info("/proc/cpuinfo");
    std::string line;
    while (std::getline(info, line)) {
        const auto colon = line.find(": ");
        if (line.starts_with(key) && colon != std::string::npos) {
            return line.substr(colon + 2);
        }
    }
    return {};
}

[[noreturn]] void refuse_device(const std::string& name)
{
    throw EngineError(ErrorCode::usage, fmt::format("there is no device \"{}\" here", name), "--device",
                      fmt::format("Choose one of: auto, {}.", fmt::join(device_names(), ", ")));
}

}  // namespace

std::vector<std::string> device_names()
{
    std::vector<std::string> names = {"cpu"};
    for (int i = 0; i < cuda_device_count(); ++i) {
        names.push_back(fmt::format("cuda:{}", i));
    }
    return names;
}

c10::Device resolve_device(const std::string& name)
{
    const int cuda_devices = cuda_device_count();
    if (name == "cpu" || (name == "auto" && cuda_devices == 0)) {
        return c10::Device(c10::kCPU);
    }
    if (cuda_devices > 0 && (name == "auto" || name == "cuda")) {
        return c10::Device(c10::kCUDA, 0);
    }
    constexpr std::string_view prefix = "cuda:";
    if (name.starts_with(prefix)) {
        int index = -1;
        const char* first = name.data() + prefix.size();
        const char* last = name.data() + name.size();
        const auto parsed = std::from_chars(first, last, index);
        if (parsed.ec == std::errc() && parsed.ptr == last && index >= 0 && index < cuda_devices) {
            return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
        }
    }
    refuse_device(name);
}

std::string describe_device(const c10::Device& device)
{
    if (device.is_cpu()) {
        return "cpu";
    }
    return device.str();
}

bool has_fast_bf16(const c10::Device& device)
{
    if (!device.is_cpu()) {
        return true;
    }
    const std::string flags = " " + cpu_info("flags") + cpu_info("Features") + " ";
    return flags.find(" avx512_bf16 ") != std::string::npos ||
           flags.find(" amx_bf16 ") != std::string::npos || flags.find(" bf16 ") != std::string::npos;
}

void synchronize(const c10::Device& device)
{
    if (!device.is_cpu()) {
        c10::impl::getDeviceGuardImpl(device.type())->synchronizeDevice(device.index());
    }
}

std::string cpu_name()
{
    const std::string name = cpu_info("model name");
    return name.empty() ? "unknown" : name;
}

}  // namespace duodiff
