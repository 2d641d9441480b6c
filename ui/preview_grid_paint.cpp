// SPDX-License-Identifier: GPL-3.0-or-later
// How the grid looks.
#include "ui/plot_marks.h"
#include "ui/preview_grid.h"

#include <QPainter>
#include <QScrollBar>

#include <algorithm>

namespace duodiff::ui
{

void PreviewGrid::paintEvent(QPaintEvent* event)
{
    QPainter painter(viewport());
    painter.fillRect(event->rect(), m_theme.window);
    if (m_tiles.empty()) {
        paintMessage(painter);
        return;
    }
    if (m_tile.isEmpty()) {
        return;
    }
    const bool shrunk = m_tile.width() * devicePixelRatioF() < m_picture.width();
    painter.setRenderHint(QPainter::SmoothPixmapTransform,
                          shrunk || std::min(m_picture.width(), m_picture.height()) > smoothAboveSize);
    const int pitch = m_tile.height() + m_gap;
    const int top = event->rect().top() - m_origin.y() + verticalScrollBar()->value();
    const int bottom = event->rect().bottom() - m_origin.y() + verticalScrollBar()->value();
    const int first = std::max(0, top / pitch) * m_columns;
    const int last = std::min(count(), (std::max(0, bottom) / pitch + 1) * m_columns);
    for (int index = first; index < last; ++index) {
        paintTile(painter, index);
    }
    painter.setRenderHint(QPainter::Antialiasing);
    const auto outline = [&](std::optional<int> index, const QColor& color, double width) {
        if (index && *index >= 0 && *index < count()) {
            painter.setPen(QPen(color, width));
            painter.setBrush(Qt::NoBrush);
            painter.drawRoundedRect(QRectF(tileRect(*index)).adjusted(-2, -2, 2, 2), 3, 3);
        }
    };
    outline(m_hovered, m_theme.mutedText, 1.5);
    outline(m_highlighted, m_theme.trace, 2.0);
    outline(m_selected, hasFocus() ? m_theme.accent : m_theme.mutedText, 2.0);
}

void PreviewGrid::paintTile(QPainter& painter, int index) const
{
    const QRect rect = tileRect(index);
    const Tile& tile = m_tiles[static_cast<std::size_t>(index)];
    if (tile.source.isNull()) {
        painter.fillRect(rect, m_theme.isDark() ? m_theme.panel : m_theme.line.lighter(108));
    } else {
        painter.drawImage(rect, tile.source, tile.part);
    }
    if (const auto over = m_overlays.find(index); over != m_overlays.end()) {
        QRect place = rect;
        if (tile.leftWidth > 0) {
            place.setWidth(rect.width() * tile.leftWidth / tile.part.width());
        }
        // A patch is a square of one value, not a blur of several.
        const bool smooth = painter.testRenderHint(QPainter::SmoothPixmapTransform);
        painter.setRenderHint(QPainter::SmoothPixmapTransform, false);
        painter.drawImage(place, over->second.image);
        painter.setRenderHint(QPainter::SmoothPixmapTransform, smooth);
    }
    if (!m_marked.empty()) {
        paintMark(painter, rect, m_marked[static_cast<std::size_t>(index)]);
    }
    if (!tile.note.isEmpty()) {
        painter.setPen(QPen(m_theme.warning, 2.0, Qt::DashLine));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(rect.adjusted(1, 1, -1, -1));
    }
}

void PreviewGrid::paintMark(QPainter& painter, const QRect& rect, bool marked) const
{
    if (!marked) {
        QColor veil = m_theme.window;
        veil.setAlphaF(0.6F);
        painter.fillRect(rect, veil);
        return;
    }
    const int corner = std::clamp(rect.width() / 6, 5, 14);
    painter.setPen(QPen(m_theme.trace, 2));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(rect.adjusted(0, 0, -1, -1));
    painter.setPen(Qt::NoPen);
    painter.setBrush(m_theme.trace);
    painter.drawPolygon(
        QPolygon({rect.topLeft(), rect.topLeft() + QPoint(corner, 0), rect.topLeft() + QPoint(0, corner)}));
    painter.setBrush(Qt::NoBrush);
}

void PreviewGrid::paintMessage(QPainter& painter) const
{
    const QRect room = viewport()->rect().adjusted(40, 0, -40, 0);
    const int side = 44;
    QRect icon(0, 0, side, side);
    icon.moveCenter(room.center() - QPoint(0, 34));
    themedIcon(QStringLiteral("grid"), m_theme, m_theme.faintText).paint(&painter, icon);
    painter.setFont(plotFont(13));
    painter.setPen(m_theme.mutedText);
    painter.drawText(QRect(room.left(), icon.bottom() + 14, room.width(), 80),
                     static_cast<int>(Qt::AlignHCenter | Qt::AlignTop) | Qt::TextWordWrap, m_message);
}

}  // namespace duodiff::ui
