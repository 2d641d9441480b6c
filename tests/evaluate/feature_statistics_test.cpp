// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluate/feature_statistics.h"
#include "base/error.h"
#include "base/noise.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/tensor.h>

#include "support/doctest_torch.h"
#include "support/test_paths.h"

#include <cmath>
#include <filesystem>
#include <fstream>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

at::Tensor normal(std::int64_t rows, std::int64_t columns, std::uint64_t seed)
{
    at::Tensor values = at::empty({rows, columns}, at::kFloat);
    fill_normal({values.data_ptr<float>(), static_cast<std::size_t>(values.numel())}, seed,
                NoiseStream::probe, 0);
    return values.to(at::kDouble);
}

FeatureStatistics statistics_of(const at::Tensor& features)
{
    FeatureStatistics statistics(features.size(1));
    statistics.add(features);
    return statistics;
}

/// Vectors whose mean and covariance are exactly these, the covariance being diagonal.
at::Tensor exact(const std::vector<double>& mean, const std::vector<double>& variance)
{
    const auto size = static_cast<std::int64_t>(mean.size());
    // Plus and minus a step along each axis: count 2 D, scatter 2 step^2 on the diagonal.
    at::Tensor rows = at::full({2 * size, size}, 0.0, at::kDouble);
    for (std::int64_t i = 0; i < size; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const double step = std::sqrt(variance[at] * static_cast<double>(2 * size - 1) / 2.0);
        rows[2 * i][i] = step;
        rows[2 * i + 1][i] = -step;
    }
    return rows + at::tensor(mean, at::kDouble);
}

}  // namespace

TEST_CASE("mean and covariance are those of all vectors, however they were cut into batches")
{
    const at::Tensor features = normal(101, 7, 1) * 3.0 + 1000.0;
    const at::Tensor mean = features.mean(0);
    const at::Tensor centred = features - mean;
    const at::Tensor covariance = at::matmul(centred.t(), centred) / 100.0;
    for (const std::int64_t batch : {1, 2, 33, 101}) {
        FeatureStatistics statistics(7);
        for (std::int64_t first = 0; first < 101; first += batch) {
            statistics.add(features.narrow(0, first, std::min<std::int64_t>(batch, 101 - first)));
        }
        CHECK(statistics.count() == 101);
        CHECK(at::allclose(statistics.mean(), mean, 1e-12, 1e-10));
        CHECK(at::allclose(statistics.covariance(), covariance, 1e-9, 1e-10));
    }
}

TEST_CASE("statistics of two parts add up to those of the whole")
{
    const at::Tensor features = normal(60, 5, 2);
    FeatureStatistics first = statistics_of(features.narrow(0, 0, 23));
    first.add(statistics_of(features.narrow(0, 23, 37)));
    first.add(FeatureStatistics(5));
    const FeatureStatistics whole = statistics_of(features);
    CHECK(first.count() == 60);
    CHECK(at::allclose(first.covariance(), whole.covariance(), 1e-12, 1e-12));
}

TEST_CASE("the distance of distributions with diagonal covariances is the closed form")
{
    const std::vector<double> mean_a = {1.0, -2.0, 0.5, 10.0};
    const std::vector<double> mean_b = {0.0, 2.0, 0.5, 11.0};
    const std::vector<double> variance_a = {4.0, 1.0, 0.25, 9.0};
    const std::vector<double> variance_b = {1.0, 1.0, 4.0, 100.0};
    double expected = 0.0;
    for (std::size_t i = 0; i < mean_a.size(); ++i) {
        expected += std::pow(mean_a[i] - mean_b[i], 2) +
                    std::pow(std::sqrt(variance_a[i]) - std::sqrt(variance_b[i]), 2);
    }
    const auto a = statistics_of(exact(mean_a, variance_a));
    const auto b = statistics_of(exact(mean_b, variance_b));
    CHECK(frechet_distance(a, b) == doctest::Approx(expected).epsilon(1e-12));
}

