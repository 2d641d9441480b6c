// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QElapsedTimer>

#include <functional>
#include <vector>

namespace duodiff::bench
{

/// Milliseconds, one a frame.
using Times = std::vector<double>;

inline void addTime(Times& times, const std::function<void()>& frame)
{
    QElapsedTimer clock;
    clock.start();
    frame();
    times.push_back(static_cast<double>(clock.nsecsElapsed()) * 1e-6);
}

}  // namespace duodiff::bench
