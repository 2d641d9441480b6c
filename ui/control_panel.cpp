// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/control_panel.h"

#include "ui/class_picker.h"
#include "ui/parameter_slider.h"
#include "ui/seed_field.h"

#include <QButtonGroup>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QPushButton>
#include <QScrollBar>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QStyle>
#include <QToolButton>

#include <algorithm>
#include <cmath>

namespace duodiff::ui
{

namespace
{

template <class Enum>
Enum chosen(const QComboBox* box)
{
    return static_cast<Enum>(box->currentData().toInt());
}

void choose(QComboBox* box, int data)
{
    const int index = box->findData(data);
    if (index >= 0) {
        box->setCurrentIndex(index);
    }
}

/// A step of 1, 2 or 5 times a power of ten that gives about 150 of them over the range.
double niceStep(double span)
{
    const double wanted = std::max(span, 1e-6) / 150.0;
    const double decade = std::pow(10.0, std::floor(std::log10(wanted)));
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor * decade >= wanted * 0.999) {
            return factor * decade;
        }
    }
    return 10.0 * decade;
}

ParameterRange thresholdRange(const ModelInfo& model)
{
    ParameterRange range;
    range.minimum = model.threshold_minimum;
    range.maximum = std::max(model.threshold_maximum, model.threshold_minimum + 1e-6);
    range.step = niceStep(range.maximum - range.minimum);
    range.decimals = std::clamp(static_cast<int>(std::ceil(-std::log10(range.step))), 3, 8);
    // A negative threshold lets no image leave early: the full network, by way of the probes.
    range.lowest = model.threshold_is_probability ? -1.0 : -1e6;
    range.highest = model.threshold_is_probability ? 1.0 : 1e6;
    range.standard = model.threshold_default;
    return range;
}

}  // namespace

SamplingSettings ControlPanel::settings() const
{
    SamplingSettings settings = m_base;
    settings.policy = policy();
    settings.switch_step = static_cast<int>(std::lround(m_switchStep->value()));
    settings.threshold = m_threshold->value();
    settings.exit_layer = static_cast<int>(std::lround(m_exitLayer->value()));
    settings.solver = chosen<SolverKind>(m_solver);
    settings.steps = m_steps->value();
    settings.eta = m_eta->value();
    settings.parametrization.reset();
    if (m_parametrization->currentData().toInt() >= 0) {
        settings.parametrization = chosen<Parametrization>(m_parametrization);
    }
    settings.count = m_count->value();
    settings.batch = m_batch->value();
    settings.seed = m_seed->seed();
    settings.classes = m_classes->chosen();
    settings.device = m_device->currentData().toString().toStdString();
    settings.precision = chosen<Precision>(m_precision);
    settings.compat = chosen<Compat>(m_compat);
    return settings;
}

void ControlPanel::setSettings(const SamplingSettings& settings)
{
    m_base = settings;
    {
        const QSignalBlocker quietPolicies(m_policies);
        const QSignalBlocker quietSolver(m_solver);
        const QSignalBlocker quietSteps(m_steps);
        const QSignalBlocker quietEta(m_eta);
        const QSignalBlocker quietParametrization(m_parametrization);
        const QSignalBlocker quietCount(m_count);
        const QSignalBlocker quietBatch(m_batch);
        const QSignalBlocker quietDevice(m_device);
        const QSignalBlocker quietPrecision(m_precision);
        const QSignalBlocker quietCompat(m_compat);
        m_policies->button(static_cast<int>(settings.policy))->setChecked(true);
        m_switchStep->setValue(settings.switch_step);
        m_threshold->setValue(settings.threshold);
        m_exitLayer->setValue(settings.exit_layer);
        choose(m_solver, static_cast<int>(settings.solver));
        m_solverShown = settings.solver;
        m_steps->setValue(settings.steps);
        m_stepsOfSolver[settings.solver] = settings.steps;
        m_eta->setValue(settings.eta);
        choose(m_parametrization,
               settings.parametrization ? static_cast<int>(*settings.parametrization) : -1);
        m_count->setValue(settings.count);
        m_batch->setValue(settings.batch);
        m_seed->setSeed(settings.seed);
        m_classes->setChosen(settings.classes);
        const QString device = QString::fromStdString(settings.device);
        if (m_device->findData(device) < 0) {
            m_device->addItem(device, device);
        }
        m_device->setCurrentIndex(m_device->findData(device));
        choose(m_precision, static_cast<int>(settings.precision));
        choose(m_compat, static_cast<int>(settings.compat));
    }
    refresh();
    Q_EMIT settingsChanged();
}

