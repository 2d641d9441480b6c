// SPDX-License-Identifier: GPL-3.0-or-later
// Points 1 and 7: stop and keep, abort, finish this batch, pause; x_t, the predicted x_0, or both.
#include "studio_fixture.h"
#include "ui/picture_header.h"
#include "ui/preview_grid.h"
#include "ui/status_strip.h"

#include <QAction>
#include <QElapsedTimer>
#include <QSpinBox>

using namespace duodiff;
using namespace duodiff::studio;
using duodiff::test::StudioFixture;
using duodiff::ui::Act;

namespace
{

QString stateOf(StudioFixture& f)
{
    return f.app->window().status()->status().state;
}

/// A run that has done `steps` steps and waits at the gate.
void runTo(StudioFixture& f, int steps)
{
    f.script->gate.close();
    f.script->gate.allow(steps);
    f.app->generate();
    f.script->gate.waitForVisitor();
    const auto reached = [&f] {
        std::size_t frames = 0;
        for (const StepRecord& step : f.app->run().live().steps) {
            frames += step.parameters.size();
        }
        return frames;
    };
    QTRY_COMPARE_WITH_TIMEOUT(reached(), static_cast<std::size_t>(steps), duodiff::test::patience);
}

/// Whether the ground above the garment is black, as it is without noise.
bool isCleanAbove(const QImage& image)
{
    int sum = 0;
    for (int x = 0; x < image.width(); ++x) {
        sum += qRed(image.pixel(x, 0));
    }
    return sum < 12 * image.width();
}

JobState endBy(StudioFixture& f, Act act)
{
    QSignalSpy ended(f.app.get(), &Studio::runEnded);
    f.app->window().action(act)->trigger();
    f.script->gate.open();
    return ended.wait(duodiff::test::patience) ? ended.first().first().value<JobState>() : JobState::waiting;
}

}  // namespace

