// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/pause_key.h"

#include <QAbstractButton>
#include <QAbstractItemView>
#include <QComboBox>
#include <QCoreApplication>
#include <QKeyEvent>

namespace duodiff::studio
{

PauseKey::PauseKey(const QWidget* stopButton, QObject* parent) : QObject(parent), m_stopButton(stopButton)
{
    QCoreApplication::instance()->installEventFilter(this);
}

bool PauseKey::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::ShortcutOverride) {
        const auto* key = static_cast<QKeyEvent*>(event);
        const bool actsHere =
            watched != m_stopButton && (qobject_cast<QAbstractButton*>(watched) != nullptr ||
                                        qobject_cast<QAbstractItemView*>(watched) != nullptr ||
                                        qobject_cast<QComboBox*>(watched) != nullptr);
        if (key->key() == Qt::Key_Space && key->modifiers() == Qt::NoModifier && actsHere) {
            event->accept();
            return true;
        }
    }
    return QObject::eventFilter(watched, event);
}

}  // namespace duodiff::studio
