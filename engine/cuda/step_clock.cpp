// SPDX-License-Identifier: MIT
#include "cuda/step_clock.h"

#include "cuda/gpu.h"

namespace duodiff::cuda
{

void StepClock::enter(double& total)
{
    mark(&total);
}

void StepClock::leave()
{
    mark(nullptr);
}

void StepClock::mark(double* total)
{
    if (device_.is_cpu()) {
        times_.push_back(std::chrono::steady_clock::now());
    } else {
        if (events_.size() == totals_.size()) {
            events_.emplace_back(device_.type(), c10::EventFlag::BACKEND_DEFAULT);
        }
        events_[totals_.size()].record(current_stream(device_));
    }
    totals_.push_back(total);
}

void StepClock::settle()
{
    if (totals_.empty()) {
        return;
    }
    if (totals_.back()) {
        leave();
    }
    if (!device_.is_cpu()) {
        events_[totals_.size() - 1].synchronize();
    }
    for (std::size_t i = 0; i + 1 < totals_.size(); ++i) {
        if (totals_[i]) {
            *totals_[i] += device_.is_cpu()
                               ? std::chrono::duration<double, std::milli>(times_[i + 1] - times_[i]).count()
                               : events_[i].elapsedTime(events_[i + 1]);
        }
    }
    forget();
}

void StepClock::forget()
{
    totals_.clear();
    times_.clear();
}

}  // namespace duodiff::cuda
