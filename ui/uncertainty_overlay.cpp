// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/uncertainty_overlay.h"

#include <QFontMetrics>
#include <QLinearGradient>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace duodiff::ui
{

namespace
{

constexpr int opacity = 150;  // of 255: the picture shows through
constexpr int rampWidth = 64;
constexpr int gap = 6;

QString number(double value)
{
    return QString::number(value, 'f', 2);
}

}  // namespace

MapRange mapRangeOf(std::span<const float> values)
{
    double low = INFINITY;
    double high = -INFINITY;
    for (const float value : values) {
        if (std::isfinite(value)) {
            low = std::min(low, static_cast<double>(value));
            high = std::max(high, static_cast<double>(value));
        }
    }
    if (low > high) {
        return {};
    }
    constexpr double least = 1e-6;
    return {low, std::max(high, low + least)};
}

QImage uncertaintyImage(std::span<const float> map, int width, int height, const MapRange& range)
{
    if (width <= 0 || height <= 0 ||
        map.size() != static_cast<std::size_t>(width) * static_cast<std::size_t>(height)) {
        return {};
    }
    QImage image(width, height, QImage::Format_ARGB32);
    for (int y = 0; y < height; ++y) {
        auto* row = reinterpret_cast<QRgb*>(image.scanLine(y));
        for (int x = 0; x < width; ++x) {
            const double value = map[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                                     static_cast<std::size_t>(x)];
            QColor color = heatColor(std::clamp((value - range.low) / (range.high - range.low), 0.0, 1.0));
            color.setAlpha(opacity);
            row[x] = std::isfinite(value) ? color.rgba() : qRgba(0, 0, 0, 0);
        }
    }
    return image;
}

MapScale::MapScale(QWidget* parent) : QWidget(parent), m_theme(Theme::dark())
{
    setAccessibleName(tr("Scale of the uncertainty map"));
    setToolTip(
        tr("Uncertainty u of every patch after this layer, from the least to the greatest value that the\n"
           "pictures of this step have. Smaller is more certain."));
    setFont(uiFont(8.5));
    setVisible(false);
}

QString MapScale::name() const
{
    return tr("u, layer %1").arg(m_layer);
}

void MapScale::display(int layer, const MapRange& range)
{
    m_layer = layer;
    m_range = range;
    setAccessibleDescription(textSummary());
    updateGeometry();
    setVisible(true);
    update();
}

void MapScale::setTheme(const Theme& theme)
{
    m_theme = theme;
    update();
}

QString MapScale::textSummary() const
{
    return tr("Uncertainty after layer %1, from %2 to %3")
        .arg(m_layer)
        .arg(m_range.low, 0, 'f', 3)
        .arg(m_range.high, 0, 'f', 3);
}

QSize MapScale::sizeHint() const
{
    const QFontMetrics metrics(font());
    return {metrics.horizontalAdvance(name()) + metrics.horizontalAdvance(number(m_range.low)) +
                metrics.horizontalAdvance(number(m_range.high)) + rampWidth + 4 * gap,
            metrics.height() + 2};
}

void MapScale::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const QFontMetrics metrics(font());
    painter.setPen(m_theme.mutedText);
    int x = 0;
    const auto write = [&](const QString& text) {
        const int width = metrics.horizontalAdvance(text);
        painter.drawText(QRect(x, 0, width + 1, height()), static_cast<int>(Qt::AlignLeft | Qt::AlignVCenter),
                         text);
        x += width + gap;
    };
    write(name());
    write(number(m_range.low));
    const QRect ramp(x, (height() - 9) / 2, rampWidth, 9);
    QLinearGradient colors(ramp.left(), 0, ramp.right(), 0);
    for (int stop = 0; stop <= 8; ++stop) {
        colors.setColorAt(stop / 8.0, heatColor(stop / 8.0));
    }
    painter.fillRect(ramp, colors);
    painter.setPen(m_theme.line);
    painter.drawRect(ramp.adjusted(0, 0, -1, -1));
    painter.setPen(m_theme.mutedText);
    x += rampWidth + gap;
    write(number(m_range.high));
}

}  // namespace duodiff::ui
