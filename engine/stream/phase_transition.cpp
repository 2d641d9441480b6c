// SPDX-License-Identifier: MIT
#include "stream/phase_transition.h"

#include <algorithm>
#include <cmath>

namespace duodiff
{

std::optional<PhaseTransition> find_phase_transition(std::span<const double> mean_exit_layer,
                                                     const PhaseTransitionOptions& options)
{
    const std::size_t n = mean_exit_layer.size();
    const std::size_t shortest = std::max<std::size_t>(options.minimum_segment, 1);
    if (n < 2 * shortest) {
        return std::nullopt;
    }

    // Deviations from the mean, so that the prefix sums below do not cancel.
    double mean = 0.0;
    for (const double layer : mean_exit_layer) {
        mean += layer;
    }
    mean /= static_cast<double>(n);
    double total_squares = 0.0;
    for (const double layer : mean_exit_layer) {
        total_squares += (layer - mean) * (layer - mean);
    }
    if (!std::isfinite(total_squares) || total_squares <= 0.0) {
        return std::nullopt;
    }

    // With deviations that sum to 0, splitting before k gives a between-segment sum of squares of
    // S_k^2 / k + S_k^2 / (n - k), S_k being the sum of the first k.
    double sum = 0.0;
    double best_squares = 0.0;
    double sum_at_best = 0.0;
    std::size_t best = 0;
    for (std::size_t k = 1; k < n; ++k) {
        sum += mean_exit_layer[k - 1] - mean;
        const double squares =
            sum * sum * static_cast<double>(n) / (static_cast<double>(k) * static_cast<double>(n - k));
        if (squares > best_squares) {
            best_squares = squares;
            sum_at_best = sum;
            best = k;
        }
    }

    // The ends are part of the search and refused afterwards: were they left out of it, a jump two steps
    // ago would be reported some steps too early, and one that has not lasted yet as if it had.
    if (best < shortest || n - best < shortest) {
        return std::nullopt;
    }
    PhaseTransition found;
    found.index = best;
    found.level_before = mean + sum_at_best / static_cast<double>(best);
    found.level_after = mean - sum_at_best / static_cast<double>(n - best);
    found.explained = std::min(best_squares / total_squares, 1.0);
    const double jump = std::abs(found.level_after - found.level_before);
    if (jump < options.minimum_jump || found.explained < options.minimum_explained) {
        return std::nullopt;
    }
    return found;
}

}  // namespace duodiff
