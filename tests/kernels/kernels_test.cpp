// SPDX-License-Identifier: GPL-3.0-or-later
// Every instruction set that this processor has, against the plain C++ twin.
#include "kernels/kernels.h"
#include "base/error.h"
#include "kernels/parallel.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <thread>
#include <vector>

using namespace duodiff;

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

/// Relative to 1 + |expected|; the sums of the twin are fp32 in another order, bf16 results round at the end.
template <class T>
constexpr float tolerance = is_float<T> ? 4e-6F : 8e-3F;

template <class T>
const Kernels<T>& kernels_of(Isa isa)
{
    if constexpr (is_float<T>) {
        return float_kernels(isa);
    } else {
        return bfloat16_kernels(isa);
    }
}

template <class T>
std::vector<Isa> isas_of()
{
    std::vector<Isa> isas;
    for (const Isa isa : supported_isas()) {
        if (is_float<T> ? isa != Isa::avx512_bf16 : isa == Isa::plain || isa == Isa::avx512_bf16) {
            isas.push_back(isa);
        }
    }
    return isas;
}

class Random
{
public:
    template <class T>
    std::vector<T> normal(std::int64_t count, float scale = 1.0F, float mean = 0.0F)
    {
        std::normal_distribution<float> distribution(mean, scale);
        std::vector<T> values(static_cast<std::size_t>(count));
        for (T& value : values) {
            value = make<T>(distribution(generator_));
        }
        return values;
    }

private:
    std::mt19937 generator_{7};
};

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

struct ProductCase {
    std::int64_t rows;
    std::int64_t n;
    std::int64_t k;
    std::int64_t k2 = 0;
    Activation activation = Activation::none;
    bool has_bias = true;
    bool has_residual = false;
};

std::vector<ProductCase> product_cases()
{
    std::vector<ProductCase> cases;
    // Every number of rows in the last tile, and every way a panel of columns can end.
    for (std::int64_t rows = 1; rows <= 26; ++rows) {
        cases.push_back({rows, 33, 64});
    }
    for (std::int64_t n = 1; n <= 66; ++n) {
        cases.push_back({5, n, 10, 0, Activation::gelu, n % 2 == 0, n % 3 == 0});
    }
    cases.push_back({257, 96, 128, 128, Activation::none, true, false});
    cases.push_back({40, 512, 34, 6, Activation::gelu, true, true});
    cases.push_back({132, 64, 2048, 0, Activation::none, true, true});
    cases.push_back({3, 16, 2});
    return cases;
}

template <class T>
struct ProductData {
    ProductData(const ProductCase& c, Random& random)
        : a(random.normal<T>(c.rows * c.k)),
          a2(random.normal<T>(std::max<std::int64_t>(1, c.rows * c.k2))),
          weight(random.normal<T>(c.n * (c.k + c.k2), 1.0F / std::sqrt(static_cast<float>(c.k + c.k2)))),
          residual(random.normal<T>(c.rows * c.n)),
          bias(random.normal<float>(c.n))
    {
    }
    std::vector<T> a, a2, weight, residual;
    std::vector<float> bias;
};

template <class T>
std::vector<T> run(const Kernels<T>& kernels, const ProductCase& c, const ProductData<T>& data,
                   std::int64_t first_row = 0)
{
    std::vector<T> packed(static_cast<std::size_t>(kernels.layout.elements(c.n, c.k + c.k2)));
    kernels.pack_weight(data.weight.data(), c.n, c.k + c.k2, packed.data());
    std::vector<T> out(static_cast<std::size_t>((c.rows - first_row) * c.n));
    Product<T> product;
    product.a = data.a.data() + first_row * c.k;
    product.a_stride = c.k;
    product.k = c.k;
    product.a2 = data.a2.data() + first_row * c.k2;
    product.a2_stride = c.k2;
    product.k2 = c.k2;
    product.weight = packed.data();
    product.bias = c.has_bias ? data.bias.data() : nullptr;
    product.residual = c.has_residual ? data.residual.data() + first_row * c.n : nullptr;
    product.residual_stride = c.n;
    product.out = out.data();
    product.out_stride = c.n;
    product.rows = c.rows - first_row;
    product.n = c.n;
    product.activation = c.activation;
    kernels.product(product);
    return out;
}

