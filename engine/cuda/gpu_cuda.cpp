// SPDX-License-Identifier: MIT
// What needs CUDA's own headers; gpu_absent.cpp stands in where they are not.
#include "cuda/gpu.h"

#include <ATen/cuda/CUDAGraph.h>
#include <cuda_runtime_api.h>

namespace duodiff::cuda
{
namespace
{

class LibTorchGraph final : public CapturedGraph
{
public:
    LibTorchGraph(const GraphPool& pool, const std::function<void()>& work)
    {
        graph_.capture_begin(pool, cudaStreamCaptureModeThreadLocal);
        try {
            work();
        } catch (...) {
            end_quietly();
            throw;
        }
        graph_.capture_end();
    }

    void replay() override { graph_.replay(); }

private:
    /// A capture has to be ended even where it has failed.
    void end_quietly() noexcept
    {
        try {
            graph_.capture_end();
        } catch (const std::exception&) {
            cudaGetLastError();
        }
    }

    at::cuda::CUDAGraph graph_;
};

}  // namespace

bool has_kernels()
{
    return true;
}

std::string device_label(const c10::Device& device)
{
    cudaDeviceProp properties{};
    if (!device.is_cuda() || cudaGetDeviceProperties(&properties, device.index()) != cudaSuccess) {
        return {};
    }
    return static_cast<const char*>(properties.name);
}

GraphPool make_graph_pool()
{
    return at::cuda::graph_pool_handle();
}

std::unique_ptr<CapturedGraph> capture(const GraphPool& pool, const std::function<void()>& work)
{
    return std::make_unique<LibTorchGraph>(pool, work);
}

}  // namespace duodiff::cuda
