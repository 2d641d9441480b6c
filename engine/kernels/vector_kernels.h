// SPDX-License-Identifier: MIT
// The kernels, over the vectors of an instruction set; in an unnamed namespace for the reason that
// vector_math.h gives.
#pragma once

#include "kernels/vector_attention.h"
#include "kernels/vector_math.h"

namespace duodiff
{
namespace
{

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
