// SPDX-License-Identifier: MIT
#include "cuda/device_code.h"
#include "cuda/formulas.h"

namespace duodiff::cuda
{
namespace
{

constexpr int norm_threads = 128;
constexpr int rows_a_block = norm_threads / warp_lanes;
constexpr int gelu_threads = 256;

/// A warp a row. Each lane comes back to the elements that it wrote itself, so no barrier is needed.
template <class T, int width>
__global__ void residual_norm_kernel(ResidualNorm<T> work)
{
    const int lane = static_cast<int>(threadIdx.x) % warp_lanes;
    const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * rows_a_block + threadIdx.x / warp_lanes;
    if (row >= work.rows) {
        return;  // the whole warp: a row is a warp's
    }
    const std::int64_t begin = row * work.dim;
    const int first = lane * width;
    constexpr int step = warp_lanes * width;
    float total = 0.0F;
    for (int d = first; d < work.dim; d += step) {
        Values<width> sum = load_values<width>(work.residual + begin + d);
        if (work.product) {
            const Values<width> product = load_values<width>(work.product + begin + d);
            const Values<width> bias = work.bias ? load_values<width>(work.bias + d) : Values<width>{};
            for (int i = 0; i < width; ++i) {
                T rounded;
                store(rounded, sum.v[i] + (product.v[i] + bias.v[i]));
                sum.v[i] = load(rounded);
            }
            store_values<width>(work.sum + begin + d, sum);
        }
        for (int i = 0; i < width; ++i) {
            total += sum.v[i];
        }
    }
    if (!work.normalised) {
        return;
    }
    const T* values = work.product ? work.sum : work.residual;
    const float mean = div_rn(warp_sum(total), static_cast<float>(work.dim));
    float squares = 0.0F;
    for (int d = first; d < work.dim; d += step) {
        const Values<width> value = load_values<width>(values + begin + d);
        for (int i = 0; i < width; ++i) {
            squares = fma_rn(value.v[i] - mean, value.v[i] - mean, squares);
        }
    }
    const float variance = div_rn(warp_sum(squares), static_cast<float>(work.dim));
    const float scale = div_rn(1.0F, sqrt_rn(variance + work.epsilon));
    for (int d = first; d < work.dim; d += step) {
        const Values<width> value = load_values<width>(values + begin + d);
        const Values<width> weight = load_values<width>(work.weight + d);
        const Values<width> shift = load_values<width>(work.shift + d);
        Values<width> out;
        for (int i = 0; i < width; ++i) {
            out.v[i] = fma_rn((value.v[i] - mean) * scale, weight.v[i], shift.v[i]);
        }
        store_values<width>(work.normalised + begin + d, out);
    }
}

template <class T, int width>
__global__ void bias_gelu_kernel(BiasGelu<T> work)
{
    const std::int64_t at = (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) * width;
    if (at >= work.rows * work.dim) {
        return;
    }
    Values<width> value = load_values<width>(work.product + at);
    if (work.bias) {
        const Values<width> bias = load_values<width>(work.bias + at % work.dim);
        for (int i = 0; i < width; ++i) {
            value.v[i] += bias.v[i];
        }
    }
    for (int i = 0; i < width; ++i) {
        value.v[i] = gelu(value.v[i]);
    }
    store_values<width>(work.out + at, value);
}

}  // namespace

template <class T>
void residual_norm(const ResidualNorm<T>& work, Stream stream)
{
    const int width = access_width<T>(work.dim, work.residual, work.product, work.bias, work.weight,
                                      work.shift, work.sum, work.normalised);
    launch("residual_norm", width > 1 ? residual_norm_kernel<T, 4> : residual_norm_kernel<T, 1>,
           blocks_for(work.rows, rows_a_block), norm_threads, stream, work);
}
template void residual_norm(const ResidualNorm<float>& work, Stream stream);
template void residual_norm(const ResidualNorm<Bf16>& work, Stream stream);

template <class T>
void bias_gelu(const BiasGelu<T>& work, Stream stream)
{
    const int width = access_width<T>(work.dim, work.product, work.bias, work.out);
    launch("bias_gelu", width > 1 ? bias_gelu_kernel<T, 4> : bias_gelu_kernel<T, 1>,
           blocks_for(work.rows * work.dim / width, gelu_threads), gelu_threads, stream, work);
}
template void bias_gelu(const BiasGelu<float>& work, Stream stream);
template void bias_gelu(const BiasGelu<Bf16>& work, Stream stream);

}  // namespace duodiff::cuda
