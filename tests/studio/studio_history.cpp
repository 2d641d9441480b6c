// SPDX-License-Identifier: GPL-3.0-or-later
// Point 15: the history.
#include "report/image8.h"
#include "report/image_metadata.h"
#include "report/run_file.h"
#include "report/uncertainty_file.h"
#include "stream/what_if.h"
#include "studio/history_index.h"
#include "studio_fixture.h"
#include "ui/exit_plot.h"
#include "ui/preview_grid.h"

#include <QAbstractItemModelTester>
#include <QAction>
#include <QDirIterator>
#include <QLineEdit>
#include <QProcess>
#include <QSpinBox>
#include <QToolButton>

#include <limits>

using namespace duodiff;
using namespace duodiff::studio;
using duodiff::test::patience;
using duodiff::test::StudioFixture;

namespace
{

class HistoryFixture : public StudioFixture
{
public:
    HistoryFixture() { open(); }

    void open()
    {
        QSignalSpy loaded(&history(), &History::loaded);
        showAndOpen();
        QVERIFY(!loaded.isEmpty() || loaded.wait(patience));
    }
    void restart()
    {
        app->window().close();
        make();
        open();
    }
    History& history() { return app->history(); }
    QAbstractItemModel& rows() { return *history().panel().list()->model(); }
    QString runsFolder() const { return folder.filePath(QStringLiteral("data/history/runs")); }
    QString indexPath() const { return folder.filePath(QStringLiteral("data/history/index.jsonl")); }
    QStringList runsOnDisk() const
    {
        return QDir(runsFolder()).entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name);
    }

    /// Runs, and waits until the history has it; its id.
    QString keepOne(PolicyKind policy, int images = 2, std::uint64_t seed = 0)
    {
        configure(policy, 12, images, 4);
        auto settings = controls().settings();
        settings.seed = seed;
        controls().setSettings(settings);
        QSignalSpy kept(&history(), &History::kept);
        runToTheEnd();
        if (kept.isEmpty()) {
            kept.wait(patience);
        }
        return kept.isEmpty() ? QString() : kept.first().first().toString();
    }

    std::vector<ui::HistoryEntry> entries() { return history().model().entries(); }
};

/// A run with the steps and images of `record` again and again; without pictures.
RunRecord manyTimes(const RunRecord& record, int images, int steps)
{
    RunRecord large = record;
    large.images.clear();
    large.settings.count = large.settings.batch = images;
    large.settings.steps = steps;
    large.steps.clear();
    for (int k = 0; k < steps; ++k) {
        const StepRecord& from = record.steps[static_cast<std::size_t>(k) % record.steps.size()];
        const std::size_t width = from.exit_layers.size();
        StepRecord step = from;
        step.step = k;
        step.t = 999 - k;
        step.exit_layers.clear();
        step.uncertainty.clear();
        for (int image = 0; image < images; ++image) {
            step.exit_layers.push_back(from.exit_layers[static_cast<std::size_t>(image) % width]);
        }
        for (std::size_t row = 0; row < from.uncertainty.size(); row += width) {
            for (int image = 0; image < images; ++image) {
                step.uncertainty.push_back(from.uncertainty[row + static_cast<std::size_t>(image) % width]);
            }
        }
        large.steps.push_back(std::move(step));
    }
    return large;
}

