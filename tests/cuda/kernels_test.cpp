// SPDX-License-Identifier: GPL-3.0-or-later
// Every kernel against its twin. Built twice: with the kernels' text run by the emulator, and on a GPU.
#include "cuda/kernels.h"
#include "cuda/twins.h"

#include "cuda/device_memory.h"
#include "cuda/random_values.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

using namespace duodiff;
using namespace duodiff::cuda;
using duodiff::test::DeviceBuffer;
using duodiff::test::plain;
using duodiff::test::random_values;
using duodiff::test::rounding;

namespace
{

#define NEEDS_GPU()                              \
    if (!test::gpu_is_here()) {                  \
        MESSAGE("skipped: no GPU answers here"); \
        return;                                  \
    }

template <class T>
void check_close(const std::vector<T>& actual, const std::vector<T>& expected)
{
    REQUIRE(actual.size() == expected.size());
    float worst = 0.0F;
    for (std::size_t i = 0; i < actual.size(); ++i) {
        const float away = std::abs(plain(actual[i]) - plain(expected[i]));
        worst =
            std::max(worst, std::isnan(away) ? 1e9F : away / std::max(1.0F, std::abs(plain(expected[i]))));
    }
    CHECK(worst <= rounding<T>);
}

template <class T>
void check_probe(int images, int length, int dim)
{
    INFO("images ", images, ", tokens ", length, ", dim ", dim);
    const auto tokens = random_values<T>(
        static_cast<std::size_t>(images) * static_cast<std::size_t>(length) * static_cast<std::size_t>(dim),
        1);
    const auto weight =
        random_values(static_cast<std::size_t>(dim), 2, 1.0F / std::sqrt(static_cast<float>(dim)));
    const std::vector<float> bias = {-1.25F};
    std::vector<float> expected(static_cast<std::size_t>(images));
    Probe<T> work{tokens.data(), weight.data(), bias.data(), expected.data(), images, length, dim};
    twin::probe(work);

    DeviceBuffer<T> device_tokens(tokens);
    DeviceBuffer<float> device_weight(weight);
    DeviceBuffer<float> device_bias(bias);
    DeviceBuffer<float> u(std::vector<float>(expected.size(), -1.0F));
    work = {device_tokens.data(), device_weight.data(), device_bias.data(), u.data(), images, length, dim};
    cuda::probe(work, nullptr);
    const std::vector<float> actual = u.values();
    for (std::size_t i = 0; i < actual.size(); ++i) {
        REQUIRE(actual[i] == doctest::Approx(expected[i]).epsilon(2e-6));
    }
}

/// What `decide` writes, for one list of u.
struct Lists {
    std::vector<std::int64_t> staying;
    std::vector<std::int64_t> leaving;
    std::vector<std::int64_t> leaving_places;
    std::vector<std::int32_t> counts;
    std::vector<float> u_of_place;
    std::vector<std::int32_t> exit_layers;
};

std::vector<std::int64_t> some_places(int rows)
{
    std::vector<std::int64_t> places(static_cast<std::size_t>(rows));
    for (std::size_t i = 0; i < places.size(); ++i) {
        places[i] = 2 * static_cast<std::int64_t>(i) + static_cast<std::int64_t>(i % 2);
    }
    return places;
}

template <class Call>
Lists decide_with(const std::vector<float>& u, float theta, const Call& call)
{
    const std::size_t rows = u.size();
    DeviceBuffer<float> device_u(u);
    DeviceBuffer<std::int64_t> places(some_places(static_cast<int>(rows)));
    DeviceBuffer<std::int64_t> staying(std::vector<std::int64_t>(rows, -1));
    DeviceBuffer<std::int64_t> leaving(std::vector<std::int64_t>(rows, -1));
    DeviceBuffer<std::int64_t> leaving_places(std::vector<std::int64_t>(rows, -1));
    DeviceBuffer<std::int32_t> counts(std::vector<std::int32_t>{-7, -7});
    DeviceBuffer<float> u_of_place(std::vector<float>(2 * rows + 2, -1.0F));
    DeviceBuffer<std::int32_t> exit_layers(std::vector<std::int32_t>(2 * rows + 2, 13));
    call(Decision{device_u.data(), places.data(), static_cast<int>(rows), theta, 5, staying.data(),
                  leaving.data(), leaving_places.data(), counts.data(), u_of_place.data(),
                  exit_layers.data()});
    return {staying.values(), leaving.values(),    leaving_places.values(),
            counts.values(),  u_of_place.values(), exit_layers.values()};
}

/// The twin on host memory.
Lists expected_lists(const std::vector<float>& u, float theta)
{
    Lists lists;
    const std::size_t rows = u.size();
    lists.staying.assign(rows, -1);
    lists.leaving.assign(rows, -1);
    lists.leaving_places.assign(rows, -1);
    lists.counts = {-7, -7};
    lists.u_of_place.assign(2 * rows + 2, -1.0F);
    lists.exit_layers.assign(2 * rows + 2, 13);
    const auto places = some_places(static_cast<int>(rows));
    twin::decide({u.data(), places.data(), static_cast<int>(rows), theta, 5, lists.staying.data(),
                  lists.leaving.data(), lists.leaving_places.data(), lists.counts.data(),
                  lists.u_of_place.data(), lists.exit_layers.data()});
    return lists;
}

bool same_floats(const std::vector<float>& a, const std::vector<float>& b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float one, float other) {
        return one == other || (std::isnan(one) && std::isnan(other));
    });
}

