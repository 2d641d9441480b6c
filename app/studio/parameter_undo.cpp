// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/parameter_undo.h"

#include "studio/settings_fields.h"
#include "ui/control_panel.h"

#include <QAbstractSpinBox>
#include <QCoreApplication>
#include <QKeyEvent>
#include <QLineEdit>
#include <QUndoStack>

#include <algorithm>
#include <utility>

namespace duodiff::studio
{

namespace
{

/// The only field that differs; null where there are several.
const SettingsField* onlyField(const SamplingSettings& a, const SamplingSettings& b)
{
    const auto& fields = settingsFields();
    const auto differs = [&](const SettingsField& field) { return !field.equal(a, b); };
    const auto first = std::find_if(fields.begin(), fields.end(), differs);
    return std::count_if(fields.begin(), fields.end(), differs) == 1 ? &*first : nullptr;
}

/// A box keeps Ctrl+Z to itself while it has typing of its own to take back, and only then.
bool hasTypingToUndo(QObject* watched, bool redo)
{
    auto* edit = qobject_cast<QLineEdit*>(watched);
    if (edit == nullptr && qobject_cast<QAbstractSpinBox*>(watched) != nullptr) {
        edit = watched->findChild<QLineEdit*>();
    }
    return edit == nullptr || (redo ? edit->isRedoAvailable() : edit->isUndoAvailable());
}

}  // namespace

class ParameterUndo::Step : public QUndoCommand
{
public:
    Step(ParameterUndo& owner, SamplingSettings from, SamplingSettings to, quint64 gesture,
         const QString& name)
        : QUndoCommand(name.isEmpty() ? describeChange(from, to) : name),
          m_owner(owner),
          m_from(std::move(from)),
          m_to(std::move(to)),
          m_gesture(gesture)
    {
    }

    int id() const override { return 1; }

    bool mergeWith(const QUndoCommand* command) override
    {
        const auto* next = static_cast<const Step*>(command);
        const SettingsField* field = onlyField(m_from, m_to);
        if (field == nullptr || next->m_gesture != m_gesture ||
            onlyField(next->m_from, next->m_to) != field) {
            return false;
        }
        m_to = next->m_to;
        setText(describeChange(m_from, m_to));
        setObsolete(m_from == m_to);
        return true;
    }

    void redo() override
    {
        // It is pushed when the controls show it already.
        if (std::exchange(m_done, true)) {
            m_owner.apply(m_from, m_to);
        }
    }
    void undo() override { m_owner.apply(m_to, m_from); }

private:
    ParameterUndo& m_owner;
    SamplingSettings m_from;
    SamplingSettings m_to;
    quint64 m_gesture;
    bool m_done = false;
};

ParameterUndo::ParameterUndo(ui::ControlPanel& controls, QUndoStack& stack, QObject* parent)
    : QObject(parent), m_controls(controls), m_stack(stack), m_current(controls.settings())
{
    connect(&controls, &ui::ControlPanel::settingsChanged, this, &ParameterUndo::changed);
    QCoreApplication::instance()->installEventFilter(this);
}

void ParameterUndo::asOneStep(const QString& name, const std::function<void()>& change)
{
    const bool outer = std::exchange(m_holding, true);
    change();
    m_holding = outer;
    ++m_gesture;
    m_name = name;
    changed();
    m_name.clear();
}

void ParameterUndo::quietly(const std::function<void()>& change)
{
    const bool outer = std::exchange(m_holding, true);
    change();
    m_holding = outer;
    m_current = m_controls.settings();
}

void ParameterUndo::changed()
{
    if (m_holding) {
        return;
    }
    const SamplingSettings now = m_controls.settings();
    if (now != m_current) {
        const SamplingSettings before = std::exchange(m_current, now);
        m_stack.push(new Step(*this, before, now, m_gesture, m_name));
    }
}

void ParameterUndo::apply(const SamplingSettings& from, const SamplingSettings& to)
{
    ++m_gesture;
    quietly([&] {
        SamplingSettings settings = m_controls.settings();
        applyChange(from, to, settings);
        m_controls.setSettings(settings);
    });
    Q_EMIT applied();
}

bool ParameterUndo::eventFilter(QObject* watched, QEvent* event)
{
    switch (event->type()) {
        case QEvent::MouseButtonPress:
            ++m_gesture;
            break;
        case QEvent::KeyPress:
            m_gesture += static_cast<QKeyEvent*>(event)->isAutoRepeat() ? 0 : 1;
            break;
        case QEvent::ShortcutOverride: {
            auto* key = static_cast<QKeyEvent*>(event);
            const bool redo = key->matches(QKeySequence::Redo);
            if ((redo || key->matches(QKeySequence::Undo)) && !hasTypingToUndo(watched, redo)) {
                event->ignore();
                return true;
            }
            break;
        }
        default:
            break;
    }
    return false;
}

}  // namespace duodiff::studio
