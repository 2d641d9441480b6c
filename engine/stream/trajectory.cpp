// SPDX-License-Identifier: MIT
#include "stream/trajectory.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace duodiff
{

std::size_t TrajectoryState::bytes() const
{
    return sizeof(TrajectoryState) + labels.size() * sizeof(std::int64_t) +
           (x.size() + predicted.size()) * sizeof(float);
}

Trajectory::Trajectory(TrajectoryOptions options, std::shared_ptr<TrajectoryBudget> budget)
    : options_(options),
      budget_(budget ? std::move(budget) : std::make_shared<TrajectoryBudget>(options.limit_bytes))
{
    budget_->enter(this);
}

Trajectory::~Trajectory()
{
    budget_->leave(this);
}

void Trajectory::begin(TrajectoryRun run)
{
    TrajectoryBudget::Released released;
    const std::lock_guard lock(budget_->mutex_);
    drop_all(released);
    run_ = std::make_shared<const TrajectoryRun>(std::move(run));
    stride_ = 1;
    let_go_ = false;
    budget_->touch(this);
}

bool Trajectory::is_on_stride(int steps_done) const
{
    return steps_done % stride_ == 0 || (run_ && steps_done == run_->steps);
}

bool Trajectory::wants(int steps_done) const
{
    const std::lock_guard lock(budget_->mutex_);
    return is_on_stride(steps_done);
}

bool Trajectory::can_be_thinned() const
{
    return stride_ <= (run_ ? run_->steps : 0);
}

void Trajectory::thin(TrajectoryBudget::Released& released)
{
    stride_ *= 2;
    for (auto at = states_.begin(); at != states_.end();) {
        if (is_on_stride(at->first.second)) {
            ++at;
        } else {
            bytes_ -= at->second->bytes();
            budget_->remove(std::move(at->second), released);
            at = states_.erase(at);
        }
    }
}

void Trajectory::drop_all(TrajectoryBudget::Released& released)
{
    for (auto& [place, state] : states_) {
        budget_->remove(std::move(state), released);
    }
    states_.clear();
    bytes_ = 0;
}

void Trajectory::let_go(TrajectoryBudget::Released& released)
{
    drop_all(released);
    let_go_ = true;
}

void Trajectory::keep(StatePointer state)
{
    TrajectoryBudget::Released released;
    const std::lock_guard lock(budget_->mutex_);
    const Place place{state->batch, state->steps_done};
    if (const auto former = states_.find(place); former != states_.end()) {
        bytes_ -= former->second->bytes();
        budget_->remove(std::move(former->second), released);
        states_.erase(former);
    }
    const std::size_t cost = budget_->cost_of(state);
    const bool fits = cost <= budget_->limit_ && budget_->make_room(cost, this, released);
    if (fits && is_on_stride(state->steps_done)) {
        bytes_ += state->bytes();
        budget_->add(state);
        states_.emplace(place, std::move(state));
    }
}

std::shared_ptr<const TrajectoryRun> Trajectory::run() const
{
    const std::lock_guard lock(budget_->mutex_);
    return run_;
}

std::size_t Trajectory::bytes() const
{
    const std::lock_guard lock(budget_->mutex_);
    return bytes_;
}

std::size_t Trajectory::room() const
{
    const std::lock_guard lock(budget_->mutex_);
    return budget_->limit_ - std::min(budget_->limit_, budget_->bytes_);
}

bool Trajectory::was_let_go() const
{
    const std::lock_guard lock(budget_->mutex_);
    return let_go_;
}

int Trajectory::stride() const
{
    const std::lock_guard lock(budget_->mutex_);
    return stride_;
}

int Trajectory::batches() const
{
    const std::lock_guard lock(budget_->mutex_);
    return states_.empty() ? 0 : states_.rbegin()->first.first + 1;
}

std::vector<int> Trajectory::held(int batch) const
{
    const std::lock_guard lock(budget_->mutex_);
    std::vector<int> steps;
    for (auto at = states_.lower_bound({batch, 0}); at != states_.end() && at->first.first == batch; ++at) {
        steps.push_back(at->first.second);
    }
    return steps;
}

StatePointer Trajectory::state(int batch, int steps_done) const
{
    const std::lock_guard lock(budget_->mutex_);
    const auto at = states_.find({batch, steps_done});
    return at == states_.end() ? nullptr : at->second;
}

StatePointer Trajectory::nearest(int batch, int steps_done) const
{
    const std::lock_guard lock(budget_->mutex_);
    const auto after = states_.upper_bound({batch, steps_done});
    if (after == states_.begin()) {
        return nullptr;
    }
    const auto at = std::prev(after);
    return at->first.first == batch ? at->second : nullptr;
}

std::optional<PictureStrip> Trajectory::picture(int batch, int steps_done, PictureKind kind) const
{
    const StatePointer found = state(batch, steps_done);
    const auto of = run();
    if (!found || !of) {
        return std::nullopt;
    }
    const std::vector<float>& pixels = kind == PictureKind::noisy ? found->x : found->predicted;
    if (pixels.empty()) {
        return std::nullopt;
    }
    return of->preview_map.empty() ? make_strip(pixels, found->shape)
                                   : make_latent_strip(pixels, found->shape, of->preview_map);
}

}  // namespace duodiff
