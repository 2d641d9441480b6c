// SPDX-License-Identifier: MIT
#include "stream/pareto.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

namespace duodiff
{

std::vector<std::size_t> pareto_front(std::span<const TradeOff> points)
{
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < points.size(); ++i) {
        if (std::isfinite(points[i].time) && std::isfinite(points[i].difference)) {
            order.push_back(i);
        }
    }
    std::stable_sort(order.begin(), order.end(), [points](std::size_t a, std::size_t b) {
        return std::tie(points[a].time, points[a].difference) <
               std::tie(points[b].time, points[b].difference);
    });
    std::vector<std::size_t> front;
    for (const std::size_t i : order) {
        const bool equals_last = !front.empty() && points[front.back()].time == points[i].time &&
                                 points[front.back()].difference == points[i].difference;
        if (front.empty() || equals_last || points[i].difference < points[front.back()].difference) {
            front.push_back(i);
        }
    }
    return front;
}

}  // namespace duodiff