void check_decision(const std::vector<float>& u, float theta)
{
    INFO("rows ", u.size(), ", theta ", theta);
    const Lists expected = expected_lists(u, theta);
    const Lists actual = decide_with(u, theta, [](const Decision& work) { cuda::decide(work, nullptr); });
    CHECK(actual.staying == expected.staying);
    CHECK(actual.leaving == expected.leaving);
    CHECK(actual.leaving_places == expected.leaving_places);
    CHECK(actual.counts == expected.counts);
    CHECK(same_floats(actual.u_of_place, expected.u_of_place));
    CHECK(actual.exit_layers == expected.exit_layers);
}

template <class T>
void check_residual_norm(std::int64_t rows, int dim, bool with_product, bool with_bias, bool with_norm)
{
    INFO("rows ", rows, ", dim ", dim, ", product ", with_product, ", bias ", with_bias, ", norm ",
         with_norm);
    const std::size_t size = static_cast<std::size_t>(rows) * static_cast<std::size_t>(dim);
    const auto width = static_cast<std::size_t>(dim);
    const auto residual = random_values<T>(size, 3);
    const auto product = random_values<T>(size, 4);
    const auto bias = random_values<T>(width, 5);
    const auto weight = random_values<T>(width, 6);
    const auto shift = random_values<T>(width, 7);
    std::vector<T> sum(size);
    std::vector<T> normalised(size);
    const auto work_of = [&](const T* r, const T* p, const T* b, const T* w, const T* s, T* out, T* norm) {
        return ResidualNorm<T>{r,
                               with_product ? p : nullptr,
                               with_product && with_bias ? b : nullptr,
                               w,
                               s,
                               with_product ? out : nullptr,
                               with_norm ? norm : nullptr,
                               rows,
                               dim,
                               1e-5F};
    };
    DeviceBuffer<T> device_residual(residual);
    DeviceBuffer<T> device_product(product);
    DeviceBuffer<T> device_bias(bias);
    DeviceBuffer<T> device_weight(weight);
    DeviceBuffer<T> device_shift(shift);
    DeviceBuffer<T> device_sum(sum);
    DeviceBuffer<T> device_normalised(normalised);
    twin::residual_norm(work_of(residual.data(), product.data(), bias.data(), weight.data(), shift.data(),
                                sum.data(), normalised.data()));
    cuda::residual_norm(
        work_of(device_residual.data(), device_product.data(), device_bias.data(), device_weight.data(),
                device_shift.data(), device_sum.data(), device_normalised.data()),
        nullptr);
    check_close<T>(device_sum.values(), sum);
    check_close<T>(device_normalised.values(), normalised);
}

