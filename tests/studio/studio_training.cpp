// SPDX-License-Identifier: GPL-3.0-or-later
// The training window: opens, starts, watches, pauses and stops a run beside the sampling, and looks at runs
// of other programs.
#include "scripted_training.h"
#include "studio/training.h"
#include "studio_fixture.h"
#include "ui/curves_plot.h"
#include "ui/pack_dialog.h"
#include "ui/sample_viewer.h"
#include "ui/training_page.h"

#include <QAction>
#include <QButtonGroup>
#include <QDirIterator>
#include <QDoubleSpinBox>
#include <QDragEnterEvent>
#include <QLineEdit>
#include <QMimeData>
#include <QSpinBox>
#include <QToolButton>

using namespace duodiff;
using namespace duodiff::studio;
using duodiff::test::patience;
using duodiff::test::StudioFixture;
using duodiff::ui::TrainingState;

namespace
{

class TrainingFixture : public StudioFixture
{
public:
    explicit TrainingFixture(bool exits = false)
    {
        work->exits = exits;
        training = test::scriptedTraining(work);
        make();
        QFile file(config());
        if (file.open(QIODevice::WriteOnly)) {
            file.write("kind: full\n");
        }
        showAndOpen();
        app->training().show();
    }
    ~TrainingFixture() { work->gate.open(); }

    QString config() const { return folder.filePath(QStringLiteral("small.yaml")); }
    QString runFolder() const { return folder.filePath(QStringLiteral("run")); }
    std::filesystem::path runPath() const { return runFolder().toStdString(); }
    ui::TrainingPage& page() { return app->training().page(); }
    ui::TrainingSetup& setup() { return *page().setup(); }
    ui::MessageBar& said() { return *page().messages(); }

    void open() { app->training().openPath(config()); }
    void press(QPushButton* button) { QTest::mouseClick(button, Qt::LeftButton); }
    void start()
    {
        QVERIFY2(setup().startButton()->isEnabled(), qPrintable(setup().objection()));
        press(setup().startButton());
        QVERIFY(app->training().isRunning());
    }
    void waitForEnd()
    {
        if (app->training().isRunning()) {
            QSignalSpy ended(&app->training(), &Training::ended);
            QVERIFY(ended.wait(patience));
        }
    }
    /// A run that has done so many steps and waits before the next.
    void startAndWait(int steps)
    {
        work->gate.close();
        work->gate.allow(steps);
        start();
        QTRY_COMPARE_WITH_TIMEOUT(work->stepsDone.load(), static_cast<std::int64_t>(steps), patience);
    }
    std::int64_t lastLogged() { return page().log().empty() ? 0 : page().log().back().step; }
    std::vector<TrainRequest> requests()
    {
        const std::lock_guard lock(work->mutex);
        return work->requests;
    }

    std::shared_ptr<test::TrainingScript> work = std::make_shared<test::TrainingScript>();
};

QStringList filesIn(const QString& folder)
{
    QStringList files;
    QDirIterator all(folder, QDir::Files | QDir::Hidden, QDirIterator::Subdirectories);
    while (all.hasNext()) {
        const QFileInfo file(all.next());
        files << QStringLiteral("%1 %2").arg(file.filePath()).arg(file.size());
    }
    files.sort();
    return files;
}

}  // namespace

