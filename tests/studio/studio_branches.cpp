// SPDX-License-Identifier: GPL-3.0-or-later
// Point 12: back to a step of a run, and on from there with other values.
#include "studio_fixture.h"
#include "ui/branch_list.h"
#include "ui/exit_plot.h"
#include "ui/preview_grid.h"
#include "ui/status_strip.h"
#include "ui/twin_view.h"

#include <QAction>

using namespace duodiff;
using namespace duodiff::studio;
using duodiff::test::StudioFixture;
using duodiff::ui::Act;

namespace
{

class BranchFixture : public StudioFixture
{
public:
    BranchFixture()
    {
        script->layersShow = true;
        showAndOpen();
    }
    Branches& branches() { return app->branches(); }

    void set(double theta)
    {
        auto settings = controls().settings();
        settings.threshold = theta;
        controls().setSettings(settings);
    }

    void branchFrom(int step)
    {
        QSignalSpy branched(&branches(), &Branches::branched);
        app->window().plot()->setCursor(step);
        QVERIFY(branches().branchHere());
        QVERIFY(branched.wait(duodiff::test::patience));
    }
};

void compareImages(const KeptRun& a, const KeptRun& b)
{
    QCOMPARE(a.images.size(), b.images.size());
    for (std::size_t image = 0; image < a.images.size(); ++image) {
        QCOMPARE(a.images[image].pixels, b.images[image].pixels);
    }
}

}  // namespace

