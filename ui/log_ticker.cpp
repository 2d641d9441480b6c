// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/log_ticker.h"

#include <cmath>

namespace duodiff::ui
{

QVector<double> LogTicker::createTickVector(double tickStep, const QCPRange& range)
{
    const double decades = std::log10(range.upper / range.lower);
    if (range.lower <= 0.0 || !(decades > 0.8)) {
        return QCPAxisTicker::createTickVector(tickStep, range);
    }
    QVector<double> ticks;
    const auto last = static_cast<int>(std::ceil(std::log10(range.upper)));
    for (auto power = static_cast<int>(std::floor(std::log10(range.lower))); power <= last; ++power) {
        for (const double digit : {1.0, 2.0, 5.0}) {
            if (digit == 1.0 || decades < 3.0) {
                ticks << digit * std::pow(10.0, power);
            }
        }
    }
    return ticks;
}

int LogTicker::getSubTickCount(double)
{
    return 0;
}

}  // namespace duodiff::ui
