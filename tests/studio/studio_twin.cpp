// SPDX-License-Identifier: GPL-3.0-or-later
// Point 11: the full network and another policy from the same noise, against each other.
#include "studio_fixture.h"
#include "ui/exit_plot.h"
#include "ui/preview_grid.h"
#include "ui/quality_curve.h"
#include "ui/twin_view.h"

#include <QAction>

#include <cmath>

using namespace duodiff;
using namespace duodiff::studio;
using duodiff::test::StudioFixture;
using duodiff::ui::TwinView;

namespace
{

QAction* actionWith(StudioFixture& f, const QString& keys)
{
    for (QAction* action : f.app->window().findChildren<QAction*>()) {
        if (action->shortcut().toString() == keys) {
            return action;
        }
    }
    return nullptr;
}

/// A studio whose skipped blocks show in the pictures.
class TwinFixture : public StudioFixture
{
public:
    TwinFixture()
    {
        script->layersShow = true;
        showAndOpen();
    }
    TwinRun& twin() { return app->twin(); }
    TwinView& view() { return app->twin().view(); }

    void runTwin()
    {
        QSignalSpy curve(&twin(), &TwinRun::curveReady);
        actionWith(*this, QStringLiteral("Ctrl+T"))->trigger();
        QVERIFY(twin().isRunning());
        QVERIFY(curve.wait(duodiff::test::patience));
        QVERIFY(!twin().isRunning());
    }
};

}  // namespace

