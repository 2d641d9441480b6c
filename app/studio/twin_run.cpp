// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/twin_run.h"

#include "report/report_numbers.h"
#include "studio/studio.h"
#include "ui/control_panel.h"
#include "ui/exit_plot.h"
#include "ui/message_bar.h"
#include "ui/preview_grid.h"
#include "ui/quality_curve.h"

#include <QAction>
#include <QCoreApplication>
#include <QPointer>
#include <QThread>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

namespace duodiff::studio
{

using ui::TwinView;

namespace
{

/// What a run of the full network does not read.
SamplingSettings fullSettingsOf(SamplingSettings settings)
{
    const SamplingSettings unread;
    settings.policy = PolicyKind::full;
    settings.switch_step = unread.switch_step;
    settings.threshold = unread.threshold;
    settings.exit_layer = unread.exit_layer;
    return settings;
}

std::span<const float> imageOf(const TrajectoryState& state, int image)
{
    const auto size = state.shape.values() / static_cast<std::size_t>(state.shape.count);
    return std::span(state.x).subspan(static_cast<std::size_t>(image) * size, size);
}

/// x_t of one batch of two runs; images of other batches are not known.
StepDifference differenceOf(const TrajectoryState& a, const TrajectoryState& b, int images)
{
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    StepDifference step{.steps_done = b.steps_done, .t = b.t, .images = {}, .all = {nan, nan}};
    if (a.shape != b.shape || a.first_image != b.first_image) {
        return step;
    }
    step.images.assign(static_cast<std::size_t>(images), {nan, nan});
    for (int image = 0; image < b.shape.count && b.first_image + image < images; ++image) {
        step.images[static_cast<std::size_t>(b.first_image + image)] =
            picture_difference(imageOf(a, image), imageOf(b, image));
    }
    step.all = picture_difference(a.x, b.x);
    return step;
}

}  // namespace

QString policyText(const SamplingSettings& settings)
{
    switch (settings.policy) {
        case PolicyKind::full:
            break;
        case PolicyKind::duodiff:
            return TwinRun::tr("DuoDiff t_s = %1").arg(settings.switch_step);
        case PolicyKind::adadiff:
            return TwinRun::tr("AdaDiff θ = %1").arg(settings.threshold, 0, 'g', 4);
        case PolicyKind::static_layer:
            return TwinRun::tr("Layer %1").arg(settings.exit_layer);
    }
    return TwinRun::tr("Full");
}

TwinRun::TwinRun(Studio& studio) : QObject(&studio), m_studio(studio), m_view(new TwinView)
{
    m_view->setParent(&studio.window());
    m_view->hide();
    buildActions();
    connect(m_view, &TwinView::closeRequested, this, [this] { setShown(false); });
    connect(&studio.window(), &ui::MainWindow::themeChanged, m_view, &TwinView::setTheme);
    connect(&studio.window(), &ui::MainWindow::centreViewChanged, this, &TwinRun::updateActions);
    connect(m_view, &TwinView::modeChanged, this, &TwinRun::updateActions);
    connect(&studio, &Studio::runEnded, this, &TwinRun::onRunEnded);
    connect(&studio, &Studio::modelOpened, this, &TwinRun::updateActions);
    connect(&studio.run(), &RunController::started, this, &TwinRun::updateActions);
    connect(&studio.run(), &RunController::pictured, this, &TwinRun::onFrame);
    connect(m_view->curve(), &ui::QualityCurve::stepChosen, this, [this](int stepsDone) {
        showStep(stepsDone);
        m_studio.window().plot()->setCursor(std::max(stepsDone - 1, 0));
    });
    connect(studio.window().plot(), &ui::ExitPlot::cursorMoved, this, [this](int step) {
        if (isShown()) {
            showStep(step + 1);
        }
    });
    updateActions();
}

TwinRun::~TwinRun() = default;

void TwinRun::buildActions()
{
    ui::MainWindow& window = m_studio.window();
    window.addSeparator(ui::MenuKind::run);
    m_start = window.addAction(ui::MenuKind::run, tr("&Twin run"), QStringLiteral("Ctrl+T"),
                               tr("The full network and the chosen policy from the same noise, compared"));
    connect(m_start, &QAction::triggered, this, &TwinRun::start);
    window.addSeparator(ui::MenuKind::view);
    m_close = window.addAction(ui::MenuKind::view, tr("T&win view"), QStringLiteral("Ctrl+Shift+T"),
                               tr("The two runs that were compared last, or the previews"));
    m_close->setCheckable(true);
    connect(m_close, &QAction::triggered, this, &TwinRun::setShown);
    for (const auto& [mode, text, keys] :
         {std::tuple{TwinView::Mode::sideBySide, tr("Twin: side by side"), QStringLiteral("Alt+1")},
          std::tuple{TwinView::Mode::split, tr("Twin: split"), QStringLiteral("Alt+2")},
          std::tuple{TwinView::Mode::blink, tr("Twin: blink"), QStringLiteral("B")},
          std::tuple{TwinView::Mode::difference, tr("Twin: difference"), QStringLiteral("Alt+4")}}) {
        QAction* action =
            window.addAction(ui::MenuKind::view, text, keys, tr("How the twin view shows the two runs"));
        action->setCheckable(true);
        connect(action, &QAction::triggered, this, [this, chosen = mode] { m_view->setMode(chosen); });
        m_modes.push_back(action);
    }
}

void TwinRun::updateActions()
{
    const bool shown = isShown();
    m_start->setEnabled(m_studio.canRun());
    m_close->setEnabled(shown || m_view->grid()->count() > 0);
    m_close->setChecked(shown);
    for (std::size_t mode = 0; mode < m_modes.size(); ++mode) {
        m_modes[mode]->setEnabled(shown);
        m_modes[mode]->setChecked(shown && static_cast<std::size_t>(m_view->mode()) == mode);
    }
}

bool TwinRun::isShown() const
{
    return m_studio.window().centreView() == m_view;
}

void TwinRun::setShown(bool shown)
{
    if (shown != isShown()) {
        m_studio.window().setCentreView(shown ? m_view : nullptr);
        if (shown) {
            m_view->grid()->setFocus();
        }
    }
    updateActions();
}

bool TwinRun::isFullRunFor(const SamplingSettings& settings) const
{
    return m_full && m_fullSettings == fullSettingsOf(settings) &&
           isSameModel(m_full->record.model, m_studio.model()->summary);
}

bool TwinRun::start()
{
    if (!m_studio.canRun()) {
        return false;
    }
    const SamplingSettings settings = m_studio.window().controls()->settings();
    if (settings.policy == PolicyKind::full) {
        ui::Message message;
        message.what = tr("A twin run compares the full network with another policy.");
        message.remedy = tr("Choose DuoDiff, AdaDiff or a static layer, and press Ctrl+T again.");
        m_studio.window().messages()->post(std::move(message));
        return false;
    }
    m_wanted = settings;
    m_left.reset();
    m_right.reset();
    ++m_curveOf;
    const ModelInfo& model = *m_studio.model();
    const int side = model.summary.image_size;
    m_view->begin(tr("Full"), policyText(settings), settings.count, {side, side},
                  captionsOf(model.summary, model.num_classes, settings));
    setShown(true);
    if (isFullRunFor(settings)) {
        beginAccelerated();
    } else {
        m_phase = Phase::full;
        m_view->setNote(tr("first run: the full network"));
        if (!m_studio.startRun(fullSettingsOf(settings))) {
            m_phase = Phase::idle;
        }
    }
    return isRunning();
}

void TwinRun::beginAccelerated()
{
    m_left = m_full;
    m_phase = Phase::accelerated;
    m_view->setImages(TwinView::Side::left, m_left->images);
    m_view->setNote(tr("second run: %1").arg(policyText(m_wanted)));
    if (!m_studio.startRun(m_wanted)) {
        m_phase = Phase::idle;
        updateActions();
    }
}

void TwinRun::onRunEnded(JobState state)
{
    const bool done = state == JobState::done;
    const SamplingSettings& asked = m_studio.run().asked();
    // A branch may have had other classes on its way.
    if (done && asked.policy == PolicyKind::full && !m_studio.kept()->record.branch) {
        m_full = m_studio.kept();
        m_fullSettings = fullSettingsOf(asked);
    }
    const Phase phase = std::exchange(m_phase, Phase::idle);
    if (phase == Phase::full && done) {
        m_phase = Phase::full;
        // What waits for the end of a run, such as opening a model, goes first.
        QMetaObject::invokeMethod(
            this,
            [this] {
                m_phase = Phase::idle;
                if (m_studio.canRun() && isFullRunFor(m_wanted)) {
                    beginAccelerated();
                }
            },
            Qt::QueuedConnection);
    } else if (phase == Phase::accelerated && done) {
        m_right = m_studio.kept();
        showPair();
    } else if (phase != Phase::idle) {
        m_view->setNote(tr("stopped before both runs were finished"));
    }
    updateActions();
}

void TwinRun::onFrame(const Frame& frame)
{
    if (m_phase == Phase::idle) {
        return;
    }
    const auto& shown = frame.picture ? frame.picture : frame.predicted;
    const PictureKind kind = frame.picture ? PictureKind::noisy : PictureKind::predicted;
    if (m_phase == Phase::full) {
        m_view->setPicture(TwinView::Side::left, frame.first_image, *shown);
        return;
    }
    m_view->setPicture(TwinView::Side::right, frame.first_image, *shown);
    const int done = frame.step + 1;
    const auto before = m_left->trajectory ? m_left->trajectory->state(frame.batch, done) : nullptr;
    const auto now = m_studio.run().trajectory()->state(frame.batch, done);
    if (!before) {
        return;
    }
    if (const auto strip = m_left->trajectory->picture(frame.batch, done, kind)) {
        m_view->setPicture(TwinView::Side::left, frame.first_image, *strip);
    }
    if (now) {
        const StepDifference step = differenceOf(*before, *now, m_wanted.count);
        m_view->setDifference(step, tr("x_t at t = %1").arg(frame.t));
        if (frame.batch == 0) {
            m_view->curve()->addStep(step);
        }
    }
}

void TwinRun::compare(KeptPointer left, KeptPointer right, const QString& leftName, const QString& rightName)
{
    m_phase = Phase::idle;
    m_left = std::move(left);
    m_right = std::move(right);
    const RunRecord& record = m_right->record;
    const int side = record.model.image_size;
    const int classes = m_studio.model() ? m_studio.model()->num_classes : 0;
    m_view->begin(leftName, rightName, record.settings.count, {side, side},
                  captionsOf(record.model, classes, record.settings));
    setShown(true);
    showPair();
}

void TwinRun::showPair()
{
    showEnd();
    m_view->setNote(speedNote());
    computeCurve();
    Q_EMIT finished();
}

void TwinRun::showEnd()
{
    m_view->setImages(TwinView::Side::left, m_left->images);
    m_view->setImages(TwinView::Side::right, m_right->images);
    m_view->setDifference(duodiff::compare(m_left->images, m_right->images), tr("Finished images"));
}

void TwinRun::showStep(int stepsDone)
{
    if (!m_left || !m_right || !m_left->trajectory || !m_right->trajectory) {
        return;
    }
    const Trajectory& left = *m_left->trajectory;
    const Trajectory& right = *m_right->trajectory;
    if (right.run() && stepsDone >= right.run()->steps) {
        showEnd();
        return;
    }
    const auto& steps = m_view->curve()->steps();
    const auto known = std::find_if(steps.begin(), steps.end(), [stepsDone](const StepDifference& step) {
        return step.steps_done == stepsDone;
    });
    if (known == steps.end()) {
        return;
    }
    for (const auto& [side, trajectory] :
         {std::pair{TwinView::Side::left, &left}, std::pair{TwinView::Side::right, &right}}) {
        for (int batch = 0; batch < trajectory->batches(); ++batch) {
            const auto state = trajectory->state(batch, stepsDone);
            const auto strip = trajectory->picture(batch, stepsDone, PictureKind::noisy);
            if (state && strip) {
                m_view->setPicture(side, state->first_image, *strip);
            }
        }
    }
    m_view->setDifference(*known, tr("x_t at t = %1").arg(known->t));
    m_view->curve()->setCursor(known->t);
}

void TwinRun::computeCurve()
{
    const quint64 pair = ++m_curveOf;
    if (!m_left->trajectory || !m_right->trajectory) {
        return;
    }
    // Seconds for long runs of large images. What the thread needs it holds itself.
    QPointer<TwinRun> self(this);
    auto* thread = QThread::create([self, pair, left = m_left->trajectory, right = m_right->trajectory] {
        auto steps = duodiff::compare(*left, *right, PictureKind::noisy);
        QMetaObject::invokeMethod(
            QCoreApplication::instance(),
            [self, pair, found = std::move(steps)]() mutable {
                if (self && self->m_curveOf == pair) {
                    self->m_view->curve()->setSteps(std::move(found));
                    Q_EMIT self->curveReady();
                }
            },
            Qt::QueuedConnection);
    });
    connect(thread, &QThread::finished, thread, &QObject::deleteLater);
    thread->start();
}

QString TwinRun::speedNote() const
{
    const auto speedUp = report_numbers(m_right->record).speed_up;
    if (!speedUp || !speedUp->measured) {
        return {};
    }
    return tr("%1 %2, measured")
        .arg(QString::fromStdString(factor_text(speedUp->factor)),
             speedUp->factor < 1.0 ? tr("as fast: slower") : tr("as fast"));
}

}  // namespace duodiff::studio
