// SPDX-License-Identifier: MIT
#include "evaluate/losses_job.h"

#include <cmath>
#include <numeric>
#include <utility>

namespace duodiff
{
namespace
{

constexpr int reliability_bins = 10;

double mean_of(std::span<const float> values)
{
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

LossCell cell_of(std::span<const float> values)
{
    LossCell cell{.mean = mean_of(values)};
    double squares = 0.0;
    for (const float value : values) {
        squares += (value - cell.mean) * (value - cell.mean);
    }
    const auto n = static_cast<double>(values.size());
    cell.standard_error = n > 1.0 ? std::sqrt(squares / (n - 1.0) / n) : 0.0;
    return cell;
}

}  // namespace

LossValues::LossValues(int buckets, bool shallow, std::vector<int> layers)
    : buckets_(buckets),
      shallow_(shallow),
      layers_(std::move(layers)),
      values_(static_cast<std::size_t>(buckets) * series())
{
}

void LossValues::add(std::span<const float> values, std::int64_t images)
{
    const auto count = static_cast<std::size_t>(images);
    for (std::size_t i = 0; i < values_.size(); ++i) {
        const auto part = values.subspan(i * count, count);
        values_[i].insert(values_[i].end(), part.begin(), part.end());
    }
}

LossCurve LossValues::curve(NetworkRole network, int layer, std::size_t series) const
{
    LossCurve curve{network, layer, {}};
    for (int bucket = 0; bucket < buckets_; ++bucket) {
        curve.buckets.push_back(cell_of(of(bucket, series)));
    }
    return curve;
}

std::vector<LossCurve> LossValues::curves(int depth, int shallow_depth) const
{
    std::vector<LossCurve> all;
    const std::size_t first_row = shallow_ ? 2 : 1;
    for (std::size_t row = 0; row < layers_.size(); ++row) {
        all.push_back(curve(NetworkRole::early_exit, layers_[row], first_row + 3 * row));
    }
    if (shallow_) {
        all.push_back(curve(NetworkRole::shallow, shallow_depth, 1));
    }
    all.push_back(curve(NetworkRole::full, depth, 0));
    return all;
}

std::vector<ProbeCalibration> LossValues::calibration() const
{
    std::vector<ProbeCalibration> all;
    const std::size_t first_row = shallow_ ? 2 : 1;
    for (std::size_t row = 0; row < layers_.size(); ++row) {
        std::vector<float> said;
        std::vector<float> found;
        double within = 0.0;
        int buckets = 0;
        for (int bucket = 0; bucket < buckets_; ++bucket) {
            const auto& u = of(bucket, first_row + 3 * row + 1);
            const auto& truth = of(bucket, first_row + 3 * row + 2);
            said.insert(said.end(), u.begin(), u.end());
            found.insert(found.end(), truth.begin(), truth.end());
            const double alone = pearson_correlation(u, truth);
            if (std::isfinite(alone)) {
                within += alone;
                ++buckets;
            }
        }
        ProbeCalibration one;
        one.layer = layers_[row];
        one.pearson = pearson_correlation(said, found);
        one.spearman = spearman_correlation(said, found);
        one.pearson_within_t = within / buckets;
        one.mean_said = mean_of(said);
        one.mean_found = mean_of(found);
        one.curve = reliability_curve(said, found, reliability_bins);
        one.error = calibration_error(one.curve);
        all.push_back(std::move(one));
    }
    return all;
}

}  // namespace duodiff
