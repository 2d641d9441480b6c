// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/report_numbers.h"
#include "studio/baselines.h"
#include "studio_fixture.h"
#include "ui/run_numbers.h"

#include <QDate>

using namespace duodiff;
using namespace duodiff::studio;
using duodiff::test::patience;
using duodiff::test::StudioFixture;

namespace
{

QString storedPath(const StudioFixture& f)
{
    return f.folder.filePath(QStringLiteral("data/baselines.json"));
}

QByteArray stored(const StudioFixture& f)
{
    QFile file(storedPath(f));
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void store(const StudioFixture& f, const QByteArray& bytes)
{
    QFile file(storedPath(f));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(bytes);
}

/// A session that measures the full network and ends.
void measureAndLeave(StudioFixture& f)
{
    f.showAndOpen();
    f.configure(PolicyKind::full, 30, 4, 4);
    f.runToTheEnd();
    f.app->window().close();
    f.app.reset();
    QVERIFY(!stored(f).isEmpty());
}

std::optional<BaselineRecord> baselineOfAdaDiff(StudioFixture& f, int steps = 30, int count = 4,
                                                int batch = 4)
{
    f.configure(PolicyKind::adadiff, steps, count, batch);
    [&] { f.runToTheEnd(); }();
    return f.app->kept()->record.baseline;
}

RunRecord someRecord()
{
    RunRecord record;
    record.settings.policy = PolicyKind::adadiff;
    record.settings.steps = 50;
    record.settings.count = 20;
    record.settings.batch = 8;
    record.machine = {.cpu = "One",
                      .cores = 4,
                      .threads = 4,
                      .device = "cpu",
                      .precision = "fp32",
                      .attention = "math",
                      .os = "x",
                      .libtorch = "2",
                      .program = "duodiff 1",
                      .memory_bytes = 1};
    record.model.sha256 = {{"full", "aa"}, {"shallow", "bb"}};
    return record;
}

}  // namespace

/// Point 14: "1.8x faster" only with a baseline measured on this machine, in this session or before.
class StudioBaselines : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aFullRunOfThisSessionIsTheBaselineOfThoseAfterIt()
    {
        StudioFixture f;
        f.showAndOpen();
        QVERIFY(!baselineOfAdaDiff(f));
        QVERIFY(!report_numbers(f.app->kept()->record).speed_up->measured);
        f.configure(PolicyKind::full, 30, 4, 4);
        f.runToTheEnd();
        QVERIFY(!f.app->kept()->record.baseline);
        const auto baseline = baselineOfAdaDiff(f);
        QVERIFY(baseline.has_value());
        QCOMPARE(baseline->what, std::string("full, seed 0, 4 images"));
        QVERIFY(report_numbers(f.app->kept()->record).speed_up->measured);
    }

    void oneOfAnEarlierSessionCountsAndIsNamedWithItsDate()
    {
        StudioFixture f;
        measureAndLeave(f);
        f.make();
        f.showAndOpen();
        const auto baseline = baselineOfAdaDiff(f);
        QVERIFY(baseline.has_value());
        // The scripted engine began then; as the clock on this machine's wall said.
        const QDate day =
            QDateTime::fromString(QStringLiteral("2026-01-02T03:04:05Z"), Qt::ISODate).toLocalTime().date();
        const QString what = QStringLiteral("full, seed 0, 4 images, on %1").arg(day.toString(Qt::ISODate));
        QCOMPARE(QString::fromStdString(baseline->what), what);
        const ReportNumbers numbers = report_numbers(f.app->kept()->record);
        QVERIFY(numbers.speed_up && numbers.speed_up->measured);
        QVERIFY(QString::fromStdString(result_sentence(f.app->kept()->record, numbers)).contains(what));
        QVERIFY(f.app->window().numbers()->textSummary().contains(what));
        // Measured anew, it is this session's.
        f.configure(PolicyKind::full, 30, 4, 4);
        f.runToTheEnd();
        QCOMPARE(baselineOfAdaDiff(f)->what, std::string("full, seed 0, 4 images"));
    }

    void otherSettingsHaveNone()
    {
        StudioFixture f;
        measureAndLeave(f);
        f.make();
        f.showAndOpen();
        QVERIFY(!baselineOfAdaDiff(f, 31));
        QVERIFY(!baselineOfAdaDiff(f, 30, 4, 2));
        QVERIFY(!baselineOfAdaDiff(f, 30, 6, 4));  // its last batch is smaller
        QVERIFY(baselineOfAdaDiff(f, 30, 8, 4).has_value());
    }

    void anotherMachineProgramOrModelHasNone_data()
    {
        QTest::addColumn<QByteArray>("from");
        QTest::addColumn<QByteArray>("to");
        QTest::newRow("processor") << QByteArray("Scripted CPU") << QByteArray("Another CPU");
        QTest::newRow("threads") << QByteArray("\"threads\": 2") << QByteArray("\"threads\": 4");
        QTest::newRow("precision") << QByteArray("fp32") << QByteArray("bf16");
        QTest::newRow("program") << QByteArray("duodiff test") << QByteArray("duodiff best");
        QTest::newRow("model") << QByteArray("aaaaaaaaaa") << QByteArray("aaaaaaaaab");
        QTest::newRow("host") << QByteArray("\"host\": \"") << QByteArray("\"host\": \"x");
    }

