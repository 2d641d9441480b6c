// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace duodiff
{

/// Both are better when smaller.
struct TradeOff {
    double time = 0.0;
    double difference = 0.0;
};

/// Indices of the points on the Pareto front, by growing time (and in the given order among equals): those
/// for which no other point is at least as good in both and better in one. Points that are not finite are
/// never on it and shadow nothing.
std::vector<std::size_t> pareto_front(std::span<const TradeOff> points);

}  // namespace duodiff
