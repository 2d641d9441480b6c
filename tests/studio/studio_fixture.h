// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "scripted_engine.h"
#include "studio/studio.h"
#include "ui/control_panel.h"
#include "ui/message_bar.h"
#include "ui/parameter_slider.h"

#include <QDir>
#include <QFile>
#include <QPushButton>
#include <QSignalSpy>
#include <QSlider>
#include <QTemporaryDir>
#include <QTest>

namespace duodiff::test
{

/// A studio with the scripted engine, a folder of its own, and a pack in it.
class StudioFixture
{
public:
    explicit StudioFixture(bool startRun = false)
    {
        QDir(folder.path()).mkpath(QStringLiteral("pack"));
        QFile pack(packPath() + QStringLiteral("/pack.json"));
        if (pack.open(QIODevice::WriteOnly)) {
            pack.write("{}");
        }
        make(startRun);
    }

    QString packPath() const { return folder.filePath(QStringLiteral("pack")); }
    QString settingsPath() const { return folder.filePath(QStringLiteral("studio.ini")); }

    void make(bool startRun = false)
    {
        app.reset();  // one at a time owns the folder
        studio::StudioOptions options;
        options.model = packPath();
        options.settingsFile = settingsPath();
        options.dataFolder = folder.filePath(QStringLiteral("data"));
        options.startRun = startRun;
        if (!startRun && !QFile::exists(settingsPath())) {
            // With settings there, a start is not the first one.
            studio::SettingsStore(settingsPath()).save({});
        }
        app = std::make_unique<studio::Studio>(
            studio::StudioServices{[held = script] { return makeScriptedEngine(held); },
                                   [] { return std::vector<std::string>{"cpu"}; }, makePack, training},
            options);
    }

    void showAndOpen()
    {
        QSignalSpy opened(app.get(), &studio::Studio::modelOpened);
        app->show();
        QVERIFY(opened.wait(duodiff::test::patience));
    }

    /// Keyboard focus; a bare X server has no window manager that would give it.
    void activate()
    {
        app->window().activateWindow();
        QTRY_VERIFY_WITH_TIMEOUT(app->window().isActiveWindow(), duodiff::test::patience);
    }

    /// Puts a short run into the controls.
    void configure(PolicyKind policy, int steps, int count = 4, int batch = 4)
    {
        auto settings = controls().settings();
        settings.policy = policy;
        settings.steps = steps;
        settings.count = count;
        settings.batch = batch;
        controls().setSettings(settings);
    }

    void runToTheEnd()
    {
        QSignalSpy ended(app.get(), &studio::Studio::runEnded);
        app->generate();
        QVERIFY(ended.wait(duodiff::test::patience));
    }

    ui::ControlPanel& controls() { return *app->window().controls(); }
    ui::MessageBar& messages() { return *app->window().messages(); }

    QTemporaryDir folder;
    std::shared_ptr<Script> script = std::make_shared<Script>();
    studio::PackService makePack;       ///< of the next make()
    studio::TrainingServices training;  ///< likewise
    std::unique_ptr<studio::Studio> app;
};

}  // namespace duodiff::test
