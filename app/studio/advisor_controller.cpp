// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/advisor_controller.h"

#include "studio/what_if_controller.h"
#include "ui/advisor_card.h"
#include "ui/main_window.h"
#include "ui/run_numbers.h"

#include <QAction>

namespace duodiff::studio
{

AdvisorController::AdvisorController(WhatIfController& whatIf, ui::MainWindow& window, QObject* parent)
    : QObject(parent),
      m_whatIf(whatIf),
      m_card(new ui::AdvisorCard),
      m_action(window.addAction(ui::MenuKind::run, tr("Try the &proposed switch step"),
                                QStringLiteral("Ctrl+Alt+S"),
                                tr("Run DuoDiff with the t_s that the AdaDiff run on display suggests as a "
                                   "twin run, beside the full network")))
{
    window.numbers()->addCard(m_card);
    m_card->setTheme(window.theme());
    connect(&window, &ui::MainWindow::themeChanged, m_card, &ui::AdvisorCard::setTheme);
    connect(m_card, &ui::AdvisorCard::tryRequested, this, &AdvisorController::choose);
    connect(m_action, &QAction::triggered, this, &AdvisorController::choose);
    connect(&m_whatIf, &WhatIfController::indexed, this, &AdvisorController::advise);
    connect(&m_whatIf, &WhatIfController::cleared, this, &AdvisorController::forget);
    refreshAction();
}

void AdvisorController::advise()
{
    const RunRecord* const record = m_whatIf.record();
    if (record == nullptr || record->settings.policy != PolicyKind::adadiff) {
        forget();
        return;
    }
    m_advice = advise_switch_step(m_whatIf.index(), *record);
    m_card->display(m_advice);
    refreshAction();
}

void AdvisorController::forget()
{
    m_advice = {};
    m_card->hide();
    refreshAction();
}

void AdvisorController::setUnavailable(const QString& reason)
{
    m_unavailable = reason;
    m_card->setUnavailable(reason);
    refreshAction();
}

void AdvisorController::refreshAction()
{
    m_action->setEnabled(m_advice.proposal && m_unavailable.isEmpty());
}

void AdvisorController::choose()
{
    const RunRecord* const record = m_whatIf.record();
    if (record == nullptr || !m_advice.proposal || !m_unavailable.isEmpty()) {
        return;
    }
    SamplingSettings settings = record->settings;
    settings.policy = PolicyKind::duodiff;
    settings.switch_step = m_advice.proposal->switch_step;
    Q_EMIT chosen(settings);
}

}  // namespace duodiff::studio
