// SPDX-License-Identifier: GPL-3.0-or-later
// Point 5: the queue.
#include "report/run_file.h"
#include "studio_fixture.h"

#include <QAbstractItemModelTester>
#include <QAction>
#include <QDockWidget>
#include <QToolButton>

using namespace duodiff;
using namespace duodiff::studio;
using duodiff::test::patience;
using duodiff::test::StudioFixture;
using duodiff::ui::QueueState;

namespace
{

class QueueFixture : public StudioFixture
{
public:
    QueueFixture() { showAndOpen(); }

    RunQueue& queue() { return app->queue(); }
    QString queuePath() const { return folder.filePath(QStringLiteral("data/queue.json")); }
    void addRun(std::uint64_t seed, int steps = 10, PolicyKind policy = PolicyKind::adadiff)
    {
        configure(policy, steps, 2, 2);
        auto settings = controls().settings();
        settings.seed = seed;
        controls().setSettings(settings);
        queue().addAction()->trigger();
    }
    QList<QueueState> states()
    {
        QList<QueueState> states;
        for (const QueueItem& item : queue().items()) {
            states << item.state;
        }
        return states;
    }
    QList<std::uint64_t> seeds()
    {
        QList<std::uint64_t> seeds;
        for (const QueueItem& item : queue().items()) {
            seeds << item.settings.seed;
        }
        return seeds;
    }
    QString id(int row) { return queue().items().at(static_cast<std::size_t>(row)).id; }
    /// What a kill leaves: the marker, and the files as they are.
    void restartAfterCrash()
    {
        app->window().close();
        app.reset();
        QFile marker(folder.filePath(QStringLiteral("data/running")));
        QVERIFY(marker.open(QIODevice::WriteOnly));
        marker.close();
        make();
        showAndOpen();
    }
};

constexpr auto waiting = QueueState::waiting;
constexpr auto running = QueueState::running;
constexpr auto done = QueueState::done;
constexpr auto failed = QueueState::failed;
constexpr auto cancelled = QueueState::cancelled;

}  // namespace

