// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/exit_plot.h"
#include "ui/plot_marks.h"
#include "ui/qcustomplot_wrapper.h"

#include <limits>

namespace duodiff::ui
{

void ExitPlot::setPrediction(const std::optional<PredictedCurve>& prediction)
{
    if (!prediction && !m_prediction) {
        return;
    }
    m_prediction = prediction;
    QVector<QCPGraphData> firm;
    QVector<QCPGraphData> bound;
    if (m_prediction) {
        const auto count = static_cast<qsizetype>(m_prediction->steps.size());
        firm.reserve(count + 1);
        bound.reserve(count + 1);
        const auto put = [&](double t, const WhatIfStep& step) {
            constexpr double gap = std::numeric_limits<double>::quiet_NaN();
            firm.append(QCPGraphData(t, step.lower_bound ? gap : step.mean));
            bound.append(QCPGraphData(t, step.lower_bound ? step.mean : gap));
        };
        for (auto step = m_prediction->steps.rbegin(); step != m_prediction->steps.rend(); ++step) {
            if (step->images > 0 && step->step < m_data.steps()) {
                put(m_data.span(step->step).first, *step);
            }
        }
        if (!m_prediction->steps.empty() && m_prediction->steps.front().images > 0 && m_data.steps() > 0) {
            const WhatIfStep& earliest = m_prediction->steps.front();
            put(m_data.span(earliest.step).second, earliest);
        }
    }
    m_predicted->data()->set(firm, true);
    m_bound->data()->set(bound, true);
    m_marks->setPredictionLabel(m_prediction ? m_prediction->legend : QString());
    if (!m_describe.isActive()) {
        m_describe.start();
    }
    scheduleReplot();
}

void ExitPlot::stylePrediction()
{
    QColor lighter = m_theme.prediction;
    lighter.setAlphaF(0.7F);
    m_predicted->setPen(QPen(m_theme.prediction, 2.0, Qt::DashLine));
    m_bound->setPen(QPen(lighter, 1.6, Qt::DotLine));
}

}  // namespace duodiff::ui
