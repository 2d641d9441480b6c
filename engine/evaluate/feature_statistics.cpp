// SPDX-License-Identifier: MIT
#include "evaluate/feature_statistics.h"

#include "base/error.h"
#include "checkpoint/checkpoint.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_svdvals.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

namespace duodiff
{
namespace
{

constexpr const char* kind_key = "kind";
constexpr const char* kind_value = "duodiff feature statistics 1";

/// The columns of R with R R^T = C, for the eigenvalues that are not zero: (D, rank).
at::Tensor root_of(const at::Tensor& covariance)
{
    const auto [values, vectors] = at::linalg_eigh(covariance);
    const auto size = static_cast<double>(covariance.size(0));
    const double largest = values.abs().max().item<double>();
    const double rounding = largest * size * std::numeric_limits<double>::epsilon();
    const at::Tensor kept = (values > rounding).nonzero().squeeze(1);
    return vectors.index_select(1, kept) * at::sqrt(values.index_select(0, kept));
}

[[noreturn]] void refuse(const std::filesystem::path& path, std::string what)
{
    throw EngineError(ErrorCode::bad_file, std::move(what), path.string(),
                      "Remove the file: it is made again from the images.");
}

}  // namespace

FeatureStatistics::FeatureStatistics(std::int64_t dimension)
    : dimension_(dimension),
      mean_(at::zeros({dimension}, at::kDouble)),
      scatter_(at::zeros({dimension, dimension}, at::kDouble))
{
}

void FeatureStatistics::add(const at::Tensor& features)
{
    const at::NoGradGuard no_grad;
    if (features.dim() != 2 || features.size(1) != dimension_) {
        throw EngineError(ErrorCode::failed, fmt::format("features of {} dimensions are no rows of {}",
                                                         features.dim(), dimension_));
    }
    if (features.size(0) == 0) {
        return;
    }
    const at::Tensor x = features.detach().to(at::kCPU, at::kDouble);
    if (!at::isfinite(x).all().item<bool>()) {
        throw EngineError(ErrorCode::failed, "features that are not finite came out of the feature network");
    }
    const at::Tensor mean = x.mean(0);
    const at::Tensor centred = x - mean;
    merge(x.size(0), mean, at::matmul(centred.t(), centred));
}

void FeatureStatistics::add(const FeatureStatistics& other)
{
    const at::NoGradGuard no_grad;
    if (other.dimension_ != dimension_) {
        throw EngineError(ErrorCode::failed,
                          fmt::format("statistics of {} and of {} dimensions", dimension_, other.dimension_));
    }
    if (other.count_ > 0) {
        merge(other.count_, other.mean_, other.scatter_);
    }
}

void FeatureStatistics::merge(std::int64_t count, const at::Tensor& mean, const at::Tensor& scatter)
{
    const auto have = static_cast<double>(count_);
    const auto more = static_cast<double>(count);
    const at::Tensor difference = mean - mean_;
    mean_ = mean_ + difference * (more / (have + more));
    scatter_ = scatter_ + scatter + at::outer(difference, difference) * (have * more / (have + more));
    count_ += count;
}

at::Tensor FeatureStatistics::covariance() const
{
    if (count_ < 2) {
        throw EngineError(ErrorCode::failed, fmt::format("a covariance of {} feature vectors", count_), {},
                          "Use more images.");
    }
    return scatter_ / static_cast<double>(count_ - 1);
}

void FeatureStatistics::save(const std::filesystem::path& path,
                             const std::map<std::string, std::string>& about) const
{
    std::map<std::string, std::string> metadata = about;
    metadata[kind_key] = kind_value;
    write_safetensors(
        path, {{"count", at::scalar_tensor(count_, at::kLong)}, {"mean", mean_}, {"scatter", scatter_}},
        metadata);
}

SavedStatistics SavedStatistics::load(const std::filesystem::path& path)
{
    const Checkpoint file = read_checkpoint(path);
    const auto kind = file.metadata.find(kind_key);
    if (kind == file.metadata.end() || kind->second != kind_value || file.tensors.size() != 3 ||
        !file.tensors.contains("count") || !file.tensors.contains("mean") ||
        !file.tensors.contains("scatter")) {
        refuse(path, "this file holds no feature statistics");
    }
    const at::Tensor count = file.tensors.at("count");
    const at::Tensor mean = file.tensors.at("mean");
    const at::Tensor scatter = file.tensors.at("scatter");
    const std::int64_t dimension = mean.dim() == 1 ? mean.size(0) : 0;
    if (count.numel() != 1 || count.scalar_type() != at::kLong || count.item<std::int64_t>() < 0 ||
        mean.scalar_type() != at::kDouble || scatter.scalar_type() != at::kDouble || dimension == 0 ||
        scatter.sizes() != at::IntArrayRef({dimension, dimension})) {
        refuse(path, "the feature statistics in this file are damaged");
    }
    SavedStatistics saved;
    saved.statistics = FeatureStatistics(dimension);
    saved.statistics.count_ = count.item<std::int64_t>();
    saved.statistics.mean_ = mean.clone();
    saved.statistics.scatter_ = scatter.clone();
    saved.about = file.metadata;
    return saved;
}

double frechet_distance(const FeatureStatistics& a, const FeatureStatistics& b)
{
    const at::NoGradGuard no_grad;
    if (a.dimension() != b.dimension()) {
        throw EngineError(ErrorCode::failed,
                          fmt::format("statistics of {} and of {} dimensions", a.dimension(), b.dimension()));
    }
    const at::Tensor first = a.covariance();
    const at::Tensor second = b.covariance();
    const double means = (a.mean() - b.mean()).square().sum().item<double>();
    const double traces = first.trace().item<double>() + second.trace().item<double>();
    const at::Tensor product = at::matmul(root_of(first).t(), root_of(second));
    const double root = product.numel() == 0 ? 0.0 : at::linalg_svdvals(product).sum().item<double>();
    return std::max(0.0, means + traces - 2.0 * root);
}

}  // namespace duodiff
