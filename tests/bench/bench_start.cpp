// SPDX-License-Identifier: GPL-3.0-or-later
// What a person waits for: bench_start PACK [ROUNDS]. Each round starts a process of its own, with an empty
// folder of settings, as for the first time: from the start of the process to the first paint of the window,
// from there to the first picture of a run that begins by itself, and from Stop to Ready, in milliseconds.
#include "common/passive_threads.h"
#include "session/engine.h"
#include "studio/studio.h"
#include "ui/control_panel.h"
#include "ui/preview_grid.h"
#include "ui/theme.h"

#include <QApplication>
#include <QEventLoop>
#include <QFile>
#include <QProcess>
#include <QTemporaryDir>

#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <utility>
#include <vector>

namespace
{

using namespace duodiff;

constexpr int stopsARound = 10;

double sinceBoot()
{
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

/// When this process was started, the loading of its libraries included; to a hundredth of a second.
double processStart()
{
    QFile file(QStringLiteral("/proc/self/stat"));
    if (!file.open(QIODevice::ReadOnly)) {
        return sinceBoot();
    }
    const QByteArray text = file.readAll();
    const QList<QByteArray> fields = text.mid(text.lastIndexOf(')') + 2).split(' ');
    return fields.size() > 19 ? 1e3 * fields[19].toDouble() / static_cast<double>(sysconf(_SC_CLK_TCK))
                              : sinceBoot();
}

/// Calls once when a widget has been painted.
class FirstPaint : public QObject
{
public:
    FirstPaint(QWidget* widget, std::function<void()> then) : m_then(std::move(then))
    {
        widget->installEventFilter(this);
    }

protected:
    bool eventFilter(QObject* watched, QEvent* event) override
    {
        if (event->type() == QEvent::Paint && m_then) {
            QMetaObject::invokeMethod(this, std::exchange(m_then, nullptr), Qt::QueuedConnection);
        }
        return QObject::eventFilter(watched, event);
    }

private:
    std::function<void()> m_then;
};

double stopAndWait(studio::Studio& app, QEventLoop& loop)
{
    // Somewhere in the middle of a step.
    const auto some = app.run().newestStep().value_or(0) + 5;
    const auto counting = QObject::connect(&app.run(), &studio::RunController::advanced, &loop, [&] {
        if (app.run().newestStep().value_or(0) >= some) {
            loop.quit();
        }
    });
    loop.exec();
    QObject::disconnect(counting);
    const auto ended = QObject::connect(&app, &studio::Studio::runEnded, &loop, &QEventLoop::quit);
    const double begin = sinceBoot();
    app.run().stop();
    loop.exec();
    QObject::disconnect(ended);
    return sinceBoot() - begin;
}

int oneStart(const QString& pack)
{
    const double began = processStart();
    const QTemporaryDir folder;
    studio::StudioOptions options;
    options.bundledModel = pack;
    options.settingsFile = folder.filePath(QStringLiteral("studio.ini"));
    options.dataFolder = folder.filePath(QStringLiteral("data"));
    studio::Studio app({[] { return make_engine(); }, [] { return available_devices(); }}, options);
    QEventLoop loop;
    double window = 0.0;
    double picture = 0.0;
    const FirstPaint paint(&app.window(), [&] { window = sinceBoot(); });
    QObject::connect(&app.run(), &studio::RunController::pictured, &loop, [&] {
        if (picture == 0.0) {
            app.window().previews()->repaint();
            picture = sinceBoot();
            loop.quit();
        }
    });
    QObject::connect(&app, &studio::Studio::openFailed, &loop, [] { std::exit(1); });
    app.show();
    loop.exec();
    std::printf("%.0f %.0f", window - began, picture - window);
    for (int stop = 0; stop < stopsARound; ++stop) {
        if (!app.run().isRunning()) {
            app.generate();
        }
        std::printf(" %.1f", stopAndWait(app, loop));
    }
    std::printf("\n");
    return 0;
}

void print(const char* what, std::vector<double> ms)
{
    std::sort(ms.begin(), ms.end());
    std::printf("%-28s median %7.1f ms, worst %7.1f ms (%zu)\n", what, ms[ms.size() / 2], ms.back(),
                ms.size());
}

int manyStarts(const QString& pack, int rounds)
{
    std::vector<double> windows;
    std::vector<double> pictures;
    std::vector<double> stops;
    for (int round = 0; round < rounds; ++round) {
        QProcess process;
        process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
        process.start(QCoreApplication::applicationFilePath(), {QStringLiteral("--one"), pack});
        if (!process.waitForFinished(-1) || process.exitCode() != 0) {
            return 1;
        }
        const QList<QByteArray> numbers = process.readAllStandardOutput().simplified().split(' ');
        for (qsizetype i = 0; i < numbers.size(); ++i) {
            (i == 0 ? windows : i == 1 ? pictures : stops).push_back(numbers[i].toDouble());
        }
    }
    print("start to window", windows);
    print("window to first picture", pictures);
    print("Stop to Ready", stops);
    return 0;
}

}  // namespace

int main(int argc, char** argv)
{
    app::use_passive_openmp_waiting(argv);
    if (argc < 2) {
        std::fputs("usage: bench_start PACK [ROUNDS]\n", stderr);
        return 2;
    }
    const bool one = argc > 2 && QByteArray(argv[1]) == "--one";
    if (one) {
        QApplication application(argc, argv);
        QApplication::setFont(ui::uiFont());
        return oneStart(QString::fromLocal8Bit(argv[2]));
    }
    const QCoreApplication application(argc, argv);
    return manyStarts(QString::fromLocal8Bit(argv[1]), argc > 2 ? std::max(1, std::atoi(argv[2])) : 5);
}
