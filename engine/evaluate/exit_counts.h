// SPDX-License-Identifier: MIT
#pragma once

#include "evaluate/parts.h"
#include "stream/run_record.h"

#include <cstdint>
#include <string>
#include <vector>

namespace duodiff
{

/// How many images left at each layer in each step. Whole numbers, so that parts add up exactly.
struct ExitCounts {
    std::int64_t images = 0;
    std::vector<int> timesteps;                   ///< in the order the steps ran
    std::vector<std::vector<std::int64_t>> left;  ///< by step, by blocks run (0..depth)

    /// A finished run of a model of `depth` blocks. Throws EngineError(failed) for other steps than before.
    void add(const RunRecord& record, int depth);

    bool operator==(const ExitCounts&) const = default;
};

/// Over the images, in one step.
double mean_layer(const std::vector<std::int64_t>& left);
/// Population standard deviation.
double layer_deviation(const std::vector<std::int64_t>& left);
std::vector<double> mean_layers(const ExitCounts& counts);
/// Blocks run over those of the full depth.
double block_share(const ExitCounts& counts);
/// From the cost of every exit layer; NaN where it is unknown.
double gflops_per_image(const ExitCounts& counts, const ModelSummary& model);

/// The counts of an AdaDiff run in `parts`: an evaluation at one theta finds what another one of the same
/// images has left there.
std::string exit_part_name(double threshold);
/// Empty counts where nothing fits.
ExitCounts find_exit_counts(Parts& parts, double threshold, const std::string& identity);
void keep_exit_counts(const Parts& parts, double threshold, const std::string& identity,
                      const ExitCounts& counts);

}  // namespace duodiff
