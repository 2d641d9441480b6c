// SPDX-License-Identifier: GPL-3.0-or-later
// What the studio keeps of runs, and shows again.
#include "studio/studio.h"
#include "ui/control_panel.h"
#include "ui/exit_plot.h"
#include "ui/message_bar.h"
#include "ui/preview_grid.h"
#include "ui/run_numbers.h"

#include <QAction>

namespace duodiff::studio
{

namespace
{

QStringList captionsOf(const RunRecord& record)
{
    QStringList captions;
    for (const ImageRecord& image : record.images) {
        const auto number = static_cast<std::size_t>(image.label);
        QString label;
        if (image.label >= 0) {
            label = number < record.model.class_names.size()
                        ? QString::fromStdString(record.model.class_names[number])
                        : Studio::tr("class %1").arg(image.label);
            label += QStringLiteral(" · ");
        }
        captions << label + Studio::tr("seed %1").arg(image.seed);
    }
    return captions;
}

}  // namespace

void Studio::connectKeeping()
{
    m_history.setLimit(m_remembered.historyLimit);
    m_rememberSoon.setSingleShot(true);
    m_rememberSoon.setInterval(500);
    connect(&m_rememberSoon, &QTimer::timeout, this, &Studio::remember);
    const auto rememberSoon = [this] { m_rememberSoon.start(); };
    connect(m_window.controls(), &ui::ControlPanel::settingsChanged, this, rememberSoon);
    connect(&m_window, &ui::MainWindow::themeChanged, this, rememberSoon);
    connect(&m_history, &History::limitChanged, this, rememberSoon);
    connect(m_queue.addAction(), &QAction::triggered, this, [this] {
        if (m_model) {
            m_queue.add(m_window.controls()->settings(), m_remembered.lastModel,
                        QString::fromStdString(m_model->summary.name));
        }
    });
    connect(&m_parameters, &ParameterUndo::applied, &m_whatIf, &WhatIfController::ask);
    connect(&m_parameters, &ParameterUndo::applied, this, [this] {
        if (m_run.isRunning() && !m_queue.isRunning()) {
            m_run.moveLive(m_window.controls()->settings());
        }
    });
    connect(&m_history, &History::shown, this, [this](const std::shared_ptr<HistoryStore::ShownRun>& shown) {
        afterRun(shown->run.what, [this, shown] { showKeptRun(*shown); });
    });
}

QueueHost Studio::queueHost()
{
    return {[this] { return !m_opening && !m_run.isRunning(); },
            [this](const QueueItem& item) { startQueued(item); },
            [this] { m_queued ? m_opening->requestStop() : m_run.stop(); }};
}

void Studio::startQueued(const QueueItem& item)
{
    if (!m_model || m_remembered.lastModel != item.model) {
        m_queued = item;
        openModel(item.model);
        return;
    }
    m_window.controls()->setQueuedRun(true);
    m_window.messages()->clearNotices();
    m_run.start(*m_model, item.settings);
    updateActions();
}

void Studio::keepRunInProgress()
{
    if (!m_run.isRunning()) {
        return;
    }
    m_run.drain();
    auto run = std::make_shared<KeptRun>();
    run->record = m_run.live();
    run->record.state = RunState::cancelled;
    run->record.images.clear();
    run->images = m_run.images();
    for (const FinishedImage& image : run->images) {
        run->record.images.push_back({image.index, image.seed, image.label, {}});
    }
    if (!run->record.steps.empty()) {
        m_history.keep(std::move(run));
    }
}

void Studio::showKeptRun(const HistoryStore::ShownRun& shown)
{
    m_kept = shown.kept;
    const RunRecord& record = m_kept->record;
    auto* previews = m_window.previews();
    if (m_kept->images.empty()) {
        previews->clear(tr("This run was stopped before its first image was finished."));
    } else {
        previews->beginRun(static_cast<int>(m_kept->images.size()), record.model.image_size,
                           record.model.image_size, captionsOf(record));
        for (std::size_t place = 0; place < m_kept->images.size(); ++place) {
            previews->setImage(static_cast<int>(place), ui::toImage(m_kept->images[place]));
        }
    }
    m_window.plot()->showRecord(record);
    m_window.numbers()->showRecord(record);
    m_window.setPictureText(
        tr("<b>From the history</b>"),
        tr("<b>%1</b> of %2 images").arg(m_kept->images.size()).arg(record.settings.count));
    followKept(false);
    updateActions();
    showIdleStatus();
    offerRestore(shown.run);
}

}  // namespace duodiff::studio
