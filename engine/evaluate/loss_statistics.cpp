// SPDX-License-Identifier: MIT
#include "evaluate/loss_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace duodiff
{
namespace
{

template <class Value>
double correlation(std::span<const Value> a, std::span<const Value> b)
{
    const auto n = static_cast<double>(a.size());
    if (a.size() < 2) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n;
    const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
    double both = 0.0;
    double only_a = 0.0;
    double only_b = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double off_a = static_cast<double>(a[i]) - mean_a;
        const double off_b = static_cast<double>(b[i]) - mean_b;
        both += off_a * off_b;
        only_a += off_a * off_a;
        only_b += off_b * off_b;
    }
    const double scale = std::sqrt(only_a) * std::sqrt(only_b);
    return scale > 0.0 ? both / scale : std::numeric_limits<double>::quiet_NaN();
}

std::vector<std::size_t> sorted_places(std::span<const float> values)
{
    std::vector<std::size_t> places(values.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    std::stable_sort(places.begin(), places.end(),
                     [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
    return places;
}

std::vector<double> ranks_of(std::span<const float> values)
{
    const std::vector<std::size_t> places = sorted_places(values);
    std::vector<double> ranks(values.size());
    for (std::size_t first = 0; first < places.size();) {
        std::size_t end = first;
        while (end < places.size() && values[places[end]] == values[places[first]]) {
            ++end;
        }
        for (std::size_t i = first; i < end; ++i) {
            ranks[places[i]] = 0.5 * static_cast<double>(first + end - 1);
        }
        first = end;
    }
    return ranks;
}

}  // namespace

double pearson_correlation(std::span<const float> a, std::span<const float> b)
{
    return correlation(a, b);
}

double spearman_correlation(std::span<const float> a, std::span<const float> b)
{
    const std::vector<double> of_a = ranks_of(a);
    const std::vector<double> of_b = ranks_of(b);
    return correlation<double>(of_a, of_b);
}

std::vector<ReliabilityBin> reliability_curve(std::span<const float> said, std::span<const float> found,
                                              int bins)
{
    const std::vector<std::size_t> places = sorted_places(said);
    const std::size_t count = std::min(static_cast<std::size_t>(bins), places.size());
    std::vector<ReliabilityBin> curve;
    for (std::size_t bin = 0; bin < count; ++bin) {
        const std::size_t first = bin * places.size() / count;
        const std::size_t end = (bin + 1) * places.size() / count;
        ReliabilityBin one{static_cast<std::int64_t>(end - first), said[places[first]], said[places[end - 1]],
                           0.0, 0.0};
        for (std::size_t i = first; i < end; ++i) {
            one.said += static_cast<double>(said[places[i]]);
            one.found += static_cast<double>(found[places[i]]);
        }
        one.said /= static_cast<double>(one.pairs);
        one.found /= static_cast<double>(one.pairs);
        curve.push_back(one);
    }
    return curve;
}

double calibration_error(const std::vector<ReliabilityBin>& bins)
{
    double sum = 0.0;
    double pairs = 0.0;
    for (const ReliabilityBin& bin : bins) {
        sum += static_cast<double>(bin.pairs) * std::abs(bin.said - bin.found);
        pairs += static_cast<double>(bin.pairs);
    }
    return sum / pairs;
}

}  // namespace duodiff
