// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/report_numbers.h"
#include "studio/kept_states.h"
#include "studio_fixture.h"
#include "ui/cursor_panel.h"
#include "ui/exit_plot.h"
#include "ui/run_numbers.h"
#include "ui/status_strip.h"

#include <QLabel>
#include <QSettings>
#include <QSpinBox>
#include <QStandardPaths>

using namespace duodiff;
using namespace duodiff::studio;
using namespace duodiff::test;

namespace
{

constexpr std::size_t megabyte = 1 << 20;

class KeptFixture : public StudioFixture
{
public:
    KeptFixture() { showAndOpen(); }

    ui::CursorPanel& panel() { return *app->cursor().panel(); }
    TrajectoryBudget& budget() { return app->run().budget(); }
    QString said() { return panel().keptText(); }

    void branchFrom(int step)
    {
        QSignalSpy branched(&app->branches(), &Branches::branched);
        QVERIFY(app->branches().branchFrom(step));
        QVERIFY(branched.count() > 0 || branched.wait(patience));
    }
};

}  // namespace

/// Points 11 and 12 and the cursor after a run live on kept steps; one bound holds over those of all runs.
class StudioKeptStates : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QStandardPaths::setTestModeEnabled(true); }

    void thePanelSaysWhatIsKeptOfTheRunAndOfAll()
    {
        KeptFixture f;
        QVERIFY(f.said().contains(QStringLiteral("No steps")));
        QCOMPARE(f.panel().keptLimitBox()->value(), 512);
        f.configure(PolicyKind::adadiff, 40);
        f.runToTheEnd();
        QVERIFY2(f.said().contains(QStringLiteral("Every step")), qPrintable(f.said()));
        QCOMPARE(f.budget().bytes(), f.app->kept()->trajectory->bytes());
        QVERIFY(f.budget().bytes() > 0);
    }

    void theSumOverRunsAndBranchesStaysBelowTheBound()
    {
        KeptFixture f;
        f.panel().keptLimitBox()->setValue(2);
        QCOMPARE(f.budget().limit_bytes(), 2 * megabyte);
        f.configure(PolicyKind::adadiff, 60);
        std::size_t most = 0;
        f.script->beforeStep = [&](int) { most = std::max(most, f.budget().bytes()); };
        f.runToTheEnd();
        for (int branch = 0; branch < 4; ++branch) {
            f.branchFrom(10 * (branch + 1));
        }
        QVERIFY(most > megabyte);
        QVERIFY2(most <= 2 * megabyte, qPrintable(QString::number(most)));
        QVERIFY(f.budget().bytes() <= 2 * megabyte);
        // The oldest of the branches' runs had to go, the one on display did not.
        QVERIFY(f.app->branches().list().front().parent->trajectory->was_let_go());
        QVERIFY(!f.app->kept()->trajectory->was_let_go());
        QVERIFY(f.app->kept()->trajectory->batches() > 0);
    }

    void whatDoesNotFitIsSaidInWords()
    {
        KeptFixture f;
        f.panel().keptLimitBox()->setValue(1);
        f.configure(PolicyKind::full, 120);
        f.runToTheEnd();
        const int stride = f.app->kept()->trajectory->stride();
        QVERIFY(stride > 1);
        QVERIFY2(f.said().contains(QStringLiteral("One step in %1").arg(stride)), qPrintable(f.said()));
        // A branch goes on from the nearest one, and equals its parent all the same.
        f.branchFrom(stride + 1);
        const Branch& branch = f.app->branches().list().back();
        QVERIFY(branch.changed.isEmpty());
        QVERIFY(branch.run->images[0].pixels == branch.parent->images[0].pixels);

        f.panel().keptLimitBox()->setValue(0);
        QCOMPARE(f.budget().bytes(), std::size_t(0));
        f.runToTheEnd();
        QVERIFY2(f.said().contains(QStringLiteral("0 MB")), qPrintable(f.said()));
        QVERIFY(!f.app->branches().branchFrom(3));
        QVERIFY2(f.messages().current().what.contains(QStringLiteral("0 MB")),
                 qPrintable(f.messages().current().what));
    }

    void theTwoRunsOfATwinViewAreBothInUse()
    {
        KeptFixture f;
        f.panel().keptLimitBox()->setValue(2);
        f.configure(PolicyKind::duodiff, 60);
        QSignalSpy finished(&f.app->twin(), &TwinRun::finished);
        QVERIFY(f.app->twin().start());
        QVERIFY(finished.wait(patience));
        QVERIFY(!f.app->twin().left()->trajectory->was_let_go());
        QVERIFY(!f.app->twin().right()->trajectory->was_let_go());
        QVERIFY(f.app->twin().left()->trajectory->batches() > 0);
        QVERIFY(f.budget().bytes() <= 2 * megabyte);
    }

    void theBoundIsRememberedAndADamagedOneIsNot()
    {
        KeptFixture f;
        f.panel().keptLimitBox()->setValue(64);
        QTRY_COMPARE_WITH_TIMEOUT(SettingsStore(f.settingsPath()).load().trajectoryMegabytes, 64, patience);
        f.make();
        QCOMPARE(f.panel().keptLimitBox()->value(), 64);
        QCOMPARE(f.budget().limit_bytes(), 64 * megabyte);
        f.app.reset();
        QSettings(f.settingsPath(), QSettings::IniFormat)
            .setValue(QStringLiteral("run/kept_megabytes"), QStringLiteral("much"));
        f.make();
        QCOMPARE(f.panel().keptLimitBox()->value(), 512);
    }

    // Point 7: the previews' cost is shown while they are made. Point 14: the ledger moves during the run.
    void theLedgerAndTheCostOfThePreviewsMoveDuringTheRun()
    {
        KeptFixture f;
        f.configure(PolicyKind::adadiff, 60);
        f.script->gate.close();
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        f.app->generate();
        const auto* blocks = f.app->window().numbers()->findChild<QLabel*>(QStringLiteral("blocks"));
        const auto* sum = f.app->window().numbers()->findChild<QLabel*>(QStringLiteral("sum"));
        double before = 0.0;
        QString said = blocks->text();
        for (int part = 1; part <= 3; ++part) {
            f.script->gate.allow(15);
            QTRY_COMPARE_WITH_TIMEOUT(f.app->run().newestStep().value_or(-1), 15 * part - 1, patience);
            const double wall = f.app->run().live().ledger.wall;
            QVERIFY(wall > before);
            before = wall;
            const QString shown = QString::fromStdString(duration_text(wall));
            QTRY_VERIFY_WITH_TIMEOUT(sum->text().endsWith(shown), patience);
            QVERIFY(blocks->text() != said);
            said = blocks->text();
            QCOMPARE(f.app->window().status()->status().previewShare.value_or(0.0), 0.01);
            QVERIFY(f.app->window().status()->textSummary().contains(QStringLiteral("1.0 % of the time")));
        }
        f.script->gate.open();
        QVERIFY(ended.wait(patience));
    }

    // Point 6.
    void theTimeLeftOfAFirstAdaDiffRunIsSaidToBeABoundAndThatOfTheNextIsNot()
    {
        KeptFixture f;
        f.configure(PolicyKind::adadiff, 60);
        // The last one with a theta that leads elsewhere.
        for (const int number : {1, 2, 3}) {
            const bool first = number != 2;
            if (number == 3) {
                auto settings = f.controls().settings();
                settings.threshold += 0.05;
                f.controls().setSettings(settings);
            }
            f.script->gate.close();
            QSignalSpy ended(f.app.get(), &Studio::runEnded);
            f.app->generate();
            f.script->gate.allow(4);
            QTRY_COMPARE_WITH_TIMEOUT(f.app->run().newestStep().value_or(-1), 3, patience);
            QVERIFY(!f.app->window().status()->status().secondsLeft.has_value());
            f.script->gate.allow(16);
            QTRY_VERIFY_WITH_TIMEOUT(f.app->window().status()->status().secondsLeft.has_value(), patience);
            QCOMPARE(f.app->window().status()->textSummary().contains(QStringLiteral("up to")), first);
            f.script->gate.open();
            QVERIFY(ended.wait(patience));
        }
        // The history knows it the next time.
        f.app->window().close();
        f.make();
        QSignalSpy recalled(&f.app->history(), &History::recalled);
        f.showAndOpen();
        QVERIFY(recalled.count() > 0 || recalled.wait(patience));
        f.script->gate.close();
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        f.app->generate();
        f.script->gate.allow(20);
        QTRY_VERIFY_WITH_TIMEOUT(f.app->window().status()->status().secondsLeft.has_value(), patience);
        QVERIFY(!f.app->window().status()->status().leftIsBound);
        f.script->gate.open();
        QVERIFY(ended.wait(patience));
    }
};

QTEST_MAIN(StudioKeptStates)
#include "studio_kept_states.moc"
