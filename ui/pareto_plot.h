// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/sweep.h"
#include "ui/theme.h"

#include <QWidget>

#include <optional>
#include <vector>

class QCPGraph;
class QCPItemText;
class QCustomPlot;

namespace duodiff::ui
{

/// "t_s = 300, 1000 steps: 41.2 ms an image, difference 0.0123".
QString sweepRowText(const SweepRow& row);

/// Time against difference to the full network, a point for every finished row: t_s and theta as two shapes
/// and colours, the full network as a third, and the line of what nothing beats in both.
class ParetoPlot : public QWidget
{
    Q_OBJECT

public:
    explicit ParetoPlot(QWidget* parent = nullptr);

    void setSweep(const Sweep& sweep);
    void setSelected(std::optional<std::size_t> row);
    std::optional<std::size_t> selected() const { return m_selected; }
    void setTheme(const Theme& theme);
    QString textSummary() const;
    /// Where a row's point is, in pixels; nothing where it has none.
    std::optional<QPointF> pointOf(std::size_t row) const;

    QSize sizeHint() const override { return {500, 220}; }
    QSize minimumSizeHint() const override { return {220, 140}; }
    QCustomPlot* plot() const { return m_plot; }
    /// Rows with a point, by growing time.
    const std::vector<std::size_t>& rows() const { return m_rows; }

Q_SIGNALS:
    /// A click, or an arrow key.
    void chosen(int row);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    void refresh();
    void choose(std::size_t row);

    QCustomPlot* m_plot;
    QCPGraph* m_front;
    QCPGraph* m_full;
    QCPGraph* m_switch;
    QCPGraph* m_threshold;
    QCPGraph* m_mark;
    QCPItemText* m_message;
    Theme m_theme;
    Sweep m_sweep;
    std::vector<std::size_t> m_rows;
    std::optional<std::size_t> m_selected;
};

}  // namespace duodiff::ui
