// SPDX-License-Identifier: GPL-3.0-or-later
// Points 3, 8, 10 and 19: the exit-layer plot.
#include "ui/exit_plot.h"
#include "ui/qcustomplot_wrapper.h"
#include "ui/synthetic_run.h"

#include <QAccessible>
#include <QSignalSpy>
#include <QSvgRenderer>
#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <memory>

using namespace duodiff;
using duodiff::ui::ExitData;
using duodiff::ui::ExitPlot;
using duodiff::ui::Theme;

namespace
{

QCPColorMap* heatMap(const ExitPlot& plot)
{
    for (int index = 0; index < plot.plot()->plottableCount(); ++index) {
        if (auto* map = qobject_cast<QCPColorMap*>(plot.plot()->plottable(index))) {
            return map;
        }
    }
    return nullptr;
}

QCPGraph* curve(const ExitPlot& plot, const char* name)
{
    for (int index = 0; index < plot.plot()->graphCount(); ++index) {
        if (plot.plot()->graph(index)->name() == QLatin1String(name)) {
            return plot.plot()->graph(index);
        }
    }
    return nullptr;
}

std::unique_ptr<ExitPlot> shownPlot(const RunRecord& record)
{
    auto plot = std::make_unique<ExitPlot>();
    plot->resize(900, 320);
    plot->showRecord(record);
    plot->show();
    plot->plot()->replot();
    return plot;
}

QPoint pixelAt(const ExitPlot& plot, double t)
{
    return {static_cast<int>(std::lround(plot.plot()->xAxis->coordToPixel(t))),
            plot.plot()->axisRect()->center().y()};
}

QByteArray read(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

}  // namespace

class TestExitPlot : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void columnsOfTheHeatMapAddUpToOne()
    {
        for (const PolicyKind policy : test::everyPolicy) {
            for (const int steps : {1, 7, 50, 1000}) {
                ExitPlot plot;
                plot.showRecord(test::syntheticRecord(test::syntheticSettings(policy, steps)));
                QCPColorMapData* cells = heatMap(plot)->data();
                QCOMPARE(cells->keySize(), ExitData::timesteps);
                QCOMPARE(cells->valueSize(), 14);
                for (int t = 0; t < cells->keySize(); ++t) {
                    double sum = 0.0;
                    for (int layer = 0; layer < cells->valueSize(); ++layer) {
                        const double share = cells->cell(t, layer);
                        sum += std::isnan(share) ? 0.0 : share;
                    }
                    QVERIFY2(std::abs(sum - 1.0) < 1e-9, qPrintable(QString::number(t)));
                }
            }
        }
    }

    void cellsLieAtTheirTimestepAndLayer()
    {
        ExitPlot plot;
        plot.showRecord(test::syntheticRecord(test::syntheticSettings(PolicyKind::duodiff, 1000)));
        QCPColorMapData* cells = heatMap(plot)->data();
        QCOMPARE(cells->cell(700, 3), 1.0);
        QVERIFY(std::isnan(cells->cell(700, 13)));
        QCOMPARE(cells->cell(699, 13), 1.0);
        // The boundary between them is where the switch line of t_s = 300 is drawn.
        double key = 0.0;
        cells->cellToCoord(700, 3, &key, nullptr);
        QCOMPARE(key, 700.5);
        QCOMPARE(plot.switchStep(), std::optional(300));
    }

    void meanLineEqualsExitStatistics()
    {
        const RunRecord record = test::syntheticRecord(test::syntheticSettings(PolicyKind::adadiff, 50));
        ExitPlot plot;
        plot.showRecord(record);
        for (const StepRecord& step : record.steps) {
            const ExitStatistics statistics = exit_statistics(step);
            const double key = plot.data().span(step.step).first;
            const auto valueOf = [&](const char* name) {
                return curve(plot, name)->data()->findBegin(key, false)->value;
            };
            QCOMPARE(valueOf("mean"), statistics.mean);
            QCOMPARE(valueOf("upper"), std::min(statistics.mean + statistics.deviation, 13.0));
            QCOMPARE(valueOf("lower"), std::max(statistics.mean - statistics.deviation, 0.0));
        }
    }

    void framesInAnyBatchesDrawWhatTheRecordDraws()
    {
        const auto settings = test::syntheticSettings(PolicyKind::adadiff, 50, 10, 3);
        ExitPlot live;
        live.beginRun(test::syntheticModel(), settings);
        for (const Frame& frame : test::syntheticFrames(test::syntheticModel(), settings)) {
            live.addFrames({frame});
        }
        live.finishRun();
        ExitPlot loaded;
        loaded.showRecord(test::syntheticRecord(settings));
        for (int t = 0; t < ExitData::timesteps; ++t) {
            for (int layer = 0; layer <= 13; ++layer) {
                const double a = heatMap(live)->data()->cell(t, layer);
                const double b = heatMap(loaded)->data()->cell(t, layer);
                QVERIFY(std::isnan(a) == std::isnan(b) && (std::isnan(a) || std::abs(a - b) < 1e-12));
            }
        }
        QCOMPARE(curve(live, "mean")->data()->size(), curve(loaded, "mean")->data()->size());
    }

