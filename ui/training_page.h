// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "train/train_job.h"
#include "ui/theme.h"
#include "ui/training_setup.h"

#include <QStringList>
#include <QWidget>

#include <optional>
#include <vector>

class QButtonGroup;
class QDoubleSpinBox;
class QLabel;
class QMenu;
class QPushButton;
class QStackedWidget;
class QToolButton;
class QVBoxLayout;

namespace duodiff::ui
{

class CurvesPlot;
class MessageBar;
class SampleViewer;

/// A window of its own for training: opens a configuration, or a run to look at; shows its curves, the
/// pictures that it draws and where its exits stand. It holds no run and reads no file.
class TrainingPage : public QWidget
{
    Q_OBJECT

public:
    explicit TrainingPage(QWidget* parent = nullptr);

    TrainingSetup* setup() const { return m_setup; }
    MessageBar* messages() const { return m_messages; }
    SampleViewer* samples() const { return m_samples; }
    CurvesPlot* lossPlot() const { return m_loss; }
    CurvesPlot* detailPlot() const { return m_detail; }
    CurvesPlot* exitPlot() const { return m_exit; }
    QDoubleSpinBox* thresholdField() const { return m_theta; }
    QButtonGroup* details() const { return m_details; }
    QButtonGroup* exitViews() const { return m_exitViews; }

    /// The page with the run, or the one that says what to do.
    void showRun(bool shown);
    bool showsRun() const;
    /// Newest first: configurations and folders.
    void setRecent(const QStringList& paths);
    /// A run of an early-exit network of `depth` blocks, whose probes read after `layers`; 0: without exits.
    void setNetwork(int depth, std::vector<int> layers);
    void setLog(std::vector<TrainCurves> log);
    const std::vector<TrainCurves>& log() const { return m_log; }
    /// Of the weights whose pictures are shown.
    void setExits(std::optional<TrainExitCurve> exits);
    void setTheme(const Theme& theme);

Q_SIGNALS:
    void openRequested();
    void watchRequested();
    void pathChosen(const QString& path);
    void helpRequested();
    void becameVisible();

protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    enum class Detail { timestep, layer, error };
    enum class ExitView { uncertainty, layer };

    QWidget* buildBar();
    QWidget* buildEmpty();
    QWidget* buildRun();
    void buildLoss();
    void buildDetail();
    void buildExits();
    void buildKeys();
    void refreshLoss();
    void refreshDetail();
    void refreshExits();
    void refreshRecent();

    Theme m_theme;
    MessageBar* m_messages;
    QStackedWidget* m_stack;
    TrainingSetup* m_setup;
    SampleViewer* m_samples;
    CurvesPlot* m_loss;
    CurvesPlot* m_detail;
    CurvesPlot* m_exit;
    QButtonGroup* m_details;
    QButtonGroup* m_exitViews;
    QToolButton* m_logarithmic = nullptr;
    QDoubleSpinBox* m_theta = nullptr;
    QToolButton* m_recentButton = nullptr;
    QMenu* m_recentMenu = nullptr;
    QVBoxLayout* m_recentList = nullptr;
    QLabel* m_recentTitle = nullptr;
    QLabel* m_emptyIcon = nullptr;
    QStringList m_recent;
    std::vector<TrainCurves> m_log;
    std::optional<TrainExitCurve> m_exits;
    std::vector<int> m_layers;
    int m_depth = 0;
    bool m_thetaChosen = false;  ///< by the person
};

}  // namespace duodiff::ui
