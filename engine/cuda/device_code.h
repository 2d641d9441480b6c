// SPDX-License-Identifier: MIT
#pragma once

#include "cuda/kernels.h"

#include <stdexcept>
#include <string>

// What kernels are written in. Tests define DUODIFF_EMULATOR as a header that gives the same words on a
// CPU, so that the kernels' own text is tested where no GPU is.
#if defined(DUODIFF_EMULATOR)
#include DUODIFF_EMULATOR
#else
#include <cuda_runtime.h>
#endif

namespace duodiff::cuda
{

constexpr int warp_lanes = 32;
constexpr unsigned whole_warp = 0xFFFFFFFFU;

#if !defined(DUODIFF_EMULATOR)
/// Queues `kernel` on `blocks` x `threads`; nothing where there are no blocks.
template <class... Parameters, class... Arguments>
void launch(const char* name, void (*kernel)(Parameters...), std::int64_t blocks, int threads, Stream stream,
            const Arguments&... arguments)
{
    if (blocks <= 0) {
        return;
    }
    kernel<<<static_cast<unsigned>(blocks), static_cast<unsigned>(threads), 0, stream>>>(arguments...);
    const cudaError_t error = cudaGetLastError();
    if (error != cudaSuccess) {
        throw std::runtime_error(std::string("CUDA refuses the kernel ") + name + ": " +
                                 cudaGetErrorString(error));
    }
}
#endif

/// Blocks of `threads` that cover `items`.
inline std::int64_t blocks_for(std::int64_t items, int threads)
{
    return (items + threads - 1) / threads;
}

/// The sum over the lanes of a warp, the same bits in all of them.
__device__ inline float warp_sum(float value)
{
    for (int distance = warp_lanes / 2; distance > 0; distance /= 2) {
        value += __shfl_xor_sync(whole_warp, value, distance);
    }
    return value;
}

/// `width` elements that lie side by side.
template <int width>
struct Values {
    float v[width];
};

template <class T, int width>
struct alignas(sizeof(T) * width) Packed {
    T v[width];
};

/// One memory access; `from` is aligned to `width` elements.
template <int width, class T>
__device__ inline Values<width> load_values(const T* from)
{
    const Packed<T, width> packed = *reinterpret_cast<const Packed<T, width>*>(from);
    Values<width> values;
    for (int i = 0; i < width; ++i) {
        values.v[i] = load(packed.v[i]);
    }
    return values;
}

template <int width, class T>
__device__ inline void store_values(T* to, const Values<width>& values)
{
    Packed<T, width> packed;
    for (int i = 0; i < width; ++i) {
        store(packed.v[i], values.v[i]);
    }
    *reinterpret_cast<Packed<T, width>*>(to) = packed;
}

/// Elements that one access may take where rows of `dim` elements begin at these addresses (null: none).
template <class T, class... Pointers>
int access_width(int dim, const Pointers*... pointers)
{
    constexpr int most = 4;
    const bool aligned =
        ((reinterpret_cast<std::uintptr_t>(pointers) % (sizeof(T) * most) == 0) && ... && (dim % most == 0));
    return aligned ? most : 1;
}

}  // namespace duodiff::cuda
