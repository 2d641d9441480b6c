// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/time_cursor.h"

#include "studio/run_controller.h"
#include "ui/cursor_panel.h"
#include "ui/exit_plot.h"
#include "ui/main_window.h"

#include <QAction>
#include <QDockWidget>
#include <QSpinBox>

#include <algorithm>
#include <utility>

namespace duodiff::studio
{

namespace
{

constexpr qint64 followMs = 100;  // while a run goes on, the panel's numbers are read, not watched
constexpr int fastestPlayMs = 16;

}  // namespace

TimeCursor::TimeCursor(RunController& run, ui::MainWindow& window, QObject* parent)
    : QObject(parent), m_run(run), m_window(window), m_panel(new ui::CursorPanel)
{
    m_dock =
        window.addPanel(tr("At the cursor"), QStringLiteral("cursorDock"), m_panel,
                        {Qt::RightDockWidgetArea, QStringLiteral("historyDock")}, QStringLiteral("Ctrl+5"));
    m_playAction = window.addAction(ui::MenuKind::view, tr("Pla&y the steps"), QStringLiteral("Ctrl+Alt+P"),
                                    tr("Move the time cursor through the steps of the run on display"));
    m_panel->setTheme(window.theme());
    m_panel->setEmptyMessage(
        tr("The step under the time cursor: Generate, then move over the exit-layer plot."));
    connect(&window, &ui::MainWindow::themeChanged, m_panel, &ui::CursorPanel::setTheme);
    // Also when it goes behind another panel of its place.
    connect(m_dock, &QDockWidget::visibilityChanged, this, [this](bool visible) {
        m_panelSeen = visible;
        refreshPanel();
    });
    connect(m_panel, &ui::CursorPanel::moveRequested, this, &TimeCursor::moveBy);
    connect(m_panel, &ui::CursorPanel::firstRequested, this, [this] { moveTo(0); });
    connect(m_panel, &ui::CursorPanel::lastRequested, this, [this] {
        if (const auto last = newest()) {
            moveTo(*last);
        }
    });
    connect(m_panel, &ui::CursorPanel::playRequested, this, &TimeCursor::togglePlaying);
    connect(m_panel->rateBox(), &QSpinBox::valueChanged, this, [this] {
        if (isPlaying()) {
            m_playedFrom = step().value_or(0);
            m_playClock.restart();
        }
    });
    connect(m_playAction, &QAction::triggered, this, &TimeCursor::togglePlaying);
    connect(window.plot(), &ui::ExitPlot::cursorMoved, this, [this](int step) {
        stopPlaying();
        m_taken = step;
        m_held = m_window.plot()->isCursorPinned();
        refresh();
    });
    connect(window.plot(), &ui::ExitPlot::cursorReleased, this, &TimeCursor::letGo);
    connect(&m_run, &RunController::started, this, [this] {
        stopPlaying();
        m_kept.reset();
        m_live = true;
        m_taken.reset();
        m_image.reset();
        m_sinceRefresh.start();
        refreshPanel();
    });
    connect(&m_run, &RunController::advanced, this, [this] {
        if (!m_taken && m_sinceRefresh.elapsed() >= followMs) {
            m_sinceRefresh.start();
            refreshPanel();
        }
    });
    m_play.setTimerType(Qt::PreciseTimer);
    m_play.setInterval(fastestPlayMs);
    connect(&m_play, &QTimer::timeout, this, &TimeCursor::playOn);
    refreshPanel();
}

void TimeCursor::show(std::shared_ptr<const KeptRun> run, bool endedNow)
{
    stopPlaying();
    const bool sameRun = std::exchange(m_live, false) && endedNow;
    m_kept = std::move(run);
    if (!sameRun) {
        m_image.reset();
    }
    if (!sameRun || !m_held) {
        m_taken.reset();
    }
    // The plot has taken the finished record, and with it a cursor that nobody holds.
    m_window.plot()->setCursor(m_taken);
    refresh();
}

const RunRecord* TimeCursor::record() const
{
    return m_live ? &m_run.live() : m_kept ? &m_kept->record : nullptr;
}

std::optional<int> TimeCursor::newest() const
{
    if (m_live) {
        return m_run.newestStep();
    }
    return m_kept && !m_kept->record.steps.empty() ? std::optional(m_kept->record.steps.back().step)
                                                   : std::nullopt;
}

std::optional<int> TimeCursor::step() const
{
    return m_taken ? m_taken : newest();
}

void TimeCursor::moveTo(int step)
{
    const RunRecord* const run = record();
    if (run == nullptr || run->settings.steps <= 0) {
        return;
    }
    m_taken = std::clamp(step, 0, run->settings.steps - 1);
    m_held = true;
    m_window.plot()->setCursor(m_taken);
    refresh();
}

void TimeCursor::moveBy(int steps)
{
    stopPlaying();
    if (const auto here = step()) {
        moveTo(*here + steps);
    }
}

void TimeCursor::letGo()
{
    stopPlaying();
    if (!m_taken) {
        return;
    }
    m_taken.reset();
    m_window.plot()->setCursor(std::nullopt);
    refresh();
}

void TimeCursor::setImage(std::optional<int> image)
{
    if (m_image != image) {
        m_image = image;
        refreshPanel();
    }
}

void TimeCursor::refresh()
{
    refreshPanel();
    Q_EMIT changed();
    if (const auto now = step()) {
        Q_EMIT moved(*now);
    }
}

void TimeCursor::refreshPanel()
{
    const RunRecord* const run = record();
    const bool playable = !m_live && run != nullptr && run->steps.size() > 1;
    m_playAction->setEnabled(playable);
    m_panel->setPlayable(playable, m_live ? tr("The steps can be played when the run has ended.")
                                          : tr("There is no run to play."));
    m_panel->setPlaying(isPlaying());
    if (!m_panelSeen) {
        return;
    }
    const auto here = step();
    m_panel->display(run != nullptr && here ? ui::atCursor(*run, *here, m_image) : std::nullopt);
}

void TimeCursor::togglePlaying()
{
    const auto last = newest();
    if (isPlaying()) {
        stopPlaying();
    } else if (!m_live && last && *last > 0) {
        const int here = step().value_or(0);
        m_playedFrom = here >= *last ? 0 : here;
        m_playClock.start();
        m_play.start();
        moveTo(m_playedFrom);
    }
    m_panel->setPlaying(isPlaying());
}

void TimeCursor::playOn()
{
    const int last = newest().value_or(0);
    const int wanted = m_playedFrom + static_cast<int>(m_playClock.elapsed() * m_panel->rate() / 1000);
    if (wanted >= last) {
        stopPlaying();
    }
    if (wanted != m_taken) {
        moveTo(std::min(wanted, last));
    }
}

void TimeCursor::stopPlaying()
{
    m_play.stop();
    m_panel->setPlaying(false);
}

}  // namespace duodiff::studio