QByteArray contents(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void overwrite(const QString& path, const QByteArray& bytes)
{
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(bytes);
}

ui::HistoryEntry sampleEntry()
{
    ui::HistoryEntry entry;
    entry.id = QStringLiteral("20261121-101112000-00ff");
    entry.title = QStringLiteral("AdaDiff, θ = 0.08");
    entry.model = QStringLiteral("a \"model\"\n");
    entry.solver = QStringLiteral("DDPM");
    entry.steps = 1000;
    entry.seed = 18446744073709551615ull;
    entry.time = QDateTime(QDate(2026, 11, 21), QTime(10, 11, 12, 345), Qt::UTC);
    entry.skipped = 0.4375;
    entry.images = 7;
    entry.asked = 16;
    entry.state = RunState::cancelled;
    entry.classes = {QStringLiteral("Bag"), QStringLiteral("Ankle boot")};
    entry.thumbnails = 4;
    entry.bytes = 123456789012;
    entry.favourite = true;
    return entry;
}

/// A run without an engine.
KeptRun smallRun(std::uint64_t seed)
{
    KeptRun run;
    run.record.settings.seed = seed;
    run.record.settings.count = run.record.settings.batch = 2;
    run.record.settings.steps = 2;
    run.record.model = test::scriptedModel().summary;
    for (int image = 0; image < 2; ++image) {
        run.record.images.push_back({image, seed + static_cast<std::uint64_t>(image), image, {}});
        run.images.push_back({image, seed + static_cast<std::uint64_t>(image), image, 1, 28, 28,
                              std::vector<float>(28 * 28, 0.25F)});
    }
    for (int step = 0; step < 2; ++step) {
        StepRecord record;
        record.step = step;
        record.t = 999 * (1 - step);
        record.parameters = {std::numeric_limits<double>::quiet_NaN()};
        record.exit_layers = {13, 13};
        run.record.steps.push_back(record);
    }
    return run;
}

/// What the killed process does until it is killed: keeps runs, stars and deletes some.
int keepRunsForever(const QString& folder)
{
    HistoryStore store(folder);
    store.load(true);
    for (std::uint64_t seed = 0;; ++seed) {
        const QString id = HistoryStore::newId();
        store.add(id, smallRun(seed));
        if (seed % 3 == 1) {
            store.setFavourite(id, true);
        }
        if (seed % 3 == 2) {
            store.remove(id);
        }
    }
}

}  // namespace

