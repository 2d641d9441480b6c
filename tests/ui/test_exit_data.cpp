// SPDX-License-Identifier: GPL-3.0-or-later
// Point 8: the numbers behind the exit-layer plot.
#include "ui/exit_data.h"
#include "ui/synthetic_run.h"

#include <QTest>

#include <numeric>

using namespace duodiff;
using duodiff::ui::ExitData;

class TestExitData : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void spansCoverTheTimeAxisOnceForAnyNumberOfSteps()
    {
        for (const int steps : {1, 2, 7, 50, 333, 1000}) {
            const auto settings = test::syntheticSettings(PolicyKind::adadiff, steps);
            ExitData data;
            data.begin(test::syntheticModel(), settings);
            for (const Frame& frame : test::syntheticFrames(test::syntheticModel(), settings)) {
                data.add(frame);
            }
            int end = ExitData::timesteps;
            for (int step = 0; step < steps; ++step) {
                const auto [first, second] = data.span(step);
                QCOMPARE(second, end);
                QVERIFY(first < second);
                for (int t = first; t < second; ++t) {
                    QCOMPARE(data.stepAt(t), step);
                }
                end = first;
            }
            QCOMPARE(end, 0);
        }
    }

    void theFramesOwnTimestepWinsOverTheExpectedOne()
    {
        ExitData data;
        data.begin(test::syntheticModel(), test::syntheticSettings(PolicyKind::full, 4, 1, 1));
        Frame frame;
        frame.step = 1;
        frame.t = 600;
        frame.exit_layers = {13};
        const auto [from, to] = data.add(frame);
        QCOMPARE(data.step(1).t, 600);
        QCOMPARE(data.span(1).second, 601);
        QCOMPARE(data.span(0).first, 601);
        QCOMPARE(from, 0);  // the neighbour's span has changed with it
        QCOMPARE(to, 2);
    }

    void sharesOfEveryStepAddUpToOne()
    {
        for (const PolicyKind policy : test::everyPolicy) {
            ExitData data;
            data.load(test::syntheticRecord(test::syntheticSettings(policy)));
            for (int step = 0; step < data.steps(); ++step) {
                const auto shares = data.shares(step);
                QVERIFY(std::abs(std::accumulate(shares.begin(), shares.end(), 0.0) - 1.0) < 1e-12);
            }
        }
    }

    void framesThatDoNotFitTheRunAreIgnored()
    {
        ExitData data;
        data.begin(test::syntheticModel(), test::syntheticSettings(PolicyKind::full, 10, 4, 4));
        Frame good;
        good.exit_layers.assign(4, 13);
        Frame late = good;
        late.step = 10;
        Frame early = good;
        early.step = -1;
        Frame wide = good;
        wide.exit_layers.assign(5, 13);
        Frame shifted = good;
        shifted.first_image = 1;
        Frame before = good;
        before.first_image = -1;
        for (const Frame& frame : {late, early, wide, shifted, before}) {
            const auto [from, to] = data.add(frame);
            QCOMPARE(from, to);
            QVERIFY(data.isEmpty());
        }
        data.add(good);
        QVERIFY(!data.isEmpty());
    }

    void layersBeyondTheModelsDepthAreCountedAtItsDepth()
    {
        ExitData data;
        data.begin(test::syntheticModel(), test::syntheticSettings(PolicyKind::full, 2, 1, 1));
        Frame frame;
        frame.t = 999;
        frame.exit_layers = {99};
        data.add(frame);
        QCOMPARE(data.shares(0).back(), 1.0);
    }

    void batchesWithDifferentNetworksInOneStepAreBothKnown()
    {
        const auto settings = test::syntheticSettings(PolicyKind::duodiff, 10, 2, 1);
        RunRecord record;
        record.model = test::syntheticModel();
        record.settings = settings;
        ExitData live;
        live.begin(record.model, settings);
        for (int batch = 0; batch < 2; ++batch) {
            Frame frame;
            frame.batch = frame.first_image = batch;
            frame.t = 999;
            frame.network = batch == 0 ? NetworkRole::shallow : NetworkRole::full;
            frame.exit_layers = {static_cast<std::int16_t>(batch == 0 ? 3 : 13)};
            live.add(frame);
            record.add(frame);
        }
        ExitData loaded;
        loaded.load(record);
        const unsigned both = 1U << unsigned(NetworkRole::shallow) | 1U << unsigned(NetworkRole::full);
        QCOMPARE(live.networks(0), both);
        QCOMPARE(loaded.networks(0), both);
    }

    void theTransitionIsFoundOnThePrefixOfARunAndAgreesWithTheEngines()
    {
        const auto settings = test::syntheticSettings(PolicyKind::adadiff, 100, 8, 8);
        ExitData data;
        data.begin(test::syntheticModel(), settings);
        bool foundBeforeTheEnd = false;
        for (const Frame& frame : test::syntheticFrames(test::syntheticModel(), settings)) {
            data.add(frame);
            const auto expected = find_phase_transition(data.meanCurve());
            QCOMPARE(data.phaseTransition().has_value(), expected.has_value());
            if (expected) {
                QCOMPARE(data.phaseTransition()->index, expected->index);
                foundBeforeTheEnd = foundBeforeTheEnd || frame.t > 300;
            } else {
                QVERIFY(frame.t > 500);
            }
        }
        QVERIFY(foundBeforeTheEnd);
        const int t = data.step(*data.transitionStep()).t;
        QVERIFY2(t > 540 && t < 660, qPrintable(QString::number(t)));
        QVERIFY(!data.transitionIsSwitch());
    }

    void aJumpMadeByThePolicyIsCalledASwitch()
    {
        ExitData data;
        data.load(test::syntheticRecord(test::syntheticSettings(PolicyKind::duodiff, 200)));
        QVERIFY(data.transitionStep().has_value());
        QVERIFY(data.transitionIsSwitch());
        QCOMPARE(data.networks(*data.transitionStep()), 1U << unsigned(NetworkRole::full));
    }
};

QTEST_GUILESS_MAIN(TestExitData)
#include "test_exit_data.moc"
