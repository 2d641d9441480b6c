// SPDX-License-Identifier: MIT
#pragma once

#include "cuda/host_device.h"

#include <cstdint>

/// CUDA's stream type, so that this header needs no CUDA header.
struct CUstream_st;

/// Kernels behind plain functions. Pointers are device memory unless a comment says otherwise; tensors are
/// contiguous and row-major; T is float or Bf16. Every call only queues work on `stream`. A launch that CUDA
/// refuses is a std::runtime_error that names the kernel; sizes of 0 launch nothing.
///
/// twins.h has the same functions for host memory in plain C++, which the tests compare with these.
namespace duodiff::cuda
{

using Stream = CUstream_st*;

/// u (images) = mean over the tokens of sigmoid(weight . token + bias); fp32 sums, whatever T is.
template <class T>
struct Probe {
    const T* tokens = nullptr;      ///< (images, length, dim)
    const float* weight = nullptr;  ///< (dim)
    const float* bias = nullptr;    ///< (1)
    float* u = nullptr;             ///< (images)
    int images = 0;
    int length = 0;
    int dim = 0;
};
template <class T>
void probe(const Probe<T>& work, Stream stream);

/// Splits rows by u <= theta (a NaN stays), in order.
struct Decision {
    const float* u = nullptr;              ///< (rows)
    const std::int64_t* places = nullptr;  ///< (rows): the place of each row's image in the batch
    int rows = 0;
    float theta = 0.0F;
    int layer = 0;
    std::int64_t* staying_rows = nullptr;    ///< (rows), the first counts[0] are written
    std::int64_t* leaving_rows = nullptr;    ///< (rows), the first rows - counts[0]
    std::int64_t* leaving_places = nullptr;  ///< likewise
    /// [0]: rows that stay, n. [1]: of the leaving rows, those below n: the holes that compaction fills.
    std::int32_t* counts = nullptr;
    float* u_of_place = nullptr;                  ///< by place: u; may be null
    std::int32_t* exit_layer_of_place = nullptr;  ///< by place: `layer`, where the image leaves; may be null
};
void decide(const Decision& work, Stream stream);

/// to[t][to_rows[k]] = from[t][from_rows[k]] for every tensor t and k < rows, in one launch. A null list
/// counts 0, 1, 2, ... Rows that are written must not be read.
///
/// Gathers survivors, and compacts them in place: with n = counts[0] and h = counts[1] of a Decision, the
/// last h survivors go where the first h leaving rows were, and rows 0..n-1 are the survivors.
struct RowMove {
    static constexpr int most_tensors = 32;
    struct Tensor {
        const void* from = nullptr;
        void* to = nullptr;
        std::int64_t row_bytes = 0;
    };
    Tensor tensors[most_tensors];
    int tensor_count = 0;
    const std::int64_t* from_rows = nullptr;
    const std::int64_t* to_rows = nullptr;
    int rows = 0;
};
void move_rows(const RowMove& work, Stream stream);

/// The coefficients of a solver step, see sampler/solver.h.
struct SolverCoefficients {
    float x = 0.0F;
    float prediction = 0.0F;
    float history = 0.0F;
    float noise = 0.0F;
    float x0_x = 0.0F;
    float x0_prediction = 0.0F;
};

/// One solver step with its noise. All tensors (images, values).
struct SolverUpdate {
    const float* x = nullptr;
    const float* prediction = nullptr;
    const float* before = nullptr;         ///< x0 of the step before; may be null where history is 0
    const float* z = nullptr;              ///< noise that was drawn elsewhere; null: drawn here
    const std::uint64_t* seeds = nullptr;  ///< (images), where noise is drawn here
    std::uint32_t noise_stream = 0;
    std::uint32_t step = 0;
    float* next = nullptr;
    float* original = nullptr;
    std::int64_t images = 0;
    std::int64_t values = 0;
    SolverCoefficients coefficients;
};
void solver_update(const SolverUpdate& work, Stream stream);

/// Pixels in [-1, 1] scale -> R, G, B, 255, the pictures one under the other; see stream/picture_strip.h.
struct Pictures {
    const float* x = nullptr;  ///< (images, channels, area)
    /// Latents: (colours, channels + 1), its last column the offset. Null: x are pixels.
    const float* map = nullptr;
    int colours = 0;  ///< rows of `map`
    std::uint8_t* rgbx = nullptr;
    std::int64_t images = 0;
    int channels = 0;
    std::int64_t area = 0;
};
void make_pictures(const Pictures& work, Stream stream);

/// sum = residual + (product + bias), rounded to T; normalised = LayerNorm of that sum, statistics in fp32.
/// Without a `product` the norm is that of `residual`, and `sum` stays null. `bias` may be null; so may
/// `normalised`, where only the sum is wanted. `sum` may be `residual` or `product`.
template <class T>
struct ResidualNorm {
    const T* residual = nullptr;  ///< (rows, dim)
    const T* product = nullptr;
    const T* bias = nullptr;    ///< (dim)
    const T* weight = nullptr;  ///< (dim), of the norm
    const T* shift = nullptr;   ///< (dim)
    T* sum = nullptr;
    T* normalised = nullptr;
    std::int64_t rows = 0;
    int dim = 0;
    float epsilon = 1e-5F;
};
template <class T>
void residual_norm(const ResidualNorm<T>& work, Stream stream);

/// out = GELU(product + bias), the exact (erf) one; `out` may be `product`, `bias` null.
template <class T>
struct BiasGelu {
    const T* product = nullptr;  ///< (rows, dim)
    const T* bias = nullptr;     ///< (dim)
    T* out = nullptr;
    std::int64_t rows = 0;
    int dim = 0;
};
template <class T>
void bias_gelu(const BiasGelu<T>& work, Stream stream);

}  // namespace duodiff::cuda
