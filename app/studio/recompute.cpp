// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/recompute.h"

#include "report/report_numbers.h"
#include "studio/studio.h"
#include "ui/control_panel.h"
#include "ui/exit_plot.h"
#include "ui/parameter_slider.h"
#include "ui/prediction_card.h"

#include <QAction>
#include <QKeyEvent>
#include <QLineEdit>
#include <QSlider>

#include <algorithm>
#include <utility>

namespace duodiff::studio
{

namespace
{

/// Between two beginnings while a value is moved with Live on: a run shows something before it is given up.
constexpr int liveMs = 60;

bool movesSlider(int key)
{
    switch (key) {
        case Qt::Key_Left:
        case Qt::Key_Right:
        case Qt::Key_Up:
        case Qt::Key_Down:
        case Qt::Key_PageUp:
        case Qt::Key_PageDown:
        case Qt::Key_Home:
        case Qt::Key_End:
            return true;
        default:
            return false;
    }
}

void takeValue(const SamplingSettings& from, SamplingSettings& to)
{
    to.threshold = from.threshold;
    to.switch_step = from.switch_step;
    to.exit_layer = from.exit_layer;
}

}  // namespace

Recompute::Recompute(Studio& studio) : QObject(&studio), m_studio(studio)
{
    buildActions();
    watchControls();
    m_soon.setSingleShot(true);
    m_soon.setInterval(liveMs);
    connect(&m_soon, &QTimer::timeout, this, [this] {
        if (std::exchange(m_movedSince, false)) {
            followMove();
        }
    });
    connect(&studio, &Studio::runEnded, this, &Recompute::onEnded);
    connect(&studio.run(), &RunController::started, this, &Recompute::refresh);
    connect(&studio, &Studio::modelOpened, this, &Recompute::refresh);
    connect(&studio.whatIf(), &WhatIfController::predicted, this, &Recompute::refresh);
    refresh();
}

void Recompute::buildActions()
{
    ui::MainWindow& window = m_studio.window();
    using ui::MenuKind;
    m_now = window.addAction(MenuKind::run, tr("&Recompute the images"), QStringLiteral("Ctrl+Alt+Return"),
                             tr("From the first step that the θ, t_s or layer in the controls changes"));
    m_onRelease = window.addAction(MenuKind::run, tr("Recompute on re&lease"), QStringLiteral("Ctrl+Alt+L"),
                                   tr("When θ, t_s or the layer of the run on display is let go, its images "
                                      "are recomputed. Default: on"));
    m_live = window.addAction(MenuKind::run, tr("&Live"), QStringLiteral("Ctrl+L"),
                              tr("Recompute the images at every move of θ, t_s or the layer, while it is "
                                 "dragged. Default: off"));
    m_probe = window.addAction(MenuKind::run, tr("Fill in the &unknown layers"), QStringLiteral("Ctrl+Alt+U"),
                               tr("A probe run: the run on display again, with every layer of every step "
                                  "read. The images are the same, and predictions from it know every layer"));
    m_onRelease->setCheckable(true);
    m_onRelease->setChecked(true);
    m_live->setCheckable(true);
    ui::PredictionCard* card = m_studio.whatIf().card();
    connect(m_now, &QAction::triggered, this, &Recompute::begin);
    connect(card, &ui::PredictionCard::recomputeRequested, this, &Recompute::begin);
    connect(m_probe, &QAction::triggered, this, &Recompute::beginProbeRun);
    connect(card, &ui::PredictionCard::probeRequested, this, &Recompute::beginProbeRun);
    connect(m_live, &QAction::toggled, this, [this](bool on) {
        refreshChoice();
        if (on && controlsFit()) {
            begin();
        }
    });
    connect(m_onRelease, &QAction::toggled, this, &Recompute::refreshChoice);
    connect(card, &ui::PredictionCard::onReleaseChosen, m_onRelease, &QAction::setChecked);
    connect(card, &ui::PredictionCard::liveChosen, m_live, &QAction::setChecked);
    refreshChoice();
}

void Recompute::refreshChoice()
{
    m_studio.whatIf().card()->setChoice(onRelease(), isLive());
    Q_EMIT choiceChanged();
}

void Recompute::watchControls()
{
    const ui::ControlPanel* controls = m_studio.window().controls();
    for (const ui::ParameterSlider* parameter :
         {controls->threshold(), controls->switchStep(), controls->exitLayer()}) {
        connect(parameter->slider(), &QSlider::sliderReleased, this, &Recompute::released);
        parameter->slider()->installEventFilter(this);
        parameter->box()->installEventFilter(this);
    }
    connect(m_studio.window().plot(), &ui::ExitPlot::switchStepReleased, this, &Recompute::released);
}

bool Recompute::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() != QEvent::KeyPress && event->type() != QEvent::KeyRelease) {
        return QObject::eventFilter(watched, event);
    }
    const auto* key = static_cast<const QKeyEvent*>(event);
    const bool isSlider = qobject_cast<QSlider*>(watched) != nullptr;
    const bool isEnter = key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter;
    if (event->type() == QEvent::KeyPress && isSlider && isEnter && key->modifiers() == Qt::NoModifier) {
        begin();
        return true;
    }
    // A key that moved the slider is let go, as the mouse would be; Enter in the box has set the value.
    if (event->type() == QEvent::KeyRelease && !key->isAutoRepeat() &&
        (isSlider ? movesSlider(key->key()) : isEnter)) {
        released();
    }
    return QObject::eventFilter(watched, event);
}

bool Recompute::onRelease() const
{
    return m_onRelease->isChecked();
}

bool Recompute::isLive() const
{
    return m_live->isChecked();
}

void Recompute::setOnRelease(bool on)
{
    m_onRelease->setChecked(on);
}

