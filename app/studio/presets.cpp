// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/presets.h"

#include "report/atomic_file.h"
#include "studio/state_folder.h"
#include "ui/control_panel.h"
#include "ui/main_window.h"
#include "ui/message_bar.h"

#include <QAction>
#include <QDir>
#include <QDockWidget>
#include <QFile>
#include <QFileInfo>

#include <algorithm>
#include <utility>

namespace duodiff::studio
{

namespace
{

constexpr qint64 largestFile = 1024 * 1024;

}  // namespace

Presets::Presets(ui::MainWindow& window, ParameterUndo& undo, QString file, QObject* parent)
    : QObject(parent),
      m_window(window),
      m_undo(undo),
      m_file(std::move(file)),
      m_bar(new ui::PresetBar(window.controls()))
{
    window.controls()->setHeader(m_bar);
    window.addSeparator(ui::MenuKind::edit);
    int number = 1;
    for (const Preset& preset : builtInPresets()) {
        QAction* action = window.addAction(ui::MenuKind::edit, tr("Preset %1").arg(preset.name),
                                           QStringLiteral("Ctrl+Alt+%1").arg(number++),
                                           tr("Policy, θ or t_s, solver and steps at once"));
        connect(action, &QAction::triggered, this, [this, name = preset.name] { choose(name); });
        m_actions.push_back(action);
    }
    QAction* edit = window.addAction(ui::MenuKind::edit, tr("&Edit presets"), QStringLiteral("Ctrl+Alt+0"),
                                     tr("Save, rename and delete presets of your own"));
    connect(edit, &QAction::triggered, this, [this] {
        auto* dock = m_window.findChild<QDockWidget*>(QStringLiteral("controlsDock"));
        dock->show();
        dock->raise();
        m_bar->setEditing(true);
    });
    connect(&window, &ui::MainWindow::themeChanged, m_bar, &ui::PresetBar::setTheme);
    connect(window.controls(), &ui::ControlPanel::settingsChanged, this,
            [this] { m_bar->setCurrent(current()); });
    connect(m_bar, &ui::PresetBar::chosen, this, &Presets::choose);
    connect(m_bar, &ui::PresetBar::saveAsked, this, &Presets::save);
    connect(m_bar, &ui::PresetBar::renameAsked, this, &Presets::rename);
    connect(m_bar, &ui::PresetBar::deleteAsked, this, &Presets::remove);
    refresh();
}

void Presets::load()
{
    if (m_file.isEmpty() || !QFileInfo::exists(m_file)) {
        return;
    }
    StoredPresets stored;
    {
        QFile source(m_file);
        stored = source.size() <= largestFile && source.open(QIODevice::ReadOnly)
                     ? presetsFromJson(source.readAll())
                     : StoredPresets{.presets = {}, .damaged = true};
    }
    m_own = std::move(stored.presets);
    if (stored.damaged) {
        ui::Message message;
        message.lasting = true;
        message.what = tr("Your presets could not be read whole.");
        message.where = tr("The former file is kept as %1.").arg(QDir::toNativeSeparators(setAside(m_file)));
        m_window.messages()->post(std::move(message));
        write();
    }
    refresh();
}

void Presets::setModel(const std::optional<ModelInfo>& model)
{
    m_model = model;
    refresh();
}

void Presets::setRunning(bool running)
{
    m_running = running;
    refresh();
}

void Presets::refresh()
{
    QStringList builtIn;
    for (const Preset& preset : builtInPresets()) {
        builtIn << preset.name;
    }
    QStringList own;
    for (const Preset& preset : m_own) {
        own << preset.name;
    }
    m_bar->setPresets(builtIn, own);
    m_bar->setCurrent(current());
    m_bar->setUnavailable(!m_model    ? tr("No model is open.")
                          : m_running ? tr("A run is in progress.")
                                      : QString());
    for (QAction* action : m_actions) {
        action->setEnabled(m_model && !m_running);
    }
}

Preset* Presets::find(const QString& name)
{
    const auto at =
        std::find_if(m_own.begin(), m_own.end(), [&](const Preset& preset) { return preset.name == name; });
    return at == m_own.end() ? nullptr : &*at;
}

QString Presets::current() const
{
    if (!m_model) {
        return {};
    }
    const SamplingSettings settings = m_window.controls()->settings();
    for (const auto* presets : {&builtInPresets(), &m_own}) {
        for (const Preset& preset : *presets) {
            if (withPreset(preset, *m_model, settings) == settings) {
                return preset.name;
            }
        }
    }
    return {};
}

void Presets::choose(const QString& name)
{
    const auto& builtIn = builtInPresets();
    const auto at = std::find_if(builtIn.begin(), builtIn.end(),
                                 [&](const Preset& preset) { return preset.name == name; });
    const Preset* preset = at == builtIn.end() ? find(name) : &*at;
    if (preset == nullptr || !m_model || m_running) {
        return;
    }
    auto* controls = m_window.controls();
    m_undo.asOneStep(tr("preset %1").arg(name),
                     [&] { controls->setSettings(withPreset(*preset, *m_model, controls->settings())); });
}

void Presets::save(const QString& name)
{
    const auto& builtIn = builtInPresets();
    const bool isTaken = std::any_of(builtIn.begin(), builtIn.end(), [&](const Preset& preset) {
        return preset.name.compare(name, Qt::CaseInsensitive) == 0;
    });
    if (!m_model || name.isEmpty() || isTaken) {
        return;
    }
    const Preset preset = presetOf(name, m_window.controls()->settings(), *m_model);
    if (Preset* known = find(name)) {
        *known = preset;
    } else {
        m_own.push_back(preset);
    }
    write();
    refresh();
    m_bar->setEditing(false);
}

void Presets::rename(const QString& from, const QString& to)
{
    Preset* preset = find(from);
    if (preset != nullptr && !to.isEmpty() && find(to) == nullptr) {
        preset->name = to;
        write();
        refresh();
        m_bar->setEditing(false);
    }
}

void Presets::remove(const QString& name)
{
    const Preset* preset = find(name);
    if (preset == nullptr) {
        return;
    }
    const Preset gone = *preset;
    std::erase(m_own, gone);
    write();
    refresh();
    ui::Message message;
    message.what = tr("The preset %1 was deleted.").arg(name);
    message.actions = {{tr("Undo"), [this, gone] {
                            if (find(gone.name) == nullptr) {
                                m_own.push_back(gone);
                                write();
                                refresh();
                            }
                        }}};
    m_window.messages()->post(std::move(message));
}

void Presets::write()
{
    if (m_file.isEmpty()) {
        return;
    }
    try {
        QDir().mkpath(QFileInfo(m_file).path());
        const QByteArray json = presetsToJson(m_own);
        write_file_atomically(m_file.toStdU16String(),
                              std::string_view(json.constData(), static_cast<std::size_t>(json.size())));
    } catch (...) {
        m_window.messages()->postFailure(current_failure(m_file.toStdString()));
    }
}

}  // namespace duodiff::studio
