// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace duodiff::cli
{

/// Turns SIGINT and SIGTERM into a stop request. The signals are blocked in every thread and one thread
/// waits for them, so nothing runs in a signal handler. Make one at the start of main, before any other
/// thread exists.
///
/// The first signal requests a stop, if `watch` was called; otherwise, and at the second signal, the
/// process ends at once as if the signals had never been touched.
class Interrupts
{
public:
    Interrupts();
    ~Interrupts();
    Interrupts(const Interrupts&) = delete;
    Interrupts& operator=(const Interrupts&) = delete;

    std::stop_token token() const { return stop_.get_token(); }
    void watch() { watched_ = true; }

private:
    void wait_for_signals();

    std::stop_source stop_;
    std::atomic<bool> watched_{false};
    std::atomic<bool> ending_{false};
    std::thread thread_;
};

}  // namespace duodiff::cli
