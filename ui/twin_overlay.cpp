// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/twin_overlay.h"

#include "ui/preview_grid.h"
#include "ui/twin_view.h"

#include <QLinearGradient>
#include <QPainter>
#include <QScrollBar>

namespace duodiff::ui
{

TwinOverlay::TwinOverlay(const TwinView& view, PreviewGrid* grid) : QWidget(grid), m_view(view), m_grid(grid)
{
    setAttribute(Qt::WA_TransparentForMouseEvents);
    setFocusPolicy(Qt::NoFocus);
    connect(grid->verticalScrollBar(), &QScrollBar::valueChanged, this, [this] { update(); });
}

void TwinOverlay::follow()
{
    setGeometry(m_grid->viewport()->geometry());
    raise();
}

void TwinOverlay::paintEvent(QPaintEvent* /*event*/)
{
    if (m_grid->count() == 0) {
        return;
    }
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setFont(uiFont(8.5));
    switch (m_view.mode()) {
        case TwinView::Mode::split:
            return paintLines(painter);
        case TwinView::Mode::blink:
            return paintBadge(painter);
        case TwinView::Mode::sideBySide:
        case TwinView::Mode::difference:
            return paintScale(painter);
    }
}

void TwinOverlay::paintLines(QPainter& painter) const
{
    for (int image = 0; image < m_grid->count(); ++image) {
        const QRect tile = m_grid->tileRect(image);
        if (!tile.intersects(rect())) {
            continue;
        }
        const double x = tile.x() + m_view.split() * tile.width();
        // Dark beside light, so that it is seen on every picture.
        painter.setPen(QPen(QColor(0, 0, 0, 160), 3.0));
        painter.drawLine(QPointF(x, tile.top()), QPointF(x, tile.bottom() + 1));
        painter.setPen(QPen(m_view.m_theme.accent, 1.0));
        painter.drawLine(QPointF(x, tile.top()), QPointF(x, tile.bottom() + 1));
    }
}

void TwinOverlay::paintBadge(QPainter& painter) const
{
    const QString name = m_view.sideName(m_view.blinkSide());
    const bool left = m_view.blinkSide() == TwinView::Side::left;
    const int width = painter.fontMetrics().horizontalAdvance(name) + 20;
    // The two names stand at two places, so that the eye need not read them.
    const QRect badge(left ? 6 : this->width() - width - 6, 4, width, 20);
    painter.setPen(Qt::NoPen);
    painter.setBrush(m_view.m_theme.panel);
    painter.drawRoundedRect(badge, 4, 4);
    painter.setPen(m_view.m_theme.text);
    painter.drawText(badge, Qt::AlignCenter, name);
}

void TwinOverlay::paintScale(QPainter& painter) const
{
    const QString highest = QString::number(m_view.scale(), 'g', 3);
    const int highWidth = painter.fontMetrics().horizontalAdvance(highest) + 4;
    const QRect box(width() - highWidth - 110, height() - 20, highWidth + 108, 18);
    painter.setPen(Qt::NoPen);
    painter.setBrush(m_view.m_theme.panel);
    painter.drawRoundedRect(box, 4, 4);
    const QRect bar(box.x() + 20, box.y() + 5, 80, 8);
    QLinearGradient colors(bar.topLeft(), bar.topRight());
    for (int stop = 0; stop <= 8; ++stop) {
        colors.setColorAt(stop / 8.0, heatColor(stop / 8.0));
    }
    painter.setBrush(colors);
    painter.drawRect(bar);
    painter.setPen(m_view.m_theme.mutedText);
    painter.drawText(QRect(box.x() + 4, box.y(), 14, box.height()), Qt::AlignCenter, QStringLiteral("0"));
    painter.drawText(QRect(bar.right() + 4, box.y(), highWidth, box.height()),
                     Qt::AlignVCenter | Qt::AlignLeft, highest);
}

}  // namespace duodiff::ui
