// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/ledger_bar.h"

#include <QHelpEvent>
#include <QPainter>
#include <QPainterPath>
#include <QToolTip>

#include <algorithm>

namespace duodiff::ui
{

LedgerBar::LedgerBar(QWidget* parent) : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setFixedHeight(10);
    setAccessibleName(tr("Where the time went"));
}

void LedgerBar::setParts(std::vector<Part> parts)
{
    m_parts = std::move(parts);
    QStringList words;
    for (const Part& part : m_parts) {
        words << part.name + QLatin1Char(' ') + part.value;
    }
    setAccessibleDescription(words.join(QStringLiteral(", ")));
    update();
}

void LedgerBar::setGround(const QColor& color)
{
    m_ground = color;
    update();
}

double LedgerBar::total() const
{
    double sum = 0.0;
    for (const Part& part : m_parts) {
        sum += std::max(part.amount, 0.0);
    }
    return sum;
}

void LedgerBar::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    QPainterPath shape;
    shape.addRoundedRect(QRectF(rect()), height() / 2.0, height() / 2.0);
    painter.setClipPath(shape);
    painter.fillRect(rect(), m_ground);
    const double sum = total();
    double x = 0.0;
    for (const Part& part : m_parts) {
        const double wide = sum > 0.0 ? std::max(part.amount, 0.0) / sum * width() : 0.0;
        painter.fillRect(QRectF(x, 0, wide, height()), part.color);
        x += wide;
    }
}

bool LedgerBar::event(QEvent* event)
{
    if (event->type() != QEvent::ToolTip) {
        return QWidget::event(event);
    }
    const auto* help = static_cast<QHelpEvent*>(event);
    const double sum = total();
    double x = 0.0;
    for (const Part& part : m_parts) {
        x += sum > 0.0 ? std::max(part.amount, 0.0) / sum * width() : 0.0;
        if (help->pos().x() <= x) {
            QToolTip::showText(help->globalPos(), part.name + QStringLiteral(": ") + part.value, this);
            return true;
        }
    }
    QToolTip::hideText();
    return true;
}

}  // namespace duodiff::ui