void ControlPanel::setModel(const std::optional<ModelInfo>& model)
{
    m_model = model;
    m_modelNote->setVisible(!model);
    if (model) {
        m_modelName->setText(QString::fromStdString(model->summary.name));
        m_modelName->setToolTip(QString::fromStdString(model->description + "\n" + model->summary.path));
        m_threshold->setRange(thresholdRange(*model));
        m_switchStep->setRange({0, 1000, 0, 1000, 1, 0, static_cast<double>(model->switch_step_default)});
        const double depth = model->summary.depth;
        m_exitLayer->setRange({0, depth, 0, depth, 1, 0, depth});
        const auto kept = m_classes->chosen();
        QStringList names;
        for (const std::string& name : model->summary.class_names) {
            names << QString::fromStdString(name);
        }
        m_classes->setClasses(model->num_classes, names);
        m_classes->setChosen(kept);
        if (!reasonAgainst(policy()).isEmpty()) {
            m_policies->button(static_cast<int>(PolicyKind::full))->setChecked(true);
        }
    } else {
        m_modelName->setText(tr("No model"));
        m_modelName->setToolTip({});
        m_modelNote->setText(tr("Open a pack or a checkpoint, or drop one on the window."));
        m_classes->setClasses(0, {});
    }
    refresh();
    Q_EMIT settingsChanged();
}

void ControlPanel::restoreModelDefaults()
{
    if (m_model) {
        m_threshold->setValue(m_model->threshold_default);
        m_switchStep->setValue(m_model->switch_step_default);
        m_exitLayer->setValue(m_model->summary.depth);
        Q_EMIT settingsChanged();
    }
}

void ControlPanel::restoreAllDefaults()
{
    SamplingSettings standard;
    standard.policy = m_model && m_model->has_early_exit ? PolicyKind::adadiff
                      : m_model && m_model->has_shallow  ? PolicyKind::duodiff
                                                         : PolicyKind::full;
    standard.seed = m_seed->seed();
    m_stepsOfSolver.clear();
    setSettings(standard);
    restoreModelDefaults();
}

void ControlPanel::setOpening(const QString& what)
{
    m_opening = what;
    refresh();
}

void ControlPanel::setDevices(const QStringList& devices)
{
    const QSignalBlocker quiet(m_device);
    const QString former = m_device->currentData().toString();
    m_device->clear();
    m_device->addItem(tr("auto"), QStringLiteral("auto"));
    for (const QString& device : devices) {
        m_device->addItem(device, device);
    }
    const int index = m_device->findData(former);
    m_device->setCurrentIndex(std::max(0, index));
}

void ControlPanel::setPhase(Phase phase)
{
    m_phase = phase;
    refresh();
}

void ControlPanel::setQueuedRun(bool queued)
{
    m_queuedRun = queued;
    refresh();
}

void ControlPanel::moveSwitchStep(int switchStep)
{
    if (static_cast<int>(std::lround(m_switchStep->value())) != switchStep) {
        m_switchStep->setValue(switchStep);
        Q_EMIT settingsChanged();
        Q_EMIT liveChanged();
    }
}

void ControlPanel::drawSeed()
{
    m_seed->draw();
}

PolicyKind ControlPanel::policy() const
{
    return static_cast<PolicyKind>(m_policies->checkedId());
}

void ControlPanel::solverChosen()
{
    m_stepsOfSolver[m_solverShown] = m_steps->value();
    m_solverShown = chosen<SolverKind>(m_solver);
    const auto remembered = m_stepsOfSolver.find(m_solverShown);
    int steps = 1000;
    if (remembered != m_stepsOfSolver.end()) {
        steps = remembered->second;
    } else if (m_solverShown == SolverKind::ddim || m_solverShown == SolverKind::dpm_solver_pp) {
        steps = 50;
    }
    const QSignalBlocker quiet(m_steps);
    m_steps->setValue(steps);
    refresh();
    Q_EMIT settingsChanged();
}

QString ControlPanel::reasonAgainst(PolicyKind kind) const
{
    if (!m_model) {
        return kind == PolicyKind::full ? QString() : tr("No model is open.");
    }
    if (kind == PolicyKind::duodiff && !m_model->has_shallow) {
        return tr("This model has no shallow network, which DuoDiff needs.");
    }
    if ((kind == PolicyKind::adadiff || kind == PolicyKind::static_layer) && !m_model->has_early_exit) {
        return tr("This model has no early exits.");
    }
    return {};
}

