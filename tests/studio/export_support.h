// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "studio_fixture.h"

#include <map>

namespace duodiff::test
{

using ui::ExportChoice;

inline ExportChoice nothing(const QString& folder)
{
    return {.folder = folder,
            .images = false,
            .grid = false,
            .runFile = false,
            .table = false,
            .htmlReport = false,
            .pdfReport = false,
            .plotPng = false};
}

inline ExportChoice everything(const QString& folder)
{
    return {.folder = folder, .plotSvg = true, .plotPdf = true, .gif = true, .strip = true};
}

inline QStringList exportInto(StudioFixture& f, const ExportChoice& choice)
{
    QSignalSpy exported(f.app.get(), &studio::Studio::exported);
    const bool begun = f.app->exportRun(choice);
    return begun && exported.wait(patience) ? exported.first().first().toStringList() : QStringList();
}

inline QByteArray bytesOf(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

/// Names and contents of all that is in a folder.
inline std::map<QString, QByteArray> contentsOf(const QString& folder)
{
    std::map<QString, QByteArray> contents;
    for (const QString& name :
         QDir(folder).entryList(QDir::Files | QDir::Dirs | QDir::Hidden | QDir::NoDotAndDotDot)) {
        contents[name] = bytesOf(folder + QLatin1Char('/') + name);
    }
    return contents;
}

/// Stops a run of eight images in batches of four after so many steps in all.
inline void runAndStop(StudioFixture& f, int steps)
{
    f.configure(PolicyKind::adadiff, 50, 8, 4);
    f.script->gate.close();
    f.script->gate.allow(steps);
    QSignalSpy ended(f.app.get(), &studio::Studio::runEnded);
    f.app->generate();
    f.script->gate.waitForVisitor();
    f.app->run().stop();
    QVERIFY(ended.wait(patience));
    f.script->gate.open();
}

template <class Widget>
Widget* named(const QWidget& parent, const QString& name)
{
    for (Widget* widget : parent.findChildren<Widget*>()) {
        if (widget->accessibleName() == name) {
            return widget;
        }
    }
    return nullptr;
}

}  // namespace duodiff::test
