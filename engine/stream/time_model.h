// SPDX-License-Identifier: MIT
#pragma once

#include "stream/run_record.h"

#include <array>
#include <cstddef>
#include <optional>

namespace duodiff
{

/// What a run has to do, in the units that its time is counted by.
struct Workload {
    struct Network {
        double image_steps = 0.0;  ///< (image, step) pairs
        double blocks = 0.0;       ///< (block, image) executions
    };
    std::array<Network, 3> networks;  ///< by NetworkRole
    double probes = 0.0;              ///< (probe, image) readings
    double leaving = 0.0;             ///< (image, step) pairs that were taken out of their batch
    double batch_steps = 0.0;         ///< network calls of a batch

    Network& of(NetworkRole role) { return networks[static_cast<std::size_t>(role)]; }
    const Network& of(NetworkRole role) const { return networks[static_cast<std::size_t>(role)]; }
};

/// The work that a run has done.
Workload workload_of(const RunRecord& record);

/// (batch, step) pairs of one step: batches with at least one image that reached it.
int batches_of(const StepRecord& step, int batch_size);

/// Probes that an image reads which leaves after `exit_layer` blocks, the probe that lets it go included.
int probes_read(const ModelSummary& model, int exit_layer);

/// What a run costs: the sum over its steps of blocks, probes, heads and the work that does not depend on
/// the exit layer. Rates are those of one machine, model and batch size; what is computed from them is a
/// prediction and never to be shown as measured.
struct TimeModel {
    struct Network {
        double block_ms = 0.0;  ///< a (block, image)
        double image_ms = 0.0;  ///< an (image, step): embedding and head
        bool measured = false;  ///< the run used this network; else taken from another by its cost
    };
    std::array<Network, 3> networks;  ///< by NetworkRole
    double probe_ms = 0.0;            ///< a (probe, image)
    double leaving_ms = 0.0;          ///< an image that is taken out of its batch
    double step_ms = 0.0;             ///< fixed, a step of a batch: solver, noise, the rest
    double run_ms = 0.0;              ///< once: previews, decoding, transfers

    const Network& of(NetworkRole role) const { return networks[static_cast<std::size_t>(role)]; }
    double predict_ms(const Workload& work) const;
};

/// The rates of a recorded run; what they say of its own workload is its measured time, without the cost of
/// uncertainties that were read only to be recorded (a probe run). Nothing where the record holds no time.
std::optional<TimeModel> fit_time_model(const RunRecord& record);

/// The cost of a block of `role` against one of the full network, by GFLOPs; 1 where unknown.
double relative_block_cost(const ModelSummary& model, NetworkRole role);

}  // namespace duodiff