void Recompute::setLive(bool on)
{
    m_live->setChecked(on);
}

void Recompute::show(std::shared_ptr<const KeptRun> run, const std::optional<SamplingSettings>& asked)
{
    if (run != m_kept && run) {
        m_asked = asked.value_or(run->record.settings);
    }
    m_kept = std::move(run);
    refresh();
}

bool Recompute::controlsFit() const
{
    SamplingSettings controls = m_studio.window().controls()->settings();
    takeValue(m_asked, controls);
    return m_kept && controls == m_asked;
}

bool Recompute::mayStart() const
{
    if (!m_kept || !m_studio.model() || !isSameModel(m_kept->record.model, m_studio.model()->summary)) {
        return false;
    }
    return m_own ? !m_again : m_studio.canRun() && !m_studio.queue().isRunning();
}

std::optional<Recompute::Change> Recompute::change() const
{
    const auto& trajectory = m_kept ? m_kept->trajectory : nullptr;
    const SamplingSettings wanted = m_studio.window().controls()->settings();
    if (!mayStart() || !trajectory || trajectory->batches() == 0 || wanted.policy != m_asked.policy) {
        return std::nullopt;
    }
    const RunRecord& record = m_kept->record;
    const WhatIf* const drawn = m_studio.whatIf().prediction();
    const bool isDrawn = drawn != nullptr && drawn->choice == policy_choice(wanted);
    const WhatIf whatIf = isDrawn ? *drawn : m_studio.whatIf().index().predict(policy_choice(wanted));
    if (!whatIf.available() || !whatIf.first_change) {
        return std::nullopt;
    }
    Change change{whatIf.steps[*whatIf.first_change].step,
                  whatIf.steps[*whatIf.first_change].t,
                  {},
                  whatIf.lower_bound};
    if (whatIf.predicted_ms) {
        // The steps before are the recorded ones, and took what is on record.
        double before = 0.0;
        for (const StepRecord& step : record.steps) {
            before += step.step < change.step ? step.ms : 0.0;
        }
        change.ms = std::max(*whatIf.predicted_ms - before, 0.0);
    }
    return change;
}

bool Recompute::takeMove()
{
    if (isLive() && m_soon.isActive()) {
        m_movedSince = true;
    } else if (isLive()) {
        followMove();
    }
    return m_own || m_probing;
}

void Recompute::followMove()
{
    if (controlsFit() && begin()) {
        m_soon.start();
    }
}

void Recompute::released()
{
    if (onRelease() && controlsFit()) {
        begin();
    }
}

bool Recompute::begin()
{
    const auto from = change();
    SamplingSettings settings = m_asked;
    takeValue(m_studio.window().controls()->settings(), settings);
    if (m_own) {
        if (settings == m_running || m_again) {
            return false;
        }
        // Its steps so far have another value: it begins again from the run that it began from.
        m_again = true;
        m_studio.run().giveUp();
        return true;
    }
    if (!from) {
        return false;
    }
    RunExtras extras;
    extras.from = BranchPoint{m_kept->trajectory, {m_kept, &m_kept->record}, from->step};
    m_studio.twin().setShown(false);
    m_studio.whatIf().holdDuringNextRun(true);
    m_running = settings;
    m_own = true;
    m_own = m_studio.startRun(settings, std::move(extras));
    m_studio.whatIf().holdDuringNextRun(false);
    refresh();
    return m_own;
}

bool Recompute::mayProbe() const
{
    return !m_own && !m_probing && mayStart() && m_kept->record.model.has_early_exit &&
           !m_kept->record.all_uncertainties && !m_kept->record.steps.empty();
}

bool Recompute::beginProbeRun()
{
    if (!mayProbe()) {
        return false;
    }
    RunExtras extras;
    extras.moved = moved_parameters_of(m_kept->record);
    extras.earlierClasses = m_kept->record.earlier_classes;
    extras.allUncertainties = true;
    m_studio.twin().setShown(false);
    m_studio.whatIf().holdDuringNextRun(true);
    m_probing = true;
    m_probing = m_studio.startRun(m_asked, std::move(extras));
    m_studio.whatIf().holdDuringNextRun(false);
    refresh();
    return m_probing;
}

void Recompute::onEnded()
{
    const bool own = std::exchange(m_own, false);
    const bool probed = std::exchange(m_probing, false);
    if (own || probed) {
        // What waits for the end of the run, such as opening a model, goes first.
        QMetaObject::invokeMethod(this, &Recompute::goOn, Qt::QueuedConnection);
    }
}

void Recompute::goOn()
{
    const bool again = std::exchange(m_again, false);
    if (m_studio.run().isRunning()) {
        return;
    }
    if (!again) {
        // Of what is there now; after a probe run it knows every layer.
        m_studio.whatIf().ask();
    } else if (!begin()) {
        // The value is that of the run on display again.
        m_studio.showRunBefore();
    }
    refresh();
}

void Recompute::refresh()
{
    const auto from = m_studio.whatIf().prediction() != nullptr ? change() : std::nullopt;
    m_now->setEnabled(from.has_value());
    m_probe->setEnabled(mayProbe());
    ui::PredictionOffers offers;
    if (from) {
        offers.recompute = tr("Recompute from t = %1").arg(from->t);
        if (from->ms) {
            const QString time = QString::fromStdString(duration_text(*from->ms));
            offers.recompute += from->atLeast ? tr("\n(at least %1)").arg(time) : tr("\n(%1)").arg(time);
        }
    }
    const WhatIf* const prediction = m_studio.whatIf().prediction();
    const bool unknown = prediction != nullptr && (prediction->lower_bound || !prediction->available());
    offers.probe = unknown && mayProbe();
    m_studio.whatIf().card()->offer(offers);
}

}  // namespace duodiff::studio
