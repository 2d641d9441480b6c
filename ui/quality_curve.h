// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/quality.h"
#include "ui/theme.h"

#include <QWidget>

#include <optional>
#include <vector>

class QCPGraph;
class QCPItemStraightLine;
class QCPItemText;
class QCustomPlot;

namespace duodiff::ui
{

/// "31.4 dB"; "identical" for infinity; "–" for NaN.
QString psnrText(double psnr);

/// PSNR against t of two runs, time from T to 0 as sampling does. Where the two are equal it lies on the
/// upper edge, which says so.
class QualityCurve : public QWidget
{
    Q_OBJECT

public:
    explicit QualityCurve(QWidget* parent = nullptr);

    void setSteps(std::vector<StepDifference> steps);
    void addStep(const StepDifference& step);
    const std::vector<StepDifference>& steps() const { return m_steps; }
    /// Draws that image's curve beside the one of all.
    void setImage(std::optional<int> image);
    void setCursor(std::optional<int> t);
    void setTheme(const Theme& theme);
    QString textSummary() const;

    QSize sizeHint() const override { return {600, 120}; }
    QSize minimumSizeHint() const override { return {200, 100}; }
    QCustomPlot* plot() const { return m_plot; }

Q_SIGNALS:
    /// A click, or an arrow key: as many steps are done there.
    void stepChosen(int stepsDone);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    void refresh();
    void choose(std::size_t index);

    QCustomPlot* m_plot;
    QCPGraph* m_all;
    QCPGraph* m_one;
    QCPItemStraightLine* m_cursor;
    QCPItemText* m_ceiling;
    Theme m_theme;
    std::vector<StepDifference> m_steps;
    std::optional<int> m_image;
    std::optional<int> m_t;
};

}  // namespace duodiff::ui
