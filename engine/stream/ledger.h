// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace duodiff
{

/// Where the wall time of a run went, in milliseconds. The parts and `other` add up to `wall`.
struct Ledger {
    double embed = 0.0;       ///< patch, time and label embedding
    double blocks = 0.0;      ///< transformer blocks
    double probes = 0.0;      ///< uncertainty probes
    double heads = 0.0;       ///< output heads
    double compaction = 0.0;  ///< taking exited images out of the batch
    double solver = 0.0;      ///< solver update
    double noise = 0.0;       ///< drawing noise
    double previews = 0.0;    ///< making pictures for the window
    double decoding = 0.0;    ///< autoencoder, of latent models
    double transfers = 0.0;   ///< copies between devices and out of the engine
    double wall = 0.0;        ///< whole run

    double sum_of_parts() const;
    double other() const { return wall - sum_of_parts(); }
    Ledger& operator+=(const Ledger& more);
    /// (name, milliseconds) of every part, in the order above, `wall` left out.
    std::vector<std::pair<std::string, double>> parts() const;
};

}  // namespace duodiff