    void timeRunsDownAndLayersTickByWholeNumbers()
    {
        const auto plot = shownPlot(test::syntheticRecord(test::syntheticSettings(PolicyKind::adadiff)));
        QVERIFY(plot->plot()->xAxis->coordToPixel(1000) < plot->plot()->xAxis->coordToPixel(0));
        const auto ticks = plot->plot()->yAxis->tickVector();
        QVERIFY(ticks.size() > 2);
        for (const double tick : ticks) {
            QCOMPARE(tick, std::round(tick));
        }
    }

    void draggingTheSwitchLineReportsTheSwitchStep()
    {
        const auto plot = shownPlot(test::syntheticRecord(test::syntheticSettings(PolicyKind::duodiff)));
        QSignalSpy moved(plot.get(), &ExitPlot::switchStepMoved);
        QSignalSpy released(plot.get(), &ExitPlot::switchStepReleased);
        QTest::mousePress(plot->plot(), Qt::LeftButton, {}, pixelAt(*plot, 700));
        QTest::mouseMove(plot->plot(), pixelAt(*plot, 400));
        QCOMPARE(moved.size(), 1);
        const int there = moved.first().first().toInt();
        QVERIFY2(std::abs(there - 600) <= 1, qPrintable(QString::number(there)));
        QCOMPARE(released.size(), 0);
        QTest::mouseRelease(plot->plot(), Qt::LeftButton, {}, pixelAt(*plot, 400));
        QCOMPARE(released.size(), 1);
        QCOMPARE(released.first().first().toInt(), there);
        QCOMPARE(plot->switchStep(), std::optional(there));
        QVERIFY(plot->isFollowing());
    }

    void theSwitchLineStopsAtTheEndsOfTime()
    {
        const auto plot = shownPlot(test::syntheticRecord(test::syntheticSettings(PolicyKind::duodiff)));
        for (const auto& [x, expected] : {std::pair{-500, 0}, std::pair{5000, 1000}}) {
            plot->setSwitchStep(300);
            plot->plot()->replot();
            const QPoint from = pixelAt(*plot, 700);
            QTest::mousePress(plot->plot(), Qt::LeftButton, {}, from);
            QTest::mouseMove(plot->plot(), {x, from.y()});
            QTest::mouseRelease(plot->plot(), Qt::LeftButton, {}, {x, from.y()});
            QCOMPARE(plot->switchStep(), std::optional(expected));
        }
    }

    void withoutASwitchLineNothingIsDragged()
    {
        const auto plot = shownPlot(test::syntheticRecord(test::syntheticSettings(PolicyKind::adadiff)));
        QSignalSpy moved(plot.get(), &ExitPlot::switchStepMoved);
        QTest::mousePress(plot->plot(), Qt::LeftButton, {}, pixelAt(*plot, 700));
        QTest::mouseMove(plot->plot(), pixelAt(*plot, 400));
        QTest::mouseRelease(plot->plot(), Qt::LeftButton, {}, pixelAt(*plot, 400));
        QCOMPARE(moved.size(), 0);
    }

    void readoutNamesTimeLayerDeviationAndCount()
    {
        ExitPlot plot;
        plot.beginRun(test::syntheticModel(), test::syntheticSettings(PolicyKind::adadiff, 1000, 5, 5));
        Frame frame;
        frame.step = 487;
        frame.t = 512;
        frame.network = NetworkRole::early_exit;
        frame.exit_layers = {6, 7, 8, 8, 8};
        plot.addFrames({frame});
        QCOMPARE(plot.readout(487), QStringLiteral("t = 512: layer 7.4 ± 0.8 (n = 5)"));
        QCOMPARE(plot.readout(488), QString());
    }

    void hoveringMovesTheCursorToTheStepUnderIt()
    {
        const auto plot = shownPlot(test::syntheticRecord(test::syntheticSettings(PolicyKind::adadiff, 50)));
        QSignalSpy moved(plot.get(), &ExitPlot::cursorMoved);
        for (const int step : {3, 20, 47}) {
            const auto [first, second] = plot->data().span(step);
            QTest::mouseMove(plot->plot(), pixelAt(*plot, (first + second) / 2.0));
            QVERIFY(!moved.isEmpty());
            QCOMPARE(moved.last().first().toInt(), step);
        }
    }

