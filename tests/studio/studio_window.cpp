// SPDX-License-Identifier: GPL-3.0-or-later
// Points 1, 2, 3, 14, 16, 17, 20 and 21 by the whole window: runs, sliders in mid-run, exports, drops,
// failures. The real window with the scripted engine behind the thread line.
#include "report/image8.h"
#include "report/image_metadata.h"
#include "report/run_file.h"
#include "studio_fixture.h"
#include "ui/exit_plot.h"
#include "ui/preview_grid.h"
#include "ui/status_strip.h"

#include <QAction>
#include <QClipboard>
#include <QGuiApplication>
#include <QMimeData>
#include <QTimer>

#include <algorithm>
#include <atomic>
#include <semaphore>

using namespace duodiff;
using namespace duodiff::studio;
using duodiff::test::StudioFixture;
using duodiff::ui::Act;

namespace
{

void dragSliderTo(ui::ParameterSlider* parameter, double share)
{
    QSlider* slider = parameter->slider();
    slider->setValue(static_cast<int>(share * slider->maximum()));
}

std::vector<double> meanCurve(const RunRecord& record)
{
    std::vector<double> curve;
    for (const StepRecord& step : record.steps) {
        curve.push_back(exit_statistics(step).mean);
    }
    return curve;
}

}  // namespace

