// SPDX-License-Identifier: MIT
#include "cuda/gpu.h"

#include "base/error.h"

#include <ATen/Context.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

namespace duodiff::cuda
{
namespace
{

/// Whether driver and GPU are ones that the kernels were compiled for: one of them is queued.
bool takes_kernels(const c10::Device& device)
{
    enum Answer { unknown, yes, no };
    constexpr std::size_t most_devices = 128;
    static std::array<std::atomic<int>, most_devices> answers{};
    std::atomic<int>& answer =
        answers[static_cast<std::size_t>(std::max<int>(device.index(), 0)) % most_devices];
    if (answer == unknown) {
        const c10::DeviceGuard guard(device);
        const auto options = at::TensorOptions().device(device);
        const at::Tensor pixel = at::zeros({1}, options.dtype(at::kFloat));
        const at::Tensor rgbx = at::zeros({4}, options.dtype(at::kByte));
        try {
            make_pictures(
                {pixel.const_data_ptr<float>(), nullptr, 0, rgbx.mutable_data_ptr<std::uint8_t>(), 1, 1, 1},
                raw_stream(current_stream(device)));
            answer = yes;
        } catch (const std::exception&) {
            answer = no;
        }
    }
    return answer == yes;
}

}  // namespace

Mode mode()
{
    static const Mode chosen = [] {
        const char* text = std::getenv("DUODIFF_CUDA_MODE");
        const std::string_view name = text ? text : "graphs";
        if (name != "eager" && name != "kernels" && name != "graphs") {
            throw EngineError(ErrorCode::usage, "there is no mode \"" + std::string(name) + "\"",
                              "DUODIFF_CUDA_MODE", "Set it to eager, kernels or graphs, or not at all.");
        }
        return name == "eager" ? Mode::eager : name == "kernels" ? Mode::kernels : Mode::graphs;
    }();
    return chosen;
}

bool runs_on(const c10::Device& device)
{
    return device.is_cuda() && has_kernels() && mode() != Mode::eager && takes_kernels(device);
}

c10::Stream current_stream(const c10::Device& device)
{
    return c10::impl::getDeviceGuardImpl(device.type())->getStream(device);
}

c10::Stream side_stream(const c10::Device& device)
{
    return c10::impl::getDeviceGuardImpl(device.type())->getStreamFromGlobalPool(device);
}

Stream raw_stream(const c10::Stream& stream)
{
    return static_cast<Stream>(stream.native_handle());
}

std::optional<DeviceMemory> device_memory(const c10::Device& device)
{
    if (device.is_cpu()) {
        return std::nullopt;
    }
    c10::DeviceAllocator* allocator = c10::getDeviceAllocator(device.type());
    if (!allocator->initialized()) {
        return std::nullopt;
    }
    const auto [free, total] = allocator->getMemoryInfo(device.index());
    const auto stats = allocator->getDeviceStats(device.index());
    const auto all = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    const std::int64_t idle = stats.reserved_bytes[all].current - stats.allocated_bytes[all].current;
    return DeviceMemory{free + static_cast<std::size_t>(idle > 0 ? idle : 0), total};
}

void empty_cache(const c10::Device& device)
{
    if (!device.is_cpu() && c10::getDeviceAllocator(device.type())->initialized()) {
        c10::getDeviceAllocator(device.type())->emptyCache();
    }
}

void use_full_precision()
{
    at::globalContext().setAllowTF32CuDNN(false);
    at::globalContext().setAllowTF32CuBLAS(false);
}

HostCopy::HostCopy(at::IntArrayRef sizes, c10::ScalarType type, const c10::Device& device)
    : host_(at::empty(sizes, at::TensorOptions().dtype(type).pinned_memory(!device.is_cpu()))),
      device_(device)
{
    if (!device.is_cpu()) {
        arrived_.emplace(device.type());
    }
}

void HostCopy::start(const at::Tensor& tensor)
{
    host_.copy_(tensor, /*non_blocking=*/true);
    if (arrived_) {
        arrived_->record(current_stream(device_));
    }
}

const at::Tensor& HostCopy::wait()
{
    if (arrived_) {
        arrived_->synchronize();
    }
    return host_;
}

}  // namespace duodiff::cuda
