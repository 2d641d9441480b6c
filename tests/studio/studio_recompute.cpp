// SPDX-License-Identifier: GPL-3.0-or-later
// Point 4, the images: recomputed from the first step that another value changes, and the probe run.
#include "studio_fixture.h"
#include "ui/exit_plot.h"
#include "ui/history_model.h"
#include "ui/prediction_card.h"
#include "ui/preview_grid.h"

#include <QAction>
#include <QCheckBox>

using namespace duodiff;
using namespace duodiff::studio;
using duodiff::test::StudioFixture;

namespace
{

class RecomputeFixture : public StudioFixture
{
public:
    /// A finished DuoDiff run of 50 steps with t_s = 300 on display.
    RecomputeFixture()
    {
        script->layersShow = true;
        showAndOpen();
        configure(PolicyKind::duodiff, 50);
        controls().switchStep()->setValue(300);
        runToTheEnd();
        first = app->kept();
    }

    Recompute& recompute() { return app->recompute(); }
    ui::ParameterSlider& switchStep() { return *controls().switchStep(); }
    ui::PredictionCard& card() { return *app->window().findChild<ui::PredictionCard*>(); }
    const RunRecord& record() { return app->kept()->record; }
    ui::ExitPlot& plot() { return *app->window().plot(); }

    void drag(int value)
    {
        switchStep().slider()->setSliderDown(true);
        switchStep().slider()->setValue(value);
    }
    void release() { switchStep().slider()->setSliderDown(false); }

    void waitForRun()
    {
        QTRY_VERIFY_WITH_TIMEOUT(!app->run().isRunning() && !recompute().isRunning(), test::patience);
    }

    /// The images that a run from the start with `value` has.
    void compareWithAWholeRun(int value)
    {
        const auto recomputed = app->kept();
        QCOMPARE(recomputed->record.settings.switch_step, value);
        QCOMPARE(recomputed->record.state, RunState::done);
        QSignalSpy ended(app.get(), &Studio::runEnded);
        QVERIFY(app->startRun(controls().settings()));
        QVERIFY(ended.wait(test::patience));
        QVERIFY(!record().branch);
        QCOMPARE(mean_exit_layers(recomputed->record), mean_exit_layers(record()));
        for (std::size_t image = 0; image < recomputed->images.size(); ++image) {
            QCOMPARE(recomputed->images[image].pixels, app->kept()->images[image].pixels);
        }
    }

    std::shared_ptr<const KeptRun> first;
};

}  // namespace