class StudioWindow : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void thetaMovedInMidRunChangesTheCurveFromTheNextStep()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 1000);
        f.script->gate.close();
        f.script->gate.allow(400);
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        QTest::mouseClick(f.controls().runButton(), Qt::LeftButton);
        QVERIFY(f.app->run().isRunning());
        f.script->gate.waitForVisitor();
        // The visitor has read theta for no step yet beyond those allowed.
        dragSliderTo(f.controls().threshold(), 1.0);
        f.script->gate.open();
        QVERIFY(ended.wait(duodiff::test::patience));
        const RunRecord& record = f.app->kept()->record;
        QCOMPARE(record.state, RunState::done);
        QCOMPARE(record.steps[399].parameters.front(), 0.08);
        QCOMPARE(record.steps[400].parameters.front(), 0.2);
        const auto curve = f.app->window().plot()->data().meanCurve();
        QCOMPARE(curve, meanCurve(record));
        QVERIFY(curve[399] > 12.0);
        QVERIFY(curve[400] < 3.0);
    }

    void switchStepMovedInMidRunByControlAndByLineChangesTheNetwork()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::duodiff, 1000);
        auto* plot = f.app->window().plot();
        QCOMPARE(plot->switchStep(), std::optional(300));
        f.script->gate.close();
        f.script->gate.allow(100);
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        f.app->generate();
        f.script->gate.waitForVisitor();
        f.controls().switchStep()->slider()->setValue(200);
        QCOMPARE(plot->switchStep(), std::optional(200));
        f.script->gate.allow(150);
        QTRY_COMPARE_WITH_TIMEOUT(f.app->run().live().steps.size(), std::size_t(250),
                                  duodiff::test::patience);
        Q_EMIT plot->switchStepMoved(600);
        QCOMPARE(f.controls().settings().switch_step, 600);
        f.script->gate.open();
        QVERIFY(ended.wait(duodiff::test::patience));
        const auto& steps = f.app->kept()->record.steps;
        QCOMPARE(steps[199].network, NetworkRole::shallow);
        QCOMPARE(steps[200].network, NetworkRole::full);
        QCOMPARE(steps[250].network, NetworkRole::shallow);
        QCOMPARE(steps[599].network, NetworkRole::shallow);
        QCOMPARE(steps[600].network, NetworkRole::full);
    }

    // Point 1.
    void stopKeepsWhatIsFinishedAndTheButtonIsGenerateAgain()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 50, 8, 4);
        f.script->gate.close();
        f.script->gate.allow(70);
        auto* button = f.controls().runButton();
        const QPoint place = button->mapTo(&f.app->window(), QPoint());
        QTest::mouseClick(button, Qt::LeftButton);
        QCOMPARE(button->accessibleName(), QStringLiteral("Stop"));
        QCOMPARE(button->mapTo(&f.app->window(), QPoint()), place);
        f.script->gate.waitForVisitor();
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        QTest::mouseClick(button, Qt::LeftButton);
        QVERIFY(ended.wait(duodiff::test::patience));
        QCOMPARE(ended.first().first().value<JobState>(), JobState::cancelled);
        QCOMPARE(button->accessibleName(), QStringLiteral("Generate"));
        QCOMPARE(f.app->window().status()->status().state, QStringLiteral("Ready"));
        QCOMPARE(f.app->kept()->images.size(), std::size_t(4));
        QVERIFY(f.app->window().action(Act::exportAll)->isEnabled());
    }

    void exportedFilesReadBackAsTheRun()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 60, 5, 3);
        f.runToTheEnd();
        ui::ExportChoice choice;
        choice.folder = f.folder.filePath(QStringLiteral("out/größe"));
        choice.plotSvg = choice.plotPdf = true;
        QSignalSpy exported(f.app.get(), &Studio::exported);
        QVERIFY(f.app->exportRun(choice));
        QVERIFY(!f.app->exportRun(choice));
        QVERIFY(exported.wait(duodiff::test::patience));
        const auto files = exported.first().first().toStringList();
        QCOMPARE(files.size(), 5 + 1 + 3 + 4);
        for (const QString& file : files) {
            QVERIFY2(QFileInfo(file).size() > 100, qPrintable(file));
        }
        const std::filesystem::path folder = choice.folder.toStdU16String();
        const RunRecord read = read_run_file(folder / "run.json");
        const RunRecord& record = f.app->kept()->record;
        QVERIFY(read.settings == record.settings);
        QCOMPARE(meanCurve(read), meanCurve(record));
        QCOMPARE(read.images[4].file, std::string("0004.png"));
        for (int image = 0; image < 5; ++image) {
            const auto path = folder / read.images[static_cast<std::size_t>(image)].file;
            QVERIFY(read_png(path) == to_image8(f.app->kept()->images[static_cast<std::size_t>(image)]));
            QVERIFY(read_image_metadata(path).settings == record.settings);
        }
        QCOMPARE(QDir(choice.folder).entryList(QDir::Files | QDir::Hidden).size(), files.size());
    }

    void aCleanExportCarriesNothing()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::full, 5, 1, 1);
        f.runToTheEnd();
        ui::ExportChoice choice;
        choice.folder = f.folder.filePath(QStringLiteral("clean"));
        choice.settingsInside = false;
        choice.pdfReport = choice.htmlReport = choice.plotPng = false;
        QSignalSpy exported(f.app.get(), &Studio::exported);
        QVERIFY(f.app->exportRun(choice));
        QVERIFY(exported.wait(duodiff::test::patience));
        const std::filesystem::path folder = choice.folder.toStdU16String();
        QVERIFY(read_png_texts(folder / "0000.png").empty());
        f.app->openPath(choice.folder + QStringLiteral("/0000.png"));
        QCOMPARE(f.messages().current().kind, ui::Message::Kind::error);
    }

    void anExportThatCannotBeWrittenSaysSo()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::full, 5, 1, 1);
        f.runToTheEnd();
        ui::ExportChoice choice;
        choice.folder = f.packPath() + QStringLiteral("/pack.json/inside-a-file");
        QSignalSpy exported(f.app.get(), &Studio::exported);
        QVERIFY(f.app->exportRun(choice));
        QVERIFY(exported.wait(duodiff::test::patience));
        QVERIFY(exported.first().first().toStringList().isEmpty());
        QCOMPARE(f.messages().current().kind, ui::Message::Kind::error);
    }

    void aDroppedImageRestoresTheRunToTheSamePixels()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 60, 4, 4);
        auto settings = f.controls().settings();
        settings.seed = 1234567890123456789ull;
        settings.classes = {7, 2};
        settings.threshold = 0.0837512345;
        f.controls().setSettings(settings);
        f.script->gate.close();
        f.script->gate.allow(20);
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        f.app->generate();
        f.script->gate.waitForVisitor();
        dragSliderTo(f.controls().threshold(), 0.6);
        f.script->gate.open();
        QVERIFY(ended.wait(duodiff::test::patience));
        const auto before = f.app->kept();
        ui::ExportChoice choice;
        choice.folder = f.folder.filePath(QStringLiteral("kept"));
        QSignalSpy exported(f.app.get(), &Studio::exported);
        QVERIFY(f.app->exportRun(choice));
        QVERIFY(exported.wait(duodiff::test::patience));

        f.controls().restoreAllDefaults();
        f.controls().drawSeed();
        f.app->window().plot()->clear();
        Q_EMIT f.app->window().pathsDropped({choice.folder + QStringLiteral("/0002.png")});
        QCOMPARE(f.app->window().plot()->data().steps(), 60);
        const auto message = f.messages().current();
        QCOMPARE(message.actions.size(), std::size_t(3));
        message.actions[0].run();
        auto restored = f.controls().settings();
        QCOMPARE(restored.precision, Precision::fp32);
        restored.precision = settings.precision;
        QVERIFY(restored == settings);
        f.runToTheEnd();
        const auto after = f.app->kept();
        QCOMPARE(meanCurve(after->record), meanCurve(before->record));
        for (std::size_t image = 0; image < 4; ++image) {
            QVERIFY(after->images[image].pixels == before->images[image].pixels);
            QCOMPARE(after->images[image].label, before->images[image].label);
        }

        Q_EMIT f.app->window().pathsDropped({choice.folder + QStringLiteral("/run.json")});
        const auto fromRun = f.messages().current();
        f.controls().drawSeed();
        const auto seed = f.controls().settings().seed;
        fromRun.actions[1].run();
        QCOMPARE(f.controls().settings().seed, seed);
        QCOMPARE(f.controls().settings().threshold, settings.threshold);
        fromRun.actions[2].run();
        QCOMPARE(f.controls().settings().seed, settings.seed);
        QCOMPARE(f.app->window().previews()->count(), 4);
        QVERIFY(!f.app->window().previews()->image(3).isNull());
    }

    void wrongThingsDroppedSayWhyInTheBar()
    {
        StudioFixture f;
        f.showAndOpen();
        QFile text(f.folder.filePath(QStringLiteral("notes.txt")));
        QVERIFY(text.open(QIODevice::WriteOnly));
        text.write("hello");
        text.close();
        QFile json(f.folder.filePath(QStringLiteral("run.json")));
        QVERIFY(json.open(QIODevice::WriteOnly));
        json.write("{\"settings\": 3}");
        json.close();
        for (const QString& path :
             {text.fileName(), json.fileName(), f.folder.filePath(QStringLiteral("absent.pth")),
              f.folder.filePath(QString())}) {
            const QString before = f.controls().runButton()->text();
            Q_EMIT f.app->window().pathsDropped({path});
            QCOMPARE(f.messages().current().kind, ui::Message::Kind::error);
            QVERIFY(!f.messages().current().what.isEmpty());
            QCOMPARE(f.controls().runButton()->text(), before);
            f.messages().dismiss();
        }
        Q_EMIT f.app->window().pathsDropped({text.fileName(), json.fileName()});
        QCOMPARE(f.messages().current().kind, ui::Message::Kind::error);
    }

    void aFailedOpenKeepsTheModelAndOffersRetry()
    {
        StudioFixture f;
        f.showAndOpen();
        f.script->openFailure =
            Failure{ErrorCode::bad_file, "The file ends too early", "x.pth", "Fetch it again"};
        QSignalSpy failed(f.app.get(), &Studio::openFailed);
        f.app->openModel(f.packPath());
        QVERIFY(!f.app->window().action(Act::generate)->isEnabled());
        QVERIFY(failed.wait(duodiff::test::patience));
        QVERIFY(f.app->window().action(Act::generate)->isEnabled());
        const auto message = f.messages().current();
        QCOMPARE(message.what, QStringLiteral("The file ends too early"));
        QCOMPARE(message.where, QStringLiteral("x.pth"));
        QCOMPARE(message.remedy, QStringLiteral("Fetch it again"));
        QVERIFY(ui::MessageBar::detailsOf(message).contains(QStringLiteral("Fetch it again")));
        f.script->openFailure.reset();
        QSignalSpy opened(f.app.get(), &Studio::modelOpened);
        message.actions.front().run();
        QVERIFY(opened.wait(duodiff::test::patience));
    }

    void aBareCheckpointNamesItsConvention()
    {
        StudioFixture f;
        f.showAndOpen();
        QFile file(f.folder.filePath(QStringLiteral("full.pth")));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.close();
        QSignalSpy opened(f.app.get(), &Studio::modelOpened);
        f.app->openPath(file.fileName());
        QVERIFY(opened.wait(duodiff::test::patience));
        QVERIFY(f.messages().current().what.contains(QStringLiteral("DuoDiff authors")));
    }

    void outOfMemoryOffersHalfTheBatch()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::full, 10, 8, 8);
        f.script->failAtStep = 3;
        f.script->throwForeign = true;
        f.runToTheEnd();
        const auto message = f.messages().current();
        QVERIFY(message.actions.front().text.contains(QStringLiteral("4")));
        f.script->failAtStep = -1;
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        message.actions.front().run();
        QVERIFY(ended.wait(duodiff::test::patience));
        QCOMPARE(f.app->kept()->record.settings.batch, 4);
        QCOMPARE(f.app->kept()->images.size(), std::size_t(8));
    }

    // Point 2: the window does not wait for the model; its loading shows how far it is.
    void theWindowIsUsableWhileAModelLoads()
    {
        StudioFixture f;
        f.script->openGate.close();
        f.app->show();
        QTRY_VERIFY_WITH_TIMEOUT(f.script->openGate.hasVisitor(), duodiff::test::patience);
        QVERIFY(f.app->window().isVisible());
        QVERIFY(!f.controls().runButton()->isEnabled());
        f.app->window().action(Act::themeLight)->trigger();
        QVERIFY(!f.app->window().theme().isDark());
        QTRY_COMPARE_WITH_TIMEOUT(f.app->window().previews()->message(), QStringLiteral("Reading weights"),
                                  duodiff::test::patience);
        f.script->openGate.open();
        QTRY_VERIFY_WITH_TIMEOUT(f.controls().runButton()->isEnabled(), duodiff::test::patience);
    }

    // Point 2: nobody has to find a button before the first image.
    void theFirstStartRunsByItself()
    {
        StudioFixture f(true);
        f.script->gate.close();
        f.app->show();
        QTRY_VERIFY_WITH_TIMEOUT(f.app->run().isRunning(), duodiff::test::patience);
        const auto settings = f.app->run().live().settings;
        QCOMPARE(settings.policy, PolicyKind::adadiff);
        QCOMPARE(settings.threshold, 0.08);
        QCOMPARE(settings.count, 16);
        QCOMPARE(settings.solver, SolverKind::ddpm);
        f.app->window().close();
    }

    void closingInMidRunEndsTheJobAndRemembersTheControls()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::duodiff, 77);
        f.script->gate.close();
        f.app->generate();
        f.script->gate.waitForVisitor();
        const auto job = f.app->run().job();
        f.app->window().close();
        QCOMPARE(job->state(), JobState::cancelled);
        QCOMPARE(f.script->enginesAlive.load(), 0);
        f.script->gate.open();
        f.make();
        f.showAndOpen();
        QCOMPARE(f.controls().settings().steps, 77);
        QCOMPARE(f.controls().settings().policy, PolicyKind::duodiff);
    }

    // Point 22: a step may take as long as it likes, the window's thread never waits for one.
    void theWindowGoesOnWhileAStepDoesNotEnd()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 40);
        std::binary_semaphore step(0);
        std::atomic<bool> inStep{false};
        f.script->beforeStep = [&](int number) {
            if (number == 5) {
                inStep = true;
                step.acquire();
            }
        };
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        f.app->generate();
        QTRY_VERIFY_WITH_TIMEOUT(inStep.load(), duodiff::test::patience);
        int turns = 0;
        QTimer timer;
        connect(&timer, &QTimer::timeout, this, [&turns] { ++turns; });
        timer.start(0);
        QTRY_VERIFY_WITH_TIMEOUT(turns > 200, duodiff::test::patience);
        dragSliderTo(f.controls().threshold(), 0.7);
        f.app->window().plot()->grab();
        f.app->run().setPaused(true);
        f.app->run().setPaused(false);
        f.app->run().stop();
        QCOMPARE(ended.count(), 0);
        step.release();
        QVERIFY(ended.wait(duodiff::test::patience));
        QCOMPARE(f.app->kept()->record.steps.size(), std::size_t(5));
    }

    // Point 7.
    void hiddenPreviewsAreNotMade()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::full, 200);
        f.app->window().action(Act::showPreviews)->trigger();
        f.runToTheEnd();
        QCOMPARE(f.script->pictures.load(), 0);
        f.app->window().action(Act::showPreviews)->trigger();
        f.script->gate.close();
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        f.app->generate();
        f.script->gate.open();
        QVERIFY(ended.wait(duodiff::test::patience));
        QVERIFY(f.script->pictures.load() > 0);
    }

    void openingInMidRunAsksFirst()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::full, 50);
        f.script->gate.close();
        f.app->generate();
        f.script->gate.waitForVisitor();
        f.app->openPath(f.packPath());
        QVERIFY(f.app->run().isRunning());
        QSignalSpy opened(f.app.get(), &Studio::modelOpened);
        f.messages().current().actions.front().run();
        QVERIFY(opened.wait(duodiff::test::patience));
        QVERIFY(!f.app->run().isRunning());
    }

    // Point 14.
    void aFasterRunIsComparedWithTheFullOneMeasuredBefore()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::full, 30);
        f.runToTheEnd();
        QVERIFY(!f.app->kept()->record.baseline);
        f.configure(PolicyKind::adadiff, 30);
        f.runToTheEnd();
        QVERIFY(f.app->kept()->record.baseline);
        f.configure(PolicyKind::adadiff, 31);
        f.runToTheEnd();
        QVERIFY(!f.app->kept()->record.baseline);
    }
};

int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    StudioWindow test;
    return QTest::qExec(&test, argc, argv);
}
#include "studio_window.moc"