QString ControlPanel::reasonAgainstThreshold() const
{
    const QString byModel = reasonAgainst(PolicyKind::adadiff);
    return byModel.isEmpty() && policy() != PolicyKind::adadiff ? tr("θ applies to AdaDiff.") : byModel;
}

QString ControlPanel::reasonAgainstSwitchStep() const
{
    const QString byModel = reasonAgainst(PolicyKind::duodiff);
    return byModel.isEmpty() && policy() != PolicyKind::duodiff ? tr("t_s applies to DuoDiff.") : byModel;
}

QString ControlPanel::reasonAgainstExitLayer() const
{
    const QString byModel = reasonAgainst(PolicyKind::static_layer);
    return byModel.isEmpty() && policy() != PolicyKind::static_layer ? tr("The layer applies to Static.")
                                                                     : byModel;
}

void ControlPanel::setUnavailable(QWidget* field, const QString& reason)
{
    const bool available = reason.isEmpty();
    const QString& usual = m_toolTips[field];
    const QString text = available ? usual : reason + QStringLiteral("\n\n") + usual;
    field->setEnabled(available);
    field->setToolTip(text);
    if (QLabel* label = m_labels[field]) {
        label->setEnabled(available);
        label->setToolTip(text);
    }
}

void ControlPanel::refresh()
{
    const bool busy = m_phase != Phase::ready;
    const bool fixed = busy && !m_queuedRun;
    const QString duringRun =
        fixed ? tr("A run is in progress; this takes effect in the next one.") : QString();
    for (QAbstractButton* button : m_policies->buttons()) {
        const QString byModel = reasonAgainst(static_cast<PolicyKind>(m_policies->id(button)));
        setUnavailable(button, byModel.isEmpty() ? duringRun : byModel);
        // Tab comes to the chosen one, the arrow keys go to the others.
        button->setFocusPolicy(button->isChecked() ? Qt::StrongFocus : Qt::ClickFocus);
    }
    m_threshold->setUnavailable(reasonAgainstThreshold());
    m_switchStep->setUnavailable(reasonAgainstSwitchStep());
    m_exitLayer->setUnavailable(reasonAgainstExitLayer());
    m_exitLayer->setVisible(policy() == PolicyKind::static_layer);

    for (QWidget* field :
         std::initializer_list<QWidget*>{m_solver, m_steps, m_parametrization, m_count, m_batch, m_seed,
                                         m_newSeed, m_compat, m_device, m_precision}) {
        setUnavailable(field, duringRun);
    }
    const bool isDdim = chosen<SolverKind>(m_solver) == SolverKind::ddim;
    setUnavailable(m_eta, isDdim ? duringRun : tr("η applies to DDIM."));
    m_classes->setEnabled(!fixed && m_model && m_model->num_classes > 0);

    setUnavailable(m_open, busy ? tr("A run is in progress; stop it first.") : QString());
    if (busy) {
        m_run->setText(m_phase == Phase::stopping ? tr("Stopping") : tr("Stop  Esc"));
        m_run->setEnabled(m_phase != Phase::stopping);
        m_run->setAccessibleName(tr("Stop"));
        m_run->setToolTip(
            tr("Stop now and keep: finished images, and those of the batch in progress as far as "
               "they are,\nmarked as unfinished. (Esc)"));
    } else {
        const bool canRun = m_model && m_opening.isEmpty();
        m_run->setText(tr("Generate"));
        m_run->setEnabled(canRun);
        m_run->setAccessibleName(tr("Generate"));
        m_run->setToolTip(canRun                ? tr("Draw the images. (Ctrl+Return)")
                          : m_opening.isEmpty() ? tr("No model is open.\n\nDraw the images. (Ctrl+Return)")
                                                : tr("%1 is being opened.").arg(m_opening));
    }
    const bool steered = m_phase == Phase::running || m_phase == Phase::paused;
    const QString noRun = steered ? QString() : tr("No run is in progress.");
    for (QPushButton* button : {m_pause, m_finishBatch, m_abort}) {
        setUnavailable(button, noRun);
    }
    const bool paused = m_phase == Phase::paused;
    m_pause->setText(paused ? tr("Resume") : tr("Pause"));
    m_pause->setAccessibleName(m_pause->text());
}

}  // namespace duodiff::ui
