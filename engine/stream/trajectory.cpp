// SPDX-License-Identifier: MIT
#include "stream/trajectory.h"

#include <iterator>

namespace duodiff
{

std::size_t TrajectoryState::bytes() const
{
    return sizeof(TrajectoryState) + labels.size() * sizeof(std::int64_t) +
           (x.size() + predicted.size()) * sizeof(float);
}

void Trajectory::begin(TrajectoryRun run)
{
    const std::lock_guard lock(mutex_);
    run_ = std::make_shared<const TrajectoryRun>(std::move(run));
    states_.clear();
    bytes_ = 0;
    stride_ = 1;
}

bool Trajectory::is_on_stride(int steps_done) const
{
    return steps_done % stride_ == 0 || (run_ && steps_done == run_->steps);
}

bool Trajectory::wants(int steps_done) const
{
    const std::lock_guard lock(mutex_);
    return is_on_stride(steps_done);
}

void Trajectory::make_room(std::size_t bytes)
{
    const int steps = run_ ? run_->steps : 0;
    while (bytes_ + bytes > options_.limit_bytes && stride_ <= steps) {
        stride_ *= 2;
        for (auto at = states_.begin(); at != states_.end();) {
            if (is_on_stride(at->first.second)) {
                ++at;
            } else {
                bytes_ -= at->second->bytes();
                at = states_.erase(at);
            }
        }
    }
}

void Trajectory::keep(StatePointer state)
{
    const std::lock_guard lock(mutex_);
    const Place place{state->batch, state->steps_done};
    if (const auto former = states_.find(place); former != states_.end()) {
        bytes_ -= former->second->bytes();
        states_.erase(former);
    }
    const std::size_t bytes = state->bytes();
    if (bytes <= options_.limit_bytes) {
        make_room(bytes);
    }
    if (is_on_stride(state->steps_done) && bytes_ + bytes <= options_.limit_bytes) {
        states_.emplace(place, std::move(state));
        bytes_ += bytes;
    }
}

std::shared_ptr<const TrajectoryRun> Trajectory::run() const
{
    const std::lock_guard lock(mutex_);
    return run_;
}

std::size_t Trajectory::bytes() const
{
    const std::lock_guard lock(mutex_);
    return bytes_;
}

int Trajectory::stride() const
{
    const std::lock_guard lock(mutex_);
    return stride_;
}

int Trajectory::batches() const
{
    const std::lock_guard lock(mutex_);
    return states_.empty() ? 0 : states_.rbegin()->first.first + 1;
}

std::vector<int> Trajectory::held(int batch) const
{
    const std::lock_guard lock(mutex_);
    std::vector<int> steps;
    for (auto at = states_.lower_bound({batch, 0}); at != states_.end() && at->first.first == batch; ++at) {
        steps.push_back(at->first.second);
    }
    return steps;
}

StatePointer Trajectory::state(int batch, int steps_done) const
{
    const std::lock_guard lock(mutex_);
    const auto at = states_.find({batch, steps_done});
    return at == states_.end() ? nullptr : at->second;
}

StatePointer Trajectory::nearest(int batch, int steps_done) const
{
    const std::lock_guard lock(mutex_);
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
