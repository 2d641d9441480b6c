// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "session/engine.h"
#include "stream/settings.h"

#include <QStringList>
#include <QWidget>

#include <map>
#include <optional>

class QAbstractButton;
class QButtonGroup;
class QComboBox;
class QLabel;
class QPushButton;
class QScrollArea;
class QSpinBox;
class QToolButton;
class QVBoxLayout;

namespace duodiff::ui
{

class ClassPicker;
class NumberBox;
class ParameterSlider;
class SeedField;

/// Everything that decides a run. Only what applies to the model and the policy is enabled, with the
/// reason in the tooltip.
class ControlPanel : public QWidget
{
    Q_OBJECT

public:
    enum class Phase {
        ready,     ///< Generate
        running,   ///< Stop, Pause, Finish this batch and Abort; only what acts on the run is enabled
        paused,    ///< the same, with Resume for Pause
        stopping,  ///< Stop was asked for
    };

    explicit ControlPanel(QWidget* parent = nullptr);

    /// Above everything else, and first in the tab order.
    void setHeader(QWidget* header);

    SamplingSettings settings() const;
    /// Values that do not fit the model are shown as near as they go.
    void setSettings(const SamplingSettings& settings);
    /// None: no model is open. Ranges and defaults follow the model; values that the person has are kept.
    void setModel(const std::optional<ModelInfo>& model);
    /// t_s and theta as the model's own.
    void restoreModelDefaults();
    /// Every control back to its default; the seed stays.
    void restoreAllDefaults();
    /// While a model is being opened: its name; empty: not any more.
    void setOpening(const QString& what);
    void setDevices(const QStringList& devices);
    void setPhase(Phase phase);
    Phase phase() const { return m_phase; }
    /// The run in progress came from the queue: every control prepares the next one.
    void setQueuedRun(bool queued);
    /// Moved elsewhere (the line in the plot); emits `liveChanged`.
    void moveSwitchStep(int switchStep);
    void drawSeed();

    // For the tab order, the tests and the pictures of the documentation.
    QPushButton* runButton() const { return m_run; }
    ParameterSlider* threshold() const { return m_threshold; }
    ParameterSlider* switchStep() const { return m_switchStep; }
    ParameterSlider* exitLayer() const { return m_exitLayer; }

Q_SIGNALS:
    void generateRequested();
    void stopRequested();
    void finishBatchRequested();
    void pauseRequested();  ///< or to go on, where it is paused
    void abortRequested();
    void openRequested();
    /// Any control that the person changed.
    void settingsChanged();
    /// theta, t_s or the static layer, which act on a run in progress.
    void liveChanged();

private:
    void buildModel(QVBoxLayout* layout);
    void buildPolicy(QVBoxLayout* layout);
    void buildSampling(QVBoxLayout* layout);
    void buildMachine(QVBoxLayout* layout);
    /// What hardly anybody changes.
    void buildExpert(QVBoxLayout* layout);
    void buildButtons(QVBoxLayout* layout);
    void addRow(QVBoxLayout* layout, const QString& name, QWidget* field, const QString& toolTip,
                QWidget* beside = nullptr);
    void connectFields();
    void solverChosen();
    /// Enables what applies and says in the tooltips why the rest does not.
    void refresh();
    void setUnavailable(QWidget* field, const QString& reason);
    PolicyKind policy() const;
    QString reasonAgainst(PolicyKind kind) const;
    QString reasonAgainstThreshold() const;
    QString reasonAgainstSwitchStep() const;
    QString reasonAgainstExitLayer() const;

    std::optional<ModelInfo> m_model;
    SamplingSettings m_base;  ///< what has no control: x_t to keep
    Phase m_phase = Phase::ready;
    bool m_queuedRun = false;
    QString m_opening;
    std::map<SolverKind, int> m_stepsOfSolver;
    std::map<QWidget*, QString> m_toolTips;
    std::map<QWidget*, QLabel*> m_labels;
    SolverKind m_solverShown = SolverKind::ddpm;

    QScrollArea* m_scroll;
    QLabel* m_modelName;
    QLabel* m_modelNote;
    QToolButton* m_open;
    QButtonGroup* m_policies;
    ParameterSlider* m_threshold;
    ParameterSlider* m_switchStep;
    ParameterSlider* m_exitLayer;
    QComboBox* m_solver;
    QSpinBox* m_steps;
    NumberBox* m_eta;
    QComboBox* m_parametrization;
    QSpinBox* m_count;
    QSpinBox* m_batch;
    SeedField* m_seed;
    QToolButton* m_newSeed;
    QComboBox* m_compat;
    ClassPicker* m_classes;
    QComboBox* m_device;
    QComboBox* m_precision;
    QPushButton* m_run;
    QPushButton* m_pause;
    QPushButton* m_finishBatch;
    QPushButton* m_abort;
};

}  // namespace duodiff::ui
