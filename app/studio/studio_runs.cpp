// SPDX-License-Identifier: GPL-3.0-or-later
// Runs from Generate to what is kept of them.
#include "studio/studio.h"
#include "ui/control_panel.h"
#include "ui/exit_plot.h"
#include "ui/message_bar.h"
#include "ui/preview_grid.h"
#include "ui/run_numbers.h"
#include "ui/status_strip.h"

#include <algorithm>
#include <utility>

namespace duodiff::studio
{

void Studio::generate()
{
    const auto settings = m_window.controls()->settings();
    const bool repeats = m_restored && m_restored->settings == settings;
    m_twin->setShown(false);
    RunExtras extras;
    if (repeats) {
        extras.moved = m_restored->moved;
        extras.earlierClasses = m_restored->earlierClasses;
    }
    startRun(settings, std::move(extras));
}

bool Studio::startRun(const SamplingSettings& settings, RunExtras extras)
{
    if (!canRun()) {
        return false;
    }
    m_window.messages()->clearNotices();
    m_run.start(*m_model, settings, std::move(extras));
    showSwitchLine();
    return true;
}

void Studio::onValuesMoved()
{
    // A queued run has settings of its own; the controls prepare the next one.
    if (!m_recompute->takeMove() && !m_queue.isRunning()) {
        m_run.moveLive(m_window.controls()->settings());
    }
}

void Studio::togglePause()
{
    m_run.setPaused(!m_run.isPaused());
}

void Studio::onRunEnded(JobState state, const OutcomePointer& outcome)
{
    auto kept = std::make_shared<KeptRun>();
    kept->trajectory = m_run.trajectory();
    if (outcome) {
        kept->record = outcome->record;
        kept->images = outcome->images;
        kept->unfinished = outcome->unfinished;
    } else {
        kept->record = m_run.live();
        kept->record.state = state == JobState::failed ? RunState::failed : RunState::cancelled;
        kept->images = m_run.images();
        kept->record.images.clear();
        for (const FinishedImage& image : kept->images) {
            kept->record.images.push_back({image.index, image.seed, image.label, {}});
        }
    }
    if (m_recompute->goesOn()) {
        // Another run follows in its place.
    } else if (m_run.wasAborted()) {
        showRunBefore();
    } else if (!kept->record.steps.empty()) {
        keep(std::move(kept));
    }
    m_window.controls()->setQueuedRun(false);
    m_queue.runEnded(state);
    updateActions();
    showIdleStatus();
    Q_EMIT runEnded(state);
    if (m_afterRun) {
        std::exchange(m_afterRun, nullptr)();
    }
}

void Studio::keep(std::shared_ptr<KeptRun> run)
{
    m_baselines.apply(run->record);
    m_kept = std::move(run);
    showKept();
    m_history.keep(m_kept);
    followKept(true);
}

void Studio::followKept(bool endedNow)
{
    if (m_kept) {
        m_run.learnFrom({m_kept, &m_kept->record});
    }
    m_whatIf.show(m_kept, endedNow);
    m_recompute->show(m_kept, endedNow ? std::optional(m_run.asked()) : std::nullopt);
    m_cursorPictures.show(m_kept);
    m_uncertaintyMap->show(m_kept);
    m_cursor.show(m_kept, endedNow);
    m_states->refresh();
}

void Studio::showRunBefore()
{
    showFormer();
    followKept(false);
}

void Studio::showFormer()
{
    auto* previews = m_window.previews();
    if (!m_kept || !m_kept->hasPictures()) {
        previews->clear(tr("Aborted; nothing of the run was kept. Generate (Ctrl+Return) starts another."));
    }
    if (!m_kept) {
        m_window.plot()->clear();
        m_window.numbers()->clear();
        m_window.setPictureText({}, {});
        return;
    }
    if (m_kept->hasPictures()) {
        const RunRecord& record = m_kept->record;
        const int side = record.model.image_size;
        previews->beginRun(record.settings.count, side, side,
                           captionsOf(record.model, m_model ? m_model->num_classes : 0, record.settings));
    }
    showKept();
}

void Studio::showKept()
{
    const RunRecord& record = m_kept->record;
    showImages(*m_window.previews(), *m_kept);
    m_window.plot()->showRecord(record);
    m_window.numbers()->showRecord(record);
    m_window.setPictureText(record.state == RunState::done ? tr("<b>Finished</b>") : tr("<b>Stopped</b>"),
                            imageCountText(*m_kept));
}

void Studio::onRunFailed(const Failure& failure)
{
    if (m_queue.runFailed(failure)) {
        return;
    }
    std::vector<ui::MessageAction> actions;
    auto* controls = m_window.controls();
    const auto settings = controls->settings();
    const int smaller = std::min(settings.batch, settings.count) / 2;
    if (failure.code == ErrorCode::out_of_memory && smaller >= 1) {
        actions.push_back({tr("Use batches of %1").arg(smaller), [this, controls, smaller] {
                               auto changed = controls->settings();
                               changed.batch = smaller;
                               controls->setSettings(changed);
                               generate();
                           }});
    }
    actions.push_back({tr("Retry"), [this] { generate(); }});
    m_window.messages()->postFailure(failure, std::move(actions));
    auto status = m_window.status()->status();
    status.kind = ui::Status::Kind::bad;
    m_window.status()->setStatus(status);
}

}  // namespace duodiff::studio
