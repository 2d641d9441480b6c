// SPDX-License-Identifier: MIT
#pragma once

#include "kernels/isa.h"

#include <cstddef>
#include <cstdint>

namespace duodiff
{

/// Storage of a bfloat16: the upper half of a float's bits.
struct BFloat16 {
    std::uint16_t bits;
};

[[gnu::always_inline]] inline float to_float(BFloat16 value)
{
    const std::uint32_t bits = static_cast<std::uint32_t>(value.bits) << 16;
    float result;
    __builtin_memcpy(&result, &bits, sizeof result);
    return result;
}
[[gnu::always_inline]] inline float to_float(float value)
{
    return value;
}

/// Rounds to nearest, ties to even; NaN stays NaN.
[[gnu::always_inline]] inline BFloat16 to_bfloat16(float value)
{
    std::uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7FFFFFFFU) > 0x7F800000U) {
        return {static_cast<std::uint16_t>((bits >> 16) | 0x0040U)};
    }
    return {static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16)};
}

enum class Activation { none, gelu };  ///< gelu: the exact one, x (1 + erf(x / sqrt 2)) / 2

/// out = activation([a | a2] W^T + bias) + residual, for `rows` rows, on the calling thread. Sums are fp32,
/// in an order that depends on k alone: a row's result is the same whatever rows are computed with it.
template <class T>
struct Product {
    const T* a = nullptr;
    std::ptrdiff_t a_stride = 0;  ///< elements from row to row, as all strides here
    std::int64_t k = 0;           ///< a multiple of ProductLayout::step
    const T* a2 = nullptr;
    std::ptrdiff_t a2_stride = 0;
    std::int64_t k2 = 0;          ///< 0: there is no second part
    const T* weight = nullptr;    ///< from pack_weight
    const float* bias = nullptr;  ///< (n), or null
    const T* residual = nullptr;  ///< (rows, n), or null; may be `out`
    std::ptrdiff_t residual_stride = 0;
    T* out = nullptr;
    std::ptrdiff_t out_stride = 0;
    std::int64_t rows = 0;
    std::int64_t n = 0;
    Activation activation = Activation::none;
};

/// How pack_weight lays out W (n, k): panels of `columns` rows of W, in each of them `step` neighbours along
/// k beside each other. The last panel is filled up with zeros.
struct ProductLayout {
    std::int64_t columns = 1;
    std::int64_t step = 1;
    std::int64_t rows = 1;  ///< of `a` that are computed together; more than that need not be given at once

    std::int64_t panels(std::int64_t n) const { return (n + columns - 1) / columns; }
    std::int64_t elements(std::int64_t n, std::int64_t k) const { return panels(n) * columns * k; }
};

/// softmax(q k^T / sqrt(head_dim)) v of one head of one image, on the calling thread.
template <class T>
struct AttentionHead {
    const T* q = nullptr;  ///< (queries, head_dim), rows `stride` apart; so are the `length` rows of k and v
    const T* k = nullptr;
    const T* v = nullptr;
    std::ptrdiff_t stride = 0;
    T* out = nullptr;  ///< (queries, head_dim)
    std::ptrdiff_t out_stride = 0;
    std::int64_t queries = 0;
    std::int64_t length = 0;
    std::int64_t head_dim = 0;  ///< a multiple of ProductLayout::step
    void* scratch = nullptr;    ///< attention_scratch bytes, aligned to 64
};

/// The kernels of one instruction set for one element type. All run on the calling thread and allocate
/// nothing.
template <class T>
struct Kernels {
    Isa isa = Isa::plain;
    ProductLayout layout;
    /// weight (n, k) row by row -> packed, layout.elements(n, k) elements
    void (*pack_weight)(const T* weight, std::int64_t n, std::int64_t k, T* packed) = nullptr;
    void (*product)(const Product<T>& product) = nullptr;
    /// LayerNorm over `dim` with eps 1e-5, statistics in fp32; out may be x.
    void (*layer_norm)(const T* x, std::ptrdiff_t x_stride, std::int64_t rows, std::int64_t dim,
                       const float* weight, const float* bias, T* out, std::ptrdiff_t out_stride) = nullptr;
    /// An MLP probe: the mean over `rows` tokens (rows, dim), contiguous, of sigmoid(weight . token + bias),
    /// fp32.
    float (*mean_sigmoid)(const T* tokens, std::int64_t rows, std::int64_t dim, const float* weight,
                          float bias) = nullptr;
    void (*widen)(const T* from, std::int64_t count, float* to) = nullptr;
    void (*narrow)(const float* from, std::int64_t count, T* to) = nullptr;  ///< rounds to nearest
    void (*attention)(const AttentionHead<T>& head) = nullptr;
    std::size_t (*attention_scratch)(std::int64_t length, std::int64_t head_dim) = nullptr;
};

/// Throws EngineError(usage) where the processor does not support `isa`; for bf16 there are only plain and
/// avx512_bf16.
const Kernels<float>& float_kernels(Isa isa);
const Kernels<BFloat16>& bfloat16_kernels(Isa isa);

}  // namespace duodiff