TEST_CASE("the distance is zero from a set to itself, symmetric, and the same in rotated features")
{
    const at::Tensor x = normal(200, 12, 3);
    const at::Tensor y = at::matmul(normal(300, 12, 4), normal(12, 12, 5)) + 0.5;
    const FeatureStatistics a = statistics_of(x);
    const FeatureStatistics b = statistics_of(y);
    CHECK(frechet_distance(a, a) < 1e-10);
    CHECK(frechet_distance(b, b) < 1e-8);
    const double distance = frechet_distance(a, b);
    CHECK(distance > 1.0);
    CHECK(frechet_distance(b, a) == doctest::Approx(distance).epsilon(1e-10));
    // A Householder reflection.
    const at::Tensor v = normal(12, 1, 6);
    const auto reflected = [&](const at::Tensor& rows) {
        return rows - at::matmul(at::matmul(rows, v), v.t()) * (2.0 / v.square().sum().item<double>());
    };
    CHECK(frechet_distance(statistics_of(reflected(x)), statistics_of(reflected(y))) ==
          doctest::Approx(distance).epsilon(1e-9));
}

TEST_CASE("moving all features moves the distance by the square of the way")
{
    const at::Tensor x = normal(50, 6, 7);
    CHECK(frechet_distance(statistics_of(x), statistics_of(x + 2.0)) ==
          doctest::Approx(6 * 4.0).epsilon(1e-10));
    CHECK(frechet_distance(statistics_of(x), statistics_of(x * 3.0)) >
          4.0 * statistics_of(x).covariance().trace().item<double>() - 1e-6);
}

TEST_CASE("fewer vectors than dimensions give the same as in the space that they span")
{
    // 8 vectors in 40 dimensions, of which both sets use the same first 10 only.
    const at::Tensor x = normal(8, 10, 8);
    const at::Tensor y = normal(9, 10, 9) * 2.0 + 1.0;
    const double expected = frechet_distance(statistics_of(x), statistics_of(y));
    const auto padded = [](const at::Tensor& rows) {
        return at::cat({rows, at::full({rows.size(0), 30}, 0.25, at::kDouble)}, 1);
    };
    CHECK(frechet_distance(statistics_of(padded(x)), statistics_of(padded(y))) ==
          doctest::Approx(expected).epsilon(1e-9));
    CHECK(frechet_distance(statistics_of(padded(x)), statistics_of(padded(x))) < 1e-9);
    // Without any spread only the means are left.
    const at::Tensor point = at::full({3, 4}, 1.0, at::kDouble);
    CHECK(frechet_distance(statistics_of(point), statistics_of(point * 3.0)) == doctest::Approx(16.0));
}

TEST_CASE("small features far from zero lose no accuracy")
{
    const at::Tensor x = normal(500, 4, 10) * 1e-3;
    const double near = frechet_distance(statistics_of(x), statistics_of(x * 1.5));
    const double far = frechet_distance(statistics_of(x + 100.0), statistics_of(x * 1.5 + 100.0));
    CHECK(far == doctest::Approx(near).epsilon(1e-6));
}

TEST_CASE("saved statistics go on as if they had never been saved")
{
    const TemporaryFolder folder;
    const at::Tensor features = normal(40, 6, 11);
    FeatureStatistics statistics = statistics_of(features.narrow(0, 0, 17));
    statistics.save(folder / "s.safetensors", {{"features", "some"}});
    SavedStatistics saved = SavedStatistics::load(folder / "s.safetensors");
    CHECK(saved.about.at("features") == "some");
    saved.statistics.add(features.narrow(0, 17, 23));
    statistics.add(features.narrow(0, 17, 23));
    CHECK(saved.statistics.count() == 40);
    CHECK(at::equal(saved.statistics.mean(), statistics.mean()));
    CHECK(at::equal(saved.statistics.covariance(), statistics.covariance()));
}

TEST_CASE("features that cannot be are refused")
{
    FeatureStatistics statistics(3);
    CHECK_THROWS_AS(statistics.add(normal(2, 4, 1)), EngineError);
    at::Tensor broken = normal(2, 3, 1);
    broken[1][1] = std::nan("");
    CHECK_THROWS_AS(statistics.add(broken), EngineError);
    CHECK(statistics.count() == 0);
    statistics.add(normal(1, 3, 1));
    CHECK_THROWS_AS(frechet_distance(statistics, statistics), EngineError);
    CHECK_THROWS_AS(frechet_distance(statistics_of(normal(5, 3, 1)), statistics_of(normal(5, 4, 1))),
                    EngineError);
    const TemporaryFolder folder;
    std::ofstream(folder / "x.safetensors") << "nothing of the kind";
    CHECK_THROWS_AS(SavedStatistics::load(folder / "x.safetensors"), EngineError);
}
