// SPDX-License-Identifier: MIT
// The 8-bit kernels, written once over the vectors of an instruction set; in an unnamed namespace for the
// reason that vector_math.h gives.
#pragma once

#include "kernels/int8_rows.h"
#include "kernels/vector_kernels.h"

namespace duodiff
{
namespace
{

/// Lanes: those of vector_math.h, and
///   Bytes, a vector of 4 bytes a lane; load_bytes of packed weights; broadcast_bytes of four of a row;
///   multiply_bytes, which adds to each lane the sum of four products, unsigned by signed, in 32 bits without
///   saturation; round_to_bytes: nearest(x) + zero, at most 255, to `width` bytes in memory.

constexpr std::int64_t byte_step = 4;

/// sum[M][N] += a (M rows, k) * panel (k, N vectors)
template <class Lanes, int M, int N>
DUODIFF_INLINE void multiply_byte_rows(const std::uint8_t* a, std::ptrdiff_t stride, const std::int8_t* panel,
                                       std::int64_t k, typename Lanes::Integer (&sum)[M][N])
{
    constexpr std::int64_t vector = Lanes::width * byte_step;
    for (std::int64_t i = 0; i < k; i += byte_step) {
        typename Lanes::Bytes weights[N];
#pragma GCC unroll 4
        for (int n = 0; n < N; ++n) {
            weights[n] = Lanes::load_bytes(panel + n * vector);
        }
        panel += N * vector;
#pragma GCC unroll 16
        for (int m = 0; m < M; ++m) {
            const auto value = Lanes::broadcast_bytes(a + m * stride + i);
#pragma GCC unroll 4
            for (int n = 0; n < N; ++n) {
                sum[m][n] = Lanes::multiply_bytes(value, weights[n], sum[m][n]);
            }
        }
    }
}

/// GELU before bf16 and then bytes: erf as a polynomial of degree 15, least in the largest error of the
/// result, which is below 1e-4; the bytes that follow have steps a hundred times as large.
template <class Lanes>
DUODIFF_INLINE typename Lanes::Vector coarse_gelu_of(typename Lanes::Vector x)
{
    using Vector = typename Lanes::Vector;
    constexpr float end = 4.1F;  // where the polynomial reaches 1
    const Vector z = Lanes::minimum(Lanes::maximum(x, splat<Lanes>(-end)), splat<Lanes>(end));
    const Vector z2 = z * z;
    Vector p = splat<Lanes>(-1.6565711e-09F);
    p = p * z2 + 1.49356055e-07F;
    p = p * z2 - 5.82953908e-06F;
    p = p * z2 + 1.30477289e-04F;
    p = p * z2 - 1.87711476e-03F;
    p = p * z2 + 1.8502472e-02F;
    p = p * z2 - 1.30885333e-01F;
    p = p * z2 + 7.96828091e-01F;
    const Vector half = x * 0.5F;
    return half + half * (z * p);
}

/// M rows and one panel of columns.
template <class Lanes, class End, int M>
void int8_tile(const Int8Product<typename Lanes::Element>& p, std::int64_t row, std::int64_t first)
{
    using Vector = typename Lanes::Vector;
    using Integer = typename Lanes::Integer;
    constexpr int N = Lanes::product_vectors;
    constexpr int width = Lanes::width;
    const std::int64_t columns = p.n - first;
    Integer sum[M][N] = {};
    multiply_byte_rows<Lanes, M, N>(p.a.values + row * p.a.stride, p.a.stride, p.weight.values + first * p.k,
                                    p.k, sum);
    Vector result[M][N];
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) {
        const std::int64_t at = first + n * width;
        const Vector scale = Lanes::load(p.weight.scale + at);
        const Vector bias = Lanes::load(p.weight.bias + at);
        Integer bytes;
        __builtin_memcpy(&bytes, p.weight.sum + at, sizeof bytes);
#pragma GCC unroll 16
        for (int m = 0; m < M; ++m) {
            const RowScale& of_row = p.a.scales[row + m];
            const Integer exact = sum[m][n] - bytes * of_row.zero;
            result[m][n] = __builtin_convertvector(exact, Vector) * (scale * of_row.scale) + bias;
        }
    }
#pragma GCC unroll 16
    for (int m = 0; m < M; ++m) {
        Vector residual[N] = {};
        if constexpr (End::has_residual) {
            load_columns<Lanes, End::is_whole, N>(p.residual + (row + m) * p.residual_stride + first, columns,
                                                  residual);
        }
#pragma GCC unroll 4
        for (int n = 0; n < N; ++n) {
            Vector value = result[m][n];
            if constexpr (End::has_gelu) {
                value = Lanes::is_exact ? gelu_of<Lanes>(value) : coarse_gelu_of<Lanes>(value);
            }
            result[m][n] = End::has_residual ? value + residual[n] : value;
        }
        store_columns<Lanes, End::is_whole, N>(p.out + (row + m) * p.out_stride + first, result[m], columns);
    }
}

template <class Lanes, class End>
struct Int8Panel {
    const Int8Product<typename Lanes::Element>& product;
    std::int64_t first;  ///< column
    template <int M>
    void run(std::int64_t row) const
    {
        int8_tile<Lanes, End, M>(product, row, first);
    }
};

template <class Lanes, bool Gelu, bool Residual>
void int8_product_with(const Int8Product<typename Lanes::Element>& p)
{
    constexpr std::int64_t columns = Lanes::product_vectors * Lanes::width;
    std::int64_t first = 0;
    for (; first + columns <= p.n; first += columns) {
        over_rows<Lanes::product_rows>(Int8Panel<Lanes, Ending<Gelu, Residual, true>>{p, first}, p.rows);
    }
    if (first < p.n) {
        over_rows<Lanes::product_rows>(Int8Panel<Lanes, Ending<Gelu, Residual, false>>{p, first}, p.rows);
    }
}

template <class Lanes>
void int8_product(const Int8Product<typename Lanes::Element>& p)
{
    if (p.activation == Activation::gelu) {
        p.residual != nullptr ? int8_product_with<Lanes, true, true>(p)
                              : int8_product_with<Lanes, true, false>(p);
    } else {
        p.residual != nullptr ? int8_product_with<Lanes, false, true>(p)
                              : int8_product_with<Lanes, false, false>(p);
    }
}

/// Least, largest, and whether all is finite, of the values that pass through it.
template <class Lanes>
struct RowExtremes {
    using Vector = typename Lanes::Vector;
    Vector below = {};
    Vector above = {};
    Vector check = {};
    float least = 0.0F;
    float most = 0.0F;
    float rest = 0.0F;

