// SPDX-License-Identifier: MIT
#pragma once

#include <c10/core/Device.h>
#include <c10/core/Event.h>

#include <chrono>
#include <cstddef>
#include <vector>

namespace duodiff::cuda
{

/// Where the time of one step goes, measured by events on the device's own queue: nobody waits.
class StepClock
{
public:
    explicit StepClock(const c10::Device& device) : device_(device) {}

    /// From here on time counts for `total`, in milliseconds, which has to live until settle().
    void enter(double& total);
    /// From here on it counts for nothing.
    void leave();
    /// Adds everything to the totals; waits for the last event where it has not passed. The clock can be
    /// used anew afterwards.
    void settle();
    /// Drops what was not settled.
    void forget();

private:
    void mark(double* total);

    c10::Device device_;
    std::vector<double*> totals_;  ///< a mark each; null: nothing
    std::vector<c10::Event> events_;
    std::vector<std::chrono::steady_clock::time_point> times_;  ///< on a CPU
};

}  // namespace duodiff::cuda