template <class T>
void check_gelu(std::int64_t rows, int dim, bool with_bias)
{
    INFO("rows ", rows, ", dim ", dim, ", bias ", with_bias);
    const std::size_t size = static_cast<std::size_t>(rows) * static_cast<std::size_t>(dim);
    const auto product = random_values<T>(size, 8, 3.0F);
    const auto bias = random_values<T>(static_cast<std::size_t>(dim), 9);
    std::vector<T> expected(size);
    twin::bias_gelu(
        BiasGelu<T>{product.data(), with_bias ? bias.data() : nullptr, expected.data(), rows, dim});
    DeviceBuffer<T> in_place(product);
    DeviceBuffer<T> device_bias(bias);
    cuda::bias_gelu(
        BiasGelu<T>{in_place.data(), with_bias ? device_bias.data() : nullptr, in_place.data(), rows, dim},
        nullptr);
    check_close<T>(in_place.values(), expected);
}

void check_solver(std::int64_t images, std::int64_t values, bool z_given, const SolverCoefficients& c)
{
    INFO("images ", images, ", values ", values, ", z given ", z_given);
    const auto size = static_cast<std::size_t>(images * values);
    const auto x = random_values(size, 10);
    const auto prediction = random_values(size, 11);
    const auto before = random_values(size, 12);
    const auto z = random_values(size, 13);
    std::vector<std::uint64_t> seeds(static_cast<std::size_t>(images));
    std::iota(seeds.begin(), seeds.end(), 0xFFFFFFFFFFFFFFF0ULL);
    std::vector<float> next(size);
    std::vector<float> original(size);
    twin::solver_update({x.data(), prediction.data(), before.data(), z_given ? z.data() : nullptr,
                         seeds.data(), 1, 77, next.data(), original.data(), images, values, c});
    DeviceBuffer<float> device_x(x);
    DeviceBuffer<float> device_prediction(prediction);
    DeviceBuffer<float> device_before(before);
    DeviceBuffer<float> device_z(z);
    DeviceBuffer<std::uint64_t> device_seeds(seeds);
    DeviceBuffer<float> device_next(std::vector<float>(size, -1.0F));
    DeviceBuffer<float> device_original(std::vector<float>(size, -1.0F));
    cuda::solver_update(
        {device_x.data(), device_prediction.data(), c.history != 0.0F ? device_before.data() : nullptr,
         z_given ? device_z.data() : nullptr, device_seeds.data(), 1, 77, device_next.data(),
         device_original.data(), images, values, c},
        nullptr);
    CHECK(device_next.values() == next);
    CHECK(device_original.values() == original);
}

void check_pictures(std::int64_t images, int channels, std::int64_t area, int colours)
{
    INFO("images ", images, ", channels ", channels, ", area ", area, ", colours of the map ", colours);
    auto x = random_values(static_cast<std::size_t>(images * channels * area), 14);
    x.front() = std::numeric_limits<float>::quiet_NaN();
    x.back() = std::numeric_limits<float>::infinity();
    const auto map = random_values(static_cast<std::size_t>(colours * (channels + 1)), 15);
    std::vector<std::uint8_t> expected(static_cast<std::size_t>(images * area * 4));
    twin::make_pictures(
        {x.data(), colours > 0 ? map.data() : nullptr, colours, expected.data(), images, channels, area});
    DeviceBuffer<float> device_x(x);
    DeviceBuffer<float> device_map(map);
    DeviceBuffer<std::uint8_t> rgbx(std::vector<std::uint8_t>(expected.size()));
    cuda::make_pictures({device_x.data(), colours > 0 ? device_map.data() : nullptr, colours, rgbx.data(),
                         images, channels, area},
                        nullptr);
    CHECK(rgbx.values() == expected);
}

}  // namespace

