// SPDX-License-Identifier: GPL-3.0-or-later
// What a run with the engine at full load costs the window, and the window the run:
// bench_lateness PACK [STEPS [ROUNDS]]. Prints how late a 16 ms timer of the window's thread comes, and the
// sampling time with the window over the mean of the runs without it just before and after.
#include "common/passive_threads.h"
#include "session/engine.h"
#include "studio/studio.h"
#include "ui/control_panel.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QEventLoop>
#include <QTemporaryDir>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace
{

using namespace duodiff;

constexpr int interval = 16;  // ms

struct WindowRun {
    double samplingMs = 0.0;
    std::vector<double> lateness;  ///< ms
};

SamplingSettings settingsOf(SamplingSettings settings, int steps)
{
    settings.policy = PolicyKind::full;
    settings.steps = steps;
    settings.count = settings.batch = 16;
    return settings;
}

WindowRun runWithWindow(const QString& pack, int steps)
{
    const QTemporaryDir folder;
    studio::StudioOptions options;
    options.model = pack;
    options.settingsFile = folder.filePath(QStringLiteral("studio.ini"));
    options.dataFolder = folder.path();
    options.remember = false;
    studio::Studio app({[] { return make_engine(); }, {}}, options);
    QEventLoop loop;
    QObject::connect(&app, &studio::Studio::modelOpened, &loop, &QEventLoop::quit);
    QObject::connect(&app, &studio::Studio::openFailed, &loop, [] { std::exit(1); });
    app.show();
    loop.exec();
    app.window().controls()->setSettings(settingsOf(app.window().controls()->settings(), steps));

    WindowRun result;
    QElapsedTimer clock;
    QTimer timer;
    timer.setTimerType(Qt::PreciseTimer);
    QObject::connect(&timer, &QTimer::timeout, &timer, [&] {
        const double since = static_cast<double>(clock.nsecsElapsed()) * 1e-6;
        clock.restart();
        result.lateness.push_back(std::max(0.0, since - interval));
    });
    QObject::connect(&app, &studio::Studio::runEnded, &loop, &QEventLoop::quit);
    app.generate();
    clock.start();
    timer.start(interval);
    loop.exec();
    timer.stop();
    result.samplingMs = app.kept()->record.sampling_ms;
    return result;
}

double runWithoutWindow(const QString& pack, int steps)
{
    const auto engine = make_engine();
    ModelSource source;
    source.model = pack.toStdString();
    engine->open(source);
    struct Sink : FrameSink {
        void on_frame(Frame&&) override {}
    } sink;
    return engine->sample(settingsOf({}, steps), 1, sink).record.sampling_ms;
}

}  // namespace

int main(int argc, char** argv)
{
    app::use_passive_openmp_waiting(argv);
    if (argc < 2) {
        std::fputs("usage: bench_lateness PACK [STEPS [ROUNDS]]\n", stderr);
        return 2;
    }
    QApplication application(argc, argv);
    const QString pack = QString::fromLocal8Bit(argv[1]);
    const int steps = argc > 2 ? std::max(10, std::atoi(argv[2])) : 150;
    const int rounds = argc > 3 ? std::max(1, std::atoi(argv[3])) : 5;
    std::vector<double> ratios;
    for (int round = 1; round <= rounds; ++round) {
        const double before = runWithoutWindow(pack, steps);
        WindowRun run = runWithWindow(pack, steps);
        const double without = (before + runWithoutWindow(pack, steps)) / 2.0;
        ratios.push_back(run.samplingMs / without);
        std::sort(run.lateness.begin(), run.lateness.end());
        const auto at = [&](double share) {
            return run
                .lateness[static_cast<std::size_t>(share * static_cast<double>(run.lateness.size() - 1))];
        };
        std::printf(
            "round %d: lateness median %.1f ms, p95 %.1f ms, worst %.1f ms (%zu); with the window / "
            "without %.3f\n",
            round, at(0.5), at(0.95), run.lateness.back(), run.lateness.size(), ratios.back());
    }
    std::sort(ratios.begin(), ratios.end());
    std::printf("with the window / without: median %.3f of %zu\n", ratios[ratios.size() / 2], ratios.size());
    return 0;
}
