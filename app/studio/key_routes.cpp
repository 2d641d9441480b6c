// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/key_routes.h"

#include <QAbstractButton>
#include <QAbstractItemView>
#include <QAbstractSpinBox>
#include <QComboBox>
#include <QCoreApplication>
#include <QKeyEvent>
#include <QLineEdit>

namespace duodiff::studio
{

KeyRoutes::KeyRoutes(const QWidget* stopButton, QObject* parent) : QObject(parent), m_stopButton(stopButton)
{
    QCoreApplication::instance()->installEventFilter(this);
}

bool KeyRoutes::eventFilter(QObject* watched, QEvent* event)
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
        const bool isLetter = key->key() >= Qt::Key_A && key->key() <= Qt::Key_Z;
        const bool isFields = QStringLiteral("ACVXYZ").contains(QChar(key->key()));
        const bool isField = qobject_cast<QLineEdit*>(watched) != nullptr ||
                             qobject_cast<QAbstractSpinBox*>(watched) != nullptr;
        if (isField && isLetter && !isFields && key->modifiers() == Qt::ControlModifier) {
            event->ignore();
            return true;
        }
    }
    return QObject::eventFilter(watched, event);
}

}  // namespace duodiff::studio
