// SPDX-License-Identifier: MIT
// What the 8-bit kernels compute, written plainly for tests to compare with, and how weights become bytes.
#include "kernels/int8_rows.h"
#include "kernels/plain_math.h"

#include <algorithm>
#include <cmath>

namespace duodiff
{
namespace
{

std::uint8_t to_byte(float x, const RowRange& range)
{
    return std::isnan(range.scale.scale)
               ? std::uint8_t{0}
               : static_cast<std::uint8_t>(std::min(255, nearest(x * range.inverse) + range.scale.zero));
}

struct RangeOfRow {
    float least = 0.0F;
    float most = 0.0F;
    float check = 0.0F;

    void add(float x)
    {
        least = std::min(least, x);
        most = std::max(most, x);
        check += x * 0.0F;
    }
};

template <class T>
void plain_to_bytes(const RowsToBytes<T>& r)
{
    for (std::int64_t row = 0; row < r.rows; ++row) {
        const auto value = [&](std::int64_t i) {
            return to_float(i < r.k ? r.x[row * r.x_stride + i] : r.x2[row * r.x2_stride + i - r.k]);
        };
        RangeOfRow found;
        for (std::int64_t i = 0; i < r.k + r.k2; ++i) {
            found.add(value(i));
        }
        const RowRange range = row_range(found.least, found.most, found.check);
        r.out.scales[row] = range.scale;
        for (std::int64_t i = 0; i < r.k + r.k2; ++i) {
            r.out.values[row * r.out.stride + i] = to_byte(value(i), range);
        }
    }
}

template <class T>
void plain_norm_to_bytes(const NormToBytes<T>& norm)
{
    for (std::int64_t row = 0; row < norm.rows; ++row) {
        const T* x = norm.x + row * norm.x_stride;
        double sum = 0.0;
        for (std::int64_t i = 0; i < norm.dim; ++i) {
            sum += static_cast<double>(to_float(x[i]));
        }
        const double mean = sum / static_cast<double>(norm.dim);
        double square = 0.0;
        for (std::int64_t i = 0; i < norm.dim; ++i) {
            const double away = static_cast<double>(to_float(x[i])) - mean;
            square += away * away;
        }
        const double scale = 1.0 / std::sqrt(square / static_cast<double>(norm.dim) + 1e-5);
        const auto value = [&](std::int64_t i) {
            return static_cast<float>((static_cast<double>(to_float(x[i])) - mean) * scale) * norm.weight[i] +
                   norm.bias[i];
        };
        RangeOfRow found;
        for (std::int64_t i = 0; i < norm.dim; ++i) {
            found.add(value(i));
        }
        const RowRange range = row_range(found.least, found.most, found.check);
        norm.out.scales[row] = range.scale;
        for (std::int64_t i = 0; i < norm.dim; ++i) {
            norm.out.values[row * norm.out.stride + i] = to_byte(value(i), range);
        }
    }
}

template <class T>
void plain_product(const Int8Product<T>& p)
{
    for (std::int64_t row = 0; row < p.rows; ++row) {
        const std::uint8_t* a = p.a.values + row * p.a.stride;
        const RowScale& scale = p.a.scales[row];
        for (std::int64_t column = 0; column < p.n; ++column) {
            const std::int8_t* weight = p.weight.values + column * p.k;
            std::int32_t sum = 0;
            for (std::int64_t i = 0; i < p.k; ++i) {
                sum += (a[i] - scale.zero) * weight[i];
            }
            float value =
                static_cast<float>(sum) * (scale.scale * p.weight.scale[column]) + p.weight.bias[column];
            value = p.activation == Activation::gelu ? gelu(value) : value;
            value += p.residual ? to_float(p.residual[row * p.residual_stride + column]) : 0.0F;
            p.out[row * p.out_stride + column] = from_float<T>(value);
        }
    }
}

template <class T>
constexpr Int8Kernels<T> plain_kernels()
{
    Int8Kernels<T> kernels;
    kernels.to_bytes = &plain_to_bytes<T>;
    kernels.norm_to_bytes = &plain_norm_to_bytes<T>;
    kernels.product = &plain_product<T>;
    return kernels;
}

}  // namespace

std::int64_t padded_terms(const ProductLayout& layout, std::int64_t k)
{
    return (k + layout.step - 1) / layout.step * layout.step;
}

void pack_int8_weight(const ProductLayout& layout, const float* weight, const float* bias, std::int64_t n,
                      std::int64_t k, const Int8Weight& packed)
{
    constexpr float most = 127.0F;  // not -128: as far below 0 as above it
    const std::int64_t terms = padded_terms(layout, k);
    std::fill_n(packed.values, layout.elements(n, terms), std::int8_t{0});
    for (std::int64_t column = 0; column < layout.panels(n) * layout.columns; ++column) {
        packed.scale[column] = packed.bias[column] = 0.0F;
        packed.sum[column] = 0;
        if (column >= n) {
            continue;
        }
        const float* row = weight + column * k;
        float largest = 0.0F;
        float check = 0.0F;
        for (std::int64_t i = 0; i < k; ++i) {
            largest = std::max(largest, std::abs(row[i]));
            check += row[i] * 0.0F;
        }
        packed.bias[column] = bias != nullptr ? bias[column] : 0.0F;
        packed.scale[column] = largest / most + check;
        const float inverse = most / largest;
        if (!std::isfinite(inverse) || !std::isfinite(packed.scale[column])) {
            continue;  // zeros, or something that is not a number and that the scale shows
        }
        std::int8_t* panel = packed.values + column / layout.columns * layout.columns * terms +
                             column % layout.columns * layout.step;
        for (std::int64_t i = 0; i < k; ++i) {
            const std::int32_t byte = nearest(row[i] * inverse);
            packed.sum[column] += byte;
            panel[i / layout.step * layout.columns * layout.step + i % layout.step] =
                static_cast<std::int8_t>(byte);
        }
    }
}

extern const Int8Kernels<float> plain_int8_float_kernels;
extern const Int8Kernels<BFloat16> plain_int8_bfloat16_kernels;
constinit const Int8Kernels<float> plain_int8_float_kernels = plain_kernels<float>();
constinit const Int8Kernels<BFloat16> plain_int8_bfloat16_kernels = plain_kernels<BFloat16>();

}  // namespace duodiff
