// SPDX-License-Identifier: MIT
#include "cuda/device_code.h"
#include "cuda/formulas.h"
#include "cuda/normal_noise.h"

namespace duodiff::cuda
{
namespace
{

constexpr int solver_threads = 128;

/// A thread a Philox counter: four values of one image.
__global__ void solver_kernel(SolverUpdate work, std::int64_t counters)
{
    const std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (index >= work.images * counters) {
        return;
    }
    const std::int64_t image = index / counters;
    const std::int64_t counter = index % counters;
    const bool draws = work.coefficients.noise != 0.0F && !work.z;
    float drawn[normals_a_counter] = {};
    if (draws) {
        normals_of_counter(static_cast<std::uint32_t>(counter), work.seeds[image], work.noise_stream,
                           work.step, drawn);
    }
    for (int i = 0; i < normals_a_counter; ++i) {
        const std::int64_t position = counter * normals_a_counter + i;
        if (position >= work.values) {
            return;
        }
        const std::int64_t at = image * work.values + position;
        const float x = work.x[at];
        const float prediction = work.prediction[at];
        const float before = work.coefficients.history != 0.0F ? work.before[at] : 0.0F;
        const float z = work.coefficients.noise == 0.0F ? 0.0F : draws ? drawn[i] : work.z[at];
        work.next[at] = solver_next(work.coefficients, x, prediction, before, z);
        work.original[at] = solver_original(work.coefficients, x, prediction);
    }
}

}  // namespace

void solver_update(const SolverUpdate& work, Stream stream)
{
    const std::int64_t counters = (work.values + normals_a_counter - 1) / normals_a_counter;
    launch("solver_update", solver_kernel, blocks_for(work.images * counters, solver_threads), solver_threads,
           stream, work, counters);
}

}  // namespace duodiff::cuda