TEST_CASE("the probe's u is the mean of the tokens' sigmoids, in both types and any shape")
{
    NEEDS_GPU();
    for (const int images : {1, 2, 7}) {
        for (const int length : {1, 5, 65, 257}) {
            for (const int dim : {1, 6, 32, 100, 512}) {
                if (length * dim * images > 300000) {
                    continue;
                }
                check_probe<float>(images, length, dim);
                check_probe<Bf16>(images, length, dim);
            }
        }
    }
    check_probe<float>(300, 2, 8);
    check_probe<Bf16>(300, 2, 8);
    check_probe<float>(0, 2, 8);
}

TEST_CASE("rows split in order by u <= theta, for every batch from 1 to 300")
{
    NEEDS_GPU();
    for (int rows = 1; rows <= 300; ++rows) {
        auto u = random_values(static_cast<std::size_t>(rows), static_cast<unsigned>(rows));
        u[static_cast<std::size_t>(rows) / 2] = std::numeric_limits<float>::quiet_NaN();
        check_decision(u, 0.0F);
        if (rows % 37 == 1) {
            check_decision(u, -100.0F);
            check_decision(u, 100.0F);
        }
    }
    check_decision(random_values(1025, 1), 0.3F);
}

TEST_CASE("none leaves, all leave, u equal to theta leaves, NaN stays whatever theta is")
{
    NEEDS_GPU();
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    constexpr float infinite = std::numeric_limits<float>::infinity();
    for (const int rows : {1, 32, 33, 256, 257, 300}) {
        const auto n = static_cast<std::size_t>(rows);
        check_decision(std::vector<float>(n, 0.5F), 0.4F);
        check_decision(std::vector<float>(n, 0.5F), 0.5F);
        check_decision(std::vector<float>(n, nan), infinite);
        check_decision(std::vector<float>(n, 0.5F), nan);
    }
    const Lists all = expected_lists(std::vector<float>(300, 0.5F), 0.5F);
    CHECK(all.counts == std::vector<std::int32_t>{0, 0});
    const Lists none = expected_lists(std::vector<float>(300, nan), infinite);
    CHECK(none.counts == std::vector<std::int32_t>{300, 0});
}

TEST_CASE("a gather takes the survivors' rows of every tensor, whatever their sizes and alignment")
{
    NEEDS_GPU();
    for (const std::size_t row_bytes : {std::size_t{1}, std::size_t{8}, std::size_t{48}, std::size_t{16384},
                                        std::size_t{16400}, std::size_t{33001}}) {
        constexpr std::size_t rows = 9;
        std::vector<std::uint8_t> bytes(rows * row_bytes);
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
        }
        std::vector<std::int64_t> places(rows);
        std::iota(places.begin(), places.end(), 100);
        const std::vector<std::int64_t> wanted = {0, 3, 4, 8};
        DeviceBuffer<std::uint8_t> from(bytes);
        DeviceBuffer<std::uint8_t> to(std::vector<std::uint8_t>(wanted.size() * row_bytes));
        DeviceBuffer<std::int64_t> from_places(places);
        DeviceBuffer<std::int64_t> to_places(std::vector<std::int64_t>(wanted.size()));
        DeviceBuffer<std::int64_t> list(wanted);
        RowMove work;
        work.tensors[0] = {from.data(), to.data(), static_cast<std::int64_t>(row_bytes)};
        work.tensors[1] = {from_places.data(), to_places.data(), 8};
        work.tensor_count = 2;
        work.from_rows = list.data();
        work.rows = static_cast<int>(wanted.size());
        cuda::move_rows(work, nullptr);
        std::vector<std::uint8_t> expected;
        for (const std::int64_t row : wanted) {
            const auto begin = bytes.begin() + row * static_cast<std::ptrdiff_t>(row_bytes);
            expected.insert(expected.end(), begin, begin + static_cast<std::ptrdiff_t>(row_bytes));
        }
        CHECK(to.values() == expected);
        CHECK(to_places.values() == std::vector<std::int64_t>{100, 103, 104, 108});
    }
}