class StudioQueue : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void queuedRunsAreMadeOneAfterTheOtherAndGoToTheHistory()
    {
        QueueFixture f;
        const QAbstractItemModelTester tester(&f.queue().model(),
                                              QAbstractItemModelTester::FailureReportingMode::QtTest);
        f.script->gate.close();
        f.addRun(1);
        f.addRun(2);
        f.addRun(3);
        QCOMPARE(f.states(), (QList<QueueState>{running, waiting, waiting}));
        QCOMPARE(f.queue().panel().footer(), QStringLiteral("2 wait"));
        f.script->gate.open();
        QTRY_COMPARE_WITH_TIMEOUT(f.states(), (QList<QueueState>{done, done, done}), patience);
        QCOMPARE(f.script->runs.load(), 3);
        QTRY_COMPARE_WITH_TIMEOUT(f.app->history().model().rowCount(), 3, patience);
        QCOMPARE(f.app->history().model().entry(0).seed, 3u);
        QCOMPARE(f.app->history().model().entry(2).seed, 1u);
    }

    void theControlsPrepareTheNextRunWhileAQueuedOneGoesOn()
    {
        QueueFixture f;
        f.script->gate.close();
        f.addRun(1, 40);
        f.script->gate.allow(5);
        f.script->gate.waitForVisitor();
        f.configure(PolicyKind::adadiff, 7, 2, 2);
        auto* theta = f.controls().threshold();
        QVERIFY(theta->slider()->isEnabled());
        theta->slider()->setValue(theta->slider()->maximum());
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        f.script->gate.open();
        QVERIFY(ended.wait(patience));
        const RunRecord& record = f.app->kept()->record;
        QCOMPARE(record.settings.steps, 40);
        QCOMPARE(record.steps.back().parameters.front(), 0.08);
        QCOMPARE(f.controls().settings().threshold, 0.2);
    }

    void theOrderIsChangedByKeysAndByDragging()
    {
        QueueFixture f;
        const QAbstractItemModelTester tester(&f.queue().model(),
                                              QAbstractItemModelTester::FailureReportingMode::QtTest);
        f.activate();
        f.queue().setPaused(true);
        for (std::uint64_t seed = 1; seed <= 4; ++seed) {
            f.addRun(seed);
        }
        auto* dock = f.app->window().findChild<QDockWidget*>(QStringLiteral("queueDock"));
        dock->raise();
        auto* list = f.queue().panel().list();
        QTRY_VERIFY_WITH_TIMEOUT(list->isVisible(), patience);
        list->setFocus();
        f.queue().panel().select(f.id(2));
        QTest::keyClick(list, Qt::Key_Up, Qt::AltModifier);
        QCOMPARE(f.seeds(), (QList<std::uint64_t>{1, 3, 2, 4}));
        QTest::keyClick(list, Qt::Key_Up, Qt::AltModifier);
        QTest::keyClick(list, Qt::Key_Up, Qt::AltModifier);
        QCOMPARE(f.seeds(), (QList<std::uint64_t>{3, 1, 2, 4}));
        QTest::keyClick(list, Qt::Key_Down, Qt::AltModifier);
        QCOMPARE(f.seeds(), (QList<std::uint64_t>{1, 3, 2, 4}));
        // What the view calls when a row is dropped above another one.
        QVERIFY(f.queue().model().moveRow({}, 3, {}, 0));
        QCOMPARE(f.seeds(), (QList<std::uint64_t>{4, 1, 3, 2}));
        QTest::keyClick(list, Qt::Key_Delete);
        QCOMPARE(f.seeds().size(), 3);
        f.queue().setPaused(false);
        QTRY_COMPARE_WITH_TIMEOUT(f.states(), (QList<QueueState>{done, done, done}), patience);
    }

    void oneOrAllCanBeCancelledAndRunAgain()
    {
        QueueFixture f;
        f.script->gate.close();
        f.addRun(1);
        f.addRun(2);
        f.addRun(3);
        f.script->gate.waitForVisitor();
        // The run in progress is taken out: the next one begins.
        f.queue().remove(f.id(0));
        QTRY_COMPARE_WITH_TIMEOUT(f.states(), (QList<QueueState>{running, waiting}), patience);
        f.queue().cancelAll();
        QTRY_COMPARE_WITH_TIMEOUT(f.states(), (QList<QueueState>{cancelled, cancelled}), patience);
        QTRY_VERIFY_WITH_TIMEOUT(!f.app->run().isRunning(), patience);
        QVERIFY(!f.queue().isPaused());
        f.script->gate.open();
        f.queue().retry(f.id(1));
        QTRY_COMPARE_WITH_TIMEOUT(f.states(), (QList<QueueState>{cancelled, done}), patience);
    }

    void stopByHandPausesTheQueue()
    {
        QueueFixture f;
        f.script->gate.close();
        f.addRun(1);
        f.addRun(2);
        f.script->gate.waitForVisitor();
        f.app->window().action(ui::Act::stop)->trigger();
        QTRY_COMPARE_WITH_TIMEOUT(f.states(), (QList<QueueState>{cancelled, waiting}), patience);
        QVERIFY(f.queue().isPaused());
        f.script->gate.open();
        f.messages().current().actions.front().run();
        QTRY_COMPARE_WITH_TIMEOUT(f.states(), (QList<QueueState>{cancelled, done}), patience);
    }

    void aFailedRunSaysWhyAndTheNextOneGoesOn()
    {
        QueueFixture f;
        f.script->sampleFailure = Failure{ErrorCode::failed, "The lamp went out", "step 3", "Light it"};
        f.queue().setPaused(true);
        f.addRun(1);
        f.addRun(2);
        f.script->failAtStep = 3;
        // One failure, then it is mended.
        f.script->beforeStep = [script = f.script.get(), runs = 0](int step) mutable {
            runs += step == 0 ? 1 : 0;
            script->failAtStep = runs == 1 ? 3 : -1;
        };
        f.queue().setPaused(false);
        QTRY_COMPARE_WITH_TIMEOUT(f.states(), (QList<QueueState>{failed, done}), patience);
        QCOMPARE(f.queue().items().front().error, QStringLiteral("The lamp went out"));
        const auto message = f.messages().current();
        QCOMPARE(message.remedy, QStringLiteral("Light it"));
        message.actions.front().run();
        QTRY_COMPARE_WITH_TIMEOUT(f.states(), (QList<QueueState>{done, done}), patience);
        QVERIFY(f.queue().items().front().error.isEmpty());
    }

    void aQueuedRunOpensItsOwnModel()
    {
        QueueFixture f;
        QDir(f.folder.path()).mkpath(QStringLiteral("other"));
        QVERIFY(QFile::copy(f.packPath() + QStringLiteral("/pack.json"),
                            f.folder.filePath(QStringLiteral("other/pack.json"))));
        f.queue().setPaused(true);
        f.addRun(1);
        QSignalSpy opened(f.app.get(), &Studio::modelOpened);
        f.app->openPath(f.folder.filePath(QStringLiteral("other")));
        QVERIFY(opened.wait(patience));
        f.addRun(2);
        f.queue().setPaused(false);
        QTRY_COMPARE_WITH_TIMEOUT(f.states(), (QList<QueueState>{done, done}), patience);
        QCOMPARE(f.script->opened.size(), std::size_t(4));
        QCOMPARE(f.script->opened.at(2).model, f.script->opened.at(0).model);
        QCOMPARE(f.script->opened.at(3).model, f.script->opened.at(1).model);

        f.script->openFailure = Failure{ErrorCode::bad_file, "It has gone", "other", "Fetch it"};
        f.queue().add(f.controls().settings(), f.folder.filePath(QStringLiteral("gone")),
                      QStringLiteral("gone"));
        QTRY_COMPARE_WITH_TIMEOUT(f.states(), (QList<QueueState>{done, done, failed}), patience);
        QCOMPARE(f.queue().items().back().error, QStringLiteral("It has gone"));
    }

    void theQueueSurvivesARestartAndStartsPausedAfterACrash()
    {
        QueueFixture f;
        f.queue().setPaused(true);
        f.addRun(18446744073709551615ull);
        f.addRun(2);
        const SamplingSettings settings = f.queue().items().front().settings;
        f.restartAfterCrash();
        QVERIFY(f.queue().isPaused());
        QCOMPARE(f.states(), (QList<QueueState>{waiting, waiting}));
        QVERIFY(f.queue().items().front().settings == settings);

        f.script->gate.close();
        f.queue().setPaused(false);
        f.script->gate.waitForVisitor();
        f.restartAfterCrash();
        // The one that ran waits again.
        QVERIFY(f.queue().isPaused());
        QCOMPARE(f.states(), (QList<QueueState>{waiting, waiting}));
        QVERIFY(f.messages().current().what.contains(QStringLiteral("paused")));
        QCOMPARE(f.script->runs.load(), 1);

        f.script->gate.open();
        f.messages().current().actions.front().run();
        QTRY_COMPARE_WITH_TIMEOUT(f.states(), (QList<QueueState>{done, done}), patience);
        f.addRun(5);
        QTRY_COMPARE_WITH_TIMEOUT(f.states().last(), done, patience);
        f.script->gate.close();
        f.addRun(6);
        f.script->gate.waitForVisitor();
        // After a clean end it goes on by itself.
        f.app->window().close();
        f.script->gate.open();
        f.make();
        f.showAndOpen();
        QTRY_COMPARE_WITH_TIMEOUT(f.states(), QList<QueueState>{done}, patience);
    }

    void theRunningRowSaysHowFarItIsAndTheOthersDoNot()
    {
        QueueFixture f;
        f.script->gate.close();
        f.script->gate.allow(15);
        f.addRun(1, 20, PolicyKind::duodiff);  // whose time is known without an earlier run
        f.addRun(2, 20, PolicyKind::duodiff);
        f.script->gate.waitForVisitor();
        const auto words = [&f](int row) {
            return f.queue().model().index(row).data(Qt::AccessibleTextRole).toString();
        };
        QTRY_VERIFY_WITH_TIMEOUT(words(0).contains(QStringLiteral("running, 75 %")), patience);
        QVERIFY2(words(0).contains(QStringLiteral(" left")), qPrintable(words(0)));
        QVERIFY(words(1).endsWith(QStringLiteral("waiting")));
        QCOMPARE(f.queue().model().rows()[0].progress, std::optional(0.75));
        f.script->gate.open();
        QTRY_COMPARE_WITH_TIMEOUT(f.states(), (QList<QueueState>{done, done}), patience);
        QVERIFY(words(0).endsWith(QStringLiteral("done")));
        QVERIFY(!f.queue().model().rows()[0].progress);
    }

    void aDamagedQueueIsKeptAsideWithANotice_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<int>("left");
        QTest::newRow("empty") << QByteArray() << 0;
        QTest::newRow("binary") << QByteArray("\x89PNG\r\n\x1a\n\0\0\0", 11) << 0;
        QTest::newRow("cut off") << QByteArray(R"({"format": "duodiff-queue", "version": 1, "paused": fal)")
                                 << 0;
        QTest::newRow("of another version")
            << QByteArray(R"({"format": "duodiff-queue", "version": 99, "paused": false, "items": []})") << 0;
        QTest::newRow("wrong types")
            << QByteArray(R"({"format": "duodiff-queue", "version": 1, "paused": 7, "items": {}})") << 0;
        QTest::newRow("nested without end") << QByteArray(100'000, '[') << 0;
        QTest::newRow("huge") << QByteArray(33 * 1024 * 1024, ' ') << 0;
        QueueItem good{QStringLiteral("a"), {}, QStringLiteral("/m"), QStringLiteral("m"), waiting, {}};
        QByteArray mixed = queueToJson({good, good}, false);
        mixed.replace(mixed.lastIndexOf("waiting"), 7, "soaring");
        QTest::newRow("one item of two") << mixed << 1;
    }

    void aDamagedQueueIsKeptAsideWithANotice()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(int, left);
        QueueFixture f;
        f.app->window().close();
        f.app.reset();
        QFile file(f.queuePath());
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(bytes);
        file.close();
        f.make();
        f.showAndOpen();
        QCOMPARE(f.queue().items().size(), static_cast<std::size_t>(left));
        QVERIFY(f.queue().isPaused());
        QVERIFY(f.messages().current().what.contains(QStringLiteral("could not be read")));
        QFile aside(f.queuePath() + QStringLiteral(".damaged"));
        QVERIFY(aside.open(QIODevice::ReadOnly));
        QVERIFY(aside.readAll() == bytes);
    }
};

int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    StudioQueue test;
    return QTest::qExec(&test, argc, argv);
}
#include "studio_queue.moc"
