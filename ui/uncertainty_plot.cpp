// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/uncertainty_plot.h"

#include "ui/plot_marks.h"

#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <cmath>

namespace duodiff::ui
{

namespace
{

constexpr int tickText = 10;

/// Digits that tell values apart that are `range` away from each other.
int digitsFor(double range)
{
    return std::clamp(2 - static_cast<int>(std::floor(std::log10(std::max(range, 1e-6)))), 0, 6);
}

}  // namespace

UncertaintyPlot::UncertaintyPlot(QWidget* parent) : QWidget(parent), m_theme(Theme::dark())
{
    setAccessibleName(tr("Uncertainty by layer"));
    setToolTip(
        tr("Uncertainty u of every layer at the time cursor: the mean of the images that were asked there\n"
           "(solid) with one standard deviation, the highlighted image (thin, with a mark where it left),\n"
           "and \u03b8 (dashed), below which an image leaves."));
    display(std::nullopt);
}

void UncertaintyPlot::display(const std::optional<AtCursor>& at)
{
    m_at = at;
    m_lowest = lowest();
    m_highest = std::max(highest(), m_lowest + 1e-6);
    setAccessibleDescription(textSummary());
    update();
}

void UncertaintyPlot::setTheme(const Theme& theme)
{
    m_theme = theme;
    update();
}

double UncertaintyPlot::highest() const
{
    double most = LayerAtCursor::unknown;
    if (m_at) {
        for (const LayerAtCursor& layer : m_at->layers) {
            const double band = std::isnan(layer.deviation) ? layer.mean : layer.mean + layer.deviation;
            most = std::fmax(most, std::fmax(band, layer.own));
        }
        if (m_at->policy == PolicyKind::adadiff) {
            most = std::fmax(most, m_at->highestParameter);
        }
    }
    return std::isnan(most) ? 1.0 : most + 0.05 * std::abs(most - m_lowest);
}

double UncertaintyPlot::lowest() const
{
    // From zero, as a probability is; below only where the probe is a number of another kind.
    double least = 0.0;
    if (m_at) {
        for (const LayerAtCursor& layer : m_at->layers) {
            least = std::fmin(least, std::fmin(layer.mean, layer.own));
        }
        if (m_at->policy == PolicyKind::adadiff) {
            least = std::fmin(least, m_at->lowestParameter);
        }
    }
    return least;
}

QString UncertaintyPlot::message() const
{
    if (!m_at) {
        return tr("Generate, or move the cursor over the exit-layer plot.");
    }
    if (m_at->hasUncertainty()) {
        return {};
    }
    return m_at->policy == PolicyKind::adadiff ? tr("This run keeps no uncertainties.")
                                               : tr("Only AdaDiff reads the uncertainties of its layers.");
}

QPointF UncertaintyPlot::at(const QRectF& area, double layer, double u) const
{
    const double x = area.left() + area.width() * (layer + 0.5) / (m_at->depth + 1);
    const double share = (u - m_lowest) / (m_highest - m_lowest);
    return {x, area.bottom() - area.height() * share};
}

void UncertaintyPlot::paintAxes(QPainter& painter, const QRectF& area) const
{
    painter.setFont(plotFont(tickText));
    painter.setPen(m_theme.mutedText);
    const int stride = m_at->depth > 20 ? 4 : m_at->depth > 8 ? 2 : 1;
    for (int layer = 0; layer <= m_at->depth; layer += stride) {
        const double x = at(area, layer, m_lowest).x();
        painter.drawText(QRectF(x - 16, area.bottom() + 2, 32, 14), Qt::AlignCenter, QString::number(layer));
    }
    const int digits = digitsFor(m_highest - m_lowest);
    for (const double u : {m_lowest, (m_lowest + m_highest) / 2.0, m_highest}) {
        const double y = at(area, 0, u).y();
        painter.setPen(QPen(m_theme.line, 1));
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y));
        painter.setPen(m_theme.mutedText);
        painter.drawText(QRectF(0, y - 8, area.left() - 5, 16), Qt::AlignRight | Qt::AlignVCenter,
                         QString::number(u, 'f', digits));
    }
}

void UncertaintyPlot::paintCurves(QPainter& painter, const QRectF& area) const
{
    QPolygonF upper;
    QPolygonF lower;
    QPolygonF mean;
    QPolygonF own;
    for (const LayerAtCursor& layer : m_at->layers) {
        if (!std::isnan(layer.mean)) {
            mean << at(area, layer.layer, layer.mean);
        }
        if (!std::isnan(layer.deviation)) {
            upper << at(area, layer.layer, layer.mean + layer.deviation);
            lower.prepend(at(area, layer.layer, std::max(layer.mean - layer.deviation, m_lowest)));
        }
        if (!std::isnan(layer.own)) {
            own << at(area, layer.layer, layer.own);
        }
    }
    painter.setPen(Qt::NoPen);
    painter.setBrush(m_theme.band);
    painter.drawPolygon(upper + lower);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(m_theme.mean, 2.0));
    painter.drawPolyline(mean);
    painter.setPen(QPen(m_theme.trace, 1.4));
    painter.drawPolyline(own);
    if (m_at->policy == PolicyKind::adadiff && !std::isnan(m_at->lowestParameter)) {
        painter.setPen(QPen(m_theme.mark, 1.2, Qt::DashLine));
        for (const double theta : {m_at->lowestParameter, m_at->highestParameter}) {
            const double y = at(area, 0, theta).y();
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y));
        }
        painter.setFont(plotFont(tickText, QFont::Medium));
        painter.setPen(m_theme.text);
        const double y = at(area, 0, m_at->highestParameter).y();
        // Below the line: the curves come down to it from above.
        const double top = y + 16 > area.bottom() ? y - 15 : y + 2;
        painter.drawText(QRectF(area.right() - 90, top, 86, 14), Qt::AlignRight | Qt::AlignVCenter,
                         tr("\u03b8 = %1").arg(m_at->highestParameter, 0, 'g', 4));
    }
    if (m_at->image && m_at->imageExit >= 0) {
        const auto& layer = m_at->layers[static_cast<std::size_t>(std::min(m_at->imageExit, m_at->depth))];
        const double u = std::isnan(layer.own) ? m_lowest : layer.own;
        painter.setPen(QPen(m_theme.field, 1.5));
        painter.setBrush(m_theme.trace);
        painter.drawEllipse(at(area, layer.layer, u), 4.5, 4.5);
        painter.setBrush(Qt::NoBrush);
    }
}

void UncertaintyPlot::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    if (!message().isEmpty()) {
        painter.setFont(plotFont(12));
        painter.setPen(m_theme.mutedText);
        painter.drawText(rect().adjusted(12, 4, -12, -4),
                         static_cast<int>(Qt::AlignCenter) | Qt::TextWordWrap, message());
        return;
    }
    const QRectF area = QRectF(rect()).adjusted(42, 10, -10, -20);
    painter.fillRect(area, m_theme.field);
    paintAxes(painter, area);
    painter.setClipRect(area.adjusted(-4, -6, 4, 6));
    paintCurves(painter, area);
}

QString UncertaintyPlot::textSummary() const
{
    if (!message().isEmpty()) {
        return message();
    }
    QStringList values;
    for (const LayerAtCursor& layer : m_at->layers) {
        if (!std::isnan(layer.mean)) {
            values << tr("layer %1: %2").arg(layer.layer).arg(layer.mean, 0, 'g', 3);
        }
    }
    return tr("Mean uncertainty at t = %1. %2.").arg(m_at->t).arg(values.join(QStringLiteral(", ")));
}

}  // namespace duodiff::ui