    DUODIFF_INLINE void add(Vector x)
    {
        below = Lanes::minimum(below, x);
        above = Lanes::maximum(above, x);
        check += x * 0.0F;
    }
    DUODIFF_INLINE void add(float x)
    {
        least = x < least ? x : least;
        most = x > most ? x : most;
        rest += x * 0.0F;
    }
    DUODIFF_INLINE RowRange range() const
    {
        const float under = -Lanes::largest(-below);
        const float over = Lanes::largest(above);
        return row_range(under < least ? under : least, over > most ? over : most,
                         Lanes::total(check) + rest);
    }
};

template <class Lanes>
DUODIFF_INLINE std::uint8_t round_to_byte(float x, const RowRange& range)
{
    const std::int32_t byte = nearest(x * range.inverse) + range.scale.zero;
    return static_cast<std::uint8_t>(byte > 255 ? 255 : byte);
}

/// Two passes over `count` values that come from load(i, Vector) and load(i, float).
template <class Lanes, class Load>
DUODIFF_INLINE void add_extremes(RowExtremes<Lanes>& extremes, const Load& load, std::int64_t count)
{
    constexpr int width = Lanes::width;
    const std::int64_t whole = count - count % width;
    for (std::int64_t i = 0; i < whole; i += width) {
        extremes.add(load.vector(i));
    }
    for (std::int64_t i = whole; i < count; ++i) {
        extremes.add(load.scalar(i));
    }
}

template <class Lanes, class Load>
DUODIFF_INLINE void write_bytes(const RowRange& range, const Load& load, std::int64_t count,
                                std::uint8_t* out)
{
    constexpr int width = Lanes::width;
    const std::int64_t whole = count - count % width;
    for (std::int64_t i = 0; i < whole; i += width) {
        Lanes::round_to_bytes(out + i, load.vector(i) * range.inverse, range.scale.zero);
    }
    for (std::int64_t i = whole; i < count; ++i) {
        out[i] = round_to_byte<Lanes>(load.scalar(i), range);
    }
}

DUODIFF_INLINE void fill_up(std::uint8_t* out, std::int64_t count)
{
    for (std::int64_t i = count; i < round_up(count, byte_step); ++i) {
        out[i] = 0;
    }
}

template <class Lanes>
struct StoredRow {
    const typename Lanes::Element* x;
    DUODIFF_INLINE typename Lanes::Vector vector(std::int64_t i) const { return Lanes::load(x + i); }
    DUODIFF_INLINE float scalar(std::int64_t i) const { return to_float(x[i]); }
};

template <class Lanes>
void to_bytes(const RowsToBytes<typename Lanes::Element>& r)
{
    for (std::int64_t row = 0; row < r.rows; ++row) {
        const StoredRow<Lanes> first{r.x + row * r.x_stride};
        const StoredRow<Lanes> second{r.k2 > 0 ? r.x2 + row * r.x2_stride : nullptr};
        RowExtremes<Lanes> extremes;
        add_extremes(extremes, first, r.k);
        add_extremes(extremes, second, r.k2);
        const RowRange range = extremes.range();
        r.out.scales[row] = range.scale;
        std::uint8_t* out = r.out.values + row * r.out.stride;
        write_bytes<Lanes>(range, first, r.k, out);
        write_bytes<Lanes>(range, second, r.k2, out + r.k);
        fill_up(out, r.k + r.k2);
    }
}

template <class Lanes>
struct NormalRow {
    const typename Lanes::Element* x;
    const float* weight;
    const float* bias;
    float mean;
    float scale;
    DUODIFF_INLINE typename Lanes::Vector vector(std::int64_t i) const
    {
        return (Lanes::load(x + i) - mean) * scale * Lanes::load(weight + i) + Lanes::load(bias + i);
    }
    DUODIFF_INLINE float scalar(std::int64_t i) const
    {
        return (to_float(x[i]) - mean) * scale * weight[i] + bias[i];
    }
};

template <class Lanes>
void norm_to_bytes(const NormToBytes<typename Lanes::Element>& norm)
{
    for (std::int64_t row = 0; row < norm.rows; ++row) {
        const auto* x = norm.x + row * norm.x_stride;
        const RowMoments moments = row_moments<Lanes>(x, norm.dim);
        const NormalRow<Lanes> values{x, norm.weight, norm.bias, moments.mean, moments.scale};
        RowExtremes<Lanes> extremes;
        add_extremes(extremes, values, norm.dim);
        const RowRange range = extremes.range();
        norm.out.scales[row] = range.scale;
        std::uint8_t* out = norm.out.values + row * norm.out.stride;
        write_bytes<Lanes>(range, values, norm.dim, out);
        fill_up(out, norm.dim);
    }
}

template <class Lanes>
constexpr Int8Kernels<typename Lanes::Element> int8_kernels_of(Isa isa)
{
    Int8Kernels<typename Lanes::Element> kernels;
    kernels.isa = isa;
    kernels.layout = {
        .columns = Lanes::product_vectors * Lanes::width, .step = byte_step, .rows = Lanes::product_rows};
    kernels.to_bytes = &to_bytes<Lanes>;
    kernels.norm_to_bytes = &norm_to_bytes<Lanes>;
    kernels.product = &int8_product<Lanes>;
    return kernels;
}

}  // namespace
}  // namespace duodiff
