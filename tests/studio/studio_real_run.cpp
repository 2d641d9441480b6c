// SPDX-License-Identifier: GPL-3.0-or-later
// The real window with the real engine and the bundled model: what a person does in the first five minutes.
#include "report/run_file.h"
#include "session/engine.h"
#include "studio_fixture.h"
#include "ui/exit_plot.h"

#include <QStandardPaths>

using namespace duodiff;
using namespace duodiff::studio;
using duodiff::test::patience;
using duodiff::ui::ControlPanel;

namespace
{

class RealStudio
{
public:
    RealStudio()
    {
        SettingsStore(settingsPath()).save({});
        StudioOptions options;
        options.model = QStringLiteral(DUODIFF_SOURCE_DIR "/models/fashion-mnist");
        options.settingsFile = settingsPath();
        options.dataFolder = folder.filePath(QStringLiteral("data"));
        app = std::make_unique<Studio>(StudioServices{[] { return make_engine(); }, {}}, options);
        QSignalSpy opened(app.get(), &Studio::modelOpened);
        app->show();
        QVERIFY(opened.wait(patience));
    }

    QString settingsPath() const { return folder.filePath(QStringLiteral("studio.ini")); }
    ControlPanel& controls() { return *app->window().controls(); }
    const ui::ExitPlot& plot() { return *app->window().plot(); }

    void configure(PolicyKind policy, int steps, int count, int batch)
    {
        auto settings = controls().settings();
        settings.policy = policy;
        settings.steps = steps;
        settings.count = count;
        settings.batch = batch;
        settings.seed = 7;
        controls().setSettings(settings);
    }

    void waitForSteps(std::size_t steps)
    {
        QTRY_VERIFY_WITH_TIMEOUT(app->run().live().steps.size() >= steps, patience);
    }

    QTemporaryDir folder;
    std::unique_ptr<Studio> app;
};

double meanLayer(const RunRecord& record, std::size_t step)
{
    return exit_statistics(record.steps.at(step)).mean;
}

ui::ExportChoice everythingInto(const QString& folder)
{
    ui::ExportChoice choice;
    choice.folder = folder;
    return choice;
}

}  // namespace

class StudioRealRun : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QStandardPaths::setTestModeEnabled(true); }

    void bothSlidersBendTheCurveInMidRunAndStopKeepsTheRecord()
    {
        RealStudio studio;
        studio.configure(PolicyKind::adadiff, 1000, 4, 4);
        studio.controls().threshold()->setValue(0.15);
        QSignalSpy ended(studio.app.get(), &Studio::runEnded);
        QTest::mouseClick(studio.controls().runButton(), Qt::LeftButton);
        QVERIFY(studio.app->run().isRunning());
        studio.waitForSteps(20);
        auto* theta = studio.controls().threshold()->slider();
        theta->setValue(theta->minimum());
        const double lowest = studio.controls().settings().threshold;
        const auto lowestInForce = [&] {
            const auto& steps = studio.app->run().live().steps;
            return !steps.empty() && steps.back().parameters.front() == lowest;
        };
        QTRY_VERIFY_WITH_TIMEOUT(lowestInForce(), patience);
        const std::size_t moved = studio.app->run().live().steps.size() - 1;
        studio.waitForSteps(moved + 10);
        QVERIFY(studio.plot().data().meanCurve().size() >= moved);
        QTest::mouseClick(studio.controls().runButton(), Qt::LeftButton);
        QVERIFY(ended.wait(patience));
        QCOMPARE(ended.first().first().value<JobState>(), JobState::cancelled);

        const RunRecord& record = studio.app->kept()->record;
        QCOMPARE(record.state, RunState::cancelled);
        QCOMPARE(record.steps.front().parameters.front(), 0.15);
        QCOMPARE(record.steps.back().parameters.front(), lowest);
        // At theta = 0.15 the noise of the first steps leaves after a few layers; at the low end it does not.
        QVERIFY(meanLayer(record, 5) < 4.0);
        QVERIFY(meanLayer(record, record.steps.size() - 1) > meanLayer(record, 5));
    }

    void theSwitchStepMovesTheNetworksOfTheRunInProgress()
    {
        RealStudio studio;
        studio.configure(PolicyKind::duodiff, 500, 2, 2);
        studio.controls().switchStep()->setValue(900);
        QSignalSpy ended(studio.app.get(), &Studio::runEnded);
        studio.app->generate();
        studio.waitForSteps(10);
        studio.controls().switchStep()->slider()->setValue(0);
        const auto isFull = [&] {
            const auto& steps = studio.app->run().live().steps;
            return !steps.empty() && steps.back().network == NetworkRole::full;
        };
        QTRY_VERIFY_WITH_TIMEOUT(isFull(), patience);
        studio.app->run().stop();
        QVERIFY(ended.wait(patience));
        const RunRecord& record = studio.app->kept()->record;
        QCOMPARE(record.steps.front().network, NetworkRole::shallow);
        QCOMPARE(meanLayer(record, 0), 3.0);
        QCOMPARE(meanLayer(record, record.steps.size() - 1), 13.0);
    }

    void anExportReadsBackAndADroppedImageRepeatsTheRunToTheSamePixels()
    {
        RealStudio studio;
        studio.configure(PolicyKind::adadiff, 20, 3, 2);
        QSignalSpy ended(studio.app.get(), &Studio::runEnded);
        studio.app->generate();
        QVERIFY(ended.wait(patience));
        QCOMPARE(ended.first().first().value<JobState>(), JobState::done);
        const auto kept = studio.app->kept();
        QCOMPARE(kept->images.size(), std::size_t(3));

        const QString out = studio.folder.filePath(QStringLiteral("out"));
        QSignalSpy exported(studio.app.get(), &Studio::exported);
        QVERIFY(studio.app->exportRun(everythingInto(out)));
        QVERIFY(exported.wait(patience));
        const QStringList files = exported.first().first().toStringList();
        for (const char* name : {"0000.png", "0002.png", "grid.png", "run.json", "steps.csv"}) {
            QVERIFY2(files.contains(QDir(out).filePath(QLatin1String(name))), name);
        }
        const RunRecord back = read_run_file((out + QStringLiteral("/run.json")).toStdString());
        QCOMPARE(back.settings, kept->record.settings);
        QCOMPARE(back.steps.size(), kept->record.steps.size());
        for (std::size_t step = 0; step < back.steps.size(); ++step) {
            QCOMPARE(back.steps[step].exit_layers, kept->record.steps[step].exit_layers);
        }

        auto other = studio.controls().settings();
        other.seed = 99;
        other.steps = 5;
        studio.controls().setSettings(other);
        studio.app->openPath(out + QStringLiteral("/0001.png"));
        const auto restore = studio.app->window().messages()->current().actions;
        QCOMPARE(restore.size(), std::size_t(3));
        restore.front().run();
        QCOMPARE(studio.controls().settings().seed, std::uint64_t(7));
        QSignalSpy again(studio.app.get(), &Studio::runEnded);
        studio.app->generate();
        QVERIFY(again.wait(patience));
        const auto repeated = studio.app->kept();
        QCOMPARE(repeated->images.size(), kept->images.size());
        for (std::size_t image = 0; image < kept->images.size(); ++image) {
            QVERIFY(repeated->images[image].pixels == kept->images[image].pixels);
        }
    }
};

QTEST_MAIN(StudioRealRun)
#include "studio_real_run.moc"
