// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/qcustomplot_wrapper.h"

namespace duodiff::ui
{

/// Ticks of a logarithmic axis at 1, 2 and 5 times the powers of ten; at powers alone over many decades, and
/// evenly where the range is less than one.
class LogTicker : public QCPAxisTicker
{
protected:
    QVector<double> createTickVector(double tickStep, const QCPRange& range) override;
    int getSubTickCount(double tickStep) override;
};

}  // namespace duodiff::ui
