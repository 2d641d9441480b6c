// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "report/report_numbers.h"
#include "stream/run_record.h"

#include <QString>

#include <vector>

/// The parts of the PDF report, as the HTML that QTextDocument reads. Every number comes from
/// report_numbers().
namespace duodiff::ui::report
{

QString styleSheet();
QString title(const RunRecord& record);
QString heading(const QString& text);
QString pageHeading(const QString& text);  ///< at the top of a page
QString runHeading(const RunRecord& record, bool onNewPage);
QString resultSentence(const RunRecord& record, const ReportNumbers& numbers);
QString phaseTransitionSentence(const ReportNumbers& numbers);
QString comparisonTable(const std::vector<RunRecord>& records);
QString ledgerTable(const ReportNumbers& numbers);
/// The run beside the full network, where that was measured; else what is missing.
QString baselineTable(const RunRecord& record, const ReportNumbers& numbers);
QString networkTable(const ReportNumbers& numbers);
QString settingsTable(const RunRecord& record);
QString machineTable(const MachineInfo& machine);
QString modelTable(const ModelSummary& model);

}  // namespace duodiff::ui::report
