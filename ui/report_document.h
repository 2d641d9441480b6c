// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/run_record.h"

#include <QImage>
#include <QString>

#include <vector>

namespace duodiff::ui
{

/// The timing report as an A4 PDF, with the exit-layer plot as vectors. Several records give a
/// comparison first and then each run. `grid` holds the samples and may be null. Written whole or not at all;
/// `error` says why not.
bool writeReportPdf(const std::vector<RunRecord>& records, const QImage& grid, const QString& path,
                    QString* error = nullptr);

}  // namespace duodiff::ui
