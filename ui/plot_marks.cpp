// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plot_marks.h"

#include <QCoreApplication>
#include <QFontMetricsF>

#include <algorithm>
#include <bit>
#include <cmath>

namespace duodiff::ui
{

namespace
{

constexpr int smallText = 12;
constexpr int titleText = 13;

QString words(const char* text)
{
    return QCoreApplication::translate("ExitPlot", text);
}

QString networkName(const ExitData& data, int step)
{
    if (!std::has_single_bit(data.networks(step))) {
        return words("more than one network");
    }
    switch (data.step(step).network) {
        case NetworkRole::shallow:
            return words("shallow network · %1 blocks").arg(data.shallowDepth());
        case NetworkRole::early_exit:
            return words("early-exit network · up to %1 blocks").arg(data.depth());
        case NetworkRole::full:
            break;
    }
    return words("full network · %1 blocks").arg(data.depth());
}

QString shortNetworkName(const ExitData& data, int step)
{
    if (!std::has_single_bit(data.networks(step))) {
        return words("mixed");
    }
    switch (data.step(step).network) {
        case NetworkRole::shallow:
            return words("shallow");
        case NetworkRole::early_exit:
            return words("early exit");
        case NetworkRole::full:
            break;
    }
    return words("full");
}

QColor networkColor(const ExitData& data, int step, const Theme& theme)
{
    if (!std::has_single_bit(data.networks(step))) {
        return theme.mutedText;
    }
    switch (data.step(step).network) {
        case NetworkRole::shallow:
            return theme.shallow;
        case NetworkRole::early_exit:
            return theme.earlyExit;
        case NetworkRole::full:
            break;
    }
    return theme.full;
}

QColor withAlpha(QColor color, double alpha)
{
    color.setAlphaF(static_cast<float>(alpha));
    return color;
}

}  // namespace

QFont plotFont(int pixels, QFont::Weight weight)
{
    QFont font = uiFont(10.0, weight);
    font.setPixelSize(pixels);
    return font;
}

PlotMarks::PlotMarks(QCustomPlot* plot, const ExitData& data)
    : QCPLayerable(plot, QStringLiteral("marks")), m_data(data)
{
}

void PlotMarks::applyDefaultAntialiasingHint(QCPPainter* painter) const
{
    painter->setAntialiasing(true);
}

QString PlotMarks::message() const
{
    return m_data.isOpen() ? QString() : m_emptyMessage;
}

double PlotMarks::pixelOf(double t) const
{
    return mParentPlot->xAxis->coordToPixel(t);
}

void PlotMarks::draw(QCPPainter* painter)
{
    painter->save();
    painter->setClipping(false);
    drawHeader(painter);
    if (!message().isEmpty()) {
        drawMessage(painter);
    } else {
        drawLane(painter);
        drawTransition(painter);
        drawSwitch(painter);
    }
    painter->restore();
}

void PlotMarks::drawHeader(QCPPainter* painter) const
{
    const QRectF view = mParentPlot->viewport();
    const bool crowded = !m_predictionLabel.isEmpty();
    const double left = drawHeaderLeft(painter, view.right() - 12, crowded);
    if (!m_data.isEmpty()) {
        // The legend gives way where the window is too narrow for both.
        painter->setClipRect(QRectF(left + 16, view.top(), view.right() - left - 16, headerHeight));
        drawLegend(painter, view.right() - 12);
        painter->setClipping(false);
    }
}

double PlotMarks::drawHeaderLeft(QCPPainter* painter, double limit, bool crowded) const
{
    const double middle = headerHeight / 2.0;
    double x = mParentPlot->viewport().left() + 14;
    const auto put = [&](const QString& text, const QFont& font, const QColor& color) {
        const double width = QFontMetricsF(font).horizontalAdvance(text);
        painter->setFont(font);
        painter->setPen(color);
        painter->drawText(QRectF(x, 0, width + 2, headerHeight), Qt::AlignVCenter | Qt::AlignLeft, text);
        x += width;
    };
    if (m_titled) {
        put(words("Exit layer"), plotFont(titleText, QFont::DemiBold), m_theme.text);
        x += 14;
    }
    const double scaleWidth = 236;
    const double legendWidth = crowded ? 620 : 260;
    if (x + scaleWidth > limit - legendWidth) {
        return x;
    }
    const QFont small = plotFont(smallText);
    put(words("share of the batch"), small, m_theme.mutedText);
    x += 10;
    put(words("0"), small, m_theme.mutedText);
    x += 5;
    QLinearGradient ramp(x, 0, x + 64, 0);
    for (int stop = 0; stop <= 8; ++stop) {
        ramp.setColorAt(stop / 8.0, heatColor(stop / 8.0));
    }
    painter->setPen(Qt::NoPen);
    painter->setBrush(ramp);
    painter->drawRoundedRect(QRectF(x, middle - 4, 64, 8), 2, 2);
    painter->setBrush(Qt::NoBrush);
    x += 64 + 5;
    put(words("1"), small, m_theme.mutedText);
    return x;
}

double PlotMarks::drawLegend(QCPPainter* painter, double right) const
{
    const double middle = headerHeight / 2.0;
    const QFont font = plotFont(smallText);
    const QFontMetricsF metrics(font);
    double x = right;
    const auto put = [&](const QString& text, double symbolWidth, const auto& symbol) {
        x -= metrics.horizontalAdvance(text);
        painter->setFont(font);
        painter->setPen(m_theme.mutedText);
        painter->drawText(QRectF(x, 0, right - x + 2, headerHeight), Qt::AlignVCenter | Qt::AlignLeft, text);
        x -= symbolWidth + 6;
        symbol(QRectF(x, middle - 5, symbolWidth, 10));
        x -= 16;
    };
    if (const std::optional<int> step = m_data.transitionStep()) {
        const QString text = m_data.transitionIsSwitch() ? words("networks change at t = %1")
                                                         : words("phase transition t = %1");
        put(text.arg(m_data.step(*step).t), 9, [&](const QRectF& box) {
            painter->setPen(QPen(m_theme.mark, 1.2));
            painter->setBrush(Qt::NoBrush);
            painter->drawPolygon(QPolygonF({box.topLeft() + QPointF(0, 1.5), box.topRight() + QPointF(0, 1.5),
                                            QPointF(box.center().x(), box.bottom() - 1)}));
        });
    }
    if (!m_imageLabel.isEmpty()) {
        put(m_imageLabel, 16, [&](const QRectF& box) {
            painter->setPen(QPen(m_theme.trace, 2));
            painter->drawLine(QPointF(box.left(), middle), QPointF(box.right(), middle));
        });
    }
    if (!m_predictionLabel.isEmpty()) {
        put(m_predictionLabel, 18, [&](const QRectF& box) {
            painter->setPen(QPen(m_theme.prediction, 2, Qt::DashLine));
            painter->drawLine(QPointF(box.left(), middle), QPointF(box.right(), middle));
        });
    }
    put(words("± σ"), 14, [&](const QRectF& box) {
        painter->setPen(Qt::NoPen);
        painter->setBrush(m_theme.band);
        painter->drawRect(box);
        painter->setBrush(Qt::NoBrush);
    });
    put(words("mean"), 16, [&](const QRectF& box) {
        painter->setPen(QPen(m_theme.mean, 2.4));
        painter->drawLine(QPointF(box.left(), middle), QPointF(box.right(), middle));
    });
    return x;
}

void PlotMarks::drawLane(QCPPainter* painter) const
{
    const QRectF area = mParentPlot->axisRect()->rect();
    painter->save();
    painter->setClipRect(QRectF(area.left(), area.bottom(), area.width(), laneHeight + 8));
    const QFont font = plotFont(10, QFont::Medium);
    const QFontMetricsF metrics(font);
    int first = 0;
    while (first < m_data.reached()) {
        int last = first;
        while (last + 1 < m_data.reached() && m_data.networks(last + 1) == m_data.networks(first)) {
            ++last;
        }
        const double from = pixelOf(m_data.span(first).second);
        const double to = pixelOf(m_data.span(last).first);
        const QColor color = networkColor(m_data, first, m_theme);
        const QRectF lane(from, area.bottom() + 4, to - from, laneHeight - 2);
        painter->setPen(Qt::NoPen);
        painter->setBrush(withAlpha(color, m_theme.isDark() ? 0.22 : 0.14));
        painter->drawRect(lane);
        painter->setBrush(color);
        painter->drawRect(QRectF(lane.left(), lane.top(), lane.width(), 2));
        const QRectF seen = lane.intersected(QRectF(area.left(), lane.top(), area.width(), lane.height()));
        QString name = networkName(m_data, first);
        if (metrics.horizontalAdvance(name) + 10 > seen.width()) {
            name = shortNetworkName(m_data, first);
        }
        if (metrics.horizontalAdvance(name) + 10 <= seen.width()) {
            painter->setFont(font);
            painter->setPen(m_theme.mutedText);
            painter->drawText(seen.adjusted(6, 1, -4, 1), Qt::AlignVCenter | Qt::AlignLeft, name);
        }
        first = last + 1;
    }
    painter->restore();
}

void PlotMarks::drawTransition(QCPPainter* painter) const
{
    const std::optional<int> step = m_data.transitionStep();
    if (!step) {
        return;
    }
    const QRectF area = mParentPlot->axisRect()->rect();
    const double x = std::round(pixelOf(m_data.span(*step).second)) + 0.5;
    if (x < area.left() || x > area.right()) {
        return;
    }
    painter->setAntialiasing(true);
    painter->setPen(QPen(m_theme.mark, 1.3, Qt::DotLine));
    painter->drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()));
    painter->setPen(Qt::NoPen);
    painter->setBrush(m_theme.mark);
    const double top = area.top() - 7;
    painter->drawPolygon(QPolygonF({QPointF(x - 5, top), QPointF(x + 5, top), QPointF(x, top + 8)}));
    painter->setBrush(Qt::NoBrush);
}

