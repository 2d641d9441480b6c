// SPDX-License-Identifier: MIT
#pragma once

#include "stream/frame.h"
#include "stream/run_record.h"
#include "stream/settings.h"

#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace duodiff
{

/// What a sweep varies. Every number of steps gets the full network, each t_s and each theta.
struct SweepPlan {
    SamplingSettings base;           ///< model-independent rest: images, seed, sampler, device, ...
    std::vector<int> switch_steps;   ///< t_s, for DuoDiff; empty: no DuoDiff
    std::vector<double> thresholds;  ///< theta, for AdaDiff; empty: no AdaDiff
    std::vector<int> steps;          ///< solver steps; empty: those of `base`
};

/// The runs of a sweep, in the order that gives a first picture soonest: few steps before many, and for
/// each number of steps the full network (what the others are compared with) before t_s and theta, both
/// upwards. No two are the same: repeated values count once, and t_s <= 0 is the full network. The values
/// of other policies are those of `base`. Ranges are not checked here.
std::vector<SamplingSettings> sweep_settings(const SweepPlan& plan);

enum class SweepState { pending, done, failed };
std::string_view to_string(SweepState state);
template <>
std::optional<SweepState> from_string(std::string_view name);

struct SweepRow {
    SamplingSettings settings;
    SweepState state = SweepState::pending;
    double sampling_ms = 0.0;   ///< measured
    double ms_per_image = 0.0;  ///< measured
    /// To the images of the full network with as many steps, see picture_difference(); NaN: not known.
    double difference = std::numeric_limits<double>::quiet_NaN();
    double block_share = 0.0;      ///< of the full network's blocks, 0..1
    double mean_exit_layer = 0.0;  ///< over all (image, step) pairs
    std::string run_file;          ///< of the run, relative to the sweep's file; empty: none
    std::string failure;           ///< why it failed, in words
};

/// A sweep and what is finished of it.
struct Sweep {
    ModelSummary model;
    MachineInfo machine;
    std::string started_at;  ///< ISO 8601, UTC
    std::vector<SweepRow> rows;
};

/// All rows pending.
Sweep begin_sweep(const SweepPlan& plan);

/// The row to run next: the first pending one. Nothing: the sweep is done.
std::optional<std::size_t> next_row(const Sweep& sweep);

/// The full network's row that `row` is compared with: as many steps. Nothing where there is none or it is
/// not done.
std::optional<std::size_t> reference_row(const Sweep& sweep, std::size_t row);

/// Puts the numbers of a finished run in. A run that is not done leaves the row pending, so that a sweep
/// which was stopped goes on with it; a failed one marks it.
void finish_row(SweepRow& row, const RunRecord& record, double difference);

/// Rows on the Pareto front of time and difference, by growing time; the full network's rows count with a
/// difference of 0.
std::vector<std::size_t> pareto_rows(const Sweep& sweep);

/// Root mean square difference of the pictures, as they are shown: (x + 1) / 2 clipped to [0, 1]. Images
/// are matched by their index; NaN where they do not match in number or shape.
double picture_difference(std::span<const FinishedImage> images, std::span<const FinishedImage> reference);

}  // namespace duodiff