    void anotherMachineProgramOrModelHasNone()
    {
        QFETCH(QByteArray, from);
        QFETCH(QByteArray, to);
        StudioFixture f;
        measureAndLeave(f);
        QByteArray bytes = stored(f);
        QVERIFY(bytes.contains(from));
        store(f, bytes.replace(from, to));
        f.make();
        f.showAndOpen();
        QVERIFY(!baselineOfAdaDiff(f));
    }

    void everythingThatDecidesTheTimeIsCompared()
    {
        const RunRecord record = someRecord();
        const QJsonObject own = timingConditions(record);
        const std::vector<std::function<void(RunRecord&)>> changes = {
            [](RunRecord& r) { r.settings.solver = SolverKind::ddim; },
            [](RunRecord& r) { r.settings.steps = 49; },
            [](RunRecord& r) { r.settings.batch = 7; },
            [](RunRecord& r) { r.settings.compat = Compat::reference; },
            [](RunRecord& r) { r.machine.device = "cuda:0"; },
            [](RunRecord& r) { r.machine.attention = "flash"; },
            [](RunRecord& r) { r.machine.libtorch = "3"; },
            [](RunRecord& r) { r.model.sha256["full"] = "ab"; },
        };
        for (const auto& change : changes) {
            RunRecord other = record;
            change(other);
            QVERIFY(timingConditions(other) != own);
        }
        RunRecord same = record;
        same.settings.policy = PolicyKind::duodiff;
        same.settings.switch_step = 77;
        same.settings.seed = 9;
        same.settings.classes = {1};
        same.settings.count = 28;
        same.model.sha256["shallow"] = "cc";
        QCOMPARE(timingConditions(same), own);
    }

    void weightsWithoutADigestCountInTheirSessionOnly()
    {
        StudioFixture f;
        StateFolder folder(f.folder.filePath(QStringLiteral("other")));
        RunRecord full = someRecord();
        full.settings.policy = PolicyKind::full;
        full.model.sha256.clear();
        full.model.path = "/a.pth";
        full.sampling_ms = 100.0;
        full.images.resize(20);
        RunRecord run = full;
        run.settings.policy = PolicyKind::adadiff;
        {
            Baselines session(folder, f.app->window());
            session.apply(full);
            session.apply(run);
            QVERIFY(run.baseline.has_value());
            QCOMPARE(run.baseline->ms_per_image, 5.0);
        }
        folder.wait();
        Baselines next(folder, f.app->window());
        next.load();
        run.baseline.reset();
        next.apply(run);
        QVERIFY(!run.baseline);
    }

    void stoppedRunsBranchesAndProbeRunsAreNoBaseline()
    {
        StudioFixture f;
        StateFolder folder(f.folder.filePath(QStringLiteral("other")));
        const std::vector<std::function<void(RunRecord&)>> changes = {
            [](RunRecord& r) { r.state = RunState::cancelled; },
            [](RunRecord& r) { r.branch = BranchRecord{}; },
            [](RunRecord& r) { r.all_uncertainties = true; },
            [](RunRecord& r) { r.images.clear(); },
        };
        for (const auto& change : changes) {
            Baselines session(folder, f.app->window());
            RunRecord full = someRecord();
            full.settings.policy = PolicyKind::full;
            full.sampling_ms = 100.0;
            full.images.resize(20);
            RunRecord run = full;
            run.settings.policy = PolicyKind::adadiff;
            change(full);
            session.apply(full);
            session.apply(run);
            QVERIFY(!run.baseline);
        }
    }

    /// Point 18: nothing is lost, and damage is told.
    void aDamagedFileIsKeptAsideWithANotice_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("binary") << QByteArray("\x89PNG\r\n\x1a\n\0\0\0", 11);
        QTest::newRow("of another version")
            << QByteArray(R"({"format": "duodiff-baselines", "version": 9, "measured": []})");
        QTest::newRow("wrong types") << QByteArray(
            R"({"format": "duodiff-baselines", "version": 1, "measured": [7, {}]})");
        QTest::newRow("a time of nothing") << QByteArray(
            R"({"format": "duodiff-baselines", "version": 1, "measured": [{"conditions": {"a": 1},)"
            R"( "ms_per_image": 0, "what": "x", "date": "2026-01-01"}]})");
        QTest::newRow("nested without end") << QByteArray(100'000, '[');
        QTest::newRow("huge") << QByteArray(5 * 1024 * 1024, ' ');
    }

    void aDamagedFileIsKeptAsideWithANotice()
    {
        QFETCH(QByteArray, bytes);
        StudioFixture f;
        measureAndLeave(f);
        store(f, bytes);
        f.make();
        f.showAndOpen();
        QVERIFY(f.messages().current().what.contains(QStringLiteral("measured times")));
        QFile aside(storedPath(f) + QStringLiteral(".damaged"));
        QVERIFY(aside.open(QIODevice::ReadOnly));
        QVERIFY(aside.readAll() == bytes);
        QVERIFY(!baselineOfAdaDiff(f));
    }
};

int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    StudioBaselines test;
    return QTest::qExec(&test, argc, argv);
}
#include "studio_baselines.moc"
