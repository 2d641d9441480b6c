// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "studio/parameter_undo.h"
#include "studio/preset_store.h"
#include "ui/preset_bar.h"

#include <QObject>

#include <optional>
#include <vector>

class QAction;

namespace duodiff::ui
{
class MainWindow;
}

namespace duodiff::studio
{

/// Point 18: presets over the controls. Every one that is chosen is one step of undo.
class Presets : public QObject
{
    Q_OBJECT

public:
    /// `file`: the person's own presets; empty: none are kept.
    Presets(ui::MainWindow& window, ParameterUndo& undo, QString file, QObject* parent = nullptr);

    /// Reads the file, with a notice where it is damaged.
    void load();
    void setModel(const std::optional<ModelInfo>& model);
    /// While a run goes on that the controls belong to.
    void setRunning(bool running);

    void choose(const QString& name);
    void save(const QString& name);
    void rename(const QString& from, const QString& to);
    void remove(const QString& name);
    /// Empty: custom.
    QString current() const;
    const std::vector<Preset>& own() const { return m_own; }
    ui::PresetBar& bar() { return *m_bar; }
    const std::vector<QAction*>& actions() const { return m_actions; }

private:
    void refresh();
    void write();
    Preset* find(const QString& name);

    ui::MainWindow& m_window;
    ParameterUndo& m_undo;
    QString m_file;
    ui::PresetBar* m_bar;
    std::vector<QAction*> m_actions;  ///< of the built-in ones
    std::vector<Preset> m_own;
    std::optional<ModelInfo> m_model;
    bool m_running = false;
};

}  // namespace duodiff::studio
