// SPDX-License-Identifier: MIT
// What the kernels compute, written plainly: for processors that have no others, and for tests to compare
// with.
#include "kernels/kernels.h"
#include "kernels/plain_math.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace duodiff
{
namespace
{

template <class T>
void plain_pack_weight(const T* weight, std::int64_t n, std::int64_t k, T* packed)
{
    std::copy_n(weight, n * k, packed);
}

template <class T>
void plain_product(const Product<T>& p)
{
    for (std::int64_t row = 0; row < p.rows; ++row) {
        for (std::int64_t column = 0; column < p.n; ++column) {
            const T* weight = p.weight + column * (p.k + p.k2);
            float sum = 0.0F;
            for (std::int64_t i = 0; i < p.k; ++i) {
                sum += to_float(p.a[row * p.a_stride + i]) * to_float(weight[i]);
            }
            for (std::int64_t i = 0; i < p.k2; ++i) {
                sum += to_float(p.a2[row * p.a2_stride + i]) * to_float(weight[p.k + i]);
            }
            sum += p.bias ? p.bias[column] : 0.0F;
            sum = p.activation == Activation::gelu ? gelu(sum) : sum;
            sum += p.residual ? to_float(p.residual[row * p.residual_stride + column]) : 0.0F;
            p.out[row * p.out_stride + column] = from_float<T>(sum);
        }
    }
}

template <class T>
void plain_layer_norm(const T* x, std::ptrdiff_t x_stride, std::int64_t rows, std::int64_t dim,
                      const float* weight, const float* bias, T* out, std::ptrdiff_t out_stride)
{
    for (std::int64_t row = 0; row < rows; ++row, x += x_stride, out += out_stride) {
        double sum = 0.0;
        for (std::int64_t i = 0; i < dim; ++i) {
            sum += static_cast<double>(to_float(x[i]));
        }
        const double mean = sum / static_cast<double>(dim);
        double square = 0.0;
        for (std::int64_t i = 0; i < dim; ++i) {
            const double away = static_cast<double>(to_float(x[i])) - mean;
            square += away * away;
        }
        const double scale = 1.0 / std::sqrt(square / static_cast<double>(dim) + 1e-5);
        for (std::int64_t i = 0; i < dim; ++i) {
            const double normal = (static_cast<double>(to_float(x[i])) - mean) * scale;
            out[i] = from_float<T>(static_cast<float>(normal) * weight[i] + bias[i]);
        }
    }
}

template <class T>
float plain_mean_sigmoid(const T* tokens, std::int64_t rows, std::int64_t dim, const float* weight,
                         float bias)
{
    double sum = 0.0;
    for (std::int64_t row = 0; row < rows; ++row) {
        float logit = 0.0F;
        for (std::int64_t i = 0; i < dim; ++i) {
            logit += to_float(tokens[row * dim + i]) * weight[i];
        }
        sum += 1.0 / (1.0 + std::exp(-static_cast<double>(logit + bias)));
    }
    return static_cast<float>(sum / static_cast<double>(rows));
}

template <class T>
void plain_widen(const T* from, std::int64_t count, float* to)
{
    std::transform(from, from + count, to, [](T value) { return to_float(value); });
}

template <class T>
void plain_narrow(const float* from, std::int64_t count, T* to)
{
    std::transform(from, from + count, to, from_float<T>);
}

template <class T>
std::size_t plain_attention_scratch(std::int64_t length, std::int64_t head_dim)
{
    (void)head_dim;
    return sizeof(float) * static_cast<std::size_t>(length);
}

template <class T>
void plain_attention(const AttentionHead<T>& head)
{
    auto* share = static_cast<float*>(head.scratch);
    const float scale = 1.0F / std::sqrt(static_cast<float>(head.head_dim));
    for (std::int64_t row = 0; row < head.queries; ++row) {
        const T* q = head.q + row * head.stride;
        float maximum = -std::numeric_limits<float>::infinity();
        for (std::int64_t key = 0; key < head.length; ++key) {
            float score = 0.0F;
            for (std::int64_t i = 0; i < head.head_dim; ++i) {
                score += to_float(q[i]) * to_float(head.k[key * head.stride + i]);
            }
            share[key] = score * scale;
            maximum = std::max(maximum, share[key]);
        }
        float sum = 0.0F;
        for (std::int64_t key = 0; key < head.length; ++key) {
            share[key] = std::exp(share[key] - maximum);
            sum += share[key];
        }
        for (std::int64_t i = 0; i < head.head_dim; ++i) {
            float value = 0.0F;
            for (std::int64_t key = 0; key < head.length; ++key) {
                value += share[key] * to_float(head.v[key * head.stride + i]);
            }
            head.out[row * head.out_stride + i] = from_float<T>(value / sum);
        }
    }
}

template <class T>
constexpr Kernels<T> plain_kernels()
{
    Kernels<T> kernels;
    kernels.pack_weight = &plain_pack_weight<T>;
    kernels.product = &plain_product<T>;
    kernels.layer_norm = &plain_layer_norm<T>;
    kernels.mean_sigmoid = &plain_mean_sigmoid<T>;
    kernels.widen = &plain_widen<T>;
    kernels.narrow = &plain_narrow<T>;
    kernels.attention = &plain_attention<T>;
    kernels.attention_scratch = &plain_attention_scratch<T>;
    return kernels;
}

}  // namespace

extern const Kernels<float> plain_float_kernels;
extern const Kernels<BFloat16> plain_bfloat16_kernels;
constinit const Kernels<float> plain_float_kernels = plain_kernels<float>();
constinit const Kernels<BFloat16> plain_bfloat16_kernels = plain_kernels<BFloat16>();

}  // namespace duodiff
