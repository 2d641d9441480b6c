// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/helper_modes.h"

#include "base/error.h"
#include "report/run_file.h"
#include "ui/control_panel.h"
#include "ui/exit_plot.h"
#include "ui/message_bar.h"
#include "ui/preview_grid.h"
#include "ui/report_document.h"

#include <QCoreApplication>
#include <QEventLoop>
#include <QImage>
#include <QPixmap>
#include <QSaveFile>
#include <QTemporaryDir>

#include <cstdio>
#include <filesystem>

namespace duodiff::studio
{

namespace
{

namespace fs = std::filesystem;

void complain(const Failure& failure)
{
    std::fprintf(stderr, "duodiff-studio: %s\n", failure.text().c_str());
}

void writeReport(const fs::path& run)
{
    const Dropped dropped = classify(run);
    if (dropped.kind != DroppedKind::runFile) {
        throw EngineError(ErrorCode::bad_file, "There is no run.json here", run.string(),
                          "Give the folder that a run was written to.");
    }
    const RunRecord record = read_run_file(dropped.path);
    const fs::path folder = dropped.path.has_parent_path() ? dropped.path.parent_path() : fs::path(".");
    const auto name = [&folder](const char* file) {
        return QString::fromStdU16String((folder / file).u16string());
    };
    QString error;
    ui::ExitPlot plot;
    plot.showRecord(record);
    if (!plot.exportTo(name("exit-layers.png"), &error)) {
        throw EngineError(ErrorCode::failed, error.toStdString(), (folder / "exit-layers.png").string());
    }
    const QImage grid(name("grid.png"));
    if (!ui::writeReportPdf({record}, grid, name("report.pdf"), &error)) {
        throw EngineError(ErrorCode::failed, error.toStdString(), (folder / "report.pdf").string());
    }
    std::printf("%s\n%s\n", (folder / "exit-layers.png").c_str(), (folder / "report.pdf").c_str());
}

bool save(const QPixmap& picture, const std::string& path)
{
    QSaveFile file(QString::fromStdString(path));
    return file.open(QIODevice::WriteOnly) && picture.save(&file, "PNG") && file.commit();
}

}  // namespace

int writeReports(const std::vector<std::string>& runs)
{
    int status = 0;
    for (const std::string& run : runs) {
        try {
            writeReport(run);
        } catch (...) {
            const Failure failure = current_failure(run);
            complain(failure);
            status = exit_status(failure.code);
        }
    }
    return status;
}

int takeScreenshot(const CommandLine& line, StudioServices services, const QString& bundled)
{
    StudioOptions options;
    options.model = QString::fromStdString(line.model);
    options.bundledModel = bundled;
    options.theme = line.theme.empty() ? QStringLiteral("dark") : QString::fromStdString(line.theme);
    options.remember = false;
    const QTemporaryDir scratch;  // for a history of its own
    options.dataFolder = scratch.path();
    Studio studio(std::move(services), options);
    auto& window = studio.window();
    window.resize(line.width, line.height);
    window.resetLayout();

    QEventLoop loop;
    std::optional<Failure> failure;
    bool opened = false;
    QObject::connect(&studio, &Studio::openFailed, &loop, [&] {
        const auto message = window.messages()->current();
        failure = Failure{ErrorCode::bad_file, message.what.toStdString(), message.where.toStdString(),
                          message.remedy.toStdString()};
        loop.quit();
    });
    QObject::connect(&studio, &Studio::modelOpened, &loop, [&] {
        opened = true;
        loop.quit();
    });
    if (options.model.isEmpty() && bundled.isEmpty()) {
        complain({ErrorCode::usage, "There is no model to show", {}, "Give a model pack."});
        return 2;
    }
    studio.show();
    loop.exec();
    if (opened && line.state != "idle") {
        auto* controls = window.controls();
        auto settings = controls->settings();
        settings.policy = from_string<PolicyKind>(line.policy).value_or(settings.policy);
        settings.steps = line.steps > 0 ? line.steps : settings.steps;
        controls->setSettings(settings);
        QObject::connect(&studio, &Studio::runEnded, &loop, &QEventLoop::quit);
        QObject::connect(&studio.run(), &RunController::failed, &loop,
                         [&](const Failure& what) { failure = what; });
        QTimer poll;
        QObject::connect(&poll, &QTimer::timeout, &loop, [&] {
            const int asked = studio.run().live().settings.steps;
            if (line.state == "running" &&
                static_cast<int>(studio.run().live().steps.size()) * 100 >= asked * 62) {
                loop.quit();
            }
        });
        poll.start(20);
        studio.generate();
        loop.exec();
        poll.stop();
    }
    if (failure) {
        complain(*failure);
        return exit_status(failure->code);
    }
    // Whatever still waits to be drawn, and the history, which writes a run before it lists it.
    if (line.state != "running") {
        QTimer::singleShot(1500, &loop, &QEventLoop::quit);
        loop.exec();
    }
    for (int turn = 0; turn < 20; ++turn) {
        QCoreApplication::processEvents(QEventLoop::AllEvents, 20);
    }
    const bool written = save(window.grab(), line.screenshot);
    window.close();
    if (!written) {
        complain({ErrorCode::failed, "The picture could not be written", line.screenshot, {}});
        return 1;
    }
    std::printf("%s\n", line.screenshot.c_str());
    return 0;
}

}  // namespace duodiff::studio
