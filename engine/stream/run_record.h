// SPDX-License-Identifier: MIT
#pragma once

#include "stream/frame.h"
#include "stream/ledger.h"
#include "stream/settings.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace duodiff
{

/// One solver step of a whole run, all batches together.
struct StepRecord {
    int step = 0;
    int t = 0;
    NetworkRole network =
        NetworkRole::full;           ///< of all images; of the first one reached where `networks` is filled
    double ms = 0.0;                 ///< summed over the batches
    std::vector<double> parameters;  ///< in force in this step, one a batch (theta, t_s, ...); NaN: none
    std::vector<std::int16_t> exit_layers;  ///< one an image, in run order; -1: not reached
    std::vector<float> uncertainty;         ///< (probes x images of the run); NaN where not run; may be empty
    /// Mean over images of every probe; only where a run file left the rows out, see mean_uncertainties().
    std::vector<float> mean_uncertainty;
    /// Network of every image. Empty unless batches of this step used different networks, which happens
    /// when t_s was moved between them; entries of images that were not reached mean nothing.
    std::vector<NetworkRole> networks;

    bool mixed() const { return !networks.empty(); }
    NetworkRole network_of(std::size_t image) const { return mixed() ? networks[image] : network; }
};

struct MachineInfo {
    std::string cpu;
    int cores = 0;
    int threads = 0;
    std::string device;     ///< "cpu" or "cuda:0 (NVIDIA H100)"
    std::string precision;  ///< "fp32", "bf16"
    std::string attention;  ///< attention kernel in use
    std::string os;
    std::string libtorch;
    std::string program;  ///< "duodiff 0.1.0"
    std::uint64_t memory_bytes = 0;
};

/// What a run file needs to say about a model; see ModelInfo in the session for more.
struct ModelSummary {
    std::string name;
    std::string path;
    std::string late_path;         ///< full model of a DuoDiff pair of bare checkpoints, else empty
    std::string config_path;       ///< YAML that was given for `path`; empty: none
    std::string late_config_path;  ///< likewise for `late_path`
    std::map<std::string, std::string> sha256;  ///< part ("full", "shallow", ...) -> hex digest
    std::vector<std::string> class_names;
    int image_size = 0;
    int channels = 0;
    int depth = 0;          ///< blocks of the full network
    int shallow_depth = 0;  ///< 0: no shallow network
    bool has_early_exit = false;
    /// Blocks run when the first row of the uncertainties is read, and one more for each row after it: 0 in
    /// the DuoDiff authors' form of the probes, 1 in the AdaDiff authors'.
    int first_probe_layer = 0;
    double full_gflops = 0.0;     ///< one step of one image, full network
    double shallow_gflops = 0.0;  ///< likewise
    /// GFLOPs of one image and step that leaves after `i` blocks, i = 0..depth (probes and head
    /// included); of the early-exit network, or of the full one where there is none.
    std::vector<double> gflops_by_exit_layer;
};

enum class RunState { done, cancelled, failed };
std::string_view to_string(RunState state);
template <>
std::optional<RunState> from_string(std::string_view name);

struct ImageRecord {
    int index = 0;
    std::uint64_t seed = 0;
    std::int64_t label = -1;
    std::string file;    ///< relative to the run file; empty: not written
    int steps_done = 0;  ///< solver steps that an unfinished image had; 0: it is finished
};

/// A baseline measured on this machine that speed-ups are counted against.
struct BaselineRecord {
    double ms_per_image = 0.0;  ///< of the full network with otherwise equal settings
    std::string what;           ///< e.g. "full, seed 7, 16 images"
};

/// Classes that a branch had before they were changed on the way.
struct EarlierClasses {
    int before_step = 0;  ///< in force up to the step before this one
    std::vector<std::int64_t> classes;

    bool operator==(const EarlierClasses&) const = default;
};

/// Of a run that went on from another one's trajectory.
struct BranchRecord {
    int step = 0;                ///< the first that could differ from the parent's
    double taken_over_ms = 0.0;  ///< of the steps that were not run again; in the steps' ms, not in the wall
};

/// The full account of a run; what run.json, the report and the window's plots are made from.
struct RunRecord {
    SamplingSettings settings;
    MachineInfo machine;
    ModelSummary model;
    RunState state = RunState::done;
    std::string started_at;  ///< ISO 8601, UTC
    double sampling_ms = 0.0;
    Ledger ledger;
    std::vector<ImageRecord> images;
    /// Of the batch that was stopped, where its pictures were kept: the x_0 predicted in the last step done.
    std::vector<ImageRecord> unfinished;
    std::vector<StepRecord> steps;
    int probes = 0;  ///< rows of StepRecord::uncertainty
    std::optional<BaselineRecord> baseline;
    std::optional<BranchRecord> branch;
    /// By step, ascending; settings.classes are in force after the last of them.
    std::vector<EarlierClasses> earlier_classes;
    /// A probe run: every probe was read on every image, which costs `ledger.probes` and the wall time up to
    /// a network call more a step (and no step's ms).
    bool all_uncertainties = false;

    /// Takes a frame in, with the ledger that it may bring; batches may come in any order of steps. Needs
    /// settings.count and .steps set.
    /// `steps` stays sorted by step and holds the steps that ran. A frame outside of the settings' images
    /// or steps, or with another shape of uncertainty than the ones before, is a std::logic_error and
    /// leaves the record as it was.
    void add(const Frame& frame);

    int images_finished() const { return static_cast<int>(images.size()); }
};

/// The class list in force in a step.
const std::vector<std::int64_t>& classes_at(const RunRecord& record, int step);

/// Statistics over the exit layers of one step, over the images that reached it.
struct ExitStatistics {
    int n = 0;
    double mean = 0.0;
    double deviation = 0.0;  ///< population standard deviation
    int minimum = 0;
    int maximum = 0;
};
ExitStatistics exit_statistics(const StepRecord& step);

/// The mean exit layer of every step, in the order the steps ran; what find_phase_transition takes.
std::vector<double> mean_exit_layers(const RunRecord& record);

/// Mean of every probe over the images that ran it; NaN where none did. Empty without probes.
std::vector<float> mean_uncertainties(const StepRecord& step, int probes);

/// (image, step) pairs that ran.
std::int64_t image_steps(const RunRecord& record);

/// Blocks run over blocks that the full network would have run, 0..1; 0 where nothing ran.
double block_share(const RunRecord& record);

/// (block, image) executions: the sum of the exit layers.
std::int64_t blocks_run(const RunRecord& record);

/// GFLOPs of one image and step that used `role` and left after `exit_layer` blocks; NaN where unknown.
double gflops_of(const ModelSummary& model, NetworkRole role, int exit_layer);

/// GFLOPs spent an image that began, from the analytic cost of every exit layer; 0 where none began, NaN
/// where the model's cost is unknown.
double gflops_per_image(const RunRecord& record);

}  // namespace duodiff