struct AttentionCase {
    std::int64_t length;
    std::int64_t head_dim;
    std::int64_t heads;
    float scale = 1.0F;
};

template <class T>
std::vector<T> run(const Kernels<T>& kernels, const AttentionCase& c, const std::vector<T>& qkv,
                   std::int64_t first_query = 0)
{
    const std::int64_t dim = c.heads * c.head_dim;
    std::vector<T> out(static_cast<std::size_t>(c.length * dim));
    for (std::int64_t index = 0; index < c.heads; ++index) {
        AttentionHead<T> head;
        head.k = qkv.data() + dim + index * c.head_dim;
        head.v = qkv.data() + 2 * dim + index * c.head_dim;
        head.stride = 3 * dim;
        head.q = qkv.data() + index * c.head_dim + first_query * head.stride;
        head.out = out.data() + index * c.head_dim + first_query * dim;
        head.out_stride = dim;
        head.queries = c.length - first_query;
        head.length = c.length;
        head.head_dim = c.head_dim;
        head.scratch = thread_scratch(Scratch::attention, kernels.attention_scratch(c.length, c.head_dim));
        kernels.attention(head);
    }
    return out;
}

}  // namespace

TEST_CASE_TEMPLATE("a product equals the plain one for every shape, activation and residual", T, float,
                   BFloat16)
{
    Random random;
    for (const ProductCase& c : product_cases()) {
        const ProductData<T> data(c, random);
        const auto expected = run(kernels_of<T>(Isa::plain), c, data);
        for (const Isa isa : isas_of<T>()) {
            CAPTURE(to_string(isa));
            CAPTURE(c.rows);
            CAPTURE(c.n);
            CAPTURE(c.k);
            CHECK(distance(run(kernels_of<T>(isa), c, data), expected) < tolerance<T>);
        }
    }
}

TEST_CASE_TEMPLATE("a row's product is the same to the bit whatever rows are computed with it", T, float,
                   BFloat16)
{
    Random random;
    const ProductCase c{30, 70, 64, 0, Activation::gelu, true, true};
    const ProductData<T> data(c, random);
    for (const Isa isa : isas_of<T>()) {
        const auto whole = run(kernels_of<T>(isa), c, data);
        for (const std::int64_t first : {1, 5, 11, 12, 17, 29}) {
            const auto part = run(kernels_of<T>(isa), c, data, first);
            CHECK(std::memcmp(part.data(), whole.data() + first * c.n, part.size() * sizeof(T)) == 0);
        }
    }
}

TEST_CASE_TEMPLATE("attention equals the plain one for every length and head size", T, float, BFloat16)
{
    Random random;
    std::vector<AttentionCase> cases{{257, 64, 8}, {51, 32, 4}, {33, 72, 2},
                                     {64, 18, 3},  {300, 6, 1}, {20, 80, 2}};
    for (std::int64_t length = 1; length <= 40; ++length) {
        cases.push_back({length, 2 * (1 + length % 20), 2, 1.0F + static_cast<float>(length % 5)});
    }
    for (const AttentionCase& c : cases) {
        const auto qkv = random.normal<T>(c.length * 3 * c.heads * c.head_dim, c.scale);
        const auto expected = run(kernels_of<T>(Isa::plain), c, qkv);
        for (const Isa isa : isas_of<T>()) {
            CAPTURE(to_string(isa));
            CAPTURE(c.length);
            CAPTURE(c.head_dim);
            const float bound = is_float<T> ? 2e-5F : 2e-2F;  // bf16 rounds the shares as well
            CHECK(distance(run(kernels_of<T>(isa), c, qkv), expected) < bound * c.scale);
        }
    }
}

