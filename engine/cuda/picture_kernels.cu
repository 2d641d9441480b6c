// SPDX-License-Identifier: MIT
#include "cuda/device_code.h"
#include "cuda/formulas.h"

namespace duodiff::cuda
{
namespace
{

constexpr int picture_threads = 256;

__global__ void picture_kernel(Pictures work)
{
    const std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (index < work.images * work.area) {
        reinterpret_cast<std::uint32_t*>(work.rgbx)[index] =
            picture_pixel(work, index / work.area, index % work.area);
    }
}

}  // namespace

void make_pictures(const Pictures& work, Stream stream)
{
    launch("make_pictures", picture_kernel, blocks_for(work.images * work.area, picture_threads),
           picture_threads, stream, work);
}

}  // namespace duodiff::cuda