void PlotMarks::drawSwitch(QCPPainter* painter) const
{
    if (!m_switchStep) {
        return;
    }
    const QRectF area = mParentPlot->axisRect()->rect();
    const double x = pixelOf(ExitData::timesteps - *m_switchStep);
    if (x < area.left() - 1 || x > area.right() + 1) {
        return;
    }
    painter->setAntialiasing(true);
    painter->setPen(QPen(m_theme.accent, m_switchActive ? 2.4 : 1.6));
    painter->drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()));

    const QRectF grip(x - 4, area.center().y() - 11, 8, 22);
    painter->setPen(QPen(m_theme.field, 1.5));
    painter->setBrush(m_switchActive ? m_theme.accentHover : m_theme.accent);
    painter->drawRoundedRect(grip, 4, 4);
    painter->setBrush(Qt::NoBrush);

    const QString text = words("t\u209b = %1").arg(*m_switchStep);
    const QFont font = plotFont(11, QFont::Medium);
    const double width = QFontMetricsF(font).horizontalAdvance(text) + 12;
    const bool roomRight = x + 8 + width < area.right();
    const QRectF label(roomRight ? x + 8 : x - 8 - width, grip.center().y() - 9, width, 18);
    painter->setPen(Qt::NoPen);
    painter->setBrush(withAlpha(m_theme.panel, 0.85));
    painter->drawRoundedRect(label, 4, 4);
    painter->setBrush(Qt::NoBrush);
    painter->setFont(font);
    painter->setPen(m_theme.text);
    painter->drawText(label, Qt::AlignCenter, text);
}

