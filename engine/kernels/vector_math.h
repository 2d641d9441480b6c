// SPDX-License-Identifier: MIT
// What kernels are made of, written once over the vectors of an instruction set. Included by one file an
// instruction set, each compiled with that set's flags; everything is in an unnamed namespace and no function
// of the standard library is instantiated here, so that no such code can be linked into a path that other
// processors run.
#pragma once

#include "kernels/kernels.h"

namespace duodiff
{
namespace
{

#define DUODIFF_INLINE inline __attribute__((always_inline))

/// Lanes: a type with
/// - Element, Vector (of floats), Integer (of as many ints), Weights (a vector of packed weights), and Unit:
///   `step` neighbours as one number, so that packing moves them together;
/// - width of a vector, step along k; a tile of a product is product_rows by product_vectors, one of
/// attention
///   rows by 2;
/// - load_weights, broadcast, multiply_add; load and store of Element and float vectors; maximum, minimum,
///   divide, square_root; total and largest of a vector.

template <class Lanes>
DUODIFF_INLINE typename Lanes::Vector splat(float value)
{
    return typename Lanes::Vector{} + value;
}

/// 2^x for x <= 0, next to nothing below -126. Polynomial on [-1/2, 1/2]: of degree 6 with a relative error
/// below 2e-7; where the result is rounded to bf16 of degree 4, below 5e-5.
template <class Lanes>
DUODIFF_INLINE typename Lanes::Vector exp2_of(typename Lanes::Vector x)
{
    using Vector = typename Lanes::Vector;
    using Integer = typename Lanes::Integer;
    x = Lanes::maximum(splat<Lanes>(-126.0F), x);  // in this order: NaN stays
    // 1.5 * 2^23 rounds to an integer and leaves it in the lowest bits, here with the exponent's offset on
    // it.
    const Vector magic = splat<Lanes>(12582912.0F + 127.0F);
    const Vector shifted = x + magic;
    const Vector r = x - (shifted - magic);
    Vector p;
    if constexpr (Lanes::is_exact) {
        p = splat<Lanes>(1.5403530393381609e-4F);
        p = p * r + 1.3333558146428443e-3F;
        p = p * r + 9.6181291076284772e-3F;
    } else {
        p = splat<Lanes>(9.6181291076284772e-3F);
    }
    p = p * r + 5.5504108664821580e-2F;
    p = p * r + 2.4022650695910072e-1F;
    p = p * r + 6.9314718055994531e-1F;
    p = p * r + 1.0F;
    return p * reinterpret_cast<Vector>(reinterpret_cast<Integer>(shifted) << 23);
}

/// Exact GELU, x (1 + erf(x / sqrt 2)) / 2, with the rational approximation of erf that Eigen uses.
template <class Lanes>
DUODIFF_INLINE typename Lanes::Vector gelu_of(typename Lanes::Vector x)
{
    using Vector = typename Lanes::Vector;
    Vector z = x * 0.70710678118654752440F;
    z = Lanes::minimum(Lanes::maximum(z, splat<Lanes>(-4.0F)), splat<Lanes>(4.0F));
    const Vector z2 = z * z;
    Vector p = splat<Lanes>(-2.72614225801306e-10F);
    p = p * z2 + 2.77068142495902e-08F;
    p = p * z2 - 2.10102402082508e-06F;
    p = p * z2 - 5.69250639462346e-05F;
    p = p * z2 - 7.34990630326855e-04F;
    p = p * z2 - 2.95459980854025e-03F;
    p = p * z2 - 1.60960333262415e-02F;
    Vector q = splat<Lanes>(-1.45660718464996e-05F);
    q = q * z2 - 2.13374055278905e-04F;
    q = q * z2 - 1.68282697438203e-03F;
    q = q * z2 - 7.37332916720468e-03F;
    q = q * z2 - 1.42647390514189e-02F;
    const Vector half = x * 0.5F;
    return half + half * Lanes::divide(z * p, q);
}

/// sum[M][N] += a (M rows, k) * panel (k, N vectors)
template <class Lanes, int M, int N>
DUODIFF_INLINE void multiply_rows(const typename Lanes::Element* a, std::ptrdiff_t stride,
                                  const typename Lanes::Element* panel, std::int64_t k,
                                  typename Lanes::Vector (&sum)[M][N])
{
    constexpr int vector = Lanes::width * Lanes::step;
    for (std::int64_t i = 0; i < k; i += Lanes::step) {
        typename Lanes::Weights weights[N];
#pragma GCC unroll 4
        for (int n = 0; n < N; ++n) {
            weights[n] = Lanes::load_weights(panel + n * vector);
        }
        panel += N * vector;
#pragma GCC unroll 16
        for (int m = 0; m < M; ++m) {
            const auto value = Lanes::broadcast(a + m * stride + i);
#pragma GCC unroll 4
            for (int n = 0; n < N; ++n) {
                sum[m][n] = Lanes::multiply_add(value, weights[n], sum[m][n]);
            }
        }
    }
}

/// The first `columns` of N vectors; all of them where Whole.
template <class Lanes, bool Whole, int N>
DUODIFF_INLINE void store_columns(typename Lanes::Element* out, const typename Lanes::Vector (&values)[N],
                                  std::int64_t columns)
{
    constexpr int width = Lanes::width;
    alignas(64) typename Lanes::Element beside[N * width];
    typename Lanes::Element* to = Whole ? out : beside;
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) {
        Lanes::store(to + n * width, values[n]);
    }
    if constexpr (!Whole) {
        for (std::int64_t c = 0; c < columns && c < N * width; ++c) {
            out[c] = beside[c];
        }
    }
}

template <class Lanes, bool Whole, int N, class T>
DUODIFF_INLINE void load_columns(const T* in, std::int64_t columns, typename Lanes::Vector (&values)[N])
{
    constexpr int width = Lanes::width;
    alignas(64) T beside[N * width];
    const T* from = in;
    if constexpr (!Whole) {
        for (std::int64_t c = 0; c < N * width; ++c) {
            beside[c] = c < columns ? in[c] : T{};
        }
        from = beside;
    }
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) {
        values[n] = Lanes::load(from + n * width);
    }
}

/// Calls tile.template run<M>(row) over rows in steps of `Most`, then for the rest.
template <int M, class Tile>
DUODIFF_INLINE void last_rows(const Tile& tile, std::int64_t row, std::int64_t rows)
{
    if constexpr (M > 0) {
        if (rows == M) {
            tile.template run<M>(row);
        } else {
            last_rows<M - 1>(tile, row, rows);
        }
    }
}

template <int Most, class Tile>
DUODIFF_INLINE void over_rows(const Tile& tile, std::int64_t rows)
{
    std::int64_t row = 0;
    for (; row + Most <= rows; row += Most) {
        tile.template run<Most>(row);
    }
    last_rows<Most - 1>(tile, row, rows - row);
}

/// 1 / (1 + exp(-x)) by powers of two of what is not positive, so that nothing overflows.
template <class Lanes>
DUODIFF_INLINE typename Lanes::Vector sigmoid_of(typename Lanes::Vector x)
{
    using Vector = typename Lanes::Vector;
    const Vector size = Lanes::maximum(x, -x);
    const Vector power = exp2_of<Lanes>(size * -1.44269504088896340736F);
    return Lanes::divide(x < 0.0F ? power : splat<Lanes>(1.0F), power + 1.0F);
}

}  // namespace
}  // namespace duodiff
