// SPDX-License-Identifier: GPL-3.0-or-later
// Points 3, 4, 9, 12, 16 and 17 with the real engine.
// The real window with the real engine and the bundled model: what a person does in the first five minutes.
#include "report/run_file.h"
#include "session/engine.h"
#include "studio_fixture.h"
#include "ui/cursor_panel.h"
#include "ui/exit_plot.h"
#include "ui/preview_grid.h"

#include <QAction>
#include <QSpinBox>
#include <QStandardPaths>

#include <cmath>

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

    void run()
    {
        QSignalSpy ended(app.get(), &Studio::runEnded);
        app->generate();
        QVERIFY(ended.wait(patience));
    }

    /// Drags the value of the policy in the controls, and lets it go.
    void dragTo(double value)
    {
        auto* parameter = controls().settings().policy == PolicyKind::adadiff ? controls().threshold()
                                                                              : controls().switchStep();
        const ui::ParameterRange& range = parameter->range();
        parameter->slider()->setSliderDown(true);
        parameter->slider()->setValue(static_cast<int>(std::lround((value - range.minimum) / range.step)));
        parameter->slider()->setSliderDown(false);
    }

    void waitForRecomputation()
    {
        QVERIFY(app->recompute().isRunning());
        QTRY_VERIFY_WITH_TIMEOUT(
            !app->run().isRunning() && !app->recompute().isRunning() && !app->recompute().goesOn(), patience);
    }

    void waitForSteps(std::size_t steps)
    {
        QTRY_VERIFY_WITH_TIMEOUT(app->run().live().steps.size() >= steps, patience);
    }

    QTemporaryDir folder;
    std::unique_ptr<Studio> app;
};

