// SPDX-License-Identifier: GPL-3.0-or-later
// Point 13: a sweep of t_s, theta and steps; time against difference to the full network.
#include "report/sweep_file.h"
#include "studio/images_file.h"
#include "studio_fixture.h"
#include "ui/number_range.h"
#include "ui/pareto_plot.h"
#include "ui/pareto_sheet.h"
#include "ui/qcustomplot_wrapper.h"
#include "ui/twin_view.h"

#include <QAction>
#include <QFile>

#include <cmath>

using namespace duodiff;
using namespace duodiff::studio;
using duodiff::test::StudioFixture;

namespace
{

class SweepFixture : public StudioFixture
{
public:
    SweepFixture()
    {
        script->layersShow = true;
        showAndOpen();
        configure(PolicyKind::adadiff, 10, 3, 3);
    }
    Pareto& pareto() { return app->pareto(); }

    void waitForEnd()
    {
        QSignalSpy ended(&pareto(), &Pareto::ended);
        QVERIFY(ended.wait(duodiff::test::patience));
    }
    void sweep(const QString& switchSteps, const QString& thresholds, const QString& steps = {})
    {
        pareto().sheet().setTexts(switchSteps, thresholds, steps);
        QVERIFY(pareto().start());
        waitForEnd();
    }
    int finishedRows()
    {
        int done = 0;
        for (const SweepRow& row : pareto().sweep().rows) {
            done += row.state == SweepState::done ? 1 : 0;
        }
        return done;
    }
};

}  // namespace

