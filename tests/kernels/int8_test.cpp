// SPDX-License-Identifier: GPL-3.0-or-later
// Every instruction set with 8-bit products that this processor has, against the plain C++ twin.
#include "kernels/int8.h"
#include "base/error.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

using namespace duodiff;

namespace duodiff::test
{
extern const Int8Kernels<float> avx_vnni_kernels_as_avx512;
}

namespace
{

template <class T>
constexpr bool is_float = sizeof(T) == sizeof(float);

template <class T>
T make(float value)
{
    if constexpr (is_float<T>) {
        return value;
    } else {
        return to_bfloat16(value);
    }
}

template <class T>
const Int8Kernels<T>& plain()
{
    if constexpr (is_float<T>) {
        return int8_float_kernels(Isa::plain);
    } else {
        return int8_bfloat16_kernels(Isa::plain);
    }
}

/// All that this processor can run, the plain ones first.
template <class T>
std::vector<const Int8Kernels<T>*> all_kernels()
{
    std::vector<const Int8Kernels<T>*> all{&plain<T>()};
    if constexpr (is_float<T>) {
        for (const Isa isa : {Isa::avx_vnni, Isa::avx512_vnni}) {
            if (is_supported(isa)) {
                all.push_back(&int8_float_kernels(isa));
            }
        }
#ifdef DUODIFF_X86_KERNELS
        if (is_supported(Isa::avx512_vnni)) {
            all.push_back(&test::avx_vnni_kernels_as_avx512);
        }
#endif
    } else if (is_supported(Isa::avx512_vnni) && is_supported(Isa::avx512_bf16)) {
        all.push_back(&int8_bfloat16_kernels(Isa::avx512_vnni));
    }
    return all;
}

std::mt19937& random_bits()
{
    static std::mt19937 generator(11);
    return generator;
}

template <class T>
std::vector<T> normal(std::int64_t count, float scale = 1.0F, float mean = 0.0F)
{
    std::normal_distribution<float> distribution(mean, scale);
    std::vector<T> values(static_cast<std::size_t>(count));
    for (T& value : values) {
        value = make<T>(distribution(random_bits()));
    }
    return values;
}

/// Rows of bytes that own their memory.
struct Bytes {
    Bytes(std::int64_t rows, std::int64_t width)
        : stride(width),
          values(static_cast<std::size_t>(rows * width)),
          scales(static_cast<std::size_t>(rows))
    {
    }
    ByteRows rows(std::int64_t first = 0)
    {
        return {values.data() + first * stride, stride, scales.data() + first};
    }
    std::int64_t stride;
    std::vector<std::uint8_t> values;
    std::vector<RowScale> scales;
};

struct PackedWeight {
    PackedWeight(const ProductLayout& layout, const std::vector<float>& weight,
                 const std::vector<float>& bias, std::int64_t n, std::int64_t k)
        : values(static_cast<std::size_t>(layout.elements(n, padded_terms(layout, k)))),
          scale(static_cast<std::size_t>(layout.panels(n) * layout.columns)),
          sum(scale.size()),
          bias_kept(scale.size())
    {
        pack_int8_weight(layout, weight.data(), bias.empty() ? nullptr : bias.data(), n, k, view());
    }
    Int8Weight view() { return {values.data(), scale.data(), sum.data(), bias_kept.data()}; }
    std::vector<std::int8_t> values;
    std::vector<float> scale;
    std::vector<std::int32_t> sum;
    std::vector<float> bias_kept;
};

struct Case {
    std::int64_t rows;
    std::int64_t n;
    std::int64_t k;
    Activation activation = Activation::none;
    bool has_bias = true;
    bool has_residual = false;
};

std::vector<Case> cases()
{
    std::vector<Case> all;
    // Every number of rows in the last tile, every way a panel of columns can end, and a group of four terms.
    for (std::int64_t rows = 1; rows <= 14; ++rows) {
        all.push_back({rows, 33, 64});
    }
    for (std::int64_t n = 1; n <= 66; ++n) {
        all.push_back(
            {5, n, 9 + n % 4, n % 2 == 0 ? Activation::gelu : Activation::none, n % 3 != 0, n % 5 == 0});
    }
    all.push_back({133, 96, 512, Activation::gelu, true, true});
    all.push_back({40, 64, 2048, Activation::none, true, true});
    return all;
}

template <class T>
struct Data {
    explicit Data(const Case& c)
        : x(normal<T>(c.rows * c.k, 1.0F, 0.2F)),
          residual(normal<T>(c.rows * c.n)),
          weight(normal<float>(c.n * c.k, 1.0F / std::sqrt(static_cast<float>(c.k)))),
          bias(c.has_bias ? normal<float>(c.n) : std::vector<float>())
    {
    }
    std::vector<T> x, residual;
    std::vector<float> weight, bias;
};

template <class T>
Bytes to_bytes(const Int8Kernels<T>& kernels, const std::vector<T>& x, std::int64_t rows, std::int64_t k)
{
    Bytes bytes(rows, padded_terms(kernels.layout, k));
    RowsToBytes<T> input;
    input.x = x.data();
    input.x_stride = k;
    input.k = k;
    input.rows = rows;
    input.out = bytes.rows();
    kernels.to_bytes(input);
    return bytes;
}

template <class T>
std::vector<T> run(const Int8Kernels<T>& kernels, const Case& c, const Data<T>& data, std::int64_t first = 0)
{
    Bytes bytes = to_bytes(kernels, data.x, c.rows, c.k);
    PackedWeight weight(kernels.layout, data.weight, data.bias, c.n, c.k);
    std::vector<T> out(static_cast<std::size_t>((c.rows - first) * c.n));
    Int8Product<T> product;
    product.a = bytes.rows(first);
    product.k = padded_terms(kernels.layout, c.k);
    product.weight = weight.view();
    product.residual = c.has_residual ? data.residual.data() + first * c.n : nullptr;
    product.residual_stride = c.n;
    product.out = out.data();
    product.out_stride = c.n;
    product.rows = c.rows - first;
    product.n = c.n;
    product.activation = c.activation;
    kernels.product(product);
    return out;
}

template <class T>
float distance(const std::vector<T>& got, const std::vector<T>& expected)
{
    float worst = 0.0F;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const float error =
            std::abs(to_float(got[i]) - to_float(expected[i])) / (1.0F + std::abs(to_float(expected[i])));
        worst = std::isnan(error) ? std::numeric_limits<float>::infinity() : std::max(worst, error);
    }
    return worst;
}

