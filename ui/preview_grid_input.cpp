// SPDX-License-Identifier: GPL-3.0-or-later
// What the grid does with the pointer and the keys.
#include "ui/preview_grid.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QScrollBar>
#include <QToolTip>

#include <algorithm>

namespace duodiff::ui
{

void PreviewGrid::setHovered(std::optional<int> index)
{
    if (m_hovered == index) {
        return;
    }
    m_hovered = index;
    viewport()->update();
    Q_EMIT imageHovered(index.value_or(-1));
}

void PreviewGrid::mouseMoveEvent(QMouseEvent* event)
{
    setHovered(indexAt(event->position().toPoint()));
}

void PreviewGrid::mousePressEvent(QMouseEvent* event)
{
    if (const auto index = indexAt(event->position().toPoint()); index && event->button() == Qt::LeftButton) {
        select(*index);
    }
}

void PreviewGrid::mouseDoubleClickEvent(QMouseEvent* event)
{
    if (const auto index = indexAt(event->position().toPoint()); index && event->button() == Qt::LeftButton) {
        Q_EMIT imageActivated(*index);
    }
}

bool PreviewGrid::viewportEvent(QEvent* event)
{
    if (event->type() == QEvent::Leave) {
        setHovered(std::nullopt);
    } else if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        if (const auto index = indexAt(help->pos())) {
            QToolTip::showText(help->globalPos(), caption(*index), viewport(), tileRect(*index));
        } else {
            QToolTip::hideText();
        }
        return true;
    }
    return QAbstractScrollArea::viewportEvent(event);
}

void PreviewGrid::select(int index)
{
    index = std::clamp(index, 0, count() - 1);
    if (m_selected == index) {
        return;
    }
    m_selected = index;
    const QRect rect = tileRect(index);
    QScrollBar* bar = verticalScrollBar();
    if (rect.top() < margin) {
        bar->setValue(bar->value() + rect.top() - margin);
    } else if (rect.bottom() > height() - margin) {
        bar->setValue(bar->value() + rect.bottom() - (height() - margin));
    }
    refreshSummary();
    viewport()->update();
    Q_EMIT selectionChanged(index);
}

void PreviewGrid::keyPressEvent(QKeyEvent* event)
{
    if (m_tiles.empty()) {
        event->ignore();
        return;
    }
    const int here = m_selected.value_or(0);
    const bool none = !m_selected;
    const int rowsShown = std::max(1, (height() - 2 * margin) / (m_tile.height() + m_gap));
    switch (event->key()) {
        case Qt::Key_Left:
            return select(none ? 0 : here - 1);
        case Qt::Key_Right:
            return select(none ? 0 : here + 1);
        case Qt::Key_Up:
            return select(none ? 0 : here - m_columns >= 0 ? here - m_columns : here);
        case Qt::Key_Down:
            return select(none ? 0 : here + m_columns < count() ? here + m_columns : here);
        case Qt::Key_PageUp:
            return select(std::max(here - rowsShown * m_columns, here % m_columns));
        case Qt::Key_PageDown:
            return select(here + rowsShown * m_columns);
        case Qt::Key_Home:
            return select(0);
        case Qt::Key_End:
            return select(count() - 1);
        case Qt::Key_Return:
        case Qt::Key_Enter:
        case Qt::Key_Space:
            if (m_selected) {
                Q_EMIT imageActivated(*m_selected);
                return;
            }
            break;
        default:
            break;
    }
    event->ignore();
}

void PreviewGrid::focusInEvent(QFocusEvent* event)
{
    QAbstractScrollArea::focusInEvent(event);
    viewport()->update();
}

void PreviewGrid::focusOutEvent(QFocusEvent* event)
{
    QAbstractScrollArea::focusOutEvent(event);
    viewport()->update();
}

}  // namespace duodiff::ui
