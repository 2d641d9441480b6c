// SPDX-License-Identifier: MIT
#pragma once

#include "stream/frame.h"
#include "stream/picture_strip.h"
#include "stream/run_record.h"
#include "stream/settings.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace duodiff
{

/// A batch between two steps, lossless. `steps_done` counts from 0 (the noise) to the number of steps (the
/// end), so the frame of step s shows the state with s + 1 steps done.
struct TrajectoryState {
    int batch = 0;
    int first_image = 0;  ///< index in the run of the batch's first image
    int steps_done = 0;
    int t = -1;                        ///< of the step that comes next; -1 where none does
    BatchShape shape;                  ///< of x; latents of latent models
    std::vector<std::int64_t> labels;  ///< of the next step, one an image; empty: unconditional
    std::vector<float> x;              ///< in the shape; x_t of the next step
    /// x_0 as the step before predicted it, in the same shape; solvers that look back need it. Empty with 0
    /// steps done, and where it is not kept.
    std::vector<float> predicted;

    std::size_t bytes() const;
};
using StatePointer = std::shared_ptr<const TrajectoryState>;

struct TrajectoryOptions {
    std::size_t limit_bytes = std::size_t{512} << 20;  ///< of a trajectory with a budget of its own
    /// Keep the predicted x_0 also where the solver has no need of it: twice the memory, and the cursor can
    /// show it.
    bool keep_predicted = true;
};

/// The run that a trajectory is of.
struct TrajectoryRun {
    SamplingSettings settings;  ///< as resolved, see RunRecord::settings
    ModelSummary model;
    int steps = 0;                   ///< network calls a batch
    bool keeps_predicted = false;    ///< the solver needs it, or the options ask for it
    std::vector<float> preview_map;  ///< latent models: see make_latent_strip; else empty
};

class Trajectory;

/// One bound for the states of several trajectories together; a state that several hold counts once. Where
/// room is needed, whole trajectories that are not in use are let go of first, the one longest out of use
/// before the others. Where that is not enough, the largest of those in use and of the one that is filled is
/// thinned: every second of its states is dropped.
///
/// Every call is for any thread.
class TrajectoryBudget
{
public:
    explicit TrajectoryBudget(std::size_t limit_bytes = TrajectoryOptions().limit_bytes) : limit_(limit_bytes)
    {
    }

    std::size_t limit_bytes() const;
    /// Held by all together.
    std::size_t bytes() const;
    /// What is more than the new bound goes at once.
    void set_limit(std::size_t bytes);
    /// Those that are never let go of as a whole; every call replaces the former list. Each counts as used
    /// now. Null and trajectories of another budget are passed over.
    void set_in_use(const std::vector<const Trajectory*>& trajectories);

private:
    friend class Trajectory;
    using Released = std::vector<StatePointer>;  ///< to be destroyed when the lock is gone

    void enter(Trajectory* trajectory);
    void leave(Trajectory* trajectory);
    // All below with the lock held.
    void touch(const Trajectory* trajectory);
    bool is_in_use(const Trajectory* trajectory) const;
    std::size_t cost_of(const StatePointer& state) const;
    void add(const StatePointer& state);
    void remove(StatePointer state, Released& released);
    bool make_room(std::size_t bytes, const Trajectory* filling, Released& released);
    Trajectory* longest_unused(const Trajectory* filling) const;
    Trajectory* largest_to_thin(const Trajectory* filling) const;

    mutable std::mutex mutex_;
    std::size_t limit_;
    std::size_t bytes_ = 0;
    std::unordered_map<const TrajectoryState*, int> holders_;
    std::vector<Trajectory*> members_;  ///< the one used last at the end
    std::vector<const Trajectory*> in_use_;
};

/// x_t on the way of every batch of a run, in bounded memory. Before a state would exceed the bound, every
/// second one is dropped, all over the run, so that what is held stays even: each batch's steps that are
/// multiples of stride(), and its end. What does not even fit alone is not kept. With a budget that others
/// share, see there for who makes room.
///
/// Every call is for any thread; one at a time fills it. States are shared and never change: a branch holds
/// its parent's without a copy, and one that is dropped lives on where it is still held.
class Trajectory
{
public:
    /// Without a budget it has one of its own, of options.limit_bytes.
    explicit Trajectory(TrajectoryOptions options = {}, std::shared_ptr<TrajectoryBudget> budget = {});
    ~Trajectory();
    Trajectory(const Trajectory&) = delete;
    Trajectory& operator=(const Trajectory&) = delete;

    /// Forgets everything and begins with `run`.
    void begin(TrajectoryRun run);
    /// Whether a state with so many steps done would be kept if it came now.
    bool wants(int steps_done) const;
    /// Takes a state in; replaces the one of the same batch and step.
    void keep(StatePointer state);

    /// Null before begin().
    std::shared_ptr<const TrajectoryRun> run() const;
    const TrajectoryOptions& options() const { return options_; }
    /// Of the states that it holds, those that others hold as well included.
    std::size_t bytes() const;
    /// Of its budget.
    std::size_t limit_bytes() const { return budget_->limit_bytes(); }
    /// What its budget may still grow by.
    std::size_t room() const;
    int stride() const;
    /// Whether its states were let go of, to make room for another's.
    bool was_let_go() const;
    /// Batches that any state is held of: 0 .. batches() - 1.
    int batches() const;
    /// Numbers of steps done that are held of a batch, ascending.
    std::vector<int> held(int batch) const;

    /// Null where it is not held.
    StatePointer state(int batch, int steps_done) const;
    /// The last one held with at most so many steps done; null where there is none.
    StatePointer nearest(int batch, int steps_done) const;
    /// Pictures of a held state, in the batch's order; nothing where state or kind is not held. Plain
    /// arithmetic, also for latents (an approximation there).
    std::optional<PictureStrip> picture(int batch, int steps_done, PictureKind kind) const;

private:
    friend class TrajectoryBudget;
    using Place = std::pair<int, int>;  ///< batch, steps done

    // With the budget's lock held.
    bool is_on_stride(int steps_done) const;
    bool can_be_thinned() const;
    void thin(TrajectoryBudget::Released& released);
    void let_go(TrajectoryBudget::Released& released);
    void drop_all(TrajectoryBudget::Released& released);

    const TrajectoryOptions options_;
    const std::shared_ptr<TrajectoryBudget> budget_;  ///< its lock guards all below
    std::shared_ptr<const TrajectoryRun> run_;
    std::map<Place, StatePointer> states_;
    std::size_t bytes_ = 0;
    int stride_ = 1;
    bool let_go_ = false;
};

}  // namespace duodiff
