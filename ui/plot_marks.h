// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/exit_data.h"
#include "ui/qcustomplot_wrapper.h"
#include "ui/theme.h"

#include <optional>

namespace duodiff::ui
{

/// What the exit-layer plot has besides curves: title and legend, the lane that names the network in
/// use, the switch line, the phase transition, and what to do while it is empty.
class PlotMarks : public QCPLayerable
{
public:
    /// Heights of the margins that it paints into, in pixels.
    static constexpr int headerHeight = 36;
    static constexpr int laneHeight = 18;

    PlotMarks(QCustomPlot* plot, const ExitData& data);

    void setTheme(const Theme& theme) { m_theme = theme; }
    void setTitled(bool titled) { m_titled = titled; }
    void setEmptyMessage(const QString& message) { m_emptyMessage = message; }
    void setSwitchStep(std::optional<int> switchStep) { m_switchStep = switchStep; }
    void setSwitchActive(bool active) { m_switchActive = active; }
    void setImageLabel(const QString& label) { m_imageLabel = label; }
    /// Empty: no predicted curve.
    void setPredictionLabel(const QString& label) { m_predictionLabel = label; }
    /// What is painted instead of a plot; empty where there is a plot.
    QString message() const;

protected:
    void applyDefaultAntialiasingHint(QCPPainter* painter) const override;
    void draw(QCPPainter* painter) override;

private:
    void drawHeader(QCPPainter* painter) const;
    double drawHeaderLeft(QCPPainter* painter, double limit, bool crowded) const;
    double drawLegend(QCPPainter* painter, double right) const;
    void drawLane(QCPPainter* painter) const;
    void drawTransition(QCPPainter* painter) const;
    void drawSwitch(QCPPainter* painter) const;
    void drawMessage(QCPPainter* painter) const;
    double pixelOf(double t) const;

    const ExitData& m_data;
    Theme m_theme;
    QString m_emptyMessage;
    QString m_imageLabel;
    QString m_predictionLabel;
    std::optional<int> m_switchStep;
    bool m_switchActive = false;
    bool m_titled = true;
};

/// The time cursor and its readout; alone on a buffered layer, so that moving it repaints nothing else.
class PlotCrosshair : public QCPLayerable
{
public:
    explicit PlotCrosshair(QCustomPlot* plot, const QString& layerName);

    void setTheme(const Theme& theme) { m_theme = theme; }
    void hideCursor() { m_shown = false; }
    /// A cell of the heat map that is pointed at: t, lowest layer, width in t, height in layers.
    void setCell(std::optional<QRectF> cell) { m_cell = cell; }
    /// `t` on the axis; `layer` is the mean there; none where nothing was measured.
    void show(double t, std::optional<double> layer, const QString& text);

protected:
    void applyDefaultAntialiasingHint(QCPPainter* painter) const override;
    void draw(QCPPainter* painter) override;

private:
    Theme m_theme;
    bool m_shown = false;
    double m_t = 0.0;
    std::optional<double> m_layer;
    std::optional<QRectF> m_cell;
    QString m_text;
};

/// The bundled font at a size in pixels: the plot's layout is the same on every screen and on paper.
QFont plotFont(int pixels, QFont::Weight weight = QFont::Normal);

}  // namespace duodiff::ui
