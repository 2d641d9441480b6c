// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/what_if_controller.h"

#include "studio/run_controller.h"
#include "ui/control_panel.h"
#include "ui/exit_plot.h"
#include "ui/main_window.h"
#include "ui/prediction_card.h"
#include "ui/run_numbers.h"

#include <QTimer>

#include <algorithm>
#include <cmath>
#include <utility>

namespace duodiff::studio
{

namespace
{

/// While a run goes on: how often the index and what is shown catch up with it.
constexpr qint64 refreshMs = 200;

double valueOf(const PolicyChoice& choice)
{
    switch (choice.policy) {
        case PolicyKind::adadiff:
            return choice.threshold;
        case PolicyKind::duodiff:
            return choice.switch_step;
        case PolicyKind::static_layer:
            return choice.exit_layer;
        case PolicyKind::full:
            break;
    }
    return 0.0;
}

}  // namespace

WhatIfController::WhatIfController(RunController& run, ui::MainWindow& window, QObject* parent)
    : QObject(parent), m_run(run), m_window(window), m_card(new ui::PredictionCard)
{
    m_window.numbers()->addCard(m_card);
    m_card->setTheme(m_window.theme());
    connect(&m_window, &ui::MainWindow::themeChanged, m_card, &ui::PredictionCard::setTheme);
    connect(m_window.controls(), &ui::ControlPanel::settingsChanged, this, &WhatIfController::ask);
    connect(m_window.controls(), &ui::ControlPanel::liveChanged, this, &WhatIfController::ask);
    connect(&m_run, &RunController::started, this, &WhatIfController::onStarted);
    connect(&m_run, &RunController::advanced, this, &WhatIfController::onAdvanced);
}

const RunRecord* WhatIfController::record() const
{
    return m_live ? &m_run.live() : m_kept ? &m_kept->record : nullptr;
}

void WhatIfController::onStarted()
{
    m_held = std::exchange(m_holdNext, false) && m_kept != nullptr;
    if (m_held) {
        // The plot has begun anew, without it.
        refresh();
        return;
    }
    m_kept.reset();
    m_live = true;
    m_asked.reset();
    m_index = WhatIfIndex();
    m_changedFrom = 0;
    m_behind = true;
    m_sinceRefresh.start();
    hide();
    Q_EMIT cleared();
}

void WhatIfController::onAdvanced(int firstStep)
{
    if (m_held) {
        return;
    }
    m_changedFrom = m_behind ? std::min(m_changedFrom, firstStep) : firstStep;
    m_behind = true;
    if (m_sinceRefresh.elapsed() < refreshMs) {
        return;
    }
    if (m_shown) {
        refresh();
    } else {
        // Kept up with the run, so that the first move of a slider has little left to index.
        updateIndex();
    }
    m_sinceRefresh.start();
}

void WhatIfController::show(std::shared_ptr<const KeptRun> run, bool endedNow)
{
    const bool sameRun = std::exchange(m_live, false) && endedNow;
    m_held = false;
    m_kept = std::move(run);
    // A run that ended has the steps that were shown live; what it adds is how long its parts took.
    m_changedFrom = sameRun && m_behind ? m_changedFrom : sameRun ? static_cast<int>(m_index.steps()) : 0;
    m_behind = true;
    if (!sameRun) {
        m_index = WhatIfIndex();
        m_asked.reset();
        hide();
    }
    // After the run itself has been painted.
    QTimer::singleShot(0, this, [this, shown = std::weak_ptr(m_kept)] {
        if (shown.lock() != m_kept || !m_kept) {
            return;
        }
        updateIndex();
        if (m_shown) {
            refresh();
        }
        Q_EMIT indexed();
    });
}

void WhatIfController::updateIndex()
{
    const RunRecord* const run = record();
    if (m_behind && run != nullptr) {
        m_index.update(*run, static_cast<std::size_t>(std::max(m_changedFrom, 0)));
        m_behind = false;
    }
}

const WhatIfIndex& WhatIfController::index()
{
    updateIndex();
    return m_index;
}

bool WhatIfController::isRecorded(const PolicyChoice& choice) const
{
    const RunRecord& run = *record();
    if (choice.policy != run.settings.policy) {
        return false;
    }
    if (choice.policy == PolicyKind::full) {
        return true;
    }
    const double value = valueOf(choice);
    bool known = false;
    for (const StepRecord& step : run.steps) {
        for (const double used : step.parameters) {
            if (!std::isfinite(used)) {
                continue;
            }
            known = true;
            if (used != value) {
                return false;
            }
        }
    }
    return known || value == valueOf(policy_choice(run.settings));
}

void WhatIfController::ask()
{
    const PolicyChoice choice = policy_choice(m_window.controls()->settings());
    if (m_asked != choice) {
        m_asked = choice;
        refresh();
    }
}

void WhatIfController::refresh()
{
    const RunRecord* const run = record();
    if (!m_asked || run == nullptr || run->steps.empty() || isRecorded(*m_asked)) {
        hide();
        return;
    }
    updateIndex();
    m_index.predict(*m_asked, m_whatIf);
    if (m_whatIf.available() && !m_whatIf.first_change && !m_whatIf.lower_bound) {
        // Another value that decides every step as this run did: its curve lies on the measured one.
        hide();
        return;
    }
    std::optional<double> recordedMs;
    if (const auto& model = m_index.time_model()) {
        recordedMs = model->predict_ms(workload_of(*run));
    }
    const auto text =
        ui::predictionText(m_whatIf, recordedMs, m_asked->policy == run->settings.policy, m_live);
    m_card->display(text);
    m_window.plot()->setPrediction(
        m_whatIf.available() ? std::optional(ui::PredictedCurve{m_whatIf.steps, text.legend}) : std::nullopt);
    m_shown = true;
    Q_EMIT predicted();
}

void WhatIfController::hide()
{
    m_shown = false;
    m_card->hide();
    m_window.plot()->setPrediction(std::nullopt);
    Q_EMIT predicted();
}

}  // namespace duodiff::studio