/// The same bytes and scales, as far as a row of k goes.
void check_same_bytes(const Bytes& got, const Bytes& expected, std::int64_t k)
{
    for (std::size_t row = 0; row < expected.scales.size(); ++row) {
        CHECK(got.scales[row].scale == expected.scales[row].scale);
        CHECK(got.scales[row].zero == expected.scales[row].zero);
        const auto at = [row](const Bytes& bytes) {
            return bytes.values.data() + static_cast<std::int64_t>(row) * bytes.stride;
        };
        CHECK(std::memcmp(at(got), at(expected), static_cast<std::size_t>(k)) == 0);
        for (std::int64_t i = k; i < got.stride; ++i) {
            CHECK(at(got)[i] == 0);
        }
    }
}

}  // namespace

TEST_CASE_TEMPLATE("rows become the bytes that the plain kernels make, to the bit", T, float, BFloat16)
{
    for (const Int8Kernels<T>* kernels : all_kernels<T>()) {
        CAPTURE(to_string(kernels->isa));
        for (const std::int64_t k : {1, 3, 4, 7, 8, 15, 16, 17, 33, 128, 514}) {
            for (const float mean : {-3.0F, 0.0F, 5.0F}) {
                const auto x = normal<T>(6 * k, 2.0F, mean);
                check_same_bytes(to_bytes(*kernels, x, 6, k), to_bytes(plain<T>(), x, 6, k), k);
            }
        }
    }
}

TEST_CASE_TEMPLATE("a byte is within a step of its number, zero is exact, and two parts share a scale", T,
                   float, BFloat16)
{
    const std::int64_t k = 37;
    const std::int64_t k2 = 19;
    auto x = normal<T>(3 * k, 1.0F);
    const auto x2 = normal<T>(3 * k2, 4.0F);
    x[5] = make<T>(0.0F);
    for (const Int8Kernels<T>* kernels : all_kernels<T>()) {
        CAPTURE(to_string(kernels->isa));
        Bytes bytes(3, padded_terms(kernels->layout, k + k2));
        RowsToBytes<T> input;
        input.x = x.data();
        input.x_stride = input.k = k;
        input.x2 = x2.data();
        input.x2_stride = input.k2 = k2;
        input.rows = 3;
        input.out = bytes.rows();
        kernels->to_bytes(input);
        for (std::int64_t row = 0; row < 3; ++row) {
            const RowScale scale = bytes.scales[static_cast<std::size_t>(row)];
            for (std::int64_t i = 0; i < k + k2; ++i) {
                const float value = to_float(i < k ? x[static_cast<std::size_t>(row * k + i)]
                                                   : x2[static_cast<std::size_t>(row * k2 + i - k)]);
                const int byte = bytes.values[static_cast<std::size_t>(row * bytes.stride + i)];
                // Half a step by rounding; at the ends up to another half, as the byte of 0 is rounded too.
                CHECK(std::abs(scale.scale * static_cast<float>(byte - scale.zero) - value) <=
                      1.001F * scale.scale);
            }
        }
        CHECK(bytes.values[5] == bytes.scales[0].zero);
    }
}

