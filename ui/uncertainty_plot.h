// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/cursor_data.h"
#include "ui/theme.h"

#include <QWidget>

#include <optional>

namespace duodiff::ui
{

/// Point 9: the uncertainty of every layer at one step. The mean over the images with a band of one
/// standard deviation, the highlighted image's own, theta as a line, the exit layer as a mark.
class UncertaintyPlot : public QWidget
{
    Q_OBJECT

public:
    explicit UncertaintyPlot(QWidget* parent = nullptr);

    void display(const std::optional<AtCursor>& at);
    void setTheme(const Theme& theme);
    QString textSummary() const;

    QSize sizeHint() const override { return {220, 150}; }
    QSize minimumSizeHint() const override { return {160, 110}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString message() const;
    void paintCurves(QPainter& painter, const QRectF& area) const;
    void paintAxes(QPainter& painter, const QRectF& area) const;
    double highest() const;
    double lowest() const;
    QPointF at(const QRectF& area, double layer, double u) const;

    Theme m_theme;
    std::optional<AtCursor> m_at;
    double m_lowest = 0.0;
    double m_highest = 1.0;
};

}  // namespace duodiff::ui