TEST_CASE("compaction in place leaves the survivors, each once, in the first rows, for every batch to 300")
{
    NEEDS_GPU();
    for (int rows = 1; rows <= 300; rows += rows < 70 ? 1 : 23) {
        for (const float theta : {-0.8F, 0.0F, 0.8F}) {
            const auto n = static_cast<std::size_t>(rows);
            const auto u = random_values(n, static_cast<unsigned>(rows) + 1000U);
            const Lists lists =
                decide_with(u, theta, [](const Decision& work) { cuda::decide(work, nullptr); });
            const int staying = lists.counts[0];
            const int holes = lists.counts[1];
            DeviceBuffer<float> values(u);
            DeviceBuffer<std::int64_t> from(lists.staying);
            DeviceBuffer<std::int64_t> to(lists.leaving);
            RowMove work;
            work.tensors[0] = {values.data(), values.data(), 4};
            work.tensor_count = 1;
            work.from_rows = from.data() + (staying - holes);
            work.to_rows = to.data();
            work.rows = holes;
            cuda::move_rows(work, nullptr);
            std::vector<float> actual = values.values();
            actual.resize(static_cast<std::size_t>(staying));
            std::vector<float> expected;
            std::copy_if(u.begin(), u.end(), std::back_inserter(expected),
                         [&](float one) { return !(one <= theta); });
            std::sort(actual.begin(), actual.end());
            std::sort(expected.begin(), expected.end());
            CHECK(actual == expected);
        }
    }
}

TEST_CASE("the solver's step and its noise are the twin's to the bit, for any image size and seed")
{
    NEEDS_GPU();
    const SolverCoefficients all{1.01F, -0.02F, 0.3F, 0.04F, 1.5F, -0.7F};
    const SolverCoefficients no_noise{1.01F, -0.02F, 0.3F, 0.0F, 1.5F, -0.7F};
    const SolverCoefficients no_history{0.0F, 1.0F, 0.0F, 0.04F, 0.0F, 1.0F};
    for (const SolverCoefficients& c : {all, no_noise, no_history}) {
        for (const std::int64_t values : {1, 3, 4, 75, 784, 3072}) {
            for (const std::int64_t images : {1, 3, 17}) {
                check_solver(images, values, false, c);
                check_solver(images, values, true, c);
            }
        }
        check_solver(300, 5, false, c);
        check_solver(0, 5, false, c);
    }
}

TEST_CASE("pictures are the twin's to the bit, of pixels and of latents, NaN and infinity among them")
{
    NEEDS_GPU();
    for (const int channels : {1, 2, 3, 4, 5}) {
        for (const std::int64_t area : {1, 49, 1024}) {
            check_pictures(3, channels, area, 0);
            check_pictures(3, channels, area, 3);
            check_pictures(3, channels, area, 1);
        }
    }
    check_pictures(300, 3, 4, 0);
}

TEST_CASE_TEMPLATE("residual and LayerNorm, with and without each of their parts", T, float, Bf16)
{
    NEEDS_GPU();
    for (const int dim : {1, 6, 32, 100, 128, 512, 1028}) {
        for (const std::int64_t rows : {1, 4, 9}) {
            for (const bool bias : {false, true}) {
                check_residual_norm<T>(rows, dim, true, bias, true);
                check_residual_norm<T>(rows, dim, true, bias, false);
            }
            check_residual_norm<T>(rows, dim, false, false, true);
        }
    }
    check_residual_norm<T>(1300, 8, true, true, true);
}

TEST_CASE_TEMPLATE("bias and exact GELU, in place", T, float, Bf16)
{
    NEEDS_GPU();
    for (const int dim : {1, 6, 32, 100, 2048}) {
        for (const std::int64_t rows : {1, 3, 17}) {
            check_gelu<T>(rows, dim, true);
            check_gelu<T>(rows, dim, false);
        }
    }
}