class StudioTwin : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void bothRunsDrawFromTheSameNoiseAndTheFullOneComesFirst()
    {
        TwinFixture f;
        f.configure(PolicyKind::adadiff, 40, 6, 4);
        f.runTwin();
        QCOMPARE(f.script->runs.load(), 2);
        const RunRecord& left = f.twin().left()->record;
        const RunRecord& right = f.twin().right()->record;
        QCOMPARE(left.settings.policy, PolicyKind::full);
        QCOMPARE(right.settings.policy, PolicyKind::adadiff);
        QCOMPARE(left.settings.seed, right.settings.seed);
        QCOMPARE(left.settings.classes, right.settings.classes);
        QCOMPARE(left.images.size(), right.images.size());
        QVERIFY(f.twin().isShown());
        QVERIFY(!f.app->window().previews()->isVisible());
    }

    void aFullRunThatIsThereIsNotRepeated()
    {
        TwinFixture f;
        f.configure(PolicyKind::full, 20);
        f.runToTheEnd();
        f.configure(PolicyKind::adadiff, 20);
        f.runTwin();
        QCOMPARE(f.script->runs.load(), 2);
        auto other = f.controls().settings();
        other.seed += 1;
        f.controls().setSettings(other);
        f.runTwin();
        QCOMPARE(f.script->runs.load(), 4);
    }

    void theDifferenceIsExactlyZeroWithoutAShallowStepAndWithoutAnExit()
    {
        TwinFixture f;
        for (const bool duodiff : {true, false}) {
            f.configure(duodiff ? PolicyKind::duodiff : PolicyKind::adadiff, 30, 5, 3);
            auto settings = f.controls().settings();
            settings.switch_step = 0;
            settings.threshold = -1.0;
            f.controls().setSettings(settings);
            f.runTwin();
            const StepDifference& difference = f.view().difference();
            QCOMPARE(difference.images.size(), std::size_t(5));
            for (const PictureDifference& image : difference.images) {
                QCOMPARE(image.mean_absolute, 0.0);
                QVERIFY(std::isinf(image.psnr));
            }
            QVERIFY(f.view().summary().contains(QStringLiteral("identical")));
            for (const StepDifference& step : f.view().curve()->steps()) {
                QCOMPARE(step.all.mean_absolute, 0.0);
            }
        }
    }

    void whatDiffersIsNamedForEveryImageAndForAll()
    {
        TwinFixture f;
        f.configure(PolicyKind::adadiff, 30);
        f.runTwin();
        const StepDifference& difference = f.view().difference();
        QVERIFY(difference.all.mean_absolute > 0.0);
        const PictureDifference one =
            picture_difference(f.twin().left()->images[1].pixels, f.twin().right()->images[1].pixels);
        QCOMPARE(difference.images[1].psnr, one.psnr);
        QVERIFY(f.view().summary().contains(QStringLiteral("dB")));
        QVERIFY(f.view().grid()->caption(1).contains(ui::psnrText(one.psnr)));
    }

    void theCurveHasEveryStepThatBothRunsHold()
    {
        TwinFixture f;
        f.configure(PolicyKind::adadiff, 25, 6, 4);
        f.runTwin();
        const auto& steps = f.view().curve()->steps();
        QCOMPARE(steps.size(), std::size_t(26));
        QCOMPARE(steps.front().all.mean_absolute, 0.0);
        QCOMPARE(steps.back().all.mean_absolute, f.view().difference().all.mean_absolute);
    }

    void theDifferenceIsLiveWhileTheSecondRunGoesOn()
    {
        TwinFixture f;
        f.configure(PolicyKind::adadiff, 100);
        f.script->gate.close();
        f.script->gate.allow(100 + 40);
        actionWith(f, QStringLiteral("Ctrl+T"))->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(f.twin().left() != nullptr, duodiff::test::patience);
        QTRY_VERIFY_WITH_TIMEOUT(f.app->run().live().steps.size() == 40, duodiff::test::patience);
        f.script->gate.waitForVisitor();
        QTRY_VERIFY_WITH_TIMEOUT(!f.view().curve()->steps().empty(), duodiff::test::patience);
        QVERIFY(f.twin().isRunning());
        QVERIFY(f.view().difference().all.mean_absolute >= 0.0);
        QVERIFY(f.view().summary().startsWith(QStringLiteral("x_t at t = ")));
        QVERIFY(!f.view().picture(TwinView::Side::left, 0).isNull());
        QSignalSpy curve(&f.twin(), &TwinRun::curveReady);
        f.script->gate.open();
        QVERIFY(curve.wait(duodiff::test::patience));
    }

    void theMeasuredFullRunIsTheBaselineOfTheOther()
    {
        TwinFixture f;
        f.configure(PolicyKind::adadiff, 20);
        f.runTwin();
        const RunRecord& record = f.twin().right()->record;
        QVERIFY(record.baseline.has_value());
        QCOMPARE(record.baseline->ms_per_image, f.twin().left()->record.sampling_ms / 4.0);
        QVERIFY(f.view().summary().contains(QStringLiteral("measured")));
    }

    void theFullNetworkIsNotComparedWithItself()
    {
        TwinFixture f;
        f.configure(PolicyKind::full, 20);
        QVERIFY(!f.twin().start());
        QCOMPARE(f.script->runs.load(), 0);
        QVERIFY(!f.messages().current().remedy.isEmpty());
    }

    void stoppingTheFirstRunEndsTheTwin()
    {
        TwinFixture f;
        f.configure(PolicyKind::adadiff, 50);
        f.script->gate.close();
        f.script->gate.allow(10);
        QVERIFY(f.twin().start());
        f.script->gate.waitForVisitor();
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        f.app->window().action(ui::Act::stop)->trigger();
        QVERIFY(ended.wait(duodiff::test::patience));
        QVERIFY(!f.twin().isRunning());
        QCoreApplication::processEvents();
        QVERIFY(!f.app->run().isRunning());
        QCOMPARE(f.script->runs.load(), 1);
    }

    void keysChooseHowTheTwoAreShown()
    {
        TwinFixture f;
        f.configure(PolicyKind::adadiff, 20);
        f.runTwin();
        f.activate();
        auto* grid = f.view().grid();
        QTest::keyClick(grid, Qt::Key_B);
        QCOMPARE(f.view().mode(), TwinView::Mode::blink);
        const auto side = f.view().blinkSide();
        QTRY_VERIFY_WITH_TIMEOUT(f.view().blinkSide() != side, duodiff::test::patience);
        QTest::keyClick(grid, Qt::Key_4, Qt::AltModifier);
        QCOMPARE(f.view().mode(), TwinView::Mode::difference);
        QTest::keyClick(grid, Qt::Key_2, Qt::AltModifier);
        QCOMPARE(f.view().mode(), TwinView::Mode::split);
        QTest::keyClick(grid, Qt::Key_1, Qt::AltModifier);
        QCOMPARE(f.view().mode(), TwinView::Mode::sideBySide);
        actionWith(f, QStringLiteral("Ctrl+Shift+T"))->trigger();
        QVERIFY(f.app->window().previews()->isVisible());
        QVERIFY(!f.view().isVisible());
    }

    void theCursorOfThePlotMovesThePairToo()
    {
        TwinFixture f;
        f.configure(PolicyKind::adadiff, 20);
        f.runTwin();
        const QImage end = f.view().picture(TwinView::Side::right, 0);
        Q_EMIT f.app->window().plot()->cursorMoved(4);
        QVERIFY(f.view().picture(TwinView::Side::right, 0) != end);
        QVERIFY(f.view().summary().startsWith(QStringLiteral("x_t at")));
        Q_EMIT f.app->window().plot()->cursorMoved(19);
        QCOMPARE(f.view().picture(TwinView::Side::right, 0), end);
    }
};

int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    StudioTwin test;
    return QTest::qExec(&test, argc, argv);
}
#include "studio_twin.moc"
