// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"
#include "stream/frame.h"
#include "stream/pause_switch.h"
#include "stream/run_record.h"
#include "stream/settings.h"
#include "stream/trajectory.h"

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace duodiff
{

/// What to open: a pack folder, or a bare checkpoint with what it needs besides.
struct ModelSource {
    std::filesystem::path model;       ///< pack folder, .pth/.pt or .safetensors
    std::filesystem::path late_model;  ///< DuoDiff pair of bare checkpoints: `model` is the shallow one
    std::filesystem::path config;      ///< YAML for `model`; empty: looked for beside it
    std::filesystem::path late_config;

    bool operator==(const ModelSource&) const = default;
};

/// What a person has to know about an open model, and what of it each control may use.
struct ModelInfo {
    ModelSummary summary;
    std::string description;  ///< one line: kind, depth, shape
    std::string convention;   ///< "DuoDiff authors", "AdaDiff authors", "plain U-ViT"
    std::string licence;
    bool is_pack = false;
    bool latent = false;
    int num_classes = 0;  ///< 0: unconditional
    Parametrization parametrization = Parametrization::predict_noise;

    bool has_shallow = false;
    bool has_early_exit = false;
    bool threshold_is_probability = true;  ///< false for the attention probe: any number
    double threshold_minimum = 0.0;        ///< useful range of theta, of this model
    double threshold_maximum = 1.0;
    double threshold_default = 0.1;
    int switch_step_default = 300;
    std::uint64_t memory_bytes = 0;  ///< of the weights, shared ones counted once
};

/// Values that a person may move while a run goes on; the policy reads them at the start of each step.
struct LiveParameters {
    std::atomic<double> threshold{0.0};
    std::atomic<int> switch_step{0};
    std::atomic<int> exit_layer{0};
};

/// Ways to hold a run and to end it early. A fresh one for every run.
struct RunControls {
    std::stop_token stop{};                           ///< stop now: the batch in progress is given up
    const std::atomic<bool>* finish_batch = nullptr;  ///< true: no further batch is started
    /// Holds the run before its next step. The time it is held is in no step's ms, not in sampling_ms and
    /// not in the ledger. A stop ends the wait; finish_batch does not.
    PauseSwitch* pause = nullptr;
    /// True at the moment of a stop: what the batch in progress had come to is returned as `unfinished`.
    const std::atomic<bool>* keep_unfinished = nullptr;
};

/// What `sample` returns. `record.state` is done or cancelled; a failure is thrown instead.
struct RunOutcome {
    RunRecord record;
    std::vector<FinishedImage> images;
    std::vector<SavedState> saved;
    /// Of the batch that was stopped, where they were to be kept and it had done a step; on record as
    /// record.unfinished.
    std::vector<UnfinishedImage> unfinished;
};

/// Where a run goes on from another one's trajectory.
struct ResumePoint {
    const Trajectory* trajectory = nullptr;
    const RunRecord* record = nullptr;  ///< of the run that the trajectory is of
    /// The first step that may differ, 0 to the number of steps. Each batch goes on from the nearest state
    /// held at or before it; the steps up to this one are as in the parent, whatever is new from here on. The
    /// number of steps itself goes on where a run was stopped.
    int step = 0;
};

/// What a run may have besides its settings. Pointers have to stay good until `sample` returns.
struct SampleOptions {
    /// Filled with the run's states; may be the one that is resumed from. See Trajectory for its bound.
    Trajectory* keep = nullptr;
    /// Settings may differ from the parent's in theta, t_s, the static layer, the classes and save_steps;
    /// with none of them changed (see `parameter_of`) every step is the parent's to the bit. Frames come for
    /// the steps that run; the record begins with the parent's (see begin_branch). x_t of save_steps that do
    /// not run again are not saved.
    std::optional<ResumePoint> resume;
    /// theta, t_s or the static layer of a step, ahead of `live` and the settings where it gives one: called
    /// on the engine's thread before every step that is not before the resume point.
    std::function<std::optional<double>(int batch, int step)> parameter_of;
    /// Classes that were changed on the way, for repeating a branch from the start; see RunRecord. Not
    /// together with `resume`, where the parent's record says them.
    std::vector<EarlierClasses> earlier_classes;
    /// A probe run: every probe is read on every image, also where the policy needs none or the image has
    /// left. Pictures and exit layers are those of the run without it to the bit; it costs up to one network
    /// call more a step, which is in ledger.probes and in no step's ms. Needs an early-exit network.
    bool all_uncertainties = false;
};

/// What every probe says of one state of a trajectory.
struct LayerUncertainty {
    int batch = 0;
    int first_image = 0;
    int steps_done = 0;
    int t = 0;
    int probes = 0;
    int images = 0;
    std::vector<int> layers;         ///< blocks run when each probe is read
    std::vector<float> uncertainty;  ///< (probes, images)
    int map_height = 0;              ///< patches; pixels for the AdaDiff authors' form
    int map_width = 0;
    std::vector<float> maps;         ///< (probes, images, map_height, map_width), u in [0, 1]
    std::optional<Failure> no_maps;  ///< why there are none, in words

    /// (map_height x map_width) values, row-major.
    std::span<const float> map(int probe, int image) const
    {
        const std::size_t area = static_cast<std::size_t>(map_height) * static_cast<std::size_t>(map_width);
        const std::size_t place = static_cast<std::size_t>(probe) * static_cast<std::size_t>(images) +
                                  static_cast<std::size_t>(image);
        return std::span<const float>(maps).subspan(place * area, area);
    }
};

/// Called while something long goes on: what, and how far (0..1; negative: unknown).
using Progress = std::function<void(const std::string& what, double fraction)>;

/// The one public door to the engine. Everything on it is called on one thread, the same for the whole
/// life of the object, and blocks until it is done. Throws EngineError and nothing else.
class Engine
{
public:
    virtual ~Engine() = default;

    /// Opens a model and makes it the current one; on an error the former stays.
    virtual ModelInfo open(const ModelSource& source, const Progress& progress = {},
                           std::stop_token stop = {}) = 0;

    /// Whether `settings` can run on the current model; what is wrong, in words, otherwise.
    virtual std::optional<Failure> check(const SamplingSettings& settings) const = 0;

    /// Runs `settings` on the current model. `live` overrides threshold, switch_step and exit_layer from
    /// the first step on (of a resumed run: from the resume point on); null: the settings' own are used
    /// throughout. A trajectory that does not belong to the settings or to the model is refused in words.
    virtual RunOutcome sample(const SamplingSettings& settings, std::uint64_t run_id, FrameSink& sink,
                              const RunControls& controls = {}, const LiveParameters* live = nullptr,
                              const SampleOptions& options = {}) = 0;

    /// Every layer of the early-exit network on a held x_t, and what its probes say there. Refused in words
    /// without probes, without the state, at the end of a run, and for another model's trajectory. The
    /// attention probe gives no maps.
    virtual LayerUncertainty uncertainty_of(const Trajectory& trajectory, int batch, int steps_done) = 0;

    /// The images of a held state, decoded where they are latents; pixels before clipping. See
    /// Trajectory::picture for what needs no engine.
    virtual std::vector<FinishedImage> images_of(const Trajectory& trajectory, int batch, int steps_done,
                                                 PictureKind kind) = 0;
};

/// The LibTorch engine.
std::unique_ptr<Engine> make_engine();

/// Devices that this machine and this LibTorch offer: "cpu", "cuda:0", ...; cheap, any thread.
std::vector<std::string> available_devices();

}  // namespace duodiff
