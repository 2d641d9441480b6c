// SPDX-License-Identifier: MIT
#include "stream/trajectory.h"

#include <algorithm>
#include <utility>

namespace duodiff
{

std::size_t TrajectoryBudget::limit_bytes() const
{
    const std::lock_guard lock(mutex_);
    return limit_;
}

std::size_t TrajectoryBudget::bytes() const
{
    const std::lock_guard lock(mutex_);
    return bytes_;
}

void TrajectoryBudget::set_limit(std::size_t bytes)
{
    Released released;
    const std::lock_guard lock(mutex_);
    limit_ = bytes;
    make_room(0, nullptr, released);
    // Even the states that thinning keeps may be too much now.
    for (Trajectory* member : members_) {
        if (bytes_ > limit_) {
            member->let_go(released);
        }
    }
}

void TrajectoryBudget::set_in_use(const std::vector<const Trajectory*>& trajectories)
{
    const std::lock_guard lock(mutex_);
    in_use_ = trajectories;
    for (const Trajectory* trajectory : in_use_) {
        touch(trajectory);
    }
}

void TrajectoryBudget::enter(Trajectory* trajectory)
{
    const std::lock_guard lock(mutex_);
    members_.push_back(trajectory);
}

void TrajectoryBudget::leave(Trajectory* trajectory)
{
    Released released;
    const std::lock_guard lock(mutex_);
    trajectory->drop_all(released);
    std::erase(members_, trajectory);
    std::erase(in_use_, trajectory);
}

void TrajectoryBudget::touch(const Trajectory* trajectory)
{
    const auto at = std::find(members_.begin(), members_.end(), trajectory);
    if (at != members_.end()) {
        std::rotate(at, at + 1, members_.end());
    }
}

bool TrajectoryBudget::is_in_use(const Trajectory* trajectory) const
{
    return std::find(in_use_.begin(), in_use_.end(), trajectory) != in_use_.end();
}

std::size_t TrajectoryBudget::cost_of(const StatePointer& state) const
{
    return holders_.contains(state.get()) ? 0 : state->bytes();
}

void TrajectoryBudget::add(const StatePointer& state)
{
    if (++holders_[state.get()] == 1) {
        bytes_ += state->bytes();
    }
}

void TrajectoryBudget::remove(StatePointer state, Released& released)
{
    const auto holder = holders_.find(state.get());
    if (--holder->second == 0) {
        bytes_ -= state->bytes();
        holders_.erase(holder);
    }
    released.push_back(std::move(state));
}

bool TrajectoryBudget::make_room(std::size_t bytes, const Trajectory* filling, Released& released)
{
    while (bytes_ + bytes > limit_) {
        if (Trajectory* unused = longest_unused(filling)) {
            unused->let_go(released);
        } else if (Trajectory* large = largest_to_thin(filling)) {
            large->thin(released);
        } else {
            return false;
        }
    }
    return true;
}

Trajectory* TrajectoryBudget::longest_unused(const Trajectory* filling) const
{
    const auto found = std::find_if(members_.begin(), members_.end(), [&](const Trajectory* member) {
        return member != filling && !is_in_use(member) && !member->states_.empty();
    });
    return found == members_.end() ? nullptr : *found;
}

Trajectory* TrajectoryBudget::largest_to_thin(const Trajectory* filling) const
{
    // The one that is filled counts for more, so that nobody else is thinned again once both have about the
    // same.
    const auto weight = [&](const Trajectory* member) {
        return member == filling ? member->bytes_ + member->bytes_ / 2 : member->bytes_;
    };
    Trajectory* largest = nullptr;
    for (Trajectory* member : members_) {
        const bool takes_part = member->can_be_thinned() && (member == filling || !member->states_.empty());
        if (takes_part && (largest == nullptr || weight(member) >= weight(largest))) {
            largest = member;
        }
    }
    return largest;
}

}  // namespace duodiff
