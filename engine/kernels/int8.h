// SPDX-License-Identifier: MIT
#pragma once

#include "kernels/kernels.h"

namespace duodiff
{

/// A row of activations in 8 bits: the value of a byte q is scale (q - zero). The range of the row and 0 are
/// spread over all 256 bytes; 0 is represented exactly. NaN where the row holds something that is not finite.
struct RowScale {
    float scale = 0.0F;
    std::int32_t zero = 0;
};

/// Rows of bytes, `stride` apart, and the scale of each.
struct ByteRows {
    std::uint8_t* values = nullptr;
    std::ptrdiff_t stride = 0;
    RowScale* scales = nullptr;
};

/// W (n, k) and the bias that belongs to it, laid out for a product: bytes in the panels that ProductLayout
/// tells of, and for each of n, filled up to whole panels with zeros, the scale of its row, largest |w| /
/// 127, the sum of its bytes, and the bias.
struct Int8Weight {
    std::int8_t* values = nullptr;
    float* scale = nullptr;
    std::int32_t* sum = nullptr;
    float* bias = nullptr;
};

/// The sums of a product of bytes fit 32 bits up to here.
inline constexpr std::int64_t most_int8_terms = 65536;

/// out = activation(a W^T + bias) + residual, for `rows` rows, on the calling thread. Sums are integers and
/// exact: nothing saturates up to most_int8_terms. With bf16 results GELU is within 1e-4.
template <class T>
struct Int8Product {
    ByteRows a;          ///< rows of k bytes
    std::int64_t k = 0;  ///< from padded_terms
    Int8Weight weight;
    const T* residual = nullptr;  ///< (rows, n), or null; may be `out`
    std::ptrdiff_t residual_stride = 0;
    T* out = nullptr;
    std::ptrdiff_t out_stride = 0;
    std::int64_t rows = 0;
    std::int64_t n = 0;
    Activation activation = Activation::none;
};

/// Rows [x | x2] to become bytes, each row with one scale.
template <class T>
struct RowsToBytes {
    const T* x = nullptr;
    std::ptrdiff_t x_stride = 0;
    std::int64_t k = 0;
    const T* x2 = nullptr;
    std::ptrdiff_t x2_stride = 0;
    std::int64_t k2 = 0;  ///< 0: there is no second part
    std::int64_t rows = 0;
    ByteRows out;  ///< filled up to padded_terms with zeros
};

/// LayerNorm as Kernels::layer_norm has it, and its result to become bytes.
template <class T>
struct NormToBytes {
    const T* x = nullptr;
    std::ptrdiff_t x_stride = 0;
    std::int64_t rows = 0;
    std::int64_t dim = 0;
    const float* weight = nullptr;
    const float* bias = nullptr;
    ByteRows out;  ///< filled up to padded_terms with zeros
};

/// The 8-bit kernels of one instruction set between activations of type T. All run on the calling thread and
/// allocate nothing.
template <class T>
struct Int8Kernels {
    Isa isa = Isa::plain;
    ProductLayout layout;
    void (*to_bytes)(const RowsToBytes<T>& rows) = nullptr;
    void (*norm_to_bytes)(const NormToBytes<T>& norm) = nullptr;
    void (*product)(const Int8Product<T>& product) = nullptr;
};

/// Terms of a product over k elements: k, filled up to whole steps.
std::int64_t padded_terms(const ProductLayout& layout, std::int64_t k);

/// weight (n, k) row by row and bias (n), or null -> packed: layout.elements(n, padded_terms(k)) bytes, and
/// layout.panels(n) * layout.columns of each of the others.
void pack_int8_weight(const ProductLayout& layout, const float* weight, const float* bias, std::int64_t n,
                      std::int64_t k, const Int8Weight& packed);

/// Throws EngineError(usage) where the processor does not support `isa`, or has none of these between such
/// activations: there are avx_vnni for fp32, avx512_vnni for fp32 and bf16, and plain.
const Int8Kernels<float>& int8_float_kernels(Isa isa);
const Int8Kernels<BFloat16>& int8_bfloat16_kernels(Isa isa);

}  // namespace duodiff