TEST_CASE_TEMPLATE("LayerNorm into bytes equals the plain one to a step", T, float, BFloat16)
{
    for (const std::int64_t dim : {1, 2, 7, 16, 17, 128, 513}) {
        auto x = normal<T>(3 * dim, 3.0F, 10.0F);
        std::fill_n(x.begin(), dim, make<T>(2.5F));
        const auto weight = normal<float>(dim);
        const auto bias = normal<float>(dim);
        const auto norm = [&](const Int8Kernels<T>& kernels) {
            Bytes bytes(3, padded_terms(kernels.layout, dim));
            kernels.norm_to_bytes({x.data(), dim, 3, dim, weight.data(), bias.data(), bytes.rows()});
            return bytes;
        };
        const Bytes expected = norm(plain<T>());
        for (const Int8Kernels<T>* kernels : all_kernels<T>()) {
            CAPTURE(to_string(kernels->isa));
            CAPTURE(dim);
            const Bytes got = norm(*kernels);
            for (std::size_t row = 0; row < 3; ++row) {
                CHECK(got.scales[row].scale == doctest::Approx(expected.scales[row].scale).epsilon(1e-4));
                for (std::int64_t i = 0; i < dim; ++i) {
                    const auto value = [&](const Bytes& bytes) {
                        return bytes.values[row * static_cast<std::size_t>(bytes.stride) +
                                            static_cast<std::size_t>(i)] -
                               bytes.scales[row].zero;
                    };
                    CHECK(std::abs(value(got) - value(expected)) <= 1);
                }
            }
        }
    }
}

TEST_CASE_TEMPLATE("an 8-bit product equals the plain one for every shape, activation and residual", T, float,
                   BFloat16)
{
    for (const Case& c : cases()) {
        const Data<T> data(c);
        const auto expected = run(plain<T>(), c, data);
        for (const Int8Kernels<T>* kernels : all_kernels<T>()) {
            CAPTURE(to_string(kernels->isa));
            CAPTURE(c.rows);
            CAPTURE(c.n);
            CAPTURE(c.k);
            CHECK(distance(run(*kernels, c, data), expected) < (is_float<T> ? 4e-6F : 8e-3F));
        }
    }
}

TEST_CASE_TEMPLATE("an 8-bit product is close to the exact one", T, float, BFloat16)
{
    const Case c{20, 70, 512};
    const Data<T> data(c);
    const auto got = run(*all_kernels<T>().back(), c, data);
    double error = 0.0;
    double size = 0.0;
    for (std::int64_t row = 0; row < c.rows; ++row) {
        for (std::int64_t column = 0; column < c.n; ++column) {
            double exact = 0.0;
            for (std::int64_t i = 0; i < c.k; ++i) {
                exact += static_cast<double>(to_float(data.x[static_cast<std::size_t>(row * c.k + i)])) *
                         static_cast<double>(data.weight[static_cast<std::size_t>(column * c.k + i)]);
            }
            exact += static_cast<double>(data.bias[static_cast<std::size_t>(column)]);
            const double away =
                static_cast<double>(to_float(got[static_cast<std::size_t>(row * c.n + column)])) - exact;
            error += away * away;
            size += exact * exact;
        }
    }
    CHECK(std::sqrt(error / size) < 0.015);
}

