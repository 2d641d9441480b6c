// SPDX-License-Identifier: GPL-3.0-or-later
// What the studio keeps of runs, and shows again.
#include "studio/studio.h"
#include "ui/control_panel.h"
#include "ui/message_bar.h"

#include <QAction>

namespace duodiff::studio
{

namespace
{

/// The x_0 predicted last of every image whose batch is on its way, as far as it is kept. Of latents there
/// is none without the model.
std::vector<UnfinishedImage> unfinishedOf(const RunRecord& record, const Trajectory& trajectory)
{
    const auto of = trajectory.run();
    std::vector<UnfinishedImage> unfinished;
    for (int batch = 0; of && of->preview_map.empty() && batch < trajectory.batches(); ++batch) {
        const StatePointer state = trajectory.nearest(batch, of->steps);
        if (!state || state->predicted.empty() || state->steps_done >= of->steps) {
            continue;
        }
        const auto pixels = static_cast<std::ptrdiff_t>(state->predicted.size()) / state->shape.count;
        for (int image = 0; image < state->shape.count; ++image) {
            const int index = state->first_image + image;
            const auto begin = state->predicted.begin() + image * pixels;
            const auto label = state->labels.empty() ? -1 : state->labels[static_cast<std::size_t>(image)];
            const auto last = static_cast<std::size_t>(state->steps_done - 1);
            unfinished.push_back({{index,
                                   record.settings.seed + static_cast<std::uint64_t>(index),
                                   label,
                                   state->shape.channels,
                                   state->shape.height,
                                   state->shape.width,
                                   {begin, begin + pixels}},
                                  state->steps_done,
                                  last < record.steps.size() ? record.steps[last].t : 0});
        }
    }
    return unfinished;
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
    connect(&m_run, &RunController::progressed, &m_queue, &RunQueue::setProgress);
    connect(m_queue.addAction(), &QAction::triggered, this, [this] {
        if (m_model) {
            m_queue.add(m_window.controls()->settings(), m_remembered.lastModel,
                        QString::fromStdString(m_model->summary.name));
        }
    });
    connect(&m_parameters, &ParameterUndo::applied, &m_whatIf, &WhatIfController::ask);
    connect(&m_parameters, &ParameterUndo::applied, this, &Studio::onValuesMoved);
    const auto recall = [this] {
        if (m_model && !m_run.hasLearned(m_model->summary)) {
            m_history.recall(QString::fromStdString(m_model->summary.name));
        }
    };
    connect(this, &Studio::modelOpened, this, recall);
    connect(&m_history, &History::loaded, this, recall);
    connect(&m_history, &History::recalled, this, [this](const std::shared_ptr<const RunRecord>& run) {
        if (m_model && !m_run.hasLearned(m_model->summary)) {
            m_run.learnFrom(run);
        }
    });
    connect(&m_history, &History::shown, this, [this](const std::shared_ptr<HistoryStore::ShownRun>& shown) {
        afterRun(shown->run.what, [this, shown] { showEarlierRun(*shown, tr("From the history")); });
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
    run->record.unfinished.clear();
    if (m_run.trajectory()) {
        run->unfinished = unfinishedOf(run->record, *m_run.trajectory());
    }
    for (const UnfinishedImage& image : run->unfinished) {
        run->record.unfinished.push_back(
            {image.picture.index, image.picture.seed, image.picture.label, {}, image.steps_done});
    }
    if (!run->record.steps.empty()) {
        m_history.keep(std::move(run));
    }
}

}  // namespace duodiff::studio