    void aCellUnderThePointerPointsAtTheImagesThatLeftThere()
    {
        const RunRecord record = test::syntheticRecord(test::syntheticSettings(PolicyKind::adadiff, 50));
        const auto plot = shownPlot(record);
        // The images jump one after the other: a step with some before and some behind.
        const auto between = std::find_if(record.steps.begin(), record.steps.end(), [](const StepRecord& s) {
            return exit_statistics(s).minimum != exit_statistics(s).maximum;
        });
        QVERIFY(between != record.steps.end());
        std::vector<int> pointed;
        QObject::connect(plot.get(), &ExitPlot::imagesPointed, plot.get(),
                         [&](const std::vector<int>& images) { pointed = images; });
        const auto [first, second] = plot->data().span(between->step);
        const auto hover = [&](double layer) {
            QPoint at = pixelAt(*plot, (first + second) / 2.0);
            at.setY(static_cast<int>(std::lround(plot->plot()->yAxis->coordToPixel(layer))));
            QTest::mouseMove(plot->plot(), at);
            return at;
        };
        const auto imagesAt = [&](int layer) {
            std::vector<int> images;
            for (std::size_t image = 0; image < between->exit_layers.size(); ++image) {
                if (between->exit_layers[image] == layer) {
                    images.push_back(static_cast<int>(image));
                }
            }
            return images;
        };
        hover(2.2);
        QCOMPARE(pointed, imagesAt(2));
        QVERIFY(!pointed.empty());
        hover(7.0);
        QVERIFY(pointed.empty());
        const QPoint cell = hover(12.8);
        QCOMPARE(pointed, imagesAt(13));
        QVERIFY(!pointed.empty());
        // A click holds them while the pointer goes elsewhere, and a second one lets them go.
        QTest::mouseClick(plot->plot(), Qt::LeftButton, {}, cell);
        hover(2.2);
        QCOMPARE(pointed, imagesAt(13));
        QTest::mouseClick(plot->plot(), Qt::LeftButton, {}, cell);
        QSignalSpy released(plot.get(), &ExitPlot::cursorReleased);
        QEvent leave(QEvent::Leave);
        QCoreApplication::sendEvent(plot->plot(), &leave);
        QVERIFY(pointed.empty());
        QCOMPARE(released.size(), 1);
    }

    void arrowKeysMoveTheCursorWithinTheRun()
    {
        const auto plot = shownPlot(test::syntheticRecord(test::syntheticSettings(PolicyKind::adadiff, 50)));
        QSignalSpy moved(plot.get(), &ExitPlot::cursorMoved);
        const auto press = [&](Qt::Key key, Qt::KeyboardModifiers modifiers = {}) {
            QTest::keyClick(plot.get(), key, modifiers);
            return plot->cursor().value_or(-1);
        };
        QCOMPARE(press(Qt::Key_Home), 0);
        QCOMPARE(press(Qt::Key_Left), 0);
        QCOMPARE(press(Qt::Key_Right), 1);
        QCOMPARE(press(Qt::Key_Right, Qt::ControlModifier), 11);
        QCOMPARE(press(Qt::Key_End), 49);
        QCOMPARE(press(Qt::Key_Right), 49);
        QCOMPARE(moved.last().first().toInt(), 49);
        QCOMPARE(press(Qt::Key_Escape), -1);
    }

    void zoomingEndsFollowingAndFitsAgain()
    {
        const auto plot = shownPlot(test::syntheticRecord(test::syntheticSettings(PolicyKind::adadiff, 50)));
        const auto whole = std::pair(0.0, 1000.0);
        QCOMPARE(plot->timeRange(), whole);
        for (int press = 0; press < 60; ++press) {
            QTest::keyClick(plot.get(), Qt::Key_Plus);
            const auto [lower, upper] = plot->timeRange();
            QVERIFY(lower >= 0.0 && upper <= 1000.0 && upper > lower);
        }
        QVERIFY(!plot->isFollowing());
        for (int press = 0; press < 60; ++press) {
            QTest::keyClick(plot.get(), Qt::Key_Minus);
        }
        QCOMPARE(plot->timeRange(), whole);
        QVERIFY(plot->isFollowing());
        QTest::keyClick(plot.get(), Qt::Key_Plus);
        QVERIFY(!plot->isFollowing());
        QTest::mouseDClick(plot->plot(), Qt::LeftButton, {}, pixelAt(*plot, 500));
        QCOMPARE(plot->timeRange(), whole);
        QVERIFY(plot->isFollowing());
    }