TEST_CASE_TEMPLATE("a query's attention is the same to the bit whatever queries are computed with it", T,
                   float, BFloat16)
{
    Random random;
    const AttentionCase c{51, 32, 2};
    const auto qkv = random.normal<T>(c.length * 3 * c.heads * c.head_dim);
    const auto dim = static_cast<std::size_t>(c.heads * c.head_dim);
    for (const Isa isa : isas_of<T>()) {
        const auto whole = run(kernels_of<T>(isa), c, qkv);
        for (const std::size_t first : {std::size_t{7}, std::size_t{12}, std::size_t{50}}) {
            const auto part = run(kernels_of<T>(isa), c, qkv, static_cast<std::int64_t>(first));
            CHECK(std::memcmp(part.data() + first * dim, whole.data() + first * dim,
                              (part.size() - first * dim) * sizeof(T)) == 0);
        }
    }
}

TEST_CASE_TEMPLATE("scores far apart, equal or huge give shares that sum to one", T, float, BFloat16)
{
    const std::int64_t length = 37;
    const std::int64_t head_dim = 4;
    for (const float size : {0.0F, 1.0F, 1e3F, 1e15F}) {
        std::vector<T> qkv(static_cast<std::size_t>(length * 3 * head_dim));
        for (std::int64_t token = 0; token < length; ++token) {
            for (std::int64_t i = 0; i < head_dim; ++i) {
                const auto at = static_cast<std::size_t>(token * 3 * head_dim + i);
                qkv[at] = make<T>(size);
                qkv[at + static_cast<std::size_t>(head_dim)] = make<T>(token % 2 == 0 ? size : -size);
                qkv[at + static_cast<std::size_t>(2 * head_dim)] = make<T>(1.0F);
            }
        }
        for (const Isa isa : isas_of<T>()) {
            CAPTURE(size);
            for (const T value : run(kernels_of<T>(isa), {length, head_dim, 1}, qkv)) {
                CHECK(to_float(value) == doctest::Approx(1.0F).epsilon(is_float<T> ? 1e-5 : 8e-3));
            }
        }
    }
}

TEST_CASE_TEMPLATE("LayerNorm equals the plain one for every width, constant rows and far means", T, float,
                   BFloat16)
{
    Random random;
    for (const std::int64_t dim : {1, 2, 7, 8, 15, 16, 17, 33, 128, 513}) {
        const std::int64_t rows = 3;
        auto x = random.normal<T>(rows * dim, 3.0F, 10.0F);
        std::fill_n(x.begin(), dim, make<T>(2.5F));
        const auto weight = random.normal<float>(dim);
        const auto bias = random.normal<float>(dim);
        const auto norm = [&](Isa isa) {
            std::vector<T> out(x.size());
            kernels_of<T>(isa).layer_norm(x.data(), dim, rows, dim, weight.data(), bias.data(), out.data(),
                                          dim);
            return out;
        };
        for (const Isa isa : isas_of<T>()) {
            CAPTURE(to_string(isa));
            CAPTURE(dim);
            CHECK(distance(norm(isa), norm(Isa::plain)) < (is_float<T> ? 2e-5F : 8e-3F));
        }
    }
}

TEST_CASE_TEMPLATE("an MLP probe's mean equals the plain one, saturated or not", T, float, BFloat16)
{
    Random random;
    for (const std::int64_t rows : {1, 5, 16, 17, 51, 257}) {
        for (const std::int64_t dim : {2, 15, 128, 514}) {
            for (const float scale : {0.05F, 1.0F, 40.0F}) {
                const auto tokens = random.normal<T>(rows * dim, scale);
                const auto weight = random.normal<float>(dim);
                const float expected =
                    kernels_of<T>(Isa::plain).mean_sigmoid(tokens.data(), rows, dim, weight.data(), 0.3F);
                for (const Isa isa : isas_of<T>()) {
                    CAPTURE(to_string(isa));
                    CAPTURE(rows);
                    CAPTURE(dim);
                    CHECK(kernels_of<T>(isa).mean_sigmoid(tokens.data(), rows, dim, weight.data(), 0.3F) ==
                          doctest::Approx(expected).epsilon(1e-4));
                }
            }
        }
    }
}

