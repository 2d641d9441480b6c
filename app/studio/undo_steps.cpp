// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/undo_steps.h"

#include "ui/main_window.h"

#include <QAction>

namespace duodiff::studio
{

namespace
{

constexpr int mostSteps = 200;

void follow(QUndoStack& stack, QAction* action, const QString& verb,
            void (QUndoStack::*textChanged)(const QString&), void (QUndoStack::*possibleChanged)(bool))
{
    action->setEnabled(false);
    QObject::connect(&stack, textChanged, action, [action, verb](const QString& text) {
        action->setText(text.isEmpty() ? verb : QStringLiteral("%1 %2").arg(verb, text));
    });
    QObject::connect(&stack, possibleChanged, action, &QAction::setEnabled);
}

}  // namespace

UndoSteps::UndoSteps(ui::MainWindow& window, QObject* parent)
    : QObject(parent),
      m_undo(window.addAction(ui::MenuKind::edit, tr("&Undo"), QStringLiteral("Ctrl+Z"),
                              tr("Take the last change of a control, or a deletion, back"))),
      m_redo(window.addAction(ui::MenuKind::edit, tr("&Redo"), QStringLiteral("Ctrl+Shift+Z"),
                              tr("Do again what was undone")))
{
    window.addSeparator(ui::MenuKind::edit);
    m_stack.setUndoLimit(mostSteps);
    follow(m_stack, m_undo, tr("&Undo"), &QUndoStack::undoTextChanged, &QUndoStack::canUndoChanged);
    follow(m_stack, m_redo, tr("&Redo"), &QUndoStack::redoTextChanged, &QUndoStack::canRedoChanged);
    connect(m_undo, &QAction::triggered, &m_stack, &QUndoStack::undo);
    connect(m_redo, &QAction::triggered, &m_stack, &QUndoStack::redo);
}

}  // namespace duodiff::studio