void PlotMarks::drawMessage(QCPPainter* painter) const
{
    painter->setFont(plotFont(titleText));
    painter->setPen(m_theme.mutedText);
    painter->drawText(QRectF(mParentPlot->axisRect()->rect()).adjusted(20, 0, -20, 0),
                      static_cast<int>(Qt::AlignCenter) | Qt::TextWordWrap, message());
}

PlotCrosshair::PlotCrosshair(QCustomPlot* plot, const QString& layerName) : QCPLayerable(plot, layerName) {}

void PlotCrosshair::show(double t, std::optional<double> layer, const QString& text)
{
    m_shown = true;
    m_t = t;
    m_layer = layer;
    m_text = text;
}

void PlotCrosshair::applyDefaultAntialiasingHint(QCPPainter* painter) const
{
    painter->setAntialiasing(true);
}

void PlotCrosshair::draw(QCPPainter* painter)
{
    const QRectF area = mParentPlot->axisRect()->rect();
    const double x = mParentPlot->xAxis->coordToPixel(m_t);
    if (!m_shown || x < area.left() - 1 || x > area.right() + 1) {
        return;
    }
    painter->save();
    painter->setClipping(false);
    painter->setPen(QPen(m_theme.mark, 1));
    painter->drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()));
    if (m_cell) {
        const QPointF lower(mParentPlot->xAxis->coordToPixel(m_cell->left()),
                            mParentPlot->yAxis->coordToPixel(m_cell->top()));
        const QPointF upper(mParentPlot->xAxis->coordToPixel(m_cell->right()),
                            mParentPlot->yAxis->coordToPixel(m_cell->bottom()));
        painter->setPen(QPen(m_theme.trace, 2));
        painter->setBrush(Qt::NoBrush);
        painter->drawRect(QRectF(lower, upper).normalized().adjusted(-2, -1, 2, 1));
    }
    double y = area.center().y();
    if (m_layer) {
        const double mean = mParentPlot->yAxis->coordToPixel(*m_layer);
        painter->setPen(QPen(m_theme.field, 1.5));
        painter->setBrush(m_theme.mean);
        painter->drawEllipse(QPointF(x, mean), 4.5, 4.5);
        // On the far side of the middle, so that the readout never covers the curve it reads.
        y = mean < area.center().y() ? area.top() + 0.68 * area.height() : area.top() + 0.32 * area.height();
    }
    if (!m_text.isEmpty()) {
        const QFont font = plotFont(smallText, QFont::Medium);
        const double width = QFontMetricsF(font).horizontalAdvance(m_text) + 16;
        const bool roomRight = x + 10 + width < area.right();
        const QRectF box(roomRight ? x + 10 : x - 10 - width, y - 12, width, 24);
        painter->setPen(QPen(m_theme.line, 1));
        painter->setBrush(withAlpha(m_theme.panel, 0.92));
        painter->drawRoundedRect(box, 5, 5);
        painter->setFont(font);
        painter->setPen(m_theme.text);
        painter->drawText(box, Qt::AlignCenter, m_text);
    }
    painter->restore();
}

}  // namespace duodiff::ui
