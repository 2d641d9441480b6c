// SPDX-License-Identifier: GPL-3.0-or-later
// Points 1, 7 and 22: what crosses the thread line, and how every job ends.
#include "scripted_engine.h"
#include "studio/engine_thread.h"
#include "studio/job.h"
#include "studio/mailbox.h"

#include <QSignalSpy>
#include <QTest>

#include <cmath>
#include <thread>

using namespace duodiff;
using namespace duodiff::studio;

namespace
{

Frame frameOf(std::uint64_t run, int batch, int step, bool picture)
{
    Frame frame;
    frame.run_id = run;
    frame.batch = batch;
    frame.step = step;
    frame.exit_layers = {1};
    if (picture) {
        frame.picture = PictureStrip{1, 1, 1, std::make_shared<std::vector<std::uint8_t>>(4)};
    }
    return frame;
}

ModelSource modelAt(const char* path)
{
    ModelSource source;
    source.model = path;
    return source;
}

SamplingSettings shortRun(PolicyKind policy = PolicyKind::adadiff)
{
    SamplingSettings settings;
    settings.policy = policy;
    settings.steps = 20;
    settings.count = 6;
    settings.batch = 3;
    return settings;
}

/// An engine thread and how often it has said what.
struct Bench {
    std::shared_ptr<test::Script> script = std::make_shared<test::Script>();
    EngineThread engine{[held = script] { return test::makeScriptedEngine(held); }};
    QSignalSpy opened{&engine, &EngineThread::opened};
    QSignalSpy sampled{&engine, &EngineThread::sampled};
    QSignalSpy failed{&engine, &EngineThread::failed};
    QSignalSpy cancelled{&engine, &EngineThread::cancelled};

    qsizetype news() const { return opened.count() + sampled.count() + failed.count() + cancelled.count(); }
    void openModel()
    {
        engine.open(modelAt("model"));
        QVERIFY(opened.wait(duodiff::test::patience));
        opened.clear();
    }
};

}  // namespace

