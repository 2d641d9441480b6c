// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/settings.h"

#include <QObject>
#include <QString>

#include <functional>

class QUndoStack;

namespace duodiff::ui
{
class ControlPanel;
}

namespace duodiff::studio
{

/// Point 19: every change of a control is a step of undo. What one press of the mouse or of a key changes,
/// as long as it is held, is one step.
class ParameterUndo : public QObject
{
    Q_OBJECT

public:
    ParameterUndo(ui::ControlPanel& controls, QUndoStack& stack, QObject* parent = nullptr);

    /// What `change` does to the controls is one step of this name.
    void asOneStep(const QString& name, const std::function<void()>& change);
    /// What `change` does is no step: another model, the settings of the last session.
    void quietly(const std::function<void()>& change);

Q_SIGNALS:
    /// By undo or redo.
    void applied();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    class Step;

    void changed();
    void apply(const SamplingSettings& from, const SamplingSettings& to);

    ui::ControlPanel& m_controls;
    QUndoStack& m_stack;
    SamplingSettings m_current;
    QString m_name;
    quint64 m_gesture = 0;
    bool m_holding = false;
};

}  // namespace duodiff::studio
