// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cuda/kernels.h"

#include <cstdint>
#include <functional>

// The words that kernels are written in, on a CPU: every thread of a block is a fiber, and blocks run one
// after the other. Warps are 32 wide, and barriers and exchanges are for all threads that have not returned.

#define __global__
#define __device__
#define __shared__ static
#define __launch_bounds__(threads)

namespace duodiff::test::gpu
{

struct Index {
    unsigned x = 0;
};

/// Of the thread that runs now.
extern Index thread_index;
extern Index block_index;
extern Index block_size;
extern Index grid_size;

/// Runs `thread` once for every thread of every block.
void run_grid(unsigned blocks, unsigned threads, const std::function<void()>& thread);

void block_barrier();
/// The value that the calling lane's partner `lane ^ distance` gave in the same call.
float exchange(float value, int distance);
/// Bit i: what lane i of the warp voted.
unsigned ballot(bool vote);

}  // namespace duodiff::test::gpu

#define threadIdx ::duodiff::test::gpu::thread_index
#define blockIdx ::duodiff::test::gpu::block_index
#define blockDim ::duodiff::test::gpu::block_size
#define gridDim ::duodiff::test::gpu::grid_size

inline void __syncthreads()
{
    duodiff::test::gpu::block_barrier();
}
inline float __shfl_xor_sync(unsigned, float value, int distance)
{
    return duodiff::test::gpu::exchange(value, distance);
}
inline unsigned __ballot_sync(unsigned, bool vote)
{
    return duodiff::test::gpu::ballot(vote);
}
inline int __popc(unsigned bits)
{
    return __builtin_popcount(bits);
}

namespace duodiff::cuda
{

template <class... Parameters, class... Arguments>
void launch(const char*, void (*kernel)(Parameters...), std::int64_t blocks, int threads, Stream,
            const Arguments&... arguments)
{
    if (blocks > 0) {
        test::gpu::run_grid(static_cast<unsigned>(blocks), static_cast<unsigned>(threads),
                            [&] { kernel(arguments...); });
    }
}

}  // namespace duodiff::cuda
