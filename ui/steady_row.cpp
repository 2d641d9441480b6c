// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/steady_row.h"

#include <QWidget>

namespace duodiff::ui
{

SteadyRow::SteadyRow(QWidget* parent) : QHBoxLayout(parent) {}

SteadyRow* SteadyRow::addTo(QBoxLayout& layout, QWidget* parent)
{
    auto* box = new QWidget(parent);
    auto* row = new SteadyRow(box);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(6);
    layout.addWidget(box);
    return row;
}

void SteadyRow::setGeometry(const QRect& rect)
{
    QHBoxLayout::setGeometry(rect);
    m_laidOut = visibleItems();
}

void SteadyRow::invalidate()
{
    if (m_laidOut < 0 || m_laidOut != visibleItems() || !fits()) {
        m_laidOut = -1;
        QHBoxLayout::invalidate();
    }
}

int SteadyRow::visibleItems() const
{
    int visible = 0;
    for (int i = 0; i < count(); ++i) {
        visible += itemAt(i)->isEmpty() ? 0 : 1;
    }
    return visible;
}

bool SteadyRow::fits() const
{
    for (int i = 0; i < count(); ++i) {
        const QWidget* widget = itemAt(i)->widget();
        if (!widget || widget->isHidden()) {
            continue;
        }
        const QSize room = widget->size();
        const bool wraps = widget->hasHeightForWidth();
        const QSize needed = wraps ? QSize(0, widget->heightForWidth(room.width())) : widget->sizeHint();
        if (needed.width() > room.width() || needed.height() > room.height()) {
            return false;
        }
    }
    return true;
}

}  // namespace duodiff::ui
