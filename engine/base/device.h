// SPDX-License-Identifier: MIT
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <chrono>
#include <string>
#include <vector>

namespace duodiff
{

/// "cpu", "cuda:0", ... of this machine and this LibTorch.
std::vector<std::string> device_names();

/// The device that "auto", "cpu", "cuda" or "cuda:N" means here. Throws EngineError(usage) for any other
/// text and for a device that is not there, saying which are.
c10::Device resolve_device(const std::string& name);

/// "cpu" or "cuda:0".
std::string describe_device(const c10::Device& device);

/// Whether the device multiplies bf16 matrices in hardware.
bool has_fast_bf16(const c10::Device& device);

/// Waits for everything queued on the device; nothing to do on a CPU.
void synchronize(const c10::Device& device);

/// Processor name as the operating system tells it.
std::string cpu_name();

/// Adds the wall time of its scope, in milliseconds, to a total. Waits for the device at both ends, so
/// that the work queued inside is what is counted.
class ScopedTimer
{
public:
    ScopedTimer(double& total_ms, const c10::Device& device) : total_ms_(total_ms), device_(device)
    {
        synchronize(device_);
        start_ = Clock::now();
    }
    ~ScopedTimer()
    {
        synchronize(device_);
        total_ms_ += std::chrono::duration<double, std::milli>(Clock::now() - start_).count();
    }
    ScopedTimer(const ScopedTimer&) = delete;
    ScopedTimer& operator=(const ScopedTimer&) = delete;

private:
    using Clock = std::chrono::steady_clock;
    double& total_ms_;
    c10::Device device_;
    Clock::time_point start_;
};

}  // namespace duodiff
