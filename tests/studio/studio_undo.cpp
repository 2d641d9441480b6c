// SPDX-License-Identifier: GPL-3.0-or-later
// Point 19: undo and redo over parameters.
#include "studio/settings_fields.h"
#include "studio_fixture.h"
#include "ui/exit_plot.h"

#include <QAction>
#include <QKeyEvent>
#include <QSpinBox>

using namespace duodiff;
using namespace duodiff::studio;
using duodiff::test::patience;
using duodiff::test::StudioFixture;

namespace
{

class UndoFixture : public StudioFixture
{
public:
    UndoFixture()
    {
        showAndOpen();
        activate();
    }

    QUndoStack& stack() { return app->undo().stack(); }
    QString undoText() { return app->undo().undoAction()->text().remove(QLatin1Char('&')); }
    QString redoText() { return app->undo().redoAction()->text().remove(QLatin1Char('&')); }
    void undo() { QTest::keyClick(&app->window(), Qt::Key_Z, Qt::ControlModifier); }
    void redo() { QTest::keyClick(&app->window(), Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier); }

    /// With the mouse, over several values.
    void dragTheta(int by)
    {
        QSlider* slider = controls().threshold()->slider();
        const QPoint from(slider->width() * slider->value() / slider->maximum(), slider->height() / 2);
        QTest::mousePress(slider, Qt::LeftButton, {}, from);
        for (int step = 1; step <= 5; ++step) {
            slider->setSliderPosition(slider->value() + by / 5);
        }
        QTest::mouseRelease(slider, Qt::LeftButton, {}, from + QPoint(by, 0));
    }
};

}  // namespace

