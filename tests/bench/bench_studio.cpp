// SPDX-License-Identifier: GPL-3.0-or-later
// Times of the window's frames: bench_studio [CASE ...]. Prints the median and the worst in milliseconds, by
// the clock and of the thread's own processor time.
#include "bench_run.h"
#include "ui/history_panel.h"

#include <QApplication>
#include <QLineEdit>
#include <QPixmap>
#include <QRandomGenerator>
#include <QScrollBar>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace
{

using namespace duodiff;
using duodiff::bench::addTime;
using duodiff::bench::Times;

constexpr int runsInHistory = 10'000;

std::vector<ui::HistoryEntry> syntheticHistory()
{
    std::vector<ui::HistoryEntry> entries;
    const QDateTime begin(QDate(2026, 1, 1), QTime(8, 0), Qt::UTC);
    for (int run = 0; run < runsInHistory; ++run) {
        ui::HistoryEntry entry;
        entry.id = QStringLiteral("run-%1").arg(run, 6, 10, QLatin1Char('0'));
        entry.title = run % 3 == 0   ? QStringLiteral("Full")
                      : run % 3 == 1 ? QStringLiteral("AdaDiff, θ = 0.%1").arg(run % 90 + 10)
                                     : QStringLiteral("DuoDiff, t_s = %1").arg(run % 1000);
        entry.model = QStringLiteral("fashion-mnist");
        entry.solver = QStringLiteral("DDPM");
        entry.steps = 1000;
        entry.seed = static_cast<std::uint64_t>(run) * 7919;
        entry.time = begin.addSecs(613 * run);
        entry.skipped = 0.01 * (run % 80);
        entry.images = entry.asked = 16;
        entry.classes = {QStringLiteral("Sneaker"), QStringLiteral("Ankle boot")};
        entry.thumbnails = 8;
        entry.bytes = 60'000;
        entry.favourite = run % 50 == 0;
        entries.push_back(entry);
    }
    return entries;
}

/// The history with 10,000 runs, its thumbnails at hand as soon as a row asks for them.
class BenchHistory
{
public:
    BenchHistory()
    {
        QRandomGenerator random(7);
        m_strip = QImage(8 * 96, 96, QImage::Format_RGB32);
        for (int y = 0; y < m_strip.height(); ++y) {
            for (int x = 0; x < m_strip.width(); ++x) {
                m_strip.setPixel(x, y, random.generate());
            }
        }
        model.setEntries(syntheticHistory());
        panel.setTheme(ui::Theme::dark());
        panel.resize(360, 900);
        panel.show();
        QObject::connect(
            &model, &ui::HistoryModel::thumbnailsWanted, &model,
            [this](const QString& id) { model.setThumbnails(id, m_strip.copy()); }, Qt::QueuedConnection);
    }

    void paint()
    {
        QApplication::processEvents();
        panel.list()->viewport()->repaint();
    }

    ui::HistoryModel model;
    ui::HistoryPanel panel{&model};

private:
    QImage m_strip;
};

Times historyScroll()
{
    BenchHistory history;
    history.paint();
    auto* bar = history.panel.list()->verticalScrollBar();
    Times times;
    for (int frame = 0; frame < 600; ++frame) {
        addTime(times, [&] {
            // Two thirds like a wheel, one third like a dragged handle.
            const int next = frame % 3 == 2 ? (bar->value() + bar->maximum() / 7) % bar->maximum()
                                            : bar->value() + 3 * bar->singleStep();
            bar->setValue(next);
            history.paint();
        });
    }
    return times;
}

Times historySearch()
{
    BenchHistory history;
    history.paint();
    const QString words = QStringLiteral("adadiff sneaker seed 79");
    Times times;
    for (int round = 0; round < 5; ++round) {
        for (qsizetype length = 0; length <= words.size(); ++length) {
            addTime(times, [&] {
                history.panel.search()->setText(words.left(length));
                history.paint();
            });
        }
    }
    return times;
}

std::pair<double, double> medianAndWorst(const Times& times, double bench::FrameTime::*kind)
{
    std::vector<double> sorted;
    for (const bench::FrameTime& time : times) {
        sorted.push_back(time.*kind);
    }
    std::sort(sorted.begin(), sorted.end());
    return {sorted[sorted.size() / 2], sorted.back()};
}

struct Case {
    const char* name;
    Times (*run)();
};

constexpr Case cases[] = {
    {"history-scroll", historyScroll},
    {"history-search", historySearch},
    {"plot-replot", bench::plotReplot},
    {"plot-finished-run", bench::plotFinishedRun},
    {"grid-repaint", bench::gridRepaint},
    {"what-if-index", bench::whatIfIndex},
    {"what-if-next-step", bench::whatIfNextStep},
    {"what-if-slider", bench::whatIfSlider},
    {"cursor-move", bench::cursorMove},
};

}  // namespace

int main(int argc, char** argv)
{
    if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM")) {
        qputenv("QT_QPA_PLATFORM", "offscreen");
    }
    QApplication application(argc, argv);
    ui::applyTheme(application, ui::Theme::dark());
    const std::vector<std::string> wanted(argv + 1, argv + argc);
    std::printf("%-20s %8s %10s %10s %10s %10s\n", "case", "frames", "median ms", "worst ms", "median cpu",
                "worst cpu");
    for (const Case& one : cases) {
        if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), one.name) == wanted.end()) {
            continue;
        }
        const Times times = one.run();
        const auto [wall, worstWall] = medianAndWorst(times, &bench::FrameTime::wall);
        const auto [processor, worstProcessor] = medianAndWorst(times, &bench::FrameTime::processor);
        std::printf("%-20s %8zu %10.2f %10.2f %10.2f %10.2f\n", one.name, times.size(), wall, worstWall,
                    processor, worstProcessor);
    }
    return 0;
}
