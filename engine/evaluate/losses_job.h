// SPDX-License-Identifier: MIT
#pragma once

#include "evaluate/evaluation_data.h"
#include "evaluate/loss_statistics.h"
#include "session/engine.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

/// `duodiff eval losses`: what every layer is good for at every t, and whether the probes know. Plain values,
/// no LibTorch.
namespace duodiff
{

struct LossesRequest {
    ModelSource source;
    DataSettings data;  ///< img_size and channels are taken from the model
    /// Count, batch, seed, parametrization, device and precision; the rest is not read.
    SamplingSettings base;
    int buckets = 20;                ///< of t, each with one t a batch
    std::filesystem::path folder{};  ///< gets parts/, from which an interrupted evaluation goes on
};

/// Mean squared error of a prediction.
struct LossCell {
    double mean = 0.0;            ///< over pixels and images
    double standard_error = 0.0;  ///< of the mean over the images
};

/// One network, or one exit of the early-exit network.
struct LossCurve {
    NetworkRole network = NetworkRole::full;
    int layer = 0;                  ///< blocks run
    std::vector<LossCell> buckets;  ///< by growing t
};

/// Of one probe, over all images and t: u against the true error û = mean tanh |g - y| of the exit at the
/// same place, y being what the network was trained to predict.
struct ProbeCalibration {
    int layer = 0;
    double pearson = 0.0;  ///< NaN where one side does not vary
    double spearman = 0.0;
    double pearson_within_t = 0.0;  ///< mean over the buckets of t, of each alone
    double mean_said = 0.0;
    double mean_found = 0.0;
    double error = 0.0;  ///< mean |u - û| of the curve's bins
    std::vector<ReliabilityBin> curve;
};

struct LossesReport {
    MachineInfo machine;
    ModelSummary model;
    SamplingSettings base;
    std::string parametrization;
    std::string probes;  ///< "mlp_probe_per_layer", ...; empty: none
    DataSummary data;
    std::int64_t images = 0;        ///< that were used
    std::vector<int> bucket_edges;  ///< one more than buckets: bucket b is t in [edge b, edge b + 1)
    std::vector<LossCurve> curves;  ///< exits by growing layer, then the shallow network, then the full one
    std::vector<ProbeCalibration> calibration;
    std::vector<std::string> notes;
};

/// Throws EngineError and nothing else. Every finished batch is in the folder when it is cancelled, and the
/// next call with the same request goes on from there.
LossesReport evaluate_losses(const LossesRequest& request, const Progress& progress = {},
                             std::stop_token stop = {});

/// Values of the images, bucket by bucket, as a batch's part holds them.
class LossValues
{
public:
    /// `shallow`: whether there is such a network; `layers`: of the probes, in the order of their rows.
    LossValues(int buckets, bool shallow, std::vector<int> layers);

    /// Values of one bucket of a batch of `images`: the full network's errors, the shallow one's, then for
    /// each row errors, u and û.
    std::size_t series() const { return 1 + (shallow_ ? 1U : 0U) + 3 * layers_.size(); }
    /// A whole batch: (buckets, series, images).
    void add(std::span<const float> values, std::int64_t images);

    std::vector<LossCurve> curves(int depth, int shallow_depth) const;
    std::vector<ProbeCalibration> calibration() const;

private:
    const std::vector<float>& of(int bucket, std::size_t series) const
    {
        return values_[static_cast<std::size_t>(bucket) * this->series() + series];
    }
    LossCurve curve(NetworkRole network, int layer, std::size_t series) const;

    int buckets_;
    bool shallow_;
    std::vector<int> layers_;
    std::vector<std::vector<float>> values_;  ///< (buckets x series)
};

}  // namespace duodiff
