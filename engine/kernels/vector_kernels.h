// SPDX-License-Identifier: MIT
// The kernels, written once over the vectors of an instruction set. Included by one file an instruction set,
// each compiled with that set's flags; everything is in an unnamed namespace and no function of the standard
// library is instantiated here, so that no such code can be linked into a path that other processors run.
#pragma once

#include "kernels/kernels.h"

namespace duodiff
{
namespace
{

#define DUODIFF_INLINE inline __attribute__((always_inline))

/// Lanes: a type with
///   Element, Vector (of floats), Integer (of as many ints), Weights (a vector of packed weights);
///   width of a vector, step along k; a tile of a product: product_rows by product_vectors, and of attention:
///   rows by 2 load_weights, broadcast, multiply_add load/store of Element and float vectors, maximum,
///   minimum, square_root, and over a vector total, largest; Unit: `step` neighbours as one number, so that
///   packing moves them together.

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

/// What follows the sums of a product: known while compiling, so that the sums stay in registers.
template <bool Gelu, bool Residual, bool Whole>
struct Ending {
    static constexpr bool has_gelu = Gelu;
    static constexpr bool has_residual = Residual;
    static constexpr bool is_whole = Whole;
};

/// M rows and one panel of columns of a product.
template <class Lanes, class End, int M>
void product_tile(const Product<typename Lanes::Element>& p, std::int64_t row, std::int64_t first)
{
    using Vector = typename Lanes::Vector;
    constexpr int N = Lanes::product_vectors;
    constexpr std::int64_t panel_columns = N * Lanes::width;
    const std::int64_t columns = p.n - first;
    const auto* weight = p.weight + first * (p.k + p.k2);
    Vector sum[M][N] = {};
    multiply_rows<Lanes, M, N>(p.a + row * p.a_stride, p.a_stride, weight, p.k, sum);
    if (p.k2 > 0) {
        multiply_rows<Lanes, M, N>(p.a2 + row * p.a2_stride, p.a2_stride, weight + panel_columns * p.k, p.k2,
                                   sum);
    }
    Vector bias[N] = {};
    if (p.bias != nullptr) {
        load_columns<Lanes, End::is_whole, N>(p.bias + first, columns, bias);
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
            Vector value = sum[m][n] + bias[n];
            if constexpr (End::has_gelu) {
                value = gelu_of<Lanes>(value);
            }
            sum[m][n] = End::has_residual ? value + residual[n] : value;
        }
        store_columns<Lanes, End::is_whole, N>(p.out + (row + m) * p.out_stride + first, sum[m], columns);
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

template <class Lanes, class End>
struct ProductPanel {
    const Product<typename Lanes::Element>& product;
    std::int64_t first;  ///< column
    template <int M>
    void run(std::int64_t row) const
    {
        product_tile<Lanes, End, M>(product, row, first);
    }
};

template <class Lanes, bool Gelu, bool Residual>
void product_with(const Product<typename Lanes::Element>& p)
{
    constexpr std::int64_t columns = Lanes::product_vectors * Lanes::width;
    std::int64_t first = 0;
    for (; first + columns <= p.n; first += columns) {
        over_rows<Lanes::product_rows>(ProductPanel<Lanes, Ending<Gelu, Residual, true>>{p, first}, p.rows);
    }
    if (first < p.n) {
        over_rows<Lanes::product_rows>(ProductPanel<Lanes, Ending<Gelu, Residual, false>>{p, first}, p.rows);
    }
}

template <class Lanes>
void product(const Product<typename Lanes::Element>& p)
{
    if (p.activation == Activation::gelu) {
        p.residual != nullptr ? product_with<Lanes, true, true>(p) : product_with<Lanes, true, false>(p);
    } else {
        p.residual != nullptr ? product_with<Lanes, false, true>(p) : product_with<Lanes, false, false>(p);
    }
}

template <class Lanes>
void pack_weight(const typename Lanes::Element* weight, std::int64_t n, std::int64_t k,
                 typename Lanes::Element* packed)
{
    constexpr std::int64_t columns = Lanes::product_vectors * Lanes::width;
    for (std::int64_t first = 0; first < n; first += columns) {
        for (std::int64_t i = 0; i < k; i += Lanes::step) {
            for (std::int64_t c = 0; c < columns; ++c) {
                for (std::int64_t s = 0; s < Lanes::step; ++s) {
                    *packed++ = first + c < n ? weight[(first + c) * k + i + s] : typename Lanes::Element{};
                }
            }
        }
    }
}

/// Of a row, for LayerNorm: the values become (x - mean) * scale.
struct RowMoments {
    float mean;
    float scale;
};

template <class Lanes>
DUODIFF_INLINE RowMoments row_moments(const typename Lanes::Element* x, std::int64_t dim)
{
    using Vector = typename Lanes::Vector;
    constexpr int width = Lanes::width;
    const std::int64_t whole = dim - dim % width;
    const auto n = static_cast<float>(dim);
    Vector sums = {};
    for (std::int64_t i = 0; i < whole; i += width) {
        sums += Lanes::load(x + i);
    }
    float sum = Lanes::total(sums);
    for (std::int64_t i = whole; i < dim; ++i) {
        sum += to_float(x[i]);
    }
    const float mean = sum / n;
    Vector squares = {};
    for (std::int64_t i = 0; i < whole; i += width) {
        const Vector away = Lanes::load(x + i) - mean;
        squares += away * away;
    }
    float square = Lanes::total(squares);
    for (std::int64_t i = whole; i < dim; ++i) {
        const float away = to_float(x[i]) - mean;
        square += away * away;
    }
    return {mean, 1.0F / Lanes::square_root(square / n + 1e-5F)};
}

template <class Lanes>
void layer_norm(const typename Lanes::Element* x, std::ptrdiff_t x_stride, std::int64_t rows,
                std::int64_t dim, const float* weight, const float* bias, typename Lanes::Element* out,
                std::ptrdiff_t out_stride)
{
    constexpr int width = Lanes::width;
    const std::int64_t whole = dim - dim % width;
    for (std::int64_t row = 0; row < rows; ++row, x += x_stride, out += out_stride) {
        const auto [mean, scale] = row_moments<Lanes>(x, dim);
        for (std::int64_t i = 0; i < whole; i += width) {
            Lanes::store(out + i, (Lanes::load(x + i) - mean) * scale * Lanes::load(weight + i) +
                                      Lanes::load(bias + i));
        }
        for (std::int64_t i = whole; i < dim; ++i) {
            out[i] = Lanes::from_float((to_float(x[i]) - mean) * scale * weight[i] + bias[i]);
        }
    }
}

// ----------------------------------------------------------------------------------------------

/// 1 / (1 + exp(-x)) by powers of two of what is not positive, so that nothing overflows.
template <class Lanes>
DUODIFF_INLINE typename Lanes::Vector sigmoid_of(typename Lanes::Vector x)
{
    using Vector = typename Lanes::Vector;
    const Vector size = Lanes::maximum(x, -x);
    const Vector power = exp2_of<Lanes>(size * -1.44269504088896340736F);
    return Lanes::divide(x < 0.0F ? power : splat<Lanes>(1.0F), power + 1.0F);
}

/// weight . token + bias of M tokens, dim numbers each: the same numbers whatever M is.
template <class Lanes, int M>
DUODIFF_INLINE void logits_of(const typename Lanes::Element* tokens, std::int64_t dim, const float* weight,
                              float bias, float* logits)
{
    using Vector = typename Lanes::Vector;
    constexpr int width = Lanes::width;
    const std::int64_t whole = dim - dim % width;
    Vector dots[M] = {};
    for (std::int64_t i = 0; i < whole; i += width) {
        const Vector w = Lanes::load(weight + i);
#pragma GCC unroll 4
        for (int m = 0; m < M; ++m) {
            dots[m] += Lanes::load(tokens + m * dim + i) * w;
        }
    }
#pragma GCC unroll 4
    for (int m = 0; m < M; ++m) {
        float logit = Lanes::total(dots[m]) + bias;
        for (std::int64_t i = whole; i < dim; ++i) {
            logit += to_float(tokens[m * dim + i]) * weight[i];
        }
        logits[m] = logit;
    }
}

template <class Lanes>
float mean_sigmoid(const typename Lanes::Element* tokens, std::int64_t rows, std::int64_t dim,
                   const float* weight, float bias)
{
    constexpr int width = Lanes::width;
    float sum = 0.0F;
    for (std::int64_t first = 0; first < rows; first += width, tokens += width * dim) {
        const std::int64_t there = rows - first < width ? rows - first : width;
        alignas(64) float values[width] = {};
        std::int64_t token = 0;
        for (; token + 4 <= there; token += 4) {
            logits_of<Lanes, 4>(tokens + token * dim, dim, weight, bias, values + token);
        }
        for (; token < there; ++token) {
            logits_of<Lanes, 1>(tokens + token * dim, dim, weight, bias, values + token);
        }
        Lanes::store(values, sigmoid_of<Lanes>(Lanes::load(values)));
        for (token = 0; token < there; ++token) {
            sum += values[token];
        }
    }
    return sum / static_cast<float>(rows);
}

template <class Lanes>
void widen(const typename Lanes::Element* from, std::int64_t count, float* to)
{
    const std::int64_t whole = count - count % Lanes::width;
    for (std::int64_t i = 0; i < whole; i += Lanes::width) {
        Lanes::store(to + i, Lanes::load(from + i));
    }
    for (std::int64_t i = whole; i < count; ++i) {
        to[i] = to_float(from[i]);
    }
}

template <class Lanes>
void narrow(const float* from, std::int64_t count, typename Lanes::Element* to)
{
    const std::int64_t whole = count - count % Lanes::width;
    for (std::int64_t i = 0; i < whole; i += Lanes::width) {
        Lanes::store(to + i, Lanes::load(from + i));
    }
    for (std::int64_t i = whole; i < count; ++i) {
        to[i] = Lanes::from_float(from[i]);
    }
}

constexpr std::int64_t round_up(std::int64_t value, std::int64_t unit)
{
    return (value + unit - 1) / unit * unit;
}

/// Where the parts of the scratch of one head lie.
template <class Lanes>
struct AttentionPlan {
    using Element = typename Lanes::Element;
    static constexpr std::int64_t columns = 2 * Lanes::width;
    std::int64_t keys;   ///< length, filled up to whole panels
    std::int64_t depth;  ///< length, filled up to a multiple of step: k of the second product
    std::int64_t dims;   ///< head_dim, filled up to whole panels

    AttentionPlan(std::int64_t length, std::int64_t head_dim)
        : keys(round_up(length, columns)),
          depth(round_up(length, Lanes::step)),
          dims(round_up(head_dim, columns))
    {
    }
    std::int64_t key_elements(std::int64_t head_dim) const { return keys * head_dim; }
    std::int64_t value_elements() const { return depth * dims; }
    std::int64_t bytes(std::int64_t head_dim) const
    {
        return round_up(static_cast<std::int64_t>(sizeof(Element)) * key_elements(head_dim), 64) +
               round_up(static_cast<std::int64_t>(sizeof(Element)) * value_elements(), 64) +
               round_up(static_cast<std::int64_t>(sizeof(float)) * Lanes::rows * keys, 64) +
               round_up(static_cast<std::int64_t>(sizeof(Element)) * Lanes::rows * keys, 64);
    }
};

template <class Lanes>
struct AttentionRows {
    using Element = typename Lanes::Element;
    using Vector = typename Lanes::Vector;
    const AttentionHead<Element>& head;
    const AttentionPlan<Lanes>& plan;
    const Element* keys;
    const Element* values;
    float* scores;   ///< (rows, plan.keys)
    Element* share;  ///< the same shape, not divided by the row's sum yet

    template <int M>
    void run(std::int64_t row) const
    {
        constexpr std::int64_t columns = AttentionPlan<Lanes>::columns;
        constexpr int width = Lanes::width;
        // log2(e) / sqrt(d): softmax by powers of two
        const float scale = 1.44269504088896340736F / Lanes::square_root(static_cast<float>(head.head_dim));
        for (std::int64_t first = 0; first < plan.keys; first += columns) {
            Vector sum[M][2] = {};
            multiply_rows<Lanes, M, 2>(head.q + row * head.stride, head.stride, keys + first * head.head_dim,
                                       head.head_dim, sum);
#pragma GCC unroll 16
            for (int m = 0; m < M; ++m) {
                Lanes::store(scores + m * plan.keys + first, sum[m][0] * scale);
                Lanes::store(scores + m * plan.keys + first + width, sum[m][1] * scale);
            }
        }
        float inverse[M];
        for (int m = 0; m < M; ++m) {
            inverse[m] = 1.0F / to_shares(scores + m * plan.keys, share + m * plan.keys);
        }
        for (std::int64_t first = 0; first < plan.dims; first += columns) {
            Vector sum[M][2] = {};
            multiply_rows<Lanes, M, 2>(share, plan.keys, values + first * plan.depth, plan.depth, sum);
            const bool whole = first + columns <= head.head_dim;
#pragma GCC unroll 16
            for (int m = 0; m < M; ++m) {
                sum[m][0] *= inverse[m];
                sum[m][1] *= inverse[m];
                Element* out = head.out + (row + m) * head.out_stride + first;
                if (whole) {
                    store_columns<Lanes, true, 2>(out, sum[m], columns);
                } else {
                    store_columns<Lanes, false, 2>(out, sum[m], head.head_dim - first);
                }
            }
        }
    }

    /// exp(score - maximum) of a row, and their sum.
    DUODIFF_INLINE float to_shares(float* row, Element* out) const
    {
        constexpr int width = Lanes::width;
        const std::int64_t whole = head.length - head.length % width;
        Vector top = splat<Lanes>(row[0]);
        for (std::int64_t i = 0; i < whole; i += width) {
            top = Lanes::maximum(top, Lanes::load(row + i));
        }
        float maximum = Lanes::largest(top);
        for (std::int64_t i = whole; i < head.length; ++i) {
            maximum = row[i] > maximum ? row[i] : maximum;
        }
        Vector sums = {};
        for (std::int64_t i = 0; i < whole; i += width) {
            const Vector power = exp2_of<Lanes>(Lanes::load(row + i) - maximum);
            sums += power;
            Lanes::store(out + i, power);
        }
        // Keys that are not there get a share of 0.
        for (std::int64_t i = whole; i < plan.keys; i += width) {
            Lanes::store(row + i, exp2_of<Lanes>(Lanes::load(row + i) - maximum));
            for (std::int64_t j = head.length > i ? head.length : i; j < i + width; ++j) {
                row[j] = 0.0F;
            }
            const Vector kept = Lanes::load(row + i);
            sums += kept;
            Lanes::store(out + i, kept);
        }
        return Lanes::total(sums);
    }
};

template <class Lanes>
std::size_t attention_scratch(std::int64_t length, std::int64_t head_dim)
{
    return static_cast<std::size_t>(AttentionPlan<Lanes>(length, head_dim).bytes(head_dim));
}

/// k as panels of keys, as pack_weight does with rows of a weight.
template <class Lanes>
void pack_keys(const AttentionHead<typename Lanes::Element>& head, const AttentionPlan<Lanes>& plan,
               typename Lanes::Element* keys)
{
    using Unit = typename Lanes::Unit;
    constexpr std::int64_t columns = 2 * Lanes::width;
    const std::int64_t units = head.head_dim / Lanes::step;
    for (std::int64_t key = 0; key < plan.keys; ++key) {
        Unit* to = reinterpret_cast<Unit*>(keys + key / columns * columns * head.head_dim) + key % columns;
        if (key < head.length) {
            const auto* from = reinterpret_cast<const Unit*>(head.k + key * head.stride);
            for (std::int64_t i = 0; i < units; ++i) {
                to[i * columns] = from[i];
            }
        } else {
            for (std::int64_t i = 0; i < units; ++i) {
                to[i * columns] = Unit{};
            }
        }
    }
}

/// v as panels of dimensions, `step` neighbouring tokens together.
template <class Lanes>
void pack_values(const AttentionHead<typename Lanes::Element>& head, const AttentionPlan<Lanes>& plan,
                 typename Lanes::Element* values)
{
    using Element = typename Lanes::Element;
    constexpr std::int64_t columns = 2 * Lanes::width;
    for (std::int64_t first = 0; first < plan.dims; first += columns) {
        Element* panel = values + first * plan.depth;
        const std::int64_t there = head.head_dim - first < columns ? head.head_dim - first : columns;
        for (std::int64_t token = 0; token < plan.depth;
             token += Lanes::step, panel += columns * Lanes::step) {
            const Element* value = head.v + token * head.stride + first;
            const Element* next = value + (token + 1 < head.length ? head.stride : 0);
            if (there == columns && token + Lanes::step <= head.length) {
                Lanes::interleave(panel, value, next);
                continue;
            }
            for (std::int64_t c = 0; c < columns; ++c) {
                for (std::int64_t s = 0; s < Lanes::step; ++s) {
                    const bool is_there = c < there && token + s < head.length;
                    panel[c * Lanes::step + s] = is_there ? value[s * head.stride + c] : Element{};
                }
            }
        }
    }
}

template <class Lanes>
void attention(const AttentionHead<typename Lanes::Element>& head)
{
    using Element = typename Lanes::Element;
    const AttentionPlan<Lanes> plan(head.length, head.head_dim);
    auto* place = static_cast<unsigned char*>(head.scratch);
    const auto take = [&place](std::int64_t bytes) {
        unsigned char* taken = place;
        place += round_up(bytes, 64);
        return taken;
    };
    auto* keys = reinterpret_cast<Element*>(
        take(static_cast<std::int64_t>(sizeof(Element)) * plan.key_elements(head.head_dim)));
    auto* values =
        reinterpret_cast<Element*>(take(static_cast<std::int64_t>(sizeof(Element)) * plan.value_elements()));
    auto* scores =
        reinterpret_cast<float*>(take(static_cast<std::int64_t>(sizeof(float)) * Lanes::rows * plan.keys));
    auto* share = reinterpret_cast<Element*>(place);

    pack_keys<Lanes>(head, plan, keys);
    pack_values<Lanes>(head, plan, values);
    over_rows<Lanes::rows>(AttentionRows<Lanes>{head, plan, keys, values, scores, share}, head.queries);
}

template <class Lanes>
constexpr Kernels<typename Lanes::Element> kernels_of(Isa isa)
{
    Kernels<typename Lanes::Element> kernels;
    kernels.isa = isa;
    kernels.layout = {
        .columns = Lanes::product_vectors * Lanes::width, .step = Lanes::step, .rows = Lanes::rows};
    kernels.pack_weight = &pack_weight<Lanes>;
    kernels.product = &product<Lanes>;
    kernels.layer_norm = &layer_norm<Lanes>;
    kernels.mean_sigmoid = &mean_sigmoid<Lanes>;
    kernels.widen = &widen<Lanes>;
    kernels.narrow = &narrow<Lanes>;
    kernels.attention = &attention<Lanes>;
    kernels.attention_scratch = &attention_scratch<Lanes>;
    return kernels;
}

}  // namespace
}  // namespace duodiff
