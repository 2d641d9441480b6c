// SPDX-License-Identifier: MIT
#pragma once

#include "stream/phase_transition.h"
#include "stream/run_record.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The numbers of a run, worked out in one place: run.json, the HTML and PDF reports, the window's panels
/// and the command line all show these, so that they agree.
namespace duodiff
{

/// One row of the table per network and layer. Row 0 is leaving before the first block.
struct LayerNumbers {
    int layer = 0;                ///< blocks run by an image that leaves here
    std::int64_t executions = 0;  ///< (block, image) executions of the layer-th block; 0 in row 0
    double share = 0.0;           ///< executions over the network's (image, step) pairs
    std::int64_t leaving = 0;     ///< (image, step) pairs that left here
    double leaving_share = 0.0;
    double ms = 0.0;  ///< the measured time of all blocks, shared out by executions
};

struct NetworkNumbers {
    NetworkRole role = NetworkRole::full;
    int steps = 0;                 ///< in which at least one batch used it
    std::int64_t image_steps = 0;  ///< (image, step) pairs
    std::int64_t executions = 0;   ///< sum over the layers
    double mean_exit_layer = 0.0;
    double ms = 0.0;  ///< wall time of its steps; a mixed step's is shared out by (image, step) pairs
    std::vector<LayerNumbers> layers;
};

struct LedgerNumbers {
    std::string name;   ///< as in Ledger::parts(), or "other"
    std::string label;  ///< for people
    double ms = 0.0;
    double share = 0.0;  ///< of the wall time
};

struct PhaseTransitionNumbers {
    PhaseTransition at;
    int step = 0;
    int t = 0;
};

struct SpeedUp {
    double factor = 1.0;    ///< above 1: faster than the full network
    bool measured = false;  ///< against a baseline measured on this machine; else estimated
    std::string against;    ///< "full, seed 7, 16 images", or how it was estimated
};

struct ReportNumbers {
    int images_asked = 0;
    int images_begun = 0;
    int images_finished = 0;
    int steps_run = 0;
    int depth = 0;
    std::int64_t image_steps = 0;
    std::int64_t blocks_run = 0;
    std::int64_t blocks_full = 0;  ///< what the full network would have run
    double block_share = 0.0;      ///< blocks_run / blocks_full
    double mean_exit_layer = 0.0;  ///< over all (image, step) pairs
    double sampling_ms = 0.0;
    double ms_per_image = 0.0;           ///< NaN where not every image that was begun was finished
    double gflops_per_image = 0.0;       ///< NaN: unknown
    double full_gflops_per_image = 0.0;  ///< what the full network would have taken, likewise
    std::optional<PhaseTransitionNumbers> phase_transition;
    /// Nothing for a run of the full network itself without a baseline, and where nothing can be said.
    std::optional<SpeedUp> speed_up;
    std::vector<NetworkNumbers> networks;  ///< those that ran, in the order of NetworkRole
    std::vector<LedgerNumbers> ledger;     ///< parts in the order of Ledger::parts(), then "other"
    double ledger_wall_ms = 0.0;
};

ReportNumbers report_numbers(const RunRecord& record);

/// The baseline that `full`, a finished run of the full network, is for `run`: nothing unless model, machine,
/// device, precision, solver, steps, batch and number of images are the same.
std::optional<BaselineRecord> baseline_from(const RunRecord& full, const RunRecord& run);

/// "Full network", "Shallow network", "Early-exit network".
std::string_view network_label(NetworkRole role);

/// "DuoDiff, t_s = 300", "AdaDiff, θ = 0.08", "Full", "Static, layer 4".
std::string policy_label(const SamplingSettings& settings);

/// The result of a run in one or two sentences: what was made, in what time, how much of the network ran.
std::string result_sentence(const RunRecord& record, const ReportNumbers& numbers);

/// "1.91× faster than the full network (measured)", "1.30× slower ... (estimated)"; empty without one.
std::string speed_up_text(const ReportNumbers& numbers);

/// Which value of the slider was in force from where on, when it was moved in mid-run; else nothing.
std::string moved_parameters_text(const RunRecord& record);
/// With commas; of many words the first, and how many more there are.
std::string joined_text(const std::vector<std::string>& words);

// Numbers as text, the same in every output; "not known" for NaN.
std::string duration_text(double ms);        ///< "812 ms", "21.8 s", "3 min 05 s"
std::string share_text(double share);        ///< "49.8 %"
std::string factor_text(double factor);      ///< "1.91×"
std::string layer_text(double layer);        ///< "6.48"
std::string count_text(std::int64_t count);  ///< "65,000"
std::string gflops_text(double gflops);      ///< "107", "3.21"

}  // namespace duodiff