class StudioThreadLine : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aJobEndsExactlyOnceWhoeverEndsIt()
    {
        for (int round = 0; round < 200; ++round) {
            Job job(1);
            QVERIFY(job.begin());
            std::atomic<int> ends{0};
            std::vector<std::jthread> threads;
            for (const auto state : {JobState::done, JobState::failed, JobState::cancelled}) {
                threads.emplace_back([&job, &ends, state] { ends += job.end(state) ? 1 : 0; });
            }
            threads.clear();
            QCOMPARE(ends.load(), 1);
            QVERIFY(job.hasEnded());
            QVERIFY(!job.end(JobState::done));
            QVERIFY(!job.begin());
        }
    }

    void aJobStoppedBeforeItsStartIsCancelledAndNeverRuns()
    {
        Job job(1);
        job.requestStop();
        job.requestStop();
        QVERIFY(!job.begin());
        QCOMPARE(job.state(), JobState::cancelled);
    }

    void noTracePointIsLostAndOnlyTheNewestPictureWaits()
    {
        constexpr int steps = 5000;
        Mailbox mailbox;
        mailbox.beginRun(7);
        std::vector<Frame> received;
        int mostPictures = 0;
        {
            const std::jthread producer([&mailbox] {
                for (int step = 0; step < steps; ++step) {
                    mailbox.put(frameOf(7, step % 2, step, step % 3 != 0));
                    mailbox.put(frameOf(6, 0, step, true));
                }
            });
            while (received.size() < steps) {
                auto contents = mailbox.take();
                int pictures = 0;
                for (const Frame& frame : contents.frames) {
                    pictures += frame.picture ? 1 : 0;
                }
                mostPictures = std::max(mostPictures, pictures);
                std::move(contents.frames.begin(), contents.frames.end(), std::back_inserter(received));
            }
        }
        QCOMPARE(received.size(), std::size_t(steps));
        QVERIFY(mailbox.take().empty());
        for (int step = 0; step < steps; ++step) {
            QCOMPARE(received[static_cast<std::size_t>(step)].step, step);
            QCOMPARE(received[static_cast<std::size_t>(step)].run_id, std::uint64_t(7));
        }
        QVERIFY2(mostPictures >= 1 && mostPictures <= 2, qPrintable(QString::number(mostPictures)));
    }

    void aNewRunForgetsWhatWaited()
    {
        Mailbox mailbox;
        mailbox.beginRun(1);
        mailbox.put(frameOf(1, 0, 0, true));
        mailbox.beginRun(2);
        mailbox.put(frameOf(1, 0, 1, true));
        mailbox.put(1, FinishedBatch{0, {}});
        QVERIFY(mailbox.take().empty());
        mailbox.put(frameOf(2, 0, 0, false));
        mailbox.put(2, FinishedBatch{0, {}});
        const auto contents = mailbox.take();
        QCOMPARE(contents.frames.size(), std::size_t(1));
        QCOMPARE(contents.batches.size(), std::size_t(1));
    }

    void aRunEndsAsDoneWithEveryFrame()
    {
        Bench bench;
        bench.openModel();
        const auto job = bench.engine.sample(shortRun());
        QVERIFY(bench.sampled.wait(duodiff::test::patience));
        QCOMPARE(bench.news(), 1);
        QCOMPARE(job->state(), JobState::done);
        QCOMPARE(bench.engine.mailbox().take().frames.size(), std::size_t(40));
        QVERIFY(bench.script->ranOnOneThread);
    }

    void everyEndIsToldOnce_data()
    {
        QTest::addColumn<int>("stopAtStep");
        QTest::addColumn<bool>("twice");
        QTest::newRow("before the start") << -1 << false;
        QTest::newRow("at the first step") << 0 << false;
        QTest::newRow("in the middle") << 11 << false;
        QTest::newRow("in the middle, twice") << 11 << true;
        QTest::newRow("at the last step") << 19 << false;
    }

    void everyEndIsToldOnce()
    {
        QFETCH(int, stopAtStep);
        QFETCH(bool, twice);
        Bench bench;
        bench.openModel();
        JobPointer job;
        if (stopAtStep < 0) {
            bench.script->openGate.close();
            bench.engine.open(modelAt("slow"));
            job = bench.engine.sample(shortRun());
            job->requestStop();
            bench.script->openGate.open();
            QVERIFY(bench.opened.wait(duodiff::test::patience));
            bench.opened.clear();
        } else {
            bench.script->gate.close();
            bench.script->gate.allow(stopAtStep);
            job = bench.engine.sample(shortRun());
            bench.script->gate.waitForVisitor();
            job->requestStop();
            if (twice) {
                job->requestStop();
            }
        }
        QTRY_COMPARE_WITH_TIMEOUT(bench.cancelled.count(), 1, duodiff::test::patience);
        // A last job behind it shows that no further news of the first is under way.
        bench.script->gate.open();
        bench.engine.open(modelAt("next"));
        QVERIFY(bench.opened.wait(duodiff::test::patience));
        QCOMPARE(bench.news(), 2);
        QCOMPARE(job->state(), JobState::cancelled);
        QCOMPARE(bench.script->runs.load(), stopAtStep < 0 ? 0 : 1);
    }

    void finishingTheBatchKeepsItAndStartsNoOther()
    {
        Bench bench;
        bench.openModel();
        bench.script->gate.close();
        const auto job = bench.engine.sample(shortRun());
        bench.script->gate.waitForVisitor();
        job->requestFinishBatch();
        bench.script->gate.open();
        QVERIFY(bench.cancelled.wait(duodiff::test::patience));
        const auto outcome = bench.cancelled.first().at(1).value<OutcomePointer>();
        QVERIFY(outcome != nullptr);
        QCOMPARE(outcome->images.size(), std::size_t(3));
    }

    void closingStopsARunInItsStepAndEndsEveryJob()
    {
        Bench bench;
        bench.openModel();
        bench.script->gate.close();
        const auto running = bench.engine.sample(shortRun());
        const auto waiting = bench.engine.open(modelAt("later"));
        bench.script->gate.waitForVisitor();
        bench.engine.shutDown();
        QCOMPARE(running->state(), JobState::cancelled);
        QCOMPARE(waiting->state(), JobState::cancelled);
        QCOMPARE(bench.script->enginesAlive.load(), 0);
        QVERIFY(bench.script->ranOnOneThread);
    }

    void exceptionsBecomeAFailureAndTheThreadLivesOn()
    {
        Bench bench;
        bench.openModel();
        bench.script->failAtStep = 5;
        bench.script->sampleFailure =
            Failure{ErrorCode::failed, "The weights turned to soup", "step 5", "Stir"};
        const auto job = bench.engine.sample(shortRun());
        QVERIFY(bench.failed.wait(duodiff::test::patience));
        QCOMPARE(bench.failed.first().at(1).value<Failure>(), *bench.script->sampleFailure);
        QCOMPARE(job->state(), JobState::failed);

        bench.script->throwForeign = true;
        bench.engine.sample(shortRun());
        QVERIFY(bench.failed.wait(duodiff::test::patience));
        QCOMPARE(bench.failed.last().at(1).value<Failure>().code, ErrorCode::out_of_memory);

        bench.script->failAtStep = -1;
        bench.engine.sample(shortRun());
        QVERIFY(bench.sampled.wait(duodiff::test::patience));
        QCOMPARE(bench.news(), 3);
    }

    void anEngineThatCannotBeMadeIsAFailureOfTheJob()
    {
        EngineThread engine(
            []() -> std::unique_ptr<Engine> { throw EngineError(ErrorCode::failed, "No LibTorch here"); });
        QSignalSpy failed(&engine, &EngineThread::failed);
        engine.open(modelAt("model"));
        QVERIFY(failed.wait(duodiff::test::patience));
    }

    void picturesAreMadeOnlyWhenWanted()
    {
        Bench bench;
        bench.openModel();
        bench.engine.sample(shortRun());
        QVERIFY(bench.sampled.wait(duodiff::test::patience));
        QCOMPARE(bench.script->pictures.load(), 0);

        bench.script->gate.close();
        const auto job = bench.engine.sample(shortRun());
        bench.script->gate.waitForVisitor();
        job->pictureWanted = true;
        bench.script->gate.open();
        QVERIFY(bench.sampled.wait(duodiff::test::patience));
        QCOMPARE(bench.script->pictures.load(), 1);
    }

    void anEarlierRunsMovesAreFollowedUntilTheyAreTakenAway()
    {
        Bench bench;
        bench.openModel();
        auto settings = shortRun();
        settings.count = 6;
        MovedParameters moved(20);
        for (std::size_t step = 0; step < moved.size(); ++step) {
            moved[step] = {0.05 + 0.001 * static_cast<double>(step),
                           0.10 + 0.001 * static_cast<double>(step)};
        }
        bench.engine.sample(settings, {.moved = moved});
        QVERIFY(bench.sampled.wait(duodiff::test::patience));
        for (const Frame& frame : bench.engine.mailbox().take().frames) {
            const auto step = static_cast<std::size_t>(frame.step);
            QCOMPARE(frame.parameter, moved[step][static_cast<std::size_t>(frame.batch)]);
        }
    }
};

QTEST_GUILESS_MAIN(StudioThreadLine)
#include "studio_thread_line.moc"
