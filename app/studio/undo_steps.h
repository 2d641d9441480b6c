// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QUndoStack>

class QAction;

namespace duodiff::ui
{
class MainWindow;
}

namespace duodiff::studio
{

/// Undo and Redo in the Edit menu, which say what they would do.
class UndoSteps : public QObject
{
    Q_OBJECT

public:
    explicit UndoSteps(ui::MainWindow& window, QObject* parent = nullptr);

    QUndoStack& stack() { return m_stack; }
    QAction* undoAction() const { return m_undo; }
    QAction* redoAction() const { return m_redo; }

private:
    QUndoStack m_stack;
    QAction* m_undo;
    QAction* m_redo;
};

}  // namespace duodiff::studio