class StudioRecompute : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void point4ASliderThatIsLetGoRecomputesTheImagesFromTheFirstStepThatChanges()
    {
        RecomputeFixture f;
        const int before = f.script->steps;
        f.drag(500);
        QVERIFY(f.plot().prediction());
        std::vector<double> predicted;
        for (const WhatIfStep& step : f.plot().prediction()->steps) {
            predicted.push_back(step.mean);
        }
        QVERIFY(!f.app->run().isRunning());
        f.release();
        QVERIFY(f.app->run().isRunning());
        // What was predicted stays beside what comes.
        QVERIFY(f.plot().prediction());
        f.waitForRun();
        QCOMPARE(mean_exit_layers(f.record()), predicted);
        // The steps down to t = 700 have the shallow network in both.
        QCOMPARE(f.script->steps - before, 35);
        QVERIFY(f.app->kept() != f.first);
        QTRY_VERIFY_WITH_TIMEOUT(!f.plot().prediction(), test::patience);
        f.compareWithAWholeRun(500);
    }

    void point4TheLineInThePlotAndAKeyInTheSliderAreLetGoToo()
    {
        RecomputeFixture f;
        Q_EMIT f.plot().switchStepMoved(600);
        QVERIFY(!f.app->run().isRunning());
        Q_EMIT f.plot().switchStepReleased(600);
        QVERIFY(f.app->run().isRunning());
        f.waitForRun();
        QCOMPARE(f.record().settings.switch_step, 600);
        QSlider* slider = f.switchStep().slider();
        QTest::keyPress(slider, Qt::Key_PageUp);
        QTest::keyPress(slider, Qt::Key_PageUp);
        QTest::keyPress(slider, Qt::Key_PageUp);
        QVERIFY(!f.app->run().isRunning());
        QTest::keyRelease(slider, Qt::Key_PageUp);
        QVERIFY(f.app->run().isRunning());
        f.waitForRun();
        f.compareWithAWholeRun(630);
    }

    void point4WithoutRecomputeOnReleaseTheCardOffersItAndReturnDoesIt()
    {
        RecomputeFixture f;
        f.card().onReleaseBox()->click();
        QVERIFY(!f.recompute().onRelease());
        f.drag(520);
        f.release();
        QVERIFY(!f.app->run().isRunning());
        QVERIFY(f.card().recomputeButton()->isVisibleTo(&f.card()));
        const RunRecord& record = f.record();
        const auto change =
            std::find_if(record.steps.begin(), record.steps.end(),
                         [](const StepRecord& step) { return step.network == NetworkRole::full; });
        QVERIFY2(f.card().recomputeButton()->text().startsWith(
                     QStringLiteral("Recompute from t = %1\n(").arg(change->t)),
                 qPrintable(f.card().recomputeButton()->text()));
        QTest::keyClick(f.switchStep().slider(), Qt::Key_Return);
        QVERIFY(f.app->run().isRunning());
        f.waitForRun();
        QCOMPARE(f.record().settings.switch_step, 520);
        QVERIFY(!f.recompute().nowAction()->isEnabled());
        f.drag(100);
        f.release();
        QVERIFY(f.recompute().nowAction()->isEnabled());
        f.recompute().nowAction()->trigger();
        f.waitForRun();
        f.compareWithAWholeRun(100);
    }

    void point4WithLiveOnEveryMoveBeginsAgainFromTheSameRun()
    {
        RecomputeFixture f;
        QVERIFY(!f.recompute().isLive());
        f.recompute().liveAction()->trigger();
        QVERIFY(f.card().liveBox()->isChecked());
        f.script->gate.close();
        f.drag(350);
        f.script->gate.waitForVisitor();
        QVERIFY(f.recompute().isRunning());
        const auto parent = f.app->kept();
        QCOMPARE(parent, f.first);
        f.drag(600);
        QTRY_COMPARE_WITH_TIMEOUT(f.app->run().asked().switch_step, 600, test::patience);
        // The run before is not shown in between.
        QVERIFY(f.plot().prediction());
        QCOMPARE(f.app->kept(), f.first);
        f.drag(400);
        f.script->gate.open();
        f.release();
        QTRY_VERIFY_WITH_TIMEOUT(!f.app->run().isRunning() && f.record().settings.switch_step == 400,
                                 test::patience);
        f.compareWithAWholeRun(400);
        // What was given up is not kept: the first run, the last, and the whole one.
        QTRY_COMPARE_WITH_TIMEOUT(f.app->history().model().rowCount(), 3, test::patience);
    }

    void point4AfterAnAbortAnotherChangeBeginsFromTheRunBefore()
    {
        RecomputeFixture f;
        f.script->gate.close();
        f.script->gate.allow(4);
        f.drag(500);
        f.release();
        f.script->gate.waitForVisitor();
        f.app->run().abort();
        f.script->gate.open();
        f.waitForRun();
        QCOMPARE(f.app->kept(), f.first);
        QCOMPARE(f.app->window().previews()->image(0), ui::toImage(f.first->images[0]));
        // What the value would give is predicted again, of the run that is back.
        QTRY_VERIFY_WITH_TIMEOUT(f.plot().prediction(), test::patience);
        f.drag(650);
        f.release();
        QVERIFY(f.app->run().isRunning());
        f.waitForRun();
        f.compareWithAWholeRun(650);
    }

    void aMoveDuringARecomputationBeginsItAgainAndDoesNotActInItsMiddle()
    {
        RecomputeFixture f;
        f.script->gate.close();
        f.script->gate.allow(4);
        f.drag(500);
        f.release();
        f.script->gate.waitForVisitor();
        f.drag(700);
        QCOMPARE(f.app->run().job()->live.switch_step.load(), 500);
        f.release();
        QVERIFY(f.recompute().goesOn());
        f.script->gate.open();
        QTRY_VERIFY_WITH_TIMEOUT(!f.app->run().isRunning() && f.record().settings.switch_step == 700,
                                 test::patience);
        f.compareWithAWholeRun(700);
    }

    void backAtTheValueOfTheRunOnDisplayThatRunIsShownAgain()
    {
        RecomputeFixture f;
        f.script->gate.close();
        f.script->gate.allow(4);
        f.drag(500);
        f.release();
        f.script->gate.waitForVisitor();
        f.drag(300);
        f.release();
        f.script->gate.open();
        f.waitForRun();
        QCOMPARE(f.app->kept(), f.first);
        QCOMPARE(f.app->window().previews()->image(2), ui::toImage(f.first->images[2]));
        QVERIFY(f.app->window().pictureWhat().contains(QStringLiteral("Finished")));
    }

    void whereTheControlsPrepareAnotherRunNothingBeginsByItself()
    {
        RecomputeFixture f;
        auto settings = f.controls().settings();
        settings.seed += 5;
        f.controls().setSettings(settings);
        f.recompute().liveAction()->trigger();
        f.drag(500);
        f.release();
        QTest::qWait(0);
        QVERIFY(!f.app->run().isRunning());
        // Asked for, the run on display keeps its seed.
        f.recompute().nowAction()->trigger();
        f.waitForRun();
        QCOMPARE(f.record().settings.seed, f.first->record.settings.seed);
        QCOMPARE(f.record().settings.switch_step, 500);
    }

    void aMoveDuringARunOfThePersonsOwnActsOnItAsEver()
    {
        RecomputeFixture f;
        f.recompute().liveAction()->trigger();
        f.script->gate.close();
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        f.app->generate();
        f.script->gate.waitForVisitor();
        f.drag(900);
        f.release();
        QCOMPARE(f.app->run().job()->live.switch_step.load(), 900);
        f.script->gate.open();
        QVERIFY(ended.wait(test::patience));
        QCOMPARE(ended.size(), 1);
    }

    void point4AProbeRunFillsInTheLayersThatAPredictionDoesNotKnow()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 50);
        f.controls().threshold()->setValue(0.08);
        f.runToTheEnd();
        const auto before = f.app->kept();
        auto& card = *f.app->window().findChild<ui::PredictionCard*>();
        f.controls().threshold()->box()->setValue(0.07);
        const auto& plot = *f.app->window().plot();
        QVERIFY(plot.prediction()->legend.contains(QStringLiteral("at least")));
        QVERIFY(card.probeButton()->isVisibleTo(&card));
        QVERIFY(card.recomputeButton()->text().contains(QStringLiteral("(at least ")));
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        card.probeButton()->click();
        QVERIFY(f.app->run().isRunning());
        QVERIFY(!f.app->recompute().probeAction()->isEnabled());
        QVERIFY(ended.wait(test::patience));
        const RunRecord& record = f.app->kept()->record;
        QVERIFY(record.all_uncertainties);
        QCOMPARE(record.settings.threshold, 0.08);
        QCOMPARE(mean_exit_layers(record), mean_exit_layers(before->record));
        for (std::size_t image = 0; image < before->images.size(); ++image) {
            QCOMPARE(f.app->kept()->images[image].pixels, before->images[image].pixels);
        }
        // Without being asked again, and with no dots.
        QTRY_VERIFY_WITH_TIMEOUT(plot.prediction() && f.app->whatIf().prediction(), test::patience);
        QVERIFY(!f.app->whatIf().prediction()->lower_bound);
        QVERIFY(!plot.prediction()->legend.contains(QStringLiteral("at least")));
        for (const WhatIfStep& step : plot.prediction()->steps) {
            QVERIFY(!step.lower_bound);
        }
        QVERIFY(!card.probeButton()->isVisibleTo(&card));
        QVERIFY(!f.app->recompute().probeAction()->isEnabled());
    }

    void aProbeRunOfTheFullNetworkSaysWhatAdaDiffWouldGive()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::full, 20);
        f.runToTheEnd();
        f.configure(PolicyKind::adadiff, 20);
        f.controls().threshold()->box()->setValue(0.11);
        auto& card = *f.app->window().findChild<ui::PredictionCard*>();
        QVERIFY(card.textSummary().contains(QStringLiteral("No prediction")));
        QVERIFY(card.probeButton()->isVisibleTo(&card));
        QVERIFY(!card.recomputeButton()->isVisibleTo(&card));
        card.probeButton()->click();
        QTRY_VERIFY_WITH_TIMEOUT(!f.app->run().isRunning() && f.app->whatIf().prediction() != nullptr,
                                 test::patience);
        QTRY_VERIFY_WITH_TIMEOUT(f.app->whatIf().prediction()->available(), test::patience);
        QCOMPARE(f.app->kept()->record.settings.policy, PolicyKind::full);
    }

    void whenImagesAreRecomputedIsRemembered()
    {
        StudioFixture f;
        QVERIFY(f.app->recompute().onRelease());
        QVERIFY(!f.app->recompute().isLive());
        f.app->recompute().setOnRelease(false);
        f.app->recompute().setLive(true);
        f.app->window().close();
        f.make();
        QVERIFY(!f.app->recompute().onRelease());
        QVERIFY(f.app->recompute().isLive());
    }
};

int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    StudioRecompute test;
    return QTest::qExec(&test, argc, argv);
}
#include "studio_recompute.moc"