    void theHighlightedImagesTraceIsItsExitLayers()
    {
        const RunRecord record = test::syntheticRecord(test::syntheticSettings(PolicyKind::adadiff, 50));
        ExitPlot plot;
        plot.showRecord(record);
        QVERIFY(curve(plot, "trace")->data()->isEmpty());
        plot.setHighlightedImage(6);
        for (const StepRecord& step : record.steps) {
            const double key = plot.data().span(step.step).first;
            QCOMPARE(curve(plot, "trace")->data()->findBegin(key, false)->value, double(step.exit_layers[6]));
        }
        plot.setHighlightedImage(99);
        QVERIFY(curve(plot, "trace")->data()->isEmpty());
        plot.setHighlightedImage(std::nullopt);
        QVERIFY(curve(plot, "trace")->data()->isEmpty());
    }

    void exportsAreValidAndTheSameInBothThemes_data()
    {
        QTest::addColumn<QString>("suffix");
        for (const char* suffix : {"png", "svg", "pdf", "PNG"}) {
            QTest::newRow(suffix) << QString::fromLatin1(suffix);
        }
    }

    void exportsAreValidAndTheSameInBothThemes()
    {
        QFETCH(QString, suffix);
        QTemporaryDir folder;
        QStringList paths;
        for (const Theme& theme : {Theme::dark(), Theme::light()}) {
            ExitPlot plot;  // never shown
            plot.setTheme(theme);
            plot.showRecord(test::syntheticRecord(test::syntheticSettings(PolicyKind::adadiff)));
            paths << folder.filePath(QString::number(paths.size()) + QLatin1Char('.') + suffix);
            QString error;
            QVERIFY2(plot.exportTo(paths.last(), &error), qPrintable(error));
        }
        const QByteArray bytes = read(paths[0]);
        QVERIFY(bytes.size() > 2000);
        if (suffix.toLower() == QLatin1String("png")) {
            const QImage dark(paths[0]);
            QCOMPARE(dark, QImage(paths[1]));
            QCOMPARE(dark.pixelColor(1, 1), QColor(Qt::white));
            QVERIFY(dark.width() >= 2000);
        } else if (suffix == QLatin1String("svg")) {
            QSvgRenderer renderer(bytes);
            QVERIFY(renderer.isValid());
            QImage drawn(renderer.defaultSize(), QImage::Format_RGB32);
            drawn.fill(Qt::red);
            QPainter painter(&drawn);
            renderer.render(&painter);
            QCOMPARE(drawn.pixelColor(5, drawn.height() - 5), QColor(Qt::white));
            QVERIFY(bytes.contains("phase transition t = "));
        } else {
            QVERIFY(bytes.startsWith("%PDF-"));
            QVERIFY(bytes.trimmed().endsWith("%%EOF"));
        }
    }

    void anExportThatCannotBeSaysWhyAndLeavesNothing()
    {
        QTemporaryDir folder;
        ExitPlot plot;
        plot.showRecord(test::syntheticRecord(test::syntheticSettings(PolicyKind::adadiff)));
        for (const QString& name :
             {QStringLiteral("plot.bmp"), QStringLiteral("plot"), QStringLiteral("absent/plot.png")}) {
            QString error;
            QVERIFY(!plot.exportTo(folder.filePath(name), &error));
            QVERIFY(error.contains(folder.filePath(name)));
        }
        QVERIFY(QDir(folder.path()).isEmpty());
    }

    void theEmptyPlotSaysWhatToDo()
    {
        ExitPlot plot;
        plot.resize(700, 300);
        plot.setEmptyMessage(QStringLiteral("Do this first"));
        plot.plot()->replot();
        const QImage with = plot.grab().toImage();
        QCOMPARE(plot.textSummary(), QStringLiteral("Do this first"));
        plot.setEmptyMessage(QString());
        plot.plot()->replot();
        QVERIFY(with != plot.grab().toImage());
    }

    void screenReadersAreToldTheCurve()
    {
        ExitPlot plot;
        plot.showRecord(test::syntheticRecord(test::syntheticSettings(PolicyKind::adadiff, 100)));
        QAccessibleInterface* reader = QAccessible::queryAccessibleInterface(&plot);
        QVERIFY(reader);
        QVERIFY(!reader->text(QAccessible::Name).isEmpty());
        QCOMPARE(reader->text(QAccessible::Description), plot.textSummary());
        QVERIFY(plot.textSummary().contains(QStringLiteral("Phase transition at t = ")));
        QVERIFY(plot.textSummary().contains(QStringLiteral("100 of 100 steps")));
    }

    void clearForgetsTheRun()
    {
        ExitPlot plot;
        plot.showRecord(test::syntheticRecord(test::syntheticSettings(PolicyKind::duodiff)));
        plot.setCursor(3);
        plot.clear();
        QVERIFY(plot.data().isEmpty());
        QVERIFY(!plot.cursor());
        QVERIFY(!plot.switchStep());
        QVERIFY(!plot.phaseTransition());
        QVERIFY(curve(plot, "mean")->data()->isEmpty());
    }
};

QTEST_MAIN(TestExitPlot)
#include "test_exit_plot.moc"
