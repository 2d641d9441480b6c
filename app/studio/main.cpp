// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/passive_threads.h"
#include "session/engine.h"
#include "session/jobs.h"
#include "studio/helper_modes.h"
#include "studio/options.h"
#include "studio/studio.h"
#include "train/train_job.h"
#include "train/train_plan.h"
#include "ui/theme.h"

#include <QApplication>

#include <cstdio>
#include <cstdlib>

namespace
{

using namespace duodiff;

/// Qt ends the process when there is no display it can use; say it in one line instead, with what to do.
void withoutDisplay(QtMsgType type, const QMessageLogContext&, const QString& text)
{
    if (type == QtFatalMsg) {
        std::fputs(
            "duodiff-studio: there is no display to show the window on; `duodiff sample` works "
            "without one, and so does `duodiff-studio --report DIR`\n",
            stderr);
        std::_Exit(1);
    }
    if (type == QtCriticalMsg) {
        std::fprintf(stderr, "%s\n", qUtf8Printable(text));
    }
}

bool hasDisplay()
{
    return !qEnvironmentVariableIsEmpty("DISPLAY") || !qEnvironmentVariableIsEmpty("WAYLAND_DISPLAY");
}

int showWindow(const studio::CommandLine& line, studio::StudioServices services, const QString& bundled)
{
    studio::StudioOptions options;
    options.model = QString::fromStdString(line.model);
    options.bundledModel = bundled;
    options.settingsFile = QString::fromStdString(line.settingsFile);
    options.dataFolder = QString::fromStdString(line.dataFolder);
    options.theme = QString::fromStdString(line.theme);
    options.startRun = line.firstRun;
    studio::Studio studio(std::move(services), options);
    studio.show();
    return QApplication::exec();
}

}  // namespace

int main(int argc, char** argv)
{
    app::use_passive_openmp_waiting(argv);
    const auto parsed = studio::parseCommandLine(argc, argv);
    if (!parsed.line) {
        return parsed.status;
    }
    const studio::CommandLine& line = *parsed.line;
    if (!line.needsDisplay()) {
        if (!hasDisplay() && qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM")) {
            qputenv("QT_QPA_PLATFORM", "offscreen");
        }
        if (line.scale > 1.0) {
            qputenv("QT_SCALE_FACTOR", QByteArray::number(line.scale));
        }
    }

    QApplication::setApplicationName(QStringLiteral("duodiff-studio"));
    QApplication::setApplicationDisplayName(QStringLiteral("DuoDiff Studio"));
    QApplication::setApplicationVersion(QStringLiteral(DUODIFF_VERSION));
    const auto usual = qInstallMessageHandler(withoutDisplay);
    QApplication application(argc, argv);
    qInstallMessageHandler(usual);
    QApplication::setFont(ui::uiFont());  // before the first widget, which would keep the system's

    if (!line.reports.empty()) {
        ui::applyTheme(application, ui::Theme::light());
        return studio::writeReports(line.reports);
    }
    const studio::StudioServices services{
        [] { return make_engine(); },
        [] { return available_devices(); },
        [](const ImportRequest& request, const Progress& progress) { import_pack(request, progress); },
        {.plan = read_train_plan, .train = train}};
    const QString bundled = studio::bundledModel(QApplication::applicationDirPath());
    return line.screenshot.empty() ? showWindow(line, services, bundled)
                                   : studio::takeScreenshot(line, services, bundled);
}