class StudioPareto : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyValueRunsAfterTheFullNetworkWithAsManySteps()
    {
        SweepFixture f;
        f.sweep(QStringLiteral("200 400"), QStringLiteral("0.05..0.15:0.05"), QStringLiteral("5 10"));
        const auto& rows = f.pareto().sweep().rows;
        QCOMPARE(rows.size(), std::size_t(2 * (1 + 2 + 3)));
        QCOMPARE(f.finishedRows(), 12);
        QCOMPARE(f.script->runs.load(), 12);
        QCOMPARE(rows[0].settings.policy, PolicyKind::full);
        QCOMPARE(rows[0].settings.steps, 5);
        QCOMPARE(rows[6].settings.policy, PolicyKind::full);
        for (const SweepRow& row : rows) {
            QCOMPARE(row.settings.seed, rows[0].settings.seed);
            QVERIFY(row.ms_per_image > 0.0);
            QVERIFY(std::isfinite(row.difference));
        }
        // More of the shallow network is further from the full one.
        QVERIFY(rows[1].difference < rows[2].difference);
        QVERIFY(rows[1].difference > 0.0);
        QCOMPARE(f.pareto().sheet().plot()->rows().size(), std::size_t(12));
    }

    void aStoppedSweepKeepsItsRowsAndGoesOnWithTheRest()
    {
        SweepFixture f;
        f.pareto().sheet().setTexts(QStringLiteral("100 200 300"), {}, {});
        f.script->gate.close();
        f.script->gate.allow(10 + 10 + 4);
        QVERIFY(f.pareto().start());
        const auto thirdIsOnItsWay = [&f] {
            return f.finishedRows() == 2 && f.app->run().isRunning() && f.app->run().live().steps.size() == 4;
        };
        QTRY_VERIFY_WITH_TIMEOUT(thirdIsOnItsWay(), duodiff::test::patience);
        QSignalSpy ended(&f.pareto(), &Pareto::ended);
        f.pareto().stop();
        f.script->gate.open();
        QVERIFY(ended.wait(duodiff::test::patience));
        QCOMPARE(f.finishedRows(), 2);
        QVERIFY(f.pareto().sheet().continueButton()->isEnabled());
        const SweepRow kept = f.pareto().sweep().rows[1];
        const int runs = f.script->runs;
        QVERIFY(f.pareto().goOn());
        f.waitForEnd();
        QCOMPARE(f.finishedRows(), 4);
        QCOMPARE(f.script->runs - runs, 2);
        QCOMPARE(f.pareto().sweep().rows[1].sampling_ms, kept.sampling_ms);
    }

    void aSweepGoesOnAfterARestartWithTheSameDifferences()
    {
        SweepFixture f;
        f.sweep(QStringLiteral("100 300"), {});
        const double difference = f.pareto().sweep().rows[2].difference;
        // As a kill after the second row would have left it.
        const std::filesystem::path file =
            f.folder.filePath(QStringLiteral("data/sweep/sweep.json")).toStdU16String();
        Sweep cut = read_sweep_file(file);
        cut.rows[2] = SweepRow();
        cut.rows[2].settings = f.pareto().sweep().rows[2].settings;
        f.app.reset();
        write_sweep_file(file, cut);
        f.make();
        f.script->runs = 0;
        f.showAndOpen();
        QCOMPARE(f.finishedRows(), 2);
        QVERIFY(f.pareto().goOn());
        f.waitForEnd();
        QCOMPARE(f.script->runs.load(), 1);
        QCOMPARE(f.pareto().sweep().rows[2].difference, difference);
    }

    void aDamagedSweepFileIsSetAsideWithAWord()
    {
        SweepFixture f;
        f.sweep(QStringLiteral("100"), {});
        f.app.reset();
        const QString path = f.folder.filePath(QStringLiteral("data/sweep/sweep.json"));
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("{\"rows\": 3}");
        file.close();
        f.make();
        f.showAndOpen();
        QVERIFY(f.pareto().sweep().rows.empty());
        QVERIFY(!QFile::exists(path));
        QCOMPARE(QDir(f.folder.filePath(QStringLiteral("data/sweep")))
                     .entryList({QStringLiteral("*.damaged-*")})
                     .size(),
                 1);
    }

    void aFailedRunIsMarkedAndTheOthersGoOn()
    {
        SweepFixture f;
        f.script->sampleFailure = Failure{ErrorCode::out_of_memory, "Out of memory", {}, {}};
        f.script->beforeStep = [&f](int) { f.script->failAtStep = f.script->runs == 2 ? 3 : -1; };
        f.sweep(QStringLiteral("100 300"), {});
        const auto& rows = f.pareto().sweep().rows;
        QCOMPARE(rows[0].state, SweepState::done);
        QCOMPARE(rows[1].state, SweepState::failed);
        QCOMPARE(rows[1].failure, std::string("Out of memory"));
        QCOMPARE(rows[2].state, SweepState::done);
    }

    void aClickAndTheArrowKeysShowTheImagesBesideTheFullNetworks()
    {
        SweepFixture f;
        f.sweep(QStringLiteral("300"), QStringLiteral("0.1"));
        auto* plot = f.pareto().sheet().plot();
        plot->resize(500, 300);
        plot->plot()->replot();
        const auto point = plot->pointOf(2);
        QVERIFY(point.has_value());
        QTest::mouseClick(plot->plot(), Qt::LeftButton, {}, point->toPoint());
        QVERIFY(f.app->twin().isShown());
        QCOMPARE(f.app->twin().right()->record.settings.policy,
                 f.pareto().sweep().rows[*plot->selected()].settings.policy);
        const auto first = plot->selected();
        QTest::keyClick(plot, first == plot->rows().front() ? Qt::Key_Right : Qt::Key_Left);
        QVERIFY(plot->selected() != first);
        const auto& shown = f.pareto().sweep().rows[*plot->selected()];
        QCOMPARE(f.app->twin().right()->record.settings.policy, shown.settings.policy);
    }

    void theTableHasALineForEveryFinishedRow()
    {
        SweepFixture f;
        f.sweep(QStringLiteral("100 300"), QStringLiteral("0.1"));
        const QString path = f.folder.filePath(QStringLiteral("sweep.csv"));
        QVERIFY(f.pareto().writeCsv(path));
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(file.readAll().count('\n'), 1 + 4);
        QVERIFY(!f.pareto().writeCsv(f.folder.filePath(QStringLiteral("none/sweep.csv"))));
        QVERIFY(!f.messages().isEmpty());
    }

    void anotherModelsSweepIsNotContinued()
    {
        SweepFixture f;
        f.sweep(QStringLiteral("100"), {});
        QVERIFY(!f.pareto().goOn());
        QCOMPARE(f.pareto().isRunning(), false);
    }

    void whatIsNoRangeIsSaidAndNotRun()
    {
        SweepFixture f;
        f.pareto().sheet().setTexts(QStringLiteral("100..:5"), {}, {});
        QVERIFY(!f.pareto().sheet().values().has_value());
        QVERIFY(!f.pareto().start());
        QVERIFY(!f.pareto().sheet().startButton()->isEnabled());
        QVERIFY(f.pareto().sheet().startButton()->toolTip().contains(QStringLiteral("100..:5")));
    }

    void rangesAreReadAsTheyAreWritten()
    {
        QCOMPARE(ui::readRange(QStringLiteral("100..300:100, 50"), 1, 1000, true).values,
                 (std::vector<double>{100, 200, 300, 50}));
        QCOMPARE(ui::readRange(QStringLiteral("0.05..0.15:0.025"), 0, 1, false).values,
                 (std::vector<double>{0.05, 0.075, 0.1, 0.125, 0.15}));
        QVERIFY(ui::readRange(QString(), 0, 1, false).error.isEmpty());
        for (const char* wrong : {"abc", "1..", "3..1:1", "1..2:0", "1..2:-1", "1e999", "nan", "2000",
                                  "1..1000:0.001", "1.5", "1..2"}) {
            QVERIFY2(!ui::readRange(QString::fromLatin1(wrong), 1, 1000, true).error.isEmpty(), wrong);
        }
    }

    void imagesComeBackToTheBitAndDamagedOnesAreRefused()
    {
        StudioFixture f;
        const QString path = f.folder.filePath(QStringLiteral("x.images"));
        std::vector<FinishedImage> images{
            {2, 18446744073709551615ull, -1, 1, 2, 3, {-2.f, 0.1f, 1e-30f, 3.f, 0.f, -0.f}}};
        writeImages(path, images);
        const auto read = readImages(path);
        QCOMPARE(read.size(), std::size_t(1));
        QCOMPARE(read[0].pixels, images[0].pixels);
        QCOMPARE(read[0].seed, images[0].seed);
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray bytes = file.readAll();
        file.close();
        for (qsizetype length = 0; length < bytes.size(); length += 3) {
            QVERIFY(file.open(QIODevice::WriteOnly));
            file.write(bytes.left(length));
            file.close();
            QVERIFY_EXCEPTION_THROWN(readImages(path), EngineError);
        }
    }
};

int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    StudioPareto test;
    return QTest::qExec(&test, argc, argv);
}
#include "studio_pareto.moc"
