// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace duodiff
{

/// Product-moment correlation; NaN where one side does not vary or there are fewer than two pairs.
double pearson_correlation(std::span<const float> a, std::span<const float> b);

/// That of the ranks; equal values share their mean rank.
double spearman_correlation(std::span<const float> a, std::span<const float> b);

/// Pairs with neighbouring values of what was said.
struct ReliabilityBin {
    std::int64_t pairs = 0;
    double lowest = 0.0;  ///< said
    double highest = 0.0;
    double said = 0.0;   ///< mean
    double found = 0.0;  ///< mean
};

/// At most `bins` bins of as equal a number of pairs as can be, by growing `said`.
std::vector<ReliabilityBin> reliability_curve(std::span<const float> said, std::span<const float> found,
                                              int bins);

/// Mean |said - found| of the bins, weighted by their pairs.
double calibration_error(const std::vector<ReliabilityBin>& bins);

}  // namespace duodiff
