// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/cursor_pictures.h"

#include "studio/run_controller.h"
#include "studio/time_cursor.h"
#include "ui/cursor_data.h"
#include "ui/main_window.h"
#include "ui/preview_grid.h"

#include <QAction>

#include <algorithm>
#include <limits>
#include <utility>

namespace duodiff::studio
{

using ui::PictureChoice;

void showImages(ui::PreviewGrid& grid, const KeptRun& run)
{
    grid.setImages(run.images);
    for (const UnfinishedImage& image : run.unfinished) {
        grid.setUnfinished(image.picture.index, ui::toImage(image.picture),
                           CursorPictures::tr("unfinished, %1 of %2 steps")
                               .arg(image.steps_done)
                               .arg(run.record.settings.steps));
    }
}

CursorPictures::CursorPictures(RunController& run, TimeCursor& cursor, ui::MainWindow& window,
                               QObject* parent)
    : QObject(parent), m_run(run), m_cursor(cursor), m_window(window)
{
    connect(&m_run, &RunController::started, this, &CursorPictures::begin);
    connect(&m_run, &RunController::pictured, &m_maker, [this] {
        // What a branch begins with has been overtaken.
        if (!m_moved) {
            m_maker.forget();
        }
    });
    connect(&m_cursor, &TimeCursor::changed, this, &CursorPictures::refresh);
    connect(window.pictureHeader(), &ui::PictureHeader::choiceChanged, this, &CursorPictures::refresh);
    connect(window.action(ui::Act::showPreviews), &QAction::toggled, this, &CursorPictures::refresh);
    connect(&window, &ui::MainWindow::centreViewChanged, this, &CursorPictures::refresh);
    connect(&m_maker, &PictureMaker::made, this, &CursorPictures::receive);
}

void CursorPictures::show(std::shared_ptr<const KeptRun> run)
{
    m_maker.forget();
    m_kept = std::move(run);
    m_moved = false;
    m_worded = false;
    m_stepsDone.reset();
    m_restWhat = m_window.pictureWhat();
    m_restStep = m_window.pictureStep();
}

void CursorPictures::setBeforeStep(bool before)
{
    if (std::exchange(m_beforeStep, before) != before) {
        refresh();
    }
}

void CursorPictures::begin()
{
    m_maker.forget();
    m_kept.reset();
    m_moved = false;
    m_worded = false;
    m_stepsDone.reset();
    if (const auto& from = m_run.beginning()) {
        // The grid is empty until the branch's first step has run.
        ask(from->trajectory, planFor(*from->trajectory, from->step));
    }
}

std::shared_ptr<const Trajectory> CursorPictures::trajectory() const
{
    return m_run.isRunning() ? m_run.trajectory() : m_kept ? m_kept->trajectory : nullptr;
}

CursorPictures::Plan CursorPictures::planFor(const Trajectory& trajectory, int stepsDone, bool before)
{
    Plan plan;
    for (int batch = 0; batch < trajectory.batches(); ++batch) {
        const StatePointer state = trajectory.nearest(batch, stepsDone);
        if (!state) {
            continue;
        }
        plan.behind = plan.behind || (plan.stepsDone >= 0 && state->steps_done != plan.stepsDone);
        plan.stepsDone = std::max(plan.stepsDone, state->steps_done);
        const int after = state->steps_done + (before ? 1 : 0);
        const StatePointer predicting = before ? trajectory.state(batch, after) : state;
        plan.predicted = plan.predicted && predicting && !predicting->predicted.empty();
        plan.places.push_back({batch, state->first_image, state->steps_done, after});
    }
    return plan;
}

void CursorPictures::refresh()
{
    if (!m_run.isRunning() && !m_kept) {
        return;
    }
    if (m_cursor.isTaken() || (m_beforeStep && !m_run.isRunning())) {
        showStep(m_cursor.step().value_or(0));
    } else {
        letGo();
    }
}

void CursorPictures::showStep(int step)
{
    const auto from = trajectory();
    const int wanted = m_beforeStep ? step : step + 1;
    const Plan plan = from ? planFor(*from, wanted, m_beforeStep) : Plan();
    if (plan.places.empty()) {
        // A run in progress goes on showing its newest pictures.
        if (!m_run.isRunning()) {
            m_worded = true;
            m_window.setPictureText(reasonForNone(), tr("cursor at %1").arg(placeText(step)));
        }
        return;
    }
    m_run.setPicturesHeld(true);
    m_moved = true;
    ask(from, plan);
    const bool latent = !from->run()->preview_map.empty();
    const int named = m_beforeStep ? plan.stepsDone : plan.stepsDone - 1;
    m_window.setPictureText(
        describe(plan, wanted, latent),
        named >= 0 ? placeText(named) : tr("before step <b>1</b> / %1").arg(from->run()->settings.steps));
}

void CursorPictures::letGo()
{
    m_maker.forget();
    m_stepsDone.reset();
    const bool moved = std::exchange(m_moved, false);
    if (m_run.isRunning()) {
        m_run.setPicturesHeld(false);
        if (moved) {
            // No frame may come for long, or at all while the run is paused.
            ask(m_run.trajectory(), planFor(*m_run.trajectory(), std::numeric_limits<int>::max()));
        }
        return;
    }
    if (moved) {
        showImages(*m_window.previews(), *m_kept);
    }
    if (std::exchange(m_worded, false) || moved) {
        m_window.setPictureText(m_restWhat, m_restStep);
    }
}

void CursorPictures::ask(const std::shared_ptr<const Trajectory>& trajectory, const Plan& plan)
{
    m_asked = plan.stepsDone;
    // Pictures that nobody sees are not made; they are asked for again when somebody does.
    if (m_window.previews()->isVisible()) {
        const PictureChoice choice = m_window.pictureHeader()->choice();
        m_maker.ask({trajectory, plan.places, choice != PictureChoice::predicted,
                     choice != PictureChoice::noisy, plan.stepsDone});
    }
}

void CursorPictures::receive(int stepsDone, const std::vector<PictureMaker::Made>& made)
{
    ui::PreviewGrid& grid = *m_window.previews();
    for (const PictureMaker::Made& pictures : made) {
        if (pictures.noisy && pictures.predicted) {
            grid.setPicturePairs(pictures.firstImage, *pictures.noisy, *pictures.predicted);
        } else if (const auto& only = pictures.noisy ? pictures.noisy : pictures.predicted) {
            grid.setPicture(pictures.firstImage, *only);
        }
    }
    if (m_moved) {
        m_stepsDone = stepsDone;
    } else {
        grid.setImages(m_run.images());
    }
    if (stepsDone == m_asked) {
        Q_EMIT shown();
    }
}

QString CursorPictures::describe(const Plan& plan, int wanted, bool latent) const
{
    const PictureChoice choice = m_window.pictureHeader()->choice();
    const QString noisy = QStringLiteral("<b>x<sub>t</sub></b>");
    QString what;
    if (choice == PictureChoice::noisy) {
        what = noisy;
    } else if (!plan.predicted) {
        what = tr("%1; the predicted x<sub>0</sub> of this step is not kept").arg(noisy);
    } else {
        what = choice == PictureChoice::predicted ? tr("predicted <b>x<sub>0</sub></b>")
                                                  : tr("%1 and predicted <b>x<sub>0</sub></b>").arg(noisy);
    }
    QStringList notes{what};
    if (m_beforeStep) {
        notes << tr("as the step reads it");
    }
    if (latent) {
        notes << tr("approximation of the latent");
    }
    if (plan.behind) {
        notes << tr("other batches have not come as far");
    } else if (plan.stepsDone != wanted) {
        notes << tr("nearest step that is kept");
    }
    return notes.join(QStringLiteral(" &nbsp;·&nbsp; "));
}

QString CursorPictures::reasonForNone() const
{
    if (!m_kept->trajectory || m_kept->trajectory->was_let_go()) {
        return tr("The steps of this run are not kept; generate it again to see them");
    }
    const auto megabytes = m_kept->trajectory->limit_bytes() >> 20;
    return tr("No step fits into %1 MB; smaller batches do").arg(megabytes);
}

QString CursorPictures::placeText(int step) const
{
    const RunRecord& record = m_run.isRunning() ? m_run.live() : m_kept->record;
    const auto at = ui::atCursor(record, step, std::nullopt);
    return tr("t = <b>%1</b> &nbsp; step <b>%2</b> / %3")
        .arg(at ? QString::number(at->t) : QStringLiteral("–"))
        .arg(step + 1)
        .arg(record.settings.steps);
}

}  // namespace duodiff::studio
