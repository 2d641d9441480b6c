// SPDX-License-Identifier: MIT
// Attention over the vectors of an instruction set; in an unnamed namespace for the reason that vector_math.h
// gives.
#pragma once

#include "kernels/vector_math.h"

namespace duodiff
{
namespace
{

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

}  // namespace
}  // namespace duodiff