class StudioUndo : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void openingAModelIsNoStep()
    {
        UndoFixture f;
        QCOMPARE(f.stack().count(), 0);
        QVERIFY(!f.app->undo().undoAction()->isEnabled());
        QSignalSpy opened(f.app.get(), &Studio::modelOpened);
        f.app->openPath(f.packPath());
        QVERIFY(opened.wait(patience));
        QCOMPARE(f.stack().count(), 0);
    }

    void aSliderDragIsOneStepAndTheMenuSaysIt()
    {
        UndoFixture f;
        const double before = f.controls().settings().threshold;
        f.dragTheta(20);
        const double between = f.controls().settings().threshold;
        QVERIFY(between > before);
        QCOMPARE(f.stack().count(), 1);
        QCOMPARE(f.undoText(), QStringLiteral("Undo threshold 0.080 to %1").arg(between, 0, 'f', 3));
        f.dragTheta(15);
        QCOMPARE(f.stack().count(), 2);
        f.undo();
        QCOMPARE(f.controls().settings().threshold, between);
        f.undo();
        QCOMPARE(f.controls().settings().threshold, before);
        QCOMPARE(f.undoText(), QStringLiteral("Undo"));
        QVERIFY(f.redoText().startsWith(QStringLiteral("Redo threshold 0.080")));
        f.redo();
        QCOMPARE(f.controls().settings().threshold, between);
    }

    void aDragBackToWhereItBeganIsNoStep()
    {
        UndoFixture f;
        QSlider* slider = f.controls().threshold()->slider();
        const int before = slider->value();
        const QPoint handle(slider->width() * before / slider->maximum(), slider->height() / 2);
        QTest::mousePress(slider, Qt::LeftButton, {}, handle);
        slider->setSliderPosition(before + 30);
        slider->setSliderPosition(before);
        QTest::mouseRelease(slider, Qt::LeftButton, {}, handle);
        QCOMPARE(f.stack().count(), 0);
    }

    void typingInABoxIsOneStepThatUndoTakesBackFromThereToo()
    {
        UndoFixture f;
        auto* box = f.controls().threshold()->box();
        box->setFocus();
        box->selectAll();
        QTest::keyClicks(box, QStringLiteral("0.125"));
        QTest::keyClick(box, Qt::Key_Return);
        QCOMPARE(f.controls().settings().threshold, 0.125);
        QCOMPARE(f.stack().count(), 1);
        QVERIFY(box->hasFocus());
        QTest::keyClick(box, Qt::Key_Z, Qt::ControlModifier);
        QCOMPARE(f.controls().settings().threshold, 0.08);
    }

    void aHeldKeyIsOneStepAndTwoPressesAreTwo()
    {
        UndoFixture f;
        QSlider* slider = f.controls().threshold()->slider();
        QTest::keyClick(slider, Qt::Key_Right);
        for (int repeat = 0; repeat < 4; ++repeat) {
            QKeyEvent held(QEvent::KeyPress, Qt::Key_Right, Qt::NoModifier, QString(), true);
            QApplication::sendEvent(slider, &held);
        }
        QCOMPARE(f.stack().count(), 1);
        QTest::keyClick(slider, Qt::Key_Right);
        QCOMPARE(f.stack().count(), 2);
    }

    void theLineInThePlotIsUndoneLikeItsSlider()
    {
        UndoFixture f;
        f.configure(PolicyKind::duodiff, 50);
        const int count = f.stack().count();
        auto* plot = f.app->window().plot();
        for (int switchStep = 310; switchStep <= 400; switchStep += 10) {
            Q_EMIT plot->switchStepMoved(switchStep);
        }
        Q_EMIT plot->switchStepReleased(400);
        QCOMPARE(f.stack().count(), count + 1);
        QCOMPARE(f.undoText(), QStringLiteral("Undo switch step 300 to 400"));
        f.undo();
        QCOMPARE(plot->switchStep(), std::optional(300));
    }

    void restoredSettingsAndDefaultsAreOneStepEach()
    {
        UndoFixture f;
        f.configure(PolicyKind::duodiff, 20);
        f.runToTheEnd();
        QTRY_COMPARE_WITH_TIMEOUT(f.app->history().model().rowCount(), 1, patience);
        const auto ofTheRun = f.controls().settings();
        f.app->window().action(ui::Act::restoreDefaults)->trigger();
        QCOMPARE(f.undoText(), QStringLiteral("Undo defaults"));
        const auto standard = f.controls().settings();
        QSignalSpy shown(&f.app->history(), &History::shown);
        f.app->history().show(f.app->history().model().entry(0).id);
        QVERIFY(shown.wait(patience));
        f.messages().current().actions.front().run();
        QCOMPARE(f.controls().settings().steps, 20);
        QCOMPARE(f.undoText(), QStringLiteral("Undo restored settings"));
        f.undo();
        QVERIFY(f.controls().settings() == standard);
        f.undo();
        QVERIFY(f.controls().settings() == ofTheRun);
        f.redo();
        QVERIFY(f.controls().settings() == standard);
    }

    void undoInMidRunActsOnTheRun()
    {
        UndoFixture f;
        f.configure(PolicyKind::adadiff, 100);
        f.script->gate.close();
        f.script->gate.allow(10);
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        f.app->generate();
        f.script->gate.waitForVisitor();
        f.dragTheta(20);
        f.script->gate.allow(20);
        QTRY_VERIFY_WITH_TIMEOUT(f.app->run().live().steps.size() >= 30, patience);
        f.script->gate.waitForVisitor();
        f.undo();
        f.script->gate.open();
        QVERIFY(ended.wait(patience));
        const auto& steps = f.app->kept()->record.steps;
        QVERIFY(steps[20].parameters.front() > 0.08);
        QCOMPARE(steps[99].parameters.front(), 0.08);
    }

    void everySettingIsAFieldThatCanBeToldAndTakenBack()
    {
        SamplingSettings other;
        other.policy = PolicyKind::duodiff;
        other.switch_step = 1;
        other.threshold = 0.5;
        other.exit_layer = 3;
        other.solver = SolverKind::ddim;
        other.steps = 9;
        other.eta = 0.5;
        other.parametrization = Parametrization::predict_original;
        other.count = 3;
        other.batch = 2;
        other.seed = 8;
        other.classes = {1};
        other.device = "cpu";
        other.precision = Precision::bf16;
        other.compat = Compat::reference;
        other.save_steps = {1};
        SamplingSettings settings;
        applyChange(settings, other, settings);
        QVERIFY(settings == other);
        QCOMPARE(describeChange({}, other), QStringLiteral("15 settings"));
        for (const SettingsField& field : settingsFields()) {
            SamplingSettings one;
            field.copy(other, one);
            QVERIFY2(!(one == SamplingSettings()), qPrintable(field.name));
            QVERIFY2(describeChange({}, one).startsWith(field.name), qPrintable(describeChange({}, one)));
        }
    }
};

int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    StudioUndo test;
    return QTest::qExec(&test, argc, argv);
}
#include "studio_undo.moc"