TEST_CASE_TEMPLATE("widening and narrowing are the plain ones' to the bit", T, float, BFloat16)
{
    Random random;
    for (const std::int64_t count : {0, 1, 15, 16, 17, 513}) {
        const auto exact = random.normal<float>(count);
        std::vector<T> expected(exact.size());
        kernels_of<T>(Isa::plain).narrow(exact.data(), count, expected.data());
        for (const Isa isa : isas_of<T>()) {
            CAPTURE(to_string(isa));
            std::vector<T> narrow(exact.size());
            kernels_of<T>(isa).narrow(exact.data(), count, narrow.data());
            std::vector<float> wide(exact.size());
            kernels_of<T>(isa).widen(expected.data(), count, wide.data());
            for (std::size_t i = 0; i < exact.size(); ++i) {
                CHECK(to_float(narrow[i]) == to_float(expected[i]));
                CHECK(wide[i] == to_float(expected[i]));
            }
        }
    }
}

TEST_CASE_TEMPLATE("what is not a number stays visible", T, float, BFloat16)
{
    Random random;
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (const Isa isa : isas_of<T>()) {
        const ProductCase c{2, 32, 16};
        ProductData<T> data(c, random);
        data.a[3] = make<T>(nan);
        CHECK(std::isnan(to_float(run(kernels_of<T>(isa), c, data)[0])));
        auto qkv = random.normal<T>(5 * 3 * 8);
        qkv[16] = make<T>(nan);  // a value
        CHECK(std::isnan(to_float(run(kernels_of<T>(isa), AttentionCase{5, 8, 1}, qkv)[0])));
        auto tokens = random.normal<T>(3 * 32);
        tokens[40] = make<T>(nan);
        const auto weight = random.normal<float>(32);
        CHECK(std::isnan(kernels_of<T>(isa).mean_sigmoid(tokens.data(), 3, 32, weight.data(), 0.0F)));
    }
}

TEST_CASE("an instruction set that is not there is refused with a word")
{
    CHECK_THROWS_AS(bfloat16_kernels(Isa::avx2), EngineError);
    CHECK(supported_isas().front() == Isa::plain);
    CHECK(float_kernels(best_float_isa()).isa == best_float_isa());
}

TEST_CASE("bf16 rounds to the nearest, ties to even")
{
    CHECK(to_float(to_bfloat16(1.0F)) == 1.0F);
    CHECK(to_float(to_bfloat16(1.00390625F)) == 1.0F);       // halfway: even below
    CHECK(to_float(to_bfloat16(1.01171875F)) == 1.015625F);  // halfway: even above
    CHECK(std::isnan(to_float(to_bfloat16(std::nanf("")))));
    CHECK(std::isinf(to_float(to_bfloat16(3.4e38F))));
}

TEST_CASE("parallel_for calls every index once, and a thread keeps its own memory")
{
    std::vector<std::atomic<int>> calls(1000);
    parallel_for(1000, [&](std::int64_t index) { ++calls[static_cast<std::size_t>(index)]; });
    CHECK(std::all_of(calls.begin(), calls.end(), [](const auto& count) { return count == 1; }));
    parallel_for(0, [&](std::int64_t) { FAIL("nothing to do"); });

    void* mine = thread_scratch(Scratch::rows, 100);
    CHECK(reinterpret_cast<std::uintptr_t>(mine) % 64 == 0);
    CHECK(thread_scratch(Scratch::rows, 50) == mine);
    CHECK(thread_scratch(Scratch::hidden, 50) != mine);
    void* other = nullptr;
    std::thread([&] { other = thread_scratch(Scratch::rows, 100); }).join();
    CHECK(other != mine);
}
