// SPDX-License-Identifier: MIT
#include "stream/pause_switch.h"

namespace duodiff
{

void PauseSwitch::pause()
{
    const std::lock_guard lock(mutex_);
    paused_ = true;
}

void PauseSwitch::resume()
{
    {
        const std::lock_guard lock(mutex_);
        paused_ = false;
    }
    resumed_.notify_all();
}

bool PauseSwitch::is_paused() const
{
    const std::lock_guard lock(mutex_);
    return paused_;
}

bool PauseSwitch::is_waiting() const
{
    const std::lock_guard lock(mutex_);
    return waiting_;
}

std::chrono::steady_clock::duration PauseSwitch::wait_while_paused(const std::stop_token& stop)
{
    std::unique_lock lock(mutex_);
    if (!paused_ || stop.stop_requested()) {
        return {};
    }
    const auto start = std::chrono::steady_clock::now();
    waiting_ = true;
    resumed_.wait(lock, stop, [this] { return !paused_; });
    waiting_ = false;
    return std::chrono::steady_clock::now() - start;
}

}  // namespace duodiff
