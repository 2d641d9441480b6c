// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#if defined(DUODIFF_TEST_ON_GPU)
#include <cuda_runtime_api.h>
#endif

namespace duodiff::test
{

#if defined(DUODIFF_TEST_ON_GPU)

inline bool gpu_is_here()
{
    int count = 0;
    return cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
}

inline void require_cuda(cudaError_t error)
{
    if (error != cudaSuccess) {
        throw std::runtime_error(std::string("CUDA: ") + cudaGetErrorString(error));
    }
}

/// Elements in the GPU's memory.
template <class T>
class DeviceBuffer
{
public:
    explicit DeviceBuffer(const std::vector<T>& values) : size_(values.size())
    {
        // One more, so that there is an address where there are no elements.
        require_cuda(cudaMalloc(reinterpret_cast<void**>(&data_), (size_ + 1) * sizeof(T)));
        if (size_ > 0) {
            require_cuda(cudaMemcpy(data_, values.data(), size_ * sizeof(T), cudaMemcpyHostToDevice));
        }
    }
    ~DeviceBuffer() { cudaFree(data_); }
    DeviceBuffer(const DeviceBuffer&) = delete;
    DeviceBuffer& operator=(const DeviceBuffer&) = delete;
    T* data() { return data_; }
    /// After everything queued.
    std::vector<T> values() const
    {
        require_cuda(cudaDeviceSynchronize());
        std::vector<T> copy(size_);
        if (size_ > 0) {
            require_cuda(cudaMemcpy(copy.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost));
        }
        return copy;
    }

private:
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

#else

inline bool gpu_is_here()
{
    return true;
}

/// The emulated GPU works on the host's memory.
template <class T>
class DeviceBuffer
{
public:
    explicit DeviceBuffer(std::vector<T> values) : values_(std::move(values)) {}
    DeviceBuffer(const DeviceBuffer&) = delete;
    DeviceBuffer& operator=(const DeviceBuffer&) = delete;
    T* data() { return values_.data(); }
    const std::vector<T>& values() const { return values_; }

private:
    std::vector<T> values_;
};

#endif

}  // namespace duodiff::test
