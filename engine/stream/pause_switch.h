// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace duodiff
{

/// Holds a run between two steps. One for every run; all calls are for any thread. Pausing changes no
/// picture: the run goes on with what it had.
class PauseSwitch
{
public:
    /// The run waits before its next step.
    void pause();
    void resume();
    bool is_paused() const;

    /// Whether the run has come to its wait; a step in progress is finished before.
    bool is_waiting() const;

    /// Called by the run before each step: returns at once where it is not paused, else after resume() or
    /// a stop, whichever comes first. Returns how long it waited.
    std::chrono::steady_clock::duration wait_while_paused(const std::stop_token& stop);

private:
    mutable std::mutex mutex_;
    std::condition_variable_any resumed_;
    bool paused_ = false;
    bool waiting_ = false;
};

}  // namespace duodiff