class StudioBranches : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void anUnchangedBranchIsItsParent()
    {
        BranchFixture f;
        f.configure(PolicyKind::adadiff, 50, 6, 4);
        f.runToTheEnd();
        f.branchFrom(20);
        const Branch& branch = f.branches().list().back();
        compareImages(*branch.parent, *branch.run);
        QVERIFY(branch.changed.isEmpty());
        QVERIFY(f.branches().panel().text(0).contains(QStringLiteral("nothing changed")));
        QVERIFY(f.branches().panel().text(0).contains(QStringLiteral("identical")));
        QCOMPARE(mean_exit_layers(branch.parent->record), mean_exit_layers(branch.run->record));
    }

    void anUnchangedBranchOfARunWhoseSliderWasMovedMovesAgain()
    {
        BranchFixture f;
        f.configure(PolicyKind::adadiff, 60);
        f.script->gate.close();
        f.script->gate.allow(30);
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        f.app->generate();
        f.script->gate.waitForVisitor();
        f.controls().threshold()->slider()->setValue(f.controls().threshold()->slider()->maximum());
        f.script->gate.open();
        QVERIFY(ended.wait(duodiff::test::patience));
        f.branchFrom(10);
        const Branch& branch = f.branches().list().back();
        QVERIFY(branch.changed.isEmpty());
        compareImages(*branch.parent, *branch.run);
        QCOMPARE(branch.run->record.steps[20].parameters, branch.parent->record.steps[20].parameters);
    }

    void aBranchDiffersFromItsStepOnAndNotBefore()
    {
        BranchFixture f;
        f.configure(PolicyKind::adadiff, 50);
        f.runToTheEnd();
        f.set(0.15);
        f.branchFrom(25);
        const Branch& branch = f.branches().list().back();
        QVERIFY(branch.changed.contains(QStringLiteral("0.08 → 0.15")));
        const auto& before = branch.parent->record.steps;
        const auto& after = branch.run->record.steps;
        QCOMPARE(after.size(), before.size());
        for (std::size_t step = 0; step < after.size(); ++step) {
            QCOMPARE(after[step].parameters.front(), step < 25 ? 0.08 : 0.15);
            if (step < 25) {
                QCOMPARE(after[step].exit_layers, before[step].exit_layers);
            }
        }
        QVERIFY(branch.run->images[0].pixels != branch.parent->images[0].pixels);
        // The plot shows the whole of it, what was taken over too.
        QCOMPARE(f.app->window().plot()->data().meanCurve().size(), std::size_t(50));
    }

    void theStepsBeforeAreNotRunAgain()
    {
        BranchFixture f;
        f.configure(PolicyKind::adadiff, 50);
        f.runToTheEnd();
        std::vector<int> steps;
        f.script->beforeStep = [&steps](int step) { steps.push_back(step); };
        f.branchFrom(40);
        QCOMPARE(steps.front(), 40);
        QCOMPARE(steps.size(), std::size_t(10));
    }

    void thePicturesThatABranchBeginsWithAreThereBeforeItsFirstStep()
    {
        BranchFixture f;
        f.configure(PolicyKind::adadiff, 40);
        f.runToTheEnd();
        f.script->gate.close();
        QSignalSpy shown(&f.app->cursorPictures(), &CursorPictures::shown);
        QSignalSpy branched(&f.branches(), &Branches::branched);
        const auto parent = f.app->kept();
        QVERIFY(f.branches().branchFrom(15));
        QVERIFY(shown.wait(duodiff::test::patience));
        const auto strip = parent->trajectory->picture(0, 15, PictureKind::noisy);
        QCOMPARE(qRed(f.app->window().previews()->image(0).pixel(0, 0)), int(strip->rgbx->front()));
        f.script->gate.open();
        QVERIFY(branched.wait(duodiff::test::patience));
    }

    void point12ABranchWithOtherClassesHasThemFromItsStepOn()
    {
        BranchFixture f;
        f.configure(PolicyKind::adadiff, 40, 3, 2);
        f.runToTheEnd();
        const auto parent = f.app->kept();
        auto settings = f.controls().settings();
        settings.classes = {8};
        f.controls().setSettings(settings);
        f.branchFrom(12);
        const Branch& branch = f.branches().list().back();
        QCOMPARE(branch.changed, QStringLiteral("classes"));
        for (std::size_t image = 0; image < 3; ++image) {
            QCOMPARE(branch.run->images[image].label, std::int64_t(8));
            QVERIFY(branch.run->images[image].pixels != parent->images[image].pixels);
        }
        QCOMPARE(classes_at(branch.run->record, 11), parent->record.settings.classes);
        QCOMPARE(classes_at(branch.run->record, 12), std::vector<std::int64_t>{8});
        // The states before the step are the parent's own.
        QCOMPARE(branch.run->trajectory->state(0, 11)->x, parent->trajectory->state(0, 11)->x);
    }

    void aBranchOfABranchKeepsWhatBothChanged()
    {
        BranchFixture f;
        f.configure(PolicyKind::adadiff, 40);
        f.runToTheEnd();
        f.set(0.15);
        f.branchFrom(10);
        f.set(0.05);
        f.branchFrom(30);
        const auto& steps = f.branches().list().back().run->record.steps;
        QCOMPARE(steps[5].parameters.front(), 0.08);
        QCOMPARE(steps[15].parameters.front(), 0.15);
        QCOMPARE(steps[35].parameters.front(), 0.05);
        QCOMPARE(f.branches().panel().count(), 2);
    }

    void aPausedRunIsStoppedAndGoesOnAsABranch()
    {
        BranchFixture f;
        f.configure(PolicyKind::adadiff, 60);
        f.script->gate.close();
        f.script->gate.allow(30);
        f.app->generate();
        f.script->gate.waitForVisitor();
        f.app->window().action(Act::pause)->trigger();
        f.script->gate.open();
        QTRY_COMPARE_WITH_TIMEOUT(f.app->window().status()->status().state, QStringLiteral("Paused"),
                                  duodiff::test::patience);
        f.branchFrom(15);
        const Branch& branch = f.branches().list().back();
        QCOMPARE(branch.parent->record.state, RunState::cancelled);
        QCOMPARE(branch.run->record.state, RunState::done);
        QCOMPARE(branch.run->record.steps.size(), std::size_t(60));
    }

    void theTimeOfABranchIsNoMeasureOfItsPolicy()
    {
        BranchFixture f;
        f.configure(PolicyKind::full, 40);
        f.runToTheEnd();
        const auto full = f.app->kept();
        f.branchFrom(35);
        f.configure(PolicyKind::adadiff, 40);
        f.runToTheEnd();
        QCOMPARE(f.app->kept()->record.baseline->ms_per_image, full->record.sampling_ms / 4.0);
        f.branchFrom(35);
        QVERIFY(!f.app->kept()->record.baseline.has_value());
    }

    void aClickShowsABranchBesideItsParent()
    {
        BranchFixture f;
        f.configure(PolicyKind::adadiff, 30);
        f.runToTheEnd();
        f.set(0.15);
        f.branchFrom(10);
        Q_EMIT f.branches().panel().chosen(0);
        QVERIFY(f.app->twin().isShown());
        QCOMPARE(f.app->twin().left(), f.branches().list().front().parent);
        QVERIFY(f.app->twin().view().difference().all.mean_absolute > 0.0);
    }

    void withoutAStepOrARunItSaysWhatToDo()
    {
        BranchFixture f;
        QVERIFY(!f.branches().branchFrom(3));
        QVERIFY(!f.messages().current().what.isEmpty());
        f.configure(PolicyKind::adadiff, 10);
        f.runToTheEnd();
        f.app->window().plot()->setCursor(std::nullopt);
        QVERIFY(!f.branches().branchHere());
        QVERIFY(f.messages().current().remedy.contains(QStringLiteral("plot")));
    }
};

int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    StudioBranches test;
    return QTest::qExec(&test, argc, argv);
}
#include "studio_branches.moc"