TEST_CASE("the sums are exact where they are largest, of either sign, up to the most terms")
{
    for (const std::int64_t k : {std::int64_t{4096}, most_int8_terms}) {
        for (const Int8Kernels<float>* kernels : all_kernels<float>()) {
            CAPTURE(to_string(kernels->isa));
            std::vector<float> weight(static_cast<std::size_t>(2 * k), 1.0F);
            std::fill_n(weight.begin() + k, k, -1.0F);
            PackedWeight packed(kernels->layout, weight, {}, 2, k);
            CHECK(packed.sum[0] == 127 * k);
            Bytes bytes(2, k);
            std::fill_n(bytes.values.begin(), k, std::uint8_t{255});
            bytes.scales = {{1.0F, 0}, {1.0F, 255}};  // all as far above zero as can be, then below
            std::vector<float> out(4);
            Int8Product<float> product;
            product.a = bytes.rows();
            product.k = k;
            product.weight = packed.view();
            product.out = out.data();
            product.out_stride = 2;
            product.rows = 2;
            product.n = 2;
            kernels->product(product);
            const double expected = 255.0 * static_cast<double>(k);
            CHECK(static_cast<double>(out[0]) == doctest::Approx(expected).epsilon(1e-6));
            CHECK(static_cast<double>(out[1]) == doctest::Approx(-expected).epsilon(1e-6));
            CHECK(static_cast<double>(out[2]) == doctest::Approx(-expected).epsilon(1e-6));
            CHECK(static_cast<double>(out[3]) == doctest::Approx(expected).epsilon(1e-6));
        }
    }
}

TEST_CASE_TEMPLATE("a row's 8-bit product is the same to the bit whatever rows are computed with it", T,
                   float, BFloat16)
{
    const Case c{30, 70, 64, Activation::gelu, true, true};
    const Data<T> data(c);
    for (const Int8Kernels<T>* kernels : all_kernels<T>()) {
        const auto whole = run(*kernels, c, data);
        for (const std::int64_t first : {1, 5, 11, 12, 17, 29}) {
            const auto part = run(*kernels, c, data, first);
            CHECK(std::memcmp(part.data(), whole.data() + first * c.n, part.size() * sizeof(T)) == 0);
        }
    }
}

TEST_CASE_TEMPLATE("rows of zeros and weights of zeros give the bias; tiny and huge rows keep their size", T,
                   float, BFloat16)
{
    const Case c{3, 20, 12};
    for (const Int8Kernels<T>* kernels : all_kernels<T>()) {
        CAPTURE(to_string(kernels->isa));
        Data<T> data(c);
        std::fill(data.x.begin(), data.x.end(), make<T>(0.0F));
        const auto zeros = run(*kernels, c, data);
        std::fill(data.weight.begin(), data.weight.end(), 0.0F);
        data.x = normal<T>(c.rows * c.k);
        const auto no_weights = run(*kernels, c, data);
        for (std::size_t i = 0; i < zeros.size(); ++i) {
            const float bias = to_float(make<T>(data.bias[i % 20]));
            CHECK(to_float(zeros[i]) == bias);
            CHECK(to_float(no_weights[i]) == bias);
        }
        for (const float size : {1e-20F, 1e20F}) {
            const Case bare{1, 1, 4, Activation::none, false};
            Data<T> one(bare);
            std::fill(one.x.begin(), one.x.end(), make<T>(size));
            one.weight = {1.0F, 1.0F, 1.0F, 1.0F};
            CHECK(to_float(run(*kernels, bare, one)[0]) == doctest::Approx(4.0F * size).epsilon(0.01));
        }
    }
}

TEST_CASE_TEMPLATE("what is not a number stays visible in its row and only there", T, float, BFloat16)
{
    const Case c{2, 32, 21};
    for (const Int8Kernels<T>* kernels : all_kernels<T>()) {
        CAPTURE(to_string(kernels->isa));
        for (const float bad :
             {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
              -std::numeric_limits<float>::infinity()}) {
            for (const std::size_t at : {std::size_t{3}, std::size_t{20}}) {
                Data<T> data(c);
                data.x[at] = make<T>(bad);
                const auto out = run(*kernels, c, data);
                CHECK(std::isnan(to_float(out[0])));
                CHECK_FALSE(std::isnan(to_float(out[32])));
            }
        }
        Data<T> data(c);
        data.weight[2] = std::numeric_limits<float>::quiet_NaN();
        const auto out = run(*kernels, c, data);
        CHECK(std::isnan(to_float(out[0])));
        CHECK_FALSE(std::isnan(to_float(out[1])));
    }
}

TEST_CASE("8-bit kernels that are not there are refused with a word")
{
    CHECK_THROWS_AS(int8_float_kernels(Isa::avx2), EngineError);
    CHECK_THROWS_AS(int8_bfloat16_kernels(Isa::avx_vnni), EngineError);
    CHECK(int8_float_kernels(best_int8_isa()).isa == best_int8_isa());
}