class StudioVerbs : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void stopAndKeepHasTheBatchInProgressAsFarAsItIs()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 30, 8, 4);
        runTo(f, 30 + 12);
        QCOMPARE(endBy(f, Act::stop), JobState::cancelled);
        const KeptRun& kept = *f.app->kept();
        QCOMPARE(kept.images.size(), std::size_t(4));
        QCOMPARE(kept.unfinished.size(), std::size_t(4));
        QCOMPARE(kept.record.unfinished.size(), std::size_t(4));
        QCOMPARE(kept.unfinished.front().steps_done, 12);
        auto* previews = f.app->window().previews();
        QVERIFY(previews->caption(4).contains(QStringLiteral("unfinished, 12 of 30 steps")));
        QVERIFY(!previews->caption(3).contains(QStringLiteral("unfinished")));
        QCOMPARE(previews->image(5), ui::toImage(kept.unfinished[1].picture));
    }

    void abortKeepsNothingAndTheRunBeforeIsThereAgain()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 10, 4, 4);
        f.runToTheEnd();
        const auto before = f.app->kept();
        auto settings = f.controls().settings();
        settings.seed += 100;
        f.controls().setSettings(settings);
        runTo(f, 5);
        QCOMPARE(endBy(f, Act::abort), JobState::cancelled);
        QCOMPARE(f.app->kept(), before);
        QCOMPARE(f.app->window().previews()->image(2), ui::toImage(before->images[2]));
        QCOMPARE(stateOf(f), QStringLiteral("Ready"));
    }

    void abortOfTheFirstRunLeavesAWordOfWhatToDo()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 10);
        runTo(f, 5);
        endBy(f, Act::abort);
        QVERIFY(!f.app->kept());
        QCOMPARE(f.app->window().previews()->count(), 0);
        QVERIFY(f.app->window().previews()->message().contains(QStringLiteral("Generate")));
        QVERIFY(!f.app->window().action(Act::exportAll)->isEnabled());
    }

    void finishThisBatchStartsNoOther()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 20, 8, 4);
        runTo(f, 3);
        QCOMPARE(endBy(f, Act::finishBatch), JobState::cancelled);
        QCOMPARE(f.app->kept()->images.size(), std::size_t(4));
        QVERIFY(f.app->kept()->unfinished.empty());
    }

    void spacePausesAndResumesAndTheImagesAreThoseOfAnUnpausedRun()
    {
        StudioFixture f;
        f.showAndOpen();
        f.activate();
        f.configure(PolicyKind::adadiff, 40);
        f.runToTheEnd();
        const auto unpaused = f.app->kept();
        runTo(f, 10);
        f.app->window().previews()->setFocus();
        QTest::keyClick(f.app->window().previews(), Qt::Key_Space);
        QVERIFY(f.app->run().isPaused());
        f.script->gate.open();
        QTRY_COMPARE_WITH_TIMEOUT(stateOf(f), QStringLiteral("Paused"), duodiff::test::patience);
        QVERIFY(f.app->run().live().steps.size() <= 11);
        QVERIFY(f.app->run().isRunning());
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        QTest::keyClick(f.app->window().previews(), Qt::Key_Space);
        QVERIFY(!f.app->run().isPaused());
        QVERIFY(ended.wait(duodiff::test::patience));
        QCOMPARE(f.app->kept()->record.state, RunState::done);
        for (std::size_t image = 0; image < unpaused->images.size(); ++image) {
            QCOMPARE(f.app->kept()->images[image].pixels, unpaused->images[image].pixels);
        }
    }

    void spaceStaysWithTextFieldsAndButtons()
    {
        StudioFixture f;
        f.showAndOpen();
        f.activate();
        f.configure(PolicyKind::adadiff, 40, 8, 4);
        runTo(f, 5);
        // The one number that may be typed into during a run.
        auto* box = f.controls().threshold()->box();
        box->setFocus();
        QTest::keyClick(box, Qt::Key_Space);
        QVERIFY(!f.app->run().isPaused());
        for (QPushButton* button : f.controls().findChildren<QPushButton*>()) {
            if (button->accessibleName() == QLatin1String("Finish this batch")) {
                button->setFocus();
                QTest::keyClick(button, Qt::Key_Space);
            }
        }
        QVERIFY(!f.app->run().isPaused());
        QVERIFY(f.app->run().job()->finishBatchRequested());
        // Where the mouse left the focus when it started the run, Space must not stop it.
        f.controls().runButton()->setFocus();
        QTest::keyClick(f.controls().runButton(), Qt::Key_Space);
        QVERIFY(f.app->run().isPaused());
        QVERIFY(!f.app->run().job()->stopRequested());
        endBy(f, Act::stop);
    }

    void aPausedRunCanBeStoppedAndKept()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 40);
        runTo(f, 10);
        f.app->window().action(Act::pause)->trigger();
        f.script->gate.open();
        QTRY_COMPARE_WITH_TIMEOUT(stateOf(f), QStringLiteral("Paused"), duodiff::test::patience);
        QCOMPARE(endBy(f, Act::stop), JobState::cancelled);
        QCOMPARE(f.app->kept()->unfinished.size(), std::size_t(4));
        QCOMPARE(stateOf(f), QStringLiteral("Ready"));
    }

    void theVerbsAreThereOnlyWhileARunIs()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 20);
        for (const Act act : {Act::pause, Act::stop, Act::finishBatch, Act::abort}) {
            QVERIFY(!f.app->window().action(act)->isEnabled());
        }
        runTo(f, 2);
        for (const Act act : {Act::pause, Act::stop, Act::finishBatch, Act::abort}) {
            QVERIFY(f.app->window().action(act)->isEnabled());
        }
        endBy(f, Act::abort);
    }

    void xGoesFromTheNoisyPictureToThePredictedOneToBoth()
    {
        StudioFixture f;
        f.showAndOpen();
        f.activate();
        f.configure(PolicyKind::adadiff, 1000);
        auto* previews = f.app->window().previews();
        auto* header = f.app->window().pictureHeader();
        QCOMPARE(header->choice(), ui::PictureChoice::noisy);
        runTo(f, 6);
        const auto aPictureIsShown = [&] {
            f.script->gate.allow(1);
            return !previews->image(0).isNull();
        };
        QTRY_VERIFY_WITH_TIMEOUT(aPictureIsShown(), duodiff::test::patience);
        QVERIFY(!isCleanAbove(previews->image(0)));
        QTest::keyClick(previews, Qt::Key_X);
        QCOMPARE(header->choice(), ui::PictureChoice::predicted);
        // One of the steps after the choice brings it; each look lets one more through.
        const auto predictedIsShown = [&] {
            f.script->gate.allow(1);
            return previews->image(0).width() == 28 && isCleanAbove(previews->image(0));
        };
        QTRY_VERIFY_WITH_TIMEOUT(predictedIsShown(), duodiff::test::patience);
        QTest::keyClick(previews, Qt::Key_X);
        QCOMPARE(header->choice(), ui::PictureChoice::both);
        const auto bothAreShown = [&] {
            f.script->gate.allow(1);
            return previews->image(0).width() == 2 * 28 + 1;
        };
        QTRY_VERIFY_WITH_TIMEOUT(bothAreShown(), duodiff::test::patience);
        QTest::keyClick(previews, Qt::Key_X);
        QCOMPARE(header->choice(), ui::PictureChoice::noisy);
        endBy(f, Act::abort);
    }

    void hiddenPreviewsAreNotMadeAndSayHowToComeBack()
    {
        StudioFixture f;
        f.showAndOpen();
        f.activate();
        QTest::keyClick(f.app->window().previews(), Qt::Key_V);
        QVERIFY(!f.app->window().previews()->isVisible());
        f.configure(PolicyKind::adadiff, 50);
        f.runToTheEnd();
        QCOMPARE(f.script->pictures.load(), 0);
        f.app->window().action(Act::showPreviews)->trigger();
        QVERIFY(f.app->window().previews()->isVisible());
    }
};

int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    StudioVerbs test;
    return QTest::qExec(&test, argc, argv);
}
#include "studio_verbs.moc"