class StudioTraining : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theMenuHasItWithAKeyAndAnEmptyWindowSaysWhatToDo()
    {
        TrainingFixture f;
        f.page().close();
        QVERIFY(!f.page().isVisible());
        QCOMPARE(f.app->training().action()->shortcut(), QKeySequence(QStringLiteral("Ctrl+9")));
        f.app->training().action()->trigger();
        QVERIFY(f.page().isVisible());
        QVERIFY(!f.page().showsRun());
        f.open();
        QVERIFY(f.page().showsRun());
        QVERIFY(!f.app->training().isRunning());
    }

    void theWeightsThatARunBeginsWithAreShownAndCanBeChangedOrLeftOut()
    {
        TrainingFixture f;
        f.open();
        QVERIFY(!f.setup().startFromField()->isVisible());
        f.work->startFrom = f.folder.filePath(QStringLiteral("first.safetensors")).toStdString();
        f.open();
        QLineEdit* field = f.setup().startFromField();
        QVERIFY(field->isVisible());
        QCOMPARE(field->text().toStdString(), f.work->startFrom);
        QVERIFY2(f.setup().objection().contains(QLatin1String("starts from")),
                 qPrintable(f.setup().objection()));
        QVERIFY(!f.setup().startButton()->isEnabled());
        field->clear();
        QTRY_VERIFY_WITH_TIMEOUT(f.setup().startButton()->isEnabled(), patience);
        QVERIFY(field->isVisible());
        f.start();
        f.waitForEnd();
        const TrainOverrides wanted = {{"training.start_from", ""}};
        QVERIFY(f.requests().at(0).overrides == wanted);
        // Once there is a checkpoint they are not needed.
        f.open();
        f.setup().stepsField()->setValue(40);
        QTRY_VERIFY_WITH_TIMEOUT(f.setup().startButton()->isEnabled(), patience);
    }

    void aConfigurationIsToldInPlainWordsAndOnlyChangedFieldsAreOverrides()
    {
        TrainingFixture f;
        f.open();
        const QString said = f.setup().textSummary();
        for (const char* part : {"a full network", "predicts the noise", "3 blocks", "128 wide",
                                 "3.2 M parameters", "28 × 28, grey", "10 classes", "64 images a step"}) {
            QVERIFY2(said.contains(QString::fromUtf8(part)), qPrintable(said));
        }
        QCOMPARE(f.setup().stepsField()->value(), 12);
        QCOMPARE(f.setup().folderField()->text(), f.runFolder());
        QVERIFY(f.setup().overrides().empty());
        f.setup().stepsField()->setValue(20);
        f.setup().threadsField()->setValue(1);
        f.setup().setFolder(f.folder.filePath(QStringLiteral("other")));
        f.start();
        f.waitForEnd();
        const auto requests = f.requests();
        QCOMPARE(requests.size(), std::size_t(1));
        QCOMPARE(QString::fromStdString(requests[0].config.string()), f.config());
        QVERIFY(!requests[0].resume);
        const TrainOverrides wanted = {
            {"training.steps", "20"},
            {"output.folder", f.folder.filePath(QStringLiteral("other")).toStdString()},
            {"training.threads", "1"}};
        QVERIFY(requests[0].overrides == wanted);
        QCOMPARE(f.work->stepsDone.load(), std::int64_t(20));
    }

    void aRunIsWatchedWhileItGoesOnAndItsEndOffersAPack()
    {
        TrainingFixture f;
        f.open();
        f.startAndWait(9);
        QTRY_COMPARE_WITH_TIMEOUT(f.page().log().size(), std::size_t(4), patience);
        QTRY_COMPARE_WITH_TIMEOUT(f.page().samples()->chosen(), std::int64_t(8), patience);
        QTRY_VERIFY_WITH_TIMEOUT(!f.page().samples()->picture().isNull(), patience);
        QTRY_VERIFY_WITH_TIMEOUT(f.setup().textSummary().contains(QStringLiteral("Step: 9 of 12")), patience);
        QVERIFY(f.setup().textSummary().contains(QStringLiteral("100 images/s")));
        QVERIFY(f.setup().textSummary().contains(QStringLiteral("Time left: 3 s")));
        QCOMPARE(f.page().lossPlot()->curves().size(), std::size_t(1));
        QCOMPARE(f.page().lossPlot()->curves().front().x.last(), 8.0);
        QCOMPARE(f.page().detailPlot()->curves().size(), std::size_t(10));
        QVERIFY(!f.page().exitPlot()->isVisible());
        QVERIFY(f.app->training().indicator()->isVisible());
        QCOMPARE(f.app->training().indicator()->text(), QStringLiteral("Training 75 %, 3 s left"));
        QVERIFY(!f.setup().stepsField()->isEnabled());
        {
            const std::lock_guard lock(f.work->mutex);
            QVERIFY(f.work->thread != std::this_thread::get_id());
            QVERIFY(f.work->thread != f.script->thread);
        }
        f.work->gate.open();
        f.waitForEnd();
        QCOMPARE(f.setup().state(), TrainingState::idle);
        QVERIFY(f.said().current().what.contains(QStringLiteral("is finished: 12 steps")));
        QVERIFY(!f.app->training().indicator()->isVisible());
        // Another network of the family lies beside it, as the configurations of a pair have it.
        QDir(f.folder.path()).mkpath(QStringLiteral("shallow"));
        QFile shallow(f.folder.filePath(QStringLiteral("shallow/shallow.safetensors")));
        QVERIFY(shallow.open(QIODevice::WriteOnly));
        f.said().current().actions.front().run();
        auto* dialog = f.app->window().findChild<ui::PackDialog*>();
        QVERIFY(dialog != nullptr);
        QCOMPARE(dialog->choice().full, f.runFolder() + QStringLiteral("/full.safetensors"));
        QCOMPARE(dialog->choice().shallow, shallow.fileName());
        QVERIFY(dialog->choice().earlyExit.isEmpty());
        // "pack" is there: the model of this test.
        QCOMPARE(dialog->choice().folder, f.folder.filePath(QStringLiteral("pack-2")));
    }

    void pausingHoldsTheRunAndContinuingLetsItGoOn()
    {
        TrainingFixture f;
        f.open();
        f.startAndWait(3);
        QTRY_VERIFY_WITH_TIMEOUT(f.setup().pauseButton()->isEnabled(), patience);
        f.press(f.setup().pauseButton());
        f.work->gate.open();
        QTRY_COMPARE_WITH_TIMEOUT(f.setup().state(), TrainingState::paused, patience);
        // The step that waited at the gate was in progress already.
        QTRY_COMPARE_WITH_TIMEOUT(f.work->stepsDone.load(), std::int64_t(4), patience);
        QVERIFY(f.app->training().isRunning());
        QVERIFY(f.setup().textSummary().contains(QStringLiteral("Paused")));
        f.press(f.setup().pauseButton());
        f.waitForEnd();
        QCOMPARE(f.work->stepsDone.load(), std::int64_t(12));
    }

    void stoppingSavesAndTheRunGoesOnFromThere()
    {
        TrainingFixture f;
        f.open();
        f.startAndWait(5);
        QTRY_COMPARE_WITH_TIMEOUT(f.setup().state(), TrainingState::training, patience);
        f.press(f.setup().startButton());
        f.waitForEnd();
        QVERIFY(f.work->saved);
        QVERIFY(f.said().current().what.contains(QStringLiteral("after step 5 of 12")));
        QCOMPARE(f.setup().startButton()->text(), QStringLiteral("Continue from step 5"));
        f.work->gate.open();
        f.start();
        f.waitForEnd();
        QVERIFY(f.requests().back().resume);
        QCOMPARE(f.work->stepsDone.load(), std::int64_t(12));
        QTRY_COMPARE_WITH_TIMEOUT(f.lastLogged(), std::int64_t(12), patience);
        // A finished one is not begun again by mistake.
        QVERIFY(!f.setup().startButton()->isEnabled());
        QVERIFY(f.setup().objection().contains(QStringLiteral("is finished, at step 12")));
        f.setup().stepsField()->setValue(16);
        QTRY_VERIFY_WITH_TIMEOUT(f.setup().startButton()->isEnabled(), patience);
    }

    void aFolderWithARunIsNeverBegunAnewButAnotherOneIsOffered()
    {
        TrainingFixture f;
        f.open();
        f.startAndWait(2);
        f.app->training().trainer().stop();
        f.waitForEnd();
        f.work->gate.open();
        const QStringList before = filesIn(f.runFolder());
        f.open();
        QCOMPARE(f.setup().startButton()->text(), QStringLiteral("Continue from step 2"));
        QTRY_VERIFY_WITH_TIMEOUT(!f.page().log().empty(), patience);
        f.press(f.setup().newFolderButton());
        QCOMPARE(f.setup().folderField()->text(), f.runFolder() + QStringLiteral("-2"));
        QCOMPARE(f.setup().startButton()->text(), QStringLiteral("Start training"));
        QVERIFY(f.page().log().empty());
        f.start();
        f.waitForEnd();
        QVERIFY(!f.requests().back().resume);
        QCOMPARE(filesIn(f.runFolder()), before);
        QVERIFY(QFile::exists(f.runFolder() + QStringLiteral("-2/full.safetensors")));
    }

    void stepsThatComeFasterThanTheyAreSeenDoNotPileUp()
    {
        TrainingFixture f;
        f.work->steps = 20'000;
        f.work->logEvery = 10'000;
        f.work->sampleEvery = 50'000;
        f.open();
        int news = 0;
        std::int64_t last = 0;
        connect(&f.app->training().trainer(), &Trainer::news, this, [&](const TrainNews& fresh) {
            ++news;
            last = fresh.step ? fresh.step->step : last;
        });
        f.start();
        f.waitForEnd();
        QCOMPARE(last, std::int64_t(20'000));
        QVERIFY2(news < 2'000, qPrintable(QString::number(news)));
    }

    void whatGoesWrongIsSaidInTheWindowWithWhatToDo()
    {
        TrainingFixture f;
        f.work->planFailure =
            Failure{ErrorCode::bad_file, "there is no key 'step'", "small.yaml", "Did you mean 'steps'?"};
        f.open();
        QVERIFY(!f.page().showsRun());
        QCOMPARE(f.said().current().what, QStringLiteral("there is no key 'step'"));
        QCOMPARE(f.said().current().remedy, QStringLiteral("Did you mean 'steps'?"));
        f.work->planFailure.reset();
        f.said().dismiss();
        f.open();
        f.setup().dataField()->setText(f.folder.filePath(QStringLiteral("nowhere")));
        QTRY_VERIFY_WITH_TIMEOUT(!f.setup().startButton()->isEnabled(), patience);
        QVERIFY(f.setup().objection().contains(QStringLiteral("no training data")));
        f.setup().dataField()->setText(f.folder.path());
        QTRY_VERIFY_WITH_TIMEOUT(f.setup().startButton()->isEnabled(), patience);
        f.work->trainFailure =
            Failure{ErrorCode::failed, "the training broke down: at step 1 the loss is nan", "run",
                    "Lower optimizer.learning_rate."};
        f.page().close();
        QVERIFY(f.app->training().trainer().start({.config = f.config().toStdString()}));
        f.waitForEnd();
        for (ui::MessageBar* bar : {&f.said(), &f.messages()}) {
            QVERIFY(bar->current().what.contains(QStringLiteral("broke down")));
            QCOMPARE(bar->current().remedy, QStringLiteral("Lower optimizer.learning_rate."));
        }
        QCOMPARE(f.setup().state(), TrainingState::idle);
        f.app->training().openPath(f.folder.filePath(QStringLiteral("none.png")));
        QVERIFY(f.said().current().what.contains(QStringLiteral("no such file")));
    }

    void notesOfTheRunAreShown()
    {
        TrainingFixture f;
        f.work->notes = {"3 files are left out", "training.steps was 12, is now 14"};
        f.open();
        f.startAndWait(1);
        QTRY_COMPARE_WITH_TIMEOUT(f.said().current().what, QStringLiteral("3 files are left out"), patience);
        QVERIFY(f.said().current().remedy.contains(QStringLiteral("is now 14")));
        f.work->gate.open();
        f.waitForEnd();
    }

    void closingTheStudioSavesTheRunAndThenCloses()
    {
        TrainingFixture f;
        f.open();
        f.startAndWait(3);
        QSignalSpy closing(&f.app->window(), &ui::MainWindow::closing);
        f.app->window().close();
        if (closing.isEmpty()) {
            QVERIFY(f.app->window().isVisible());
            QVERIFY(closing.wait(patience));
        }
        QTRY_VERIFY_WITH_TIMEOUT(!f.app->window().isVisible(), patience);
        QVERIFY(f.work->saved);
        QVERIFY(!f.app->training().isRunning());
        QVERIFY(!f.page().isVisible());
    }

    void aStudioThatGoesInMidRunWaitsUntilItIsSaved()
    {
        TrainingFixture f;
        f.open();
        f.startAndWait(3);
        f.app.reset();
        QVERIFY(f.work->saved);
        QVERIFY(QFile::exists(f.runFolder() + QStringLiteral("/checkpoints/step-00000003.safetensors")));
        f.make();
    }

    void aRunOfAnotherProgramIsWatchedAsItGrowsAndNothingOfItChanges()
    {
        TrainingFixture f;
        test::addLogLines(f.runPath(), 1, 3, false);
        test::writeSample(f.runPath(), 2, false);
        QFile config(f.runFolder() + QStringLiteral("/config.yaml"));
        QVERIFY(config.open(QIODevice::WriteOnly));
        config.close();
        QStringList before = filesIn(f.runFolder());
        f.app->training().openPath(f.runFolder());
        QCOMPARE(f.setup().state(), TrainingState::watching);
        QTRY_COMPARE_WITH_TIMEOUT(f.page().log().size(), std::size_t(3), patience);
        QVERIFY(f.setup().textSummary().contains(QStringLiteral("Step: 3 of 12")));
        QVERIFY(f.setup().textSummary().contains(QStringLiteral("Running; last logged")));
        QCOMPARE(filesIn(f.runFolder()), before);
        test::addLogLines(f.runPath(), 4, 5, false);
        test::writeSample(f.runPath(), 4, false);
        before = filesIn(f.runFolder());
        QTRY_COMPARE_WITH_TIMEOUT(f.page().log().size(), std::size_t(5), patience);
        QTRY_COMPARE_WITH_TIMEOUT(f.page().samples()->chosen(), std::int64_t(4), patience);
        QCOMPARE(filesIn(f.runFolder()), before);
        QVERIFY(!f.app->training().isRunning());
        // From there to a run of one's own.
        f.press(f.setup().startButton());
        QCOMPARE(f.setup().state(), TrainingState::idle);
        QCOMPARE(f.setup().folderField()->text(), f.runFolder());
    }

    void aFolderWithoutARunIsRefused()
    {
        TrainingFixture f;
        f.app->training().openPath(f.folder.path());
        QVERIFY(!f.page().showsRun());
        QVERIFY(f.said().current().what.contains(QStringLiteral("no training run")));
    }

    void theSliderGoesThroughThePicturesAndStaysOnTheNewestAtItsEnd()
    {
        TrainingFixture f;
        f.open();
        f.startAndWait(9);
        auto* samples = f.page().samples();
        QTRY_COMPARE_WITH_TIMEOUT(samples->chosen(), std::int64_t(8), patience);
        samples->slider()->setValue(0);
        QCOMPARE(samples->chosen(), std::int64_t(4));
        QTRY_COMPARE_WITH_TIMEOUT(samples->picture().pixelColor(0, 0).red(), 4, patience);
        f.work->gate.open();
        f.waitForEnd();
        QTRY_COMPARE_WITH_TIMEOUT(samples->slider()->maximum(), 2, patience);
        QCOMPARE(samples->chosen(), std::int64_t(4));
        QTest::mouseClick(samples->playButton(), Qt::LeftButton);
        QVERIFY(samples->isPlaying());
        QTRY_COMPARE_WITH_TIMEOUT(samples->chosen(), std::int64_t(12), patience);
        QTRY_VERIFY_WITH_TIMEOUT(!samples->isPlaying(), patience);
    }

    void exitsHaveTheirCurvesByLayerAndThetaSaysWhereImagesWouldLeave()
    {
        TrainingFixture f(true);
        f.open();
        QVERIFY(f.setup().textSummary().contains(QStringLiteral("exits of a full network")));
        f.startAndWait(5);
        QTRY_COMPARE_WITH_TIMEOUT(f.page().exitPlot()->curves().size(), std::size_t(3), patience);
        QVERIFY(f.page().exitPlot()->isVisible());
        QCOMPARE(f.page().exitPlot()->curves()[1].name, QStringLiteral("layer 1"));
        f.page().details()->button(1)->click();
        QCOMPARE(f.page().detailPlot()->curves().size(), std::size_t(3));
        QCOMPARE(f.page().detailPlot()->curves()[2].name, QStringLiteral("layer 2"));
        f.page().details()->button(2)->click();
        QCOMPARE(f.page().detailPlot()->curves()[0].y.last(), 0.03);
        f.page().exitViews()->button(1)->click();
        f.page().thresholdField()->setValue(0.3);
        // u by layer: 0.5 0.3 0.1 at t = 900, 0.5 0.4 0.3 at 500, 0.6 0.5 0.4 at 100; depth 3.
        const QVector<double> layers = f.page().exitPlot()->curves().front().y;
        QCOMPARE(layers, (QVector<double>{1.0, 2.0, 3.0}));
        f.work->gate.open();
        f.waitForEnd();
    }

    void aPlotIsReadWithTheArrowKeys()
    {
        TrainingFixture f;
        f.open();
        f.start();
        f.waitForEnd();
        QTRY_COMPARE_WITH_TIMEOUT(f.page().log().size(), std::size_t(6), patience);
        auto* plot = f.page().detailPlot();
        QVERIFY(plot->readout().isEmpty());
        QTest::keyClick(plot, Qt::Key_Left);
        QVERIFY2(plot->readout().startsWith(QStringLiteral("step 12, t 900–999")),
                 qPrintable(plot->readout()));
        QTest::keyClick(plot, Qt::Key_Left);
        QVERIFY(plot->readout().startsWith(QStringLiteral("step 10, t 900–999")));
        QTest::keyClick(plot, Qt::Key_Down);
        QVERIFY(plot->readout().startsWith(QStringLiteral("step 10, t 800–899")));
        QVERIFY(plot->textSummary().contains(QStringLiteral("t 0–99: ")));
    }

    void aDropAndTheMainWindowOpenItAndRecentOnesSurviveARestart()
    {
        TrainingFixture f;
        QMimeData data;
        data.setUrls({QUrl::fromLocalFile(f.config())});
        QDragEnterEvent enter(QPoint(10, 10), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(&f.page(), &enter);
        QVERIFY(enter.isAccepted());
        QDropEvent drop(QPointF(10, 10), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(&f.page(), &drop);
        QVERIFY(f.page().showsRun());
        test::addLogLines(f.runPath(), 1, 2, false);
        f.page().close();
        f.app->openPath(f.runFolder());
        QVERIFY(f.page().isVisible());
        QCOMPARE(f.setup().state(), TrainingState::watching);
        QTRY_COMPARE_WITH_TIMEOUT(f.page().log().size(), std::size_t(2), patience);
        f.app->window().close();
        f.make();
        QCOMPARE(f.app->training().recent(), (QStringList{f.runFolder(), f.config()}));
    }

    void samplingGoesOnBesideIt()
    {
        TrainingFixture f;
        f.configure(PolicyKind::full, 10);
        f.open();
        f.startAndWait(2);
        f.runToTheEnd();
        QVERIFY(f.app->training().isRunning());
        QCOMPARE(f.app->kept()->record.state, RunState::done);
        f.work->gate.open();
        f.waitForEnd();
    }
};

int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    StudioTraining test;
    return QTest::qExec(&test, argc, argv);
}
#include "studio_training.moc"
