// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QElapsedTimer>

#include <time.h>

#include <functional>
#include <vector>

namespace duodiff::bench
{

/// Milliseconds. The thread's own processor time says what a frame costs on a machine that has other work.
struct FrameTime {
    double wall = 0.0;
    double processor = 0.0;
};
/// One a frame.
using Times = std::vector<FrameTime>;

inline double threadMs()
{
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
}

inline void addTime(Times& times, const std::function<void()>& frame)
{
    QElapsedTimer clock;
    clock.start();
    const double before = threadMs();
    frame();
    const double processor = threadMs() - before;
    times.push_back({static_cast<double>(clock.nsecsElapsed()) * 1e-6, processor});
}

}  // namespace duodiff::bench
