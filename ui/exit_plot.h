// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/frame.h"
#include "stream/phase_transition.h"
#include "stream/run_record.h"
#include "stream/what_if.h"
#include "ui/exit_data.h"
#include "ui/theme.h"

#include <QPointF>
#include <QTimer>
#include <QWidget>

#include <optional>
#include <vector>

class QCPColorMap;
class QCPGraph;
class QCPPainter;
class QMouseEvent;
class QCustomPlot;
class QToolButton;

namespace duodiff::ui
{

class PlotMarks;
class PlotCrosshair;

/// The mean exit layer that another value would have given. Predicted: drawn dashed, never exported.
struct PredictedCurve {
    std::vector<WhatIfStep> steps;
    QString legend;  ///< "what θ = 0.100 would give, predicted 18 s (−16 %)"
};

/// The exit-layer plot: which share of the batch left at which layer at every timestep, the mean with
/// one standard deviation, the network in use, the phase transition. Time runs from T to 0, as
/// sampling does.
class ExitPlot : public QWidget
{
    Q_OBJECT

public:
    explicit ExitPlot(QWidget* parent = nullptr);
    ~ExitPlot() override;

    /// Clears and fixes the axes for the run.
    void beginRun(const ModelSummary& model, const SamplingSettings& settings);
    /// Cheap: draws later, merged with other calls. Batches accumulate into the same statistics.
    void addFrames(const std::vector<Frame>& frames);
    /// Draws once more, antialiased.
    void finishRun();
    void showRecord(const RunRecord& record);
    void clear();
    /// Whether the plot bears its name; on by default, for where nothing around it does.
    void setTitled(bool titled);
    /// What the empty plot asks for.
    void setEmptyMessage(const QString& message);

    /// The draggable line of DuoDiff at t = 1000 - t_s; none: no line. A new run or record sets it to its
    /// own value.
    void setSwitchStep(std::optional<int> switchStep);
    std::optional<int> switchStep() const { return m_switchStep; }

    /// Point 4: a curve beside the measured one; none: takes it away, as a new run or record does. Steps
    /// whose layer is a lower bound are dotted and lighter.
    void setPrediction(const std::optional<PredictedCurve>& prediction);
    const std::optional<PredictedCurve>& prediction() const { return m_prediction; }

    /// The time cursor, as a step of the run.
    void setCursor(std::optional<int> step);
    std::optional<int> cursor() const { return m_cursor; }
    /// Held by a click, a key or setCursor(); else it goes with the pointer.
    bool isCursorPinned() const { return m_cursorPinned; }
    /// "t = 512: layer 7.3 ± 1.2 (n = 64)"; empty where the step was not run yet.
    QString readout(int step) const;

    /// Draws that image's exit layers over the mean.
    void setHighlightedImage(std::optional<int> image);
    std::optional<int> highlightedImage() const { return m_image; }

    void setTheme(const Theme& theme);
    /// The plot in words, for screen readers and for the clipboard.
    QString textSummary() const;
    /// The layer of the cell that is pointed at, at the cursor.
    std::optional<int> pointedLayer() const { return m_pointedLayer; }
    std::optional<PhaseTransition> phaseTransition() const { return m_data.phaseTransition(); }
    const ExitData& data() const { return m_data; }

    /// The whole run in view again, and following it.
    void fitView();
    bool isFollowing() const { return m_following; }
    /// Key range in view, in t.
    std::pair<double, double> timeRange() const;

    /// Writes a .png, .svg or .pdf (by suffix), always light and antialiased, whole or not at all.
    /// Works without a shown window.
    bool exportTo(const QString& path, QString* error = nullptr) const;
    /// Paints the whole run, light and antialiased, into (0, 0, width, height) of `painter`.
    void paintLight(QCPPainter& painter, int width, int height) const;

    QSize sizeHint() const override { return {900, 300}; }
    QSize minimumSizeHint() const override { return {260, 150}; }

    /// The QCustomPlot inside, for tests.
    QCustomPlot* plot() const { return m_plot; }

Q_SIGNALS:
    /// While the line is dragged: the new t_s.
    void switchStepMoved(int switchStep);
    void switchStepReleased(int switchStep);
    void cursorMoved(int step);
    /// The pointer has left, or Esc: nobody holds the cursor any more.
    void cursorReleased();
    /// The images that left at the layer and step under the pointer, or that the keys are on; empty: none.
    void imagesPointed(const std::vector<int>& images);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void buildPlot();
    void applyAxes();
    void paintColumns(int first, int last);
    void refreshCurves();
    void refreshTrace();
    void stylePrediction();
    void refreshCursor();
    void showSwitchOf(const SamplingSettings& settings);
    void scheduleReplot();
    void setRunning(bool running);
    void setFollowing(bool following);
    void placeFollowButton();
    void moveCursorTo(int step);
    /// Point 10: the cell of the cursor's step at that layer.
    void point(std::optional<int> layer);
    void pointByKey(int direction);
    void releaseCursor();
    void zoomTime(double factor, double centre);
    /// These three return whether the event ends here, or QCustomPlot drags and zooms with it.
    bool pressed(const QMouseEvent& event);
    bool moved(const QMouseEvent& event);
    bool released(const QMouseEvent& event);
    int switchStepAt(double x) const;
    bool nearSwitchLine(double x) const;

    QCustomPlot* m_plot = nullptr;
    QCPColorMap* m_heat = nullptr;
    QCPGraph* m_mean = nullptr;
    QCPGraph* m_casing = nullptr;  ///< under the mean, so that it is seen on every colour of the heat map
    QCPGraph* m_upper = nullptr;
    QCPGraph* m_lower = nullptr;
    QCPGraph* m_trace = nullptr;
    QCPGraph* m_predicted = nullptr;
    QCPGraph* m_bound = nullptr;  ///< the predicted steps that are lower bounds
    PlotMarks* m_marks = nullptr;
    PlotCrosshair* m_crosshair = nullptr;
    QToolButton* m_follow = nullptr;
    QTimer m_draw;
    QTimer m_describe;

    Theme m_theme;
    ExitData m_data;
    QString m_emptyMessage;
    std::optional<int> m_cursor;
    std::optional<int> m_image;
    std::optional<int> m_pointedLayer;
    std::vector<int> m_pointed;
    std::optional<int> m_switchStep;
    std::optional<PredictedCurve> m_prediction;
    bool m_cursorPinned = false;
    bool m_running = false;
    bool m_following = true;
    bool m_draggingSwitch = false;
    QPointF m_pressedAt;
};

}  // namespace duodiff::ui
