// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/switch_advisor.h"

#include <QObject>

class QAction;

namespace duodiff::ui
{
class AdvisorCard;
class MainWindow;
}  // namespace duodiff::ui

namespace duodiff::studio
{

class WhatIfController;

/// The switch-step advisor: reads a t_s for DuoDiff from the AdaDiff run on display and offers to try it.
class AdvisorController : public QObject
{
    Q_OBJECT

public:
    AdvisorController(WhatIfController& whatIf, ui::MainWindow& window, QObject* parent = nullptr);

    /// Why nothing can be tried now; empty: it can.
    void setUnavailable(const QString& reason);
    const SwitchAdvice& advice() const { return m_advice; }

Q_SIGNALS:
    /// The settings of the run on display, with DuoDiff and the proposed t_s.
    void chosen(const duodiff::SamplingSettings& settings);

private:
    void advise();
    void forget();
    void choose();
    void refreshAction();

    WhatIfController& m_whatIf;
    ui::AdvisorCard* m_card;
    QAction* m_action;
    SwitchAdvice m_advice;
    QString m_unavailable;
};

}  // namespace duodiff::studio
