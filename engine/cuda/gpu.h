// SPDX-License-Identifier: MIT
#pragma once

#include "cuda/kernels.h"

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/Event.h>
#include <c10/core/Stream.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace duodiff::cuda
{

/// What of this room a run on a GPU uses: DUODIFF_CUDA_MODE in the environment says "eager" (nothing, as
/// LibTorch alone would do it), "kernels" (no graphs) or "graphs", the default.
enum class Mode { eager, kernels, graphs };
Mode mode();

/// Whether the kernels are in this program: it was built with a CUDA toolkit and for a LibTorch with CUDA.
bool has_kernels();

/// Whether a run on `device` uses this room: it is a GPU, the kernels are there, and they are wanted.
bool runs_on(const c10::Device& device);

/// The stream that LibTorch queues work of this thread on; the devices are GPUs here.
c10::Stream current_stream(const c10::Device& device);
/// A stream of LibTorch's pool, for work beside the current one.
c10::Stream side_stream(const c10::Device& device);
Stream raw_stream(const c10::Stream& stream);

/// "NVIDIA H100 80GB HBM3"; empty where the device is no GPU of this program.
std::string device_label(const c10::Device& device);

struct DeviceMemory {
    std::size_t free = 0;  ///< what LibTorch holds without using it included
    std::size_t total = 0;
};
/// Nothing where the device does not tell.
std::optional<DeviceMemory> device_memory(const c10::Device& device);
/// Gives memory that LibTorch holds without using it back to the system.
void empty_cache(const c10::Device& device);

/// Sums and convolutions of fp32 in fp32, also where the GPU has something shorter. Once before work.
void use_full_precision();

/// Work that was recorded once and is queued as a whole.
class CapturedGraph
{
public:
    virtual ~CapturedGraph() = default;
    virtual void replay() = 0;
};

/// Memory that graphs share; they never run at the same time.
using GraphPool = std::pair<std::uint64_t, std::uint64_t>;
GraphPool make_graph_pool();

/// Records what `work` queues on the current stream, which is not the default one, without running it.
/// Throws what `work` throws, and LibTorch's error where it does something that cannot be recorded; then
/// nothing is left recording.
std::unique_ptr<CapturedGraph> capture(const GraphPool& pool, const std::function<void()>& work);

/// A small tensor on its way to the host, into pinned memory; the host waits for nothing else.
class HostCopy
{
public:
    HostCopy(at::IntArrayRef sizes, c10::ScalarType type, const c10::Device& device);
    /// Queues the copy of `tensor`, of the sizes given.
    void start(const at::Tensor& tensor);
    /// On the CPU; good until the next start.
    const at::Tensor& wait();

private:
    at::Tensor host_;
    c10::Device device_;
    std::optional<c10::Event> arrived_;
};

}  // namespace duodiff::cuda