/// To the bit: pixels, exit layers and networks.
void compareRuns(const KeptRun& a, const KeptRun& b)
{
    QCOMPARE(a.record.state, RunState::done);
    QCOMPARE(b.record.state, RunState::done);
    QCOMPARE(a.images.size(), b.images.size());
    for (std::size_t image = 0; image < a.images.size(); ++image) {
        QVERIFY(a.images[image].pixels == b.images[image].pixels);
    }
    QCOMPARE(a.record.steps.size(), b.record.steps.size());
    for (std::size_t step = 0; step < a.record.steps.size(); ++step) {
        QCOMPARE(a.record.steps[step].exit_layers, b.record.steps[step].exit_layers);
        QCOMPARE(a.record.steps[step].network, b.record.steps[step].network);
    }
}

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

    void point4RecomputedImagesAreThoseOfARunFromTheStart_data()
    {
        QTest::addColumn<int>("policy");
        QTest::addColumn<int>("solver");
        for (const PolicyKind policy : {PolicyKind::adadiff, PolicyKind::duodiff}) {
            for (const SolverKind solver : {SolverKind::ddpm, SolverKind::dpm_solver_pp}) {
                QTest::addRow("%s, %s", std::string(to_string(policy)).c_str(),
                              std::string(to_string(solver)).c_str())
                    << static_cast<int>(policy) << static_cast<int>(solver);
            }
        }
    }

    void point4RecomputedImagesAreThoseOfARunFromTheStart()
    {
        QFETCH(int, policy);
        QFETCH(int, solver);
        RealStudio studio;
        studio.configure(static_cast<PolicyKind>(policy), 40, 3, 2);
        auto settings = studio.controls().settings();
        settings.solver = static_cast<SolverKind>(solver);
        settings.threshold = 0.07;
        settings.switch_step = 300;
        studio.controls().setSettings(settings);
        studio.run();
        const auto first = studio.app->kept();
        const bool isTheta = settings.policy == PolicyKind::adadiff;

        // One is stopped in its middle, and another value follows.
        studio.dragTo(isTheta ? 0.12 : 700);
        studio.app->run().setPaused(true);
        QTRY_VERIFY_WITH_TIMEOUT(studio.app->run().job()->isWaitingPaused(), patience);
        studio.app->run().abort();
        studio.waitForRecomputation();
        QCOMPARE(studio.app->kept(), first);
        studio.dragTo(isTheta ? 0.09 : 550);
        studio.waitForRecomputation();
        const auto recomputed = studio.app->kept();
        QVERIFY(recomputed != first);
        QVERIFY(recomputed->record.branch);
        QVERIFY(recomputed->images[0].pixels != first->images[0].pixels);
        studio.run();
        QVERIFY(!studio.app->kept()->record.branch);
        compareRuns(*recomputed, *studio.app->kept());
    }

    void point4AProbeRunHasTheSameImagesAndLeavesNothingUnknown()
    {
        RealStudio studio;
        studio.configure(PolicyKind::adadiff, 20, 3, 2);
        studio.controls().threshold()->setValue(0.12);
        studio.run();
        const auto first = studio.app->kept();
        const PolicyChoice lower{.policy = PolicyKind::adadiff, .threshold = 0.08};
        QVERIFY(studio.app->whatIf().index().predict(lower).lower_bound);
        QSignalSpy ended(studio.app.get(), &Studio::runEnded);
        QVERIFY(studio.app->recompute().beginProbeRun());
        QVERIFY(ended.wait(patience));
        compareRuns(*first, *studio.app->kept());
        QVERIFY(!studio.app->whatIf().index().predict(lower).lower_bound);
    }

    void point9TheMapsOfAStepAverageToTheUncertaintiesThatTheRunRead()
    {
        RealStudio studio;
        studio.configure(PolicyKind::adadiff, 20, 3, 2);
        studio.run();
        studio.app->uncertaintyMap().action()->setChecked(true);
        studio.app->cursor().moveTo(8);
        QTRY_COMPARE_WITH_TIMEOUT(studio.app->uncertaintyMap().stepsDone(), std::optional(8), patience);
        // The first probe is read on every image.
        studio.app->cursor().panel()->mapLayerBox()->setValue(0);
        const StepRecord& step = studio.app->kept()->record.steps.at(8);
        const ui::PreviewGrid& grid = *studio.app->window().previews();
        for (int image = 0; image < 3; ++image) {
            const double u = step.uncertainty[static_cast<std::size_t>(image)];
            const QString expected = QStringLiteral("u = %1 after layer 0").arg(u, 0, 'f', 3);
            QVERIFY2(grid.caption(image).contains(expected), qPrintable(grid.caption(image) + expected));
            QVERIFY(grid.hasOverlay(image));
        }
    }

    void point12AnUnchangedBranchIsItsParentAndOneWithAnotherClassIsNot()
    {
        RealStudio studio;
        studio.configure(PolicyKind::adadiff, 20, 3, 2);
        studio.run();
        QSignalSpy branched(&studio.app->branches(), &Branches::branched);
        QVERIFY(studio.app->branches().branchFrom(8));
        QVERIFY(branched.wait(patience));
        const Branch same = studio.app->branches().list().back();
        QVERIFY(same.changed.isEmpty());
        compareRuns(*same.parent, *same.run);

        auto settings = studio.controls().settings();
        settings.classes = {8};
        studio.controls().setSettings(settings);
        QVERIFY(studio.app->branches().branchFrom(8));
        QVERIFY(branched.wait(patience));
        const Branch other = studio.app->branches().list().back();
        QCOMPARE(other.changed, QStringLiteral("classes"));
        for (std::size_t image = 0; image < 3; ++image) {
            QCOMPARE(other.run->images[image].label, std::int64_t(8));
            QVERIFY(other.run->images[image].pixels != other.parent->images[image].pixels);
        }
        // x_t of the step is the parent's own, the one after it no more.
        QVERIFY(other.run->trajectory->state(0, 8)->x == other.parent->trajectory->state(0, 8)->x);
        QVERIFY(other.run->trajectory->state(0, 9)->x != other.parent->trajectory->state(0, 9)->x);
    }

    // Points 7 and 14.
    void theLedgerMovesDuringTheRunAndItsPartsAddUpToTheWallTime()
    {
        for (const PolicyKind policy : {PolicyKind::adadiff, PolicyKind::duodiff}) {
            RealStudio studio;
            studio.configure(policy, 300, 8, 4);  // long enough to be looked at a few times on any machine
            std::vector<Ledger> seen;
            connect(&studio.app->run(), &RunController::advanced, this,
                    [&] { seen.push_back(studio.app->run().live().ledger); });
            QSignalSpy ended(studio.app.get(), &Studio::runEnded);
            studio.app->generate();
            QVERIFY(ended.wait(patience));
            seen.push_back(studio.app->kept()->record.ledger);
            QVERIFY(seen.size() > 3);
            Ledger before;
            for (const Ledger& now : seen) {
                QVERIFY(now.sum_of_parts() <= 1.0001 * now.wall);
                QVERIFY2(now.sum_of_parts() >= 0.97 * now.wall,
                         qPrintable(QStringLiteral("%1 of %2 ms").arg(now.sum_of_parts()).arg(now.wall)));
                QVERIFY(now.wall >= before.wall && now.blocks >= before.blocks);
                QVERIFY(now.previews >= before.previews && now.solver >= before.solver);
                before = now;
            }
            QVERIFY(seen.front().blocks < before.blocks);
            QVERIFY(before.previews > 0.0);
            QVERIFY(before.heads > 0.0 && before.noise > 0.0);
            QCOMPARE(before.probes > 0.0, policy == PolicyKind::adadiff);
        }
    }

    // Points 12 and 16.
    void aDroppedImageOfABranchWithOtherClassesRepeatsItToTheSamePixels()
    {
        RealStudio studio;
        studio.configure(PolicyKind::adadiff, 20, 2, 2);
        auto settings = studio.controls().settings();
        settings.classes = {8};
        studio.controls().setSettings(settings);
        QSignalSpy ended(studio.app.get(), &Studio::runEnded);
        studio.app->generate();
        QVERIFY(ended.wait(patience));
        settings.classes = {1};
        studio.controls().setSettings(settings);
        QSignalSpy branched(&studio.app->branches(), &Branches::branched);
        QVERIFY(studio.app->branches().branchFrom(8));
        QVERIFY(branched.count() > 0 || branched.wait(patience));
        const auto branch = studio.app->kept();
        QCOMPARE(branch->record.earlier_classes.size(), std::size_t(1));
        const auto parent = studio.app->branches().list().front().parent;
        QVERIFY(branch->images[0].pixels != parent->images[0].pixels);

        const QString out = studio.folder.filePath(QStringLiteral("branch"));
        QSignalSpy exported(studio.app.get(), &Studio::exported);
        QVERIFY(studio.app->exportRun(everythingInto(out)));
        QVERIFY(exported.wait(patience));
        for (const char* name : {"/0001.png", "/run.json"}) {
            studio.configure(PolicyKind::full, 5, 1, 1);
            studio.app->openPath(out + QLatin1String(name));
            const auto restore = studio.app->window().messages()->current().actions;
            QCOMPARE(restore.size(), std::size_t(3));
            restore.front().run();
            QSignalSpy again(studio.app.get(), &Studio::runEnded);
            studio.app->generate();
            QVERIFY(again.wait(patience));
            QCOMPARE(studio.app->kept()->images.size(), std::size_t(2));
            for (std::size_t image = 0; image < 2; ++image) {
                QVERIFY(studio.app->kept()->images[image].pixels == branch->images[image].pixels);
            }
        }
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
