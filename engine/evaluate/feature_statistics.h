// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace duodiff
{

/// Mean and covariance of feature vectors, added batch by batch in double precision (Chan, Golub and LeVeque,
/// "Updating formulae and a pairwise algorithm for computing sample variances", 1979). Can be saved at any
/// point and gone on with.
class FeatureStatistics
{
public:
    FeatureStatistics() = default;
    explicit FeatureStatistics(std::int64_t dimension);

    /// features (B, D), of any floating type, on any device. Throws EngineError(failed) where they are not
    /// finite or of another dimension.
    void add(const at::Tensor& features);
    /// What adding the other's vectors would have given.
    void add(const FeatureStatistics& other);

    std::int64_t count() const { return count_; }
    std::int64_t dimension() const { return dimension_; }
    at::Tensor mean() const { return mean_; }  ///< (D) double
    /// (D, D) double, divided by count - 1; needs two vectors.
    at::Tensor covariance() const;

    /// Whole or not at all. `about` says whose features they are, and comes back from `load`.
    void save(const std::filesystem::path& path, const std::map<std::string, std::string>& about) const;

private:
    friend struct SavedStatistics;
    void merge(std::int64_t count, const at::Tensor& mean, const at::Tensor& scatter);

    std::int64_t dimension_ = 0;
    std::int64_t count_ = 0;
    at::Tensor mean_;
    at::Tensor scatter_;  ///< sum of (x - mean) (x - mean)^T
};

struct SavedStatistics {
    FeatureStatistics statistics;
    std::map<std::string, std::string> about;

    /// Throws EngineError(bad_file) for what FeatureStatistics::save has not written.
    static SavedStatistics load(const std::filesystem::path& path);
};

/// The squared Fréchet distance of the two normal distributions with these means and covariances (Dowson and
/// Landau, 1982), |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), as Heusel et al. (arXiv 1706.08500) use it.
/// The trace of the root is the sum of the singular values of C1^(1/2) C2^(1/2), with both roots from
/// symmetric eigenvalue decompositions; eigenvalues within rounding of zero count as zero, so fewer vectors
/// than dimensions are no trouble. Never negative. Throws EngineError(failed) with fewer than two vectors, or
/// if the dimensions differ.
double frechet_distance(const FeatureStatistics& a, const FeatureStatistics& b);

}  // namespace duodiff