class StudioHistory : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyRunIsKeptWithItsImagesAndSettingsWhole()
    {
        HistoryFixture f;
        const QAbstractItemModelTester tester(&f.history().model(),
                                              QAbstractItemModelTester::FailureReportingMode::QtTest);
        const QAbstractItemModelTester filterTester(&f.rows(),
                                                    QAbstractItemModelTester::FailureReportingMode::QtTest);
        const QString id = f.keepOne(PolicyKind::adadiff, 3, 1234567890123456789ull);
        QVERIFY(!id.isEmpty());
        QCOMPARE(f.rows().rowCount(), 1);
        const auto& entry = f.entries().front();
        QCOMPARE(entry.seed, 1234567890123456789ull);
        QCOMPARE(entry.images, 3);
        QCOMPARE(entry.thumbnails, 3);
        QVERIFY(entry.bytes > 1000);
        QVERIFY(entry.title.contains(QStringLiteral("0.08")));

        const std::filesystem::path folder = f.history().store().runFolder(id).toStdU16String();
        const RunRecord read = read_run_file(folder / "run.json");
        QVERIFY(read.settings == f.app->kept()->record.settings);
        QCOMPARE(read.probes, f.app->kept()->record.probes);
        QVERIFY(!read.steps.front().uncertainty.empty());
        for (int image = 0; image < 3; ++image) {
            const auto path = folder / read.images[static_cast<std::size_t>(image)].file;
            QVERIFY(read_png(path) == to_image8(f.app->kept()->images[static_cast<std::size_t>(image)]));
            QVERIFY(read_image_metadata(path).settings == read.settings);
        }
    }

    // Points 4 and 15.
    void aRunTooLargeForItsRunFileKeepsItsUncertaintiesBesideIt()
    {
        HistoryFixture f;
        f.keepOne(PolicyKind::adadiff);
        KeptRun large;
        large.record = manyTimes(f.app->kept()->record, 256, 200);
        HistoryStore store(f.folder.filePath(QStringLiteral("large")));
        const QString id = HistoryStore::newId();
        store.add(id, large);
        const std::filesystem::path place = store.runFolder(id).toStdU16String();
        QVERIFY(read_run_file(place / "run.json").steps.front().uncertainty.empty());
        auto shown = store.read(id);
        QVERIFY(shown.run.notice.isEmpty());
        const PolicyChoice choice{.policy = PolicyKind::adadiff, .threshold = 0.1};
        const WhatIf before = WhatIfIndex(large.record).predict(choice);
        const WhatIf after = WhatIfIndex(shown.kept->record).predict(choice);
        QVERIFY(before.available() && after.available());
        QVERIFY(before.exit_layers == after.exit_layers);

        // Damage costs the what-if alone, and is said.
        const QString file = QString::fromStdU16String((place / uncertainty_file_name).u16string());
        QFile damaged(file);
        QVERIFY(damaged.open(QIODevice::ReadWrite) && damaged.seek(5000) && damaged.write("damage") == 6);
        damaged.close();
        shown = store.read(id);
        QVERIFY2(shown.run.notice.contains(QStringLiteral("damaged")), qPrintable(shown.run.notice));
        QCOMPARE(shown.kept->record.steps.size(), std::size_t(200));
        QVERIFY(!WhatIfIndex(shown.kept->record).predict(choice).available());
    }

    void aStoppedRunAndTheOneThatClosingEndsAreKeptToo()
    {
        HistoryFixture f;
        f.configure(PolicyKind::full, 20, 8, 4);
        f.script->gate.close();
        f.script->gate.allow(25);
        f.app->generate();
        f.script->gate.waitForVisitor();
        QSignalSpy kept(&f.history(), &History::kept);
        f.app->run().stop();
        QVERIFY(kept.wait(patience));
        QCOMPARE(f.entries().front().state, RunState::cancelled);
        QCOMPARE(f.entries().front().images, 4);
        f.script->gate.allow(25);
        f.app->generate();
        QTRY_VERIFY_WITH_TIMEOUT(f.app->run().live().steps.size() == 20, patience);
        f.script->gate.waitForVisitor();
        f.restart();
        QCOMPARE(f.rows().rowCount(), 2);
        QCOMPARE(f.entries().front().state, RunState::cancelled);
    }

    void aRunShownAgainIsTheSameInPicturesPlotAndNumbersAndCanBeRestored()
    {
        HistoryFixture f;
        const QString id = f.keepOne(PolicyKind::adadiff, 3, 7);
        const auto before = f.app->kept();
        const auto curve = f.app->window().plot()->data().meanCurve();
        f.keepOne(PolicyKind::full, 1, 99);
        QVERIFY(f.app->window().plot()->data().meanCurve() != curve);
        f.history().panel().select(id);
        QSignalSpy shown(&f.history(), &History::shown);
        QTest::keyClick(f.history().panel().list(), Qt::Key_Return);
        QVERIFY(shown.wait(patience));
        QCOMPARE(f.app->window().plot()->data().meanCurve(), curve);
        QCOMPARE(f.app->window().previews()->count(), 3);
        for (int image = 0; image < 3; ++image) {
            const auto& finished = before->images[static_cast<std::size_t>(image)];
            QCOMPARE(f.app->window().previews()->image(image).convertToFormat(QImage::Format_RGB32),
                     ui::toImage(finished).convertToFormat(QImage::Format_RGB32));
            QVERIFY(to_image8(f.app->kept()->images[static_cast<std::size_t>(image)]) == to_image8(finished));
        }
        const auto message = f.messages().current();
        QCOMPARE(message.actions.size(), std::size_t(3));
        message.actions.front().run();
        auto restored = f.controls().settings();
        restored.precision = before->record.settings.precision;
        QVERIFY(restored == before->record.settings);
    }

    void theSearchFindsPolicyModelClassSeedAndDateAndFavouritesAlone()
    {
        HistoryFixture f;
        const QString first = f.keepOne(PolicyKind::adadiff, 2, 41);
        const QString second = f.keepOne(PolicyKind::duodiff, 10, 4711);
        auto* search = f.history().panel().search();
        const auto found = [&](const QString& words) {
            search->setText(words);
            return f.rows().rowCount();
        };
        QCOMPARE(found(QStringLiteral("adadiff")), 1);
        QCOMPARE(found(QStringLiteral("diff")), 2);
        QCOMPARE(found(QStringLiteral("seed 4711")), 1);
        QCOMPARE(found(QStringLiteral("fashion")), 2);
        QCOMPARE(found(QStringLiteral("ankle BOOT")), 1);
        const QDate day = f.entries().front().time.toLocalTime().date();
        QCOMPARE(found(day.toString(Qt::ISODate)), 2);
        QCOMPARE(found(QStringLiteral("adadiff ankle")), 0);
        QVERIFY(f.history().panel().list()->emptyText().contains(QStringLiteral("No run matches")));
        QCOMPARE(found({}), 2);
        f.history().toggleFavourite(first);
        f.history().panel().favouritesButton()->click();
        QCOMPARE(f.rows().rowCount(), 1);
        f.restart();
        QVERIFY(f.history().model().find(first)->favourite);
        QVERIFY(!f.history().model().find(second)->favourite);
    }

    void aDeletedRunComesBackByUndoAndIsGoneAfterTheNextStart()
    {
        HistoryFixture f;
        const QString first = f.keepOne(PolicyKind::adadiff);
        const QString second = f.keepOne(PolicyKind::full);
        f.activate();
        f.history().panel().select(first);
        f.history().panel().list()->setFocus();
        QTest::keyClick(f.history().panel().list(), Qt::Key_Delete);
        QCOMPARE(f.rows().rowCount(), 1);
        QTRY_COMPARE_WITH_TIMEOUT(f.runsOnDisk(), QStringList{second}, patience);
        QVERIFY(f.app->undo().undoAction()->text().contains(QStringLiteral("deletion of AdaDiff")));
        QTest::keyClick(&f.app->window(), Qt::Key_Z, Qt::ControlModifier);
        QTRY_COMPARE_WITH_TIMEOUT(f.rows().rowCount(), 2, patience);
        QCOMPARE(f.runsOnDisk(), (QStringList{first, second}));

        f.history().remove(first);
        f.messages().current().actions.front().run();
        QTRY_COMPARE_WITH_TIMEOUT(f.rows().rowCount(), 2, patience);
        f.history().remove(first);
        f.restart();
        QCOMPARE(f.runsOnDisk(), QStringList{second});
        QCOMPARE(f.rows().rowCount(), 1);
        QVERIFY(!QFileInfo::exists(f.folder.filePath(QStringLiteral("data/history/trash"))));
    }

    void theOldestGoBeyondTheLimitButFavouritesNever()
    {
        HistoryFixture f;
        QStringList ids;
        for (int run = 0; run < 12; ++run) {
            ids << f.keepOne(PolicyKind::full, 1, static_cast<std::uint64_t>(run));
        }
        f.history().toggleFavourite(ids[0]);
        f.history().panel().limitBox()->setValue(10);
        QCOMPARE(f.rows().rowCount(), 12);
        QVERIFY(f.messages().current().what.contains(QStringLiteral("oldest")));
        ids << f.keepOne(PolicyKind::full);
        QCOMPARE(f.rows().rowCount(), 11);
        f.restart();
        QCOMPARE(f.history().limit(), 10);
        QStringList expected{ids[0]};
        expected += ids.mid(3);
        QCOMPARE(f.runsOnDisk(), expected);
    }

    void anIndexLineReadsBackAsItWasWritten()
    {
        const auto entry = sampleEntry();
        const auto index = readIndex(addLine(entry));
        QCOMPARE(index.damagedLines, 0);
        QVERIFY(index.entries.size() == 1 && index.entries.front() == entry);
        QVERIFY(entryFromJson(entryToJson(entry)) == entry);
        QVERIFY(readIndex(addLine(entry) + favouriteLine(entry.id, false) + removeLine(entry.id))
                    .entries.empty());
    }

    void anIndexThatIsCutOffAnywhereIsReadUpToThere()
    {
        auto entry = sampleEntry();
        QByteArray bytes;
        std::vector<qsizetype> ends;
        for (int run = 0; run < 4; ++run) {
            entry.id = QStringLiteral("run-%1").arg(run);
            bytes += addLine(entry);
            ends.push_back(bytes.size());
        }
        for (qsizetype size = 0; size <= bytes.size(); ++size) {
            const auto index = readIndex(bytes.left(size));
            const auto whole =
                std::count_if(ends.begin(), ends.end(), [size](qsizetype end) { return end <= size; });
            QCOMPARE(index.entries.size(), static_cast<std::size_t>(whole));
            QCOMPARE(index.damagedLines, 0);
        }
    }

    void killedAtAnyMomentTheHistoryIsWholeAtTheNextStart_data()
    {
        QTest::addColumn<QString>("what");
        QTest::newRow("between the run and its line") << "no line";
        QTest::newRow("within the line") << "half a line";
        QTest::newRow("while the run was written") << "unfinished";
        QTest::newRow("between the trash and its line") << "trash";
    }

    void killedAtAnyMomentTheHistoryIsWholeAtTheNextStart()
    {
        QFETCH(QString, what);
        HistoryFixture f;
        const QString first = f.keepOne(PolicyKind::adadiff);
        const QByteArray before = contents(f.indexPath());
        const QString second = f.keepOne(PolicyKind::full);
        const QByteArray after = contents(f.indexPath());
        f.app->window().close();
        f.app.reset();
        const QDir data(f.folder.filePath(QStringLiteral("data/history")));
        QStringList expected{first, second};
        if (what == QLatin1String("no line")) {
            overwrite(f.indexPath(), before);
        } else if (what == QLatin1String("half a line")) {
            overwrite(f.indexPath(), after.left((before.size() + after.size()) / 2));
        } else if (what == QLatin1String("unfinished")) {
            QVERIFY(data.mkpath(QStringLiteral("unfinished")));
            QVERIFY(QDir().rename(f.runsFolder() + '/' + second, data.filePath("unfinished/" + second)));
            overwrite(f.indexPath(), before);
            expected = {first};
        } else {
            QVERIFY(data.mkpath(QStringLiteral("trash")));
            QVERIFY(QDir().rename(f.runsFolder() + '/' + first, data.filePath("trash/" + first)));
            expected = {second};
        }
        f.make();
        f.open();
        QVERIFY(f.messages().isEmpty());
        QCOMPARE(f.rows().rowCount(), expected.size());
        QCOMPARE(f.runsOnDisk(), expected);
        QVERIFY(!data.exists(QStringLiteral("unfinished")));
        const auto index = readIndex(contents(f.indexPath()));
        QCOMPARE(index.entries.size(), static_cast<std::size_t>(expected.size()));
        QVERIFY(!index.cutOff && index.damagedLines == 0);
    }

    void aDamagedIndexIsKeptAsideWithANoticeAndMadeAnewFromTheRuns_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("binary") << QByteArray("\x89PNG\r\n\x1a\n\0\0\0 garbage \n[[[ nothing\n", 31);
        QTest::newRow("wrong types") << QByteArray("{\"add\": {\"id\": 7, \"title\": [], \"seed\": {}}}\n");
        QTest::newRow("a path for an id") << addLine([] {
            auto entry = sampleEntry();
            entry.id = QStringLiteral("../../escape");
            return entry;
        }());
        QTest::newRow("one line without an end in sight")
            << QByteArray("{\"add\": \"") + QByteArray(3'000'000, 'x') + "\"}\n";
        QTest::newRow("nested without end") << QByteArray(60'000, '[') + "\n";
    }

    void aDamagedIndexIsKeptAsideWithANoticeAndMadeAnewFromTheRuns()
    {
        QFETCH(QByteArray, bytes);
        HistoryFixture f;
        const QString first = f.keepOne(PolicyKind::adadiff);
        f.history().toggleFavourite(first);
        f.keepOne(PolicyKind::full);
        f.app->window().close();
        f.app.reset();
        overwrite(f.indexPath(), bytes);
        f.make();
        f.open();
        QCOMPARE(f.rows().rowCount(), 2);
        QVERIFY(f.history().model().find(first)->favourite);
        QVERIFY(f.messages().current().what.contains(QStringLiteral("damaged")));
        QCOMPARE(contents(f.indexPath() + QStringLiteral(".damaged")), bytes);
        f.restart();
        QVERIFY(f.messages().isEmpty());
        QCOMPARE(f.rows().rowCount(), 2);
    }

    void aRunThatCannotBeReadIsKeptAsideAndSaidSo()
    {
        HistoryFixture f;
        const QString first = f.keepOne(PolicyKind::adadiff);
        const QString second = f.keepOne(PolicyKind::full);
        overwrite(f.history().store().runFolder(first) + QStringLiteral("/run.json"), "{\"settings\": 3}");
        f.history().show(first);
        QTRY_VERIFY_WITH_TIMEOUT(!f.messages().isEmpty(), patience);
        QVERIFY(f.messages().current().kind == ui::Message::Kind::error);
        QVERIFY(f.messages().current().remedy.contains(QStringLiteral("damaged")));
        QCOMPARE(f.runsOnDisk(), QStringList{second});
        QVERIFY(QFileInfo::exists(f.folder.filePath("data/history/damaged/" + first + "/run.json")));

        f.app->window().close();
        f.app.reset();
        overwrite(f.runsFolder() + '/' + second + QStringLiteral("/entry.json"), "{}");
        overwrite(f.runsFolder() + '/' + second + QStringLiteral("/run.json"), "\1\2\3");
        QFile::remove(f.indexPath());
        f.make();
        f.open();
        QCOMPARE(f.rows().rowCount(), 0);
        QVERIFY(f.messages().current().what.contains(QStringLiteral("could not be read")));
        QVERIFY(QFileInfo::exists(f.folder.filePath("data/history/damaged/" + second)));
    }

    void aProcessThatIsKilledWhileItWritesLeavesAHistoryThatReads()
    {
        const QTemporaryDir folder;
        const QString history = folder.filePath(QStringLiteral("history"));
        const QDir runs(history + QStringLiteral("/runs"));
        HistoryStore store(history);
        for (int round = 1; round <= 6; ++round) {
            QProcess process;
            process.start(QCoreApplication::applicationFilePath(), {QStringLiteral("--keep-runs"), history});
            QTRY_VERIFY_WITH_TIMEOUT(runs.entryList(QDir::Dirs | QDir::NoDotAndDotDot).size() >= 3 * round,
                                     patience);
            process.kill();
            QVERIFY(process.waitForFinished(patience));
            const auto loaded = store.load(true);
            QVERIFY2(loaded.notices.isEmpty(), qPrintable(loaded.notices.join(QLatin1Char(' '))));
            QCOMPARE(static_cast<qsizetype>(loaded.entries.size()),
                     runs.entryList(QDir::Dirs | QDir::NoDotAndDotDot).size());
            for (const ui::HistoryEntry& entry : loaded.entries) {
                const auto shown = store.read(entry.id);
                QCOMPARE(shown.kept->images.size(), std::size_t(2));
                QCOMPARE(shown.run.settings.seed, entry.seed);
                QVERIFY(!store.thumbnails(entry.id).isNull());
            }
        }
    }

    void aSecondStudioTidiesNothingOfTheFirst()
    {
        HistoryFixture f;
        const QString first = f.keepOne(PolicyKind::adadiff);
        f.history().remove(first);
        QTRY_VERIFY_WITH_TIMEOUT(f.runsOnDisk().isEmpty(), patience);
        const QString data = f.folder.filePath(QStringLiteral("data"));
        const StateFolder other(data);
        QVERIFY(!other.isOwner());
        HistoryStore(data + QStringLiteral("/history")).load(other.isOwner());
        QVERIFY(QFileInfo::exists(data + QStringLiteral("/history/trash/") + first));
    }
};

int main(int argc, char** argv)
{
    if (argc == 3 && QByteArray(argv[1]) == "--keep-runs") {
        const QGuiApplication application(argc, argv);
        return keepRunsForever(QString::fromLocal8Bit(argv[2]));
    }
    QApplication application(argc, argv);
    StudioHistory test;
    return QTest::qExec(&test, argc, argv);
}
#include "studio_history.moc"
