// SPDX-License-Identifier: GPL-3.0-or-later
// Point 4: what another theta or t_s would have given, while it is dragged.
#include "studio_fixture.h"
#include "ui/advisor_card.h"
#include "ui/exit_plot.h"
#include "ui/prediction_card.h"
#include "ui/run_numbers.h"

#include <QLabel>

using namespace duodiff;
using namespace duodiff::studio;
using duodiff::test::StudioFixture;

namespace
{

ui::ExitPlot& plotOf(StudioFixture& f)
{
    return *f.app->window().plot();
}

ui::PredictionCard& cardOf(StudioFixture& f)
{
    return *f.app->window().findChild<ui::PredictionCard*>();
}

std::vector<double> meansOf(const std::vector<WhatIfStep>& steps)
{
    std::vector<double> means;
    for (const WhatIfStep& step : steps) {
        means.push_back(step.mean);
    }
    return means;
}

/// A finished AdaDiff run with theta = 0.08 on display.
void runAdaDiff(StudioFixture& f, int steps = 50)
{
    f.showAndOpen();
    f.configure(PolicyKind::adadiff, steps);
    f.controls().threshold()->setValue(0.08);
    f.runToTheEnd();
}

}  // namespace

class StudioWhatIf : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void point4AThetaThatIsDraggedDrawsTheCurveItWouldHaveGivenAtOnce()
    {
        StudioFixture f;
        runAdaDiff(f);
        QVERIFY(!plotOf(f).prediction());
        QVERIFY(cardOf(f).isHidden());
        f.controls().threshold()->box()->setValue(0.1);
        QVERIFY(plotOf(f).prediction());
        const RunRecord& record = f.app->kept()->record;
        const WhatIf expected =
            WhatIfIndex(record).predict({.policy = PolicyKind::adadiff, .threshold = 0.1});
        QCOMPARE(meansOf(plotOf(f).prediction()->steps), mean_exit_layers(expected));
        QVERIFY(mean_exit_layers(expected) != mean_exit_layers(record));
        QVERIFY2(plotOf(f).prediction()->legend.startsWith(
                     QStringLiteral("what θ = 0.100 would give, predicted ")),
                 qPrintable(plotOf(f).prediction()->legend));
        QVERIFY(plotOf(f).prediction()->legend.contains(QStringLiteral(" %)")));
        QVERIFY(!cardOf(f).isHidden());
        QVERIFY(cardOf(f).textSummary().startsWith(QStringLiteral("Predicted: ")));
        QVERIFY(cardOf(f).textSummary().contains(
            QStringLiteral("%1 % of the blocks skipped").arg(std::lround(100.0 * expected.saved_share))));
        QVERIFY(plotOf(f).textSummary().contains(QStringLiteral("what θ = 0.100 would give")));
    }

    void theRecordedValueTakesThePredictionAway()
    {
        StudioFixture f;
        runAdaDiff(f);
        f.controls().threshold()->box()->setValue(0.1);
        QVERIFY(plotOf(f).prediction());
        f.controls().threshold()->box()->setValue(0.08);
        QVERIFY(!plotOf(f).prediction());
        QVERIFY(cardOf(f).isHidden());
    }

    void anotherRunTakesThePredictionAway()
    {
        StudioFixture f;
        runAdaDiff(f);
        f.controls().threshold()->box()->setValue(0.1);
        f.script->gate.close();
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        f.app->generate();
        QVERIFY(!plotOf(f).prediction());
        QVERIFY(cardOf(f).isHidden());
        f.script->gate.open();
        QVERIFY(ended.wait(test::patience));
        QVERIFY(!plotOf(f).prediction());
    }

    void whereAnImageWouldGoOnPastItsLayerThePredictionIsALowerBound()
    {
        StudioFixture f;
        runAdaDiff(f);
        f.controls().threshold()->box()->setValue(0.07);
        QVERIFY(plotOf(f).prediction());
        QVERIFY2(plotOf(f).prediction()->legend.contains(QStringLiteral("predicted at least ")),
                 qPrintable(plotOf(f).prediction()->legend));
        QVERIFY(cardOf(f).textSummary().contains(QStringLiteral("at most ")));
        QVERIFY(cardOf(f).textSummary().contains(QStringLiteral("probe run")));
        const auto& steps = plotOf(f).prediction()->steps;
        QVERIFY(std::any_of(steps.begin(), steps.end(), [](const WhatIfStep& s) { return s.lower_bound; }));
    }

    void duringARunThePredictionIsOfTheStepsThatHaveRun()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 50);
        f.controls().threshold()->setValue(0.08);
        f.script->gate.close();
        f.script->gate.allow(20);
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        f.app->generate();
        QTRY_COMPARE_WITH_TIMEOUT(plotOf(f).data().reached(), 20, test::patience);
        f.controls().threshold()->box()->setValue(0.1);
        QVERIFY(plotOf(f).prediction());
        QCOMPARE(plotOf(f).prediction()->steps.size(), std::size_t(20));
        QVERIFY2(plotOf(f).prediction()->legend.endsWith(QStringLiteral(" so far")),
                 qPrintable(plotOf(f).prediction()->legend));
        f.script->gate.open();
        QVERIFY(ended.wait(test::patience));
        // The rest of it ran with the new value, the beginning did not: what all of it would have been.
        QTRY_COMPARE_WITH_TIMEOUT(plotOf(f).prediction() ? plotOf(f).prediction()->steps.size() : 0U,
                                  std::size_t(50), test::patience);
        QVERIFY(!plotOf(f).prediction()->legend.contains(QStringLiteral("so far")));
    }

    void theLineInThePlotPredictsToo()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::duodiff, 50);
        f.runToTheEnd();
        Q_EMIT plotOf(f).switchStepMoved(600);
        QVERIFY(plotOf(f).prediction());
        QVERIFY(plotOf(f).prediction()->legend.contains(QStringLiteral("= 600 would give")));
        int shallow = 0;
        for (const WhatIfStep& step : plotOf(f).prediction()->steps) {
            QVERIFY(!step.lower_bound);
            shallow += step.network == NetworkRole::shallow ? 1 : 0;
        }
        QCOMPARE(shallow, 30);
    }

    void withoutUncertaintiesThereIsAReasonAndNoCurve()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::full, 20);
        f.runToTheEnd();
        f.configure(PolicyKind::adadiff, 20);
        f.controls().threshold()->box()->setValue(0.11);
        QVERIFY(!plotOf(f).prediction());
        QVERIFY(!cardOf(f).isHidden());
        QVERIFY(cardOf(f).textSummary().contains(QStringLiteral("No prediction")));
    }

    void measuredNumbersAndExportedPlotsStayMeasured()
    {
        StudioFixture f;
        runAdaDiff(f);
        const auto exported = [&](const char* name) {
            const QString path = f.folder.filePath(QLatin1String(name));
            [&] { QVERIFY(plotOf(f).exportTo(path)); }();
            QFile file(path);
            return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
        };
        const QString numbers = f.app->window().numbers()->textSummary();
        const QByteArray before = exported("before.png");
        f.controls().threshold()->box()->setValue(0.12);
        QVERIFY(plotOf(f).prediction());
        QCOMPARE(f.app->window().numbers()->textSummary(), numbers);
        QVERIFY(!before.isEmpty());
        QCOMPARE(exported("after.png"), before);
    }

    void theAdvisorProposesTheStepOfTheJumpAndOneClickTriesItAsATwinRun()
    {
        StudioFixture f;
        runAdaDiff(f, 100);
        auto& card = *f.app->window().findChild<ui::AdvisorCard*>();
        QTRY_VERIFY_WITH_TIMEOUT(!card.isHidden(), test::patience);
        const auto& proposal = f.app->advisor().advice().proposal;
        QVERIFY(proposal);
        // The images jump at t = 700 and around it.
        QVERIFY2(std::abs(proposal->t - 700) <= 40, qPrintable(QString::number(proposal->t)));
        QVERIFY2(card.textSummary().contains(QStringLiteral("= %1").arg(proposal->switch_step)),
                 qPrintable(card.textSummary()));
        QVERIFY(card.textSummary().contains(QStringLiteral("predicted ")));
        QVERIFY(card.textSummary().contains(QStringLiteral(" full)")));
        QVERIFY(card.button()->isEnabled());
        const int switchStep = proposal->switch_step;
        const auto seed = f.app->kept()->record.settings.seed;
        QSignalSpy finished(&f.app->twin(), &TwinRun::finished);
        card.button()->click();
        QVERIFY(f.app->twin().isRunning());
        QVERIFY(f.app->twin().isShown());
        QVERIFY(card.isHidden());
        QVERIFY(finished.wait(test::patience));
        QCOMPARE(f.app->twin().left()->record.settings.policy, PolicyKind::full);
        QCOMPARE(f.app->twin().right(), f.app->kept());
        QCOMPARE(f.app->twin().left()->record.settings.seed, seed);
        const SamplingSettings& ran = f.app->kept()->record.settings;
        QCOMPARE(ran.policy, PolicyKind::duodiff);
        QCOMPARE(ran.switch_step, switchStep);
        QCOMPARE(ran.seed, seed);
        QCOMPARE(ran.steps, 100);
        QCOMPARE(f.controls().settings().policy, PolicyKind::duodiff);
        // What a DuoDiff run would propose is what it was given: nothing is said.
        QVERIFY(card.isHidden());
    }

    void theAdvisorSaysWhyItHasNothingToPropose()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 60);
        // Every image leaves late at every step: no jump.
        f.controls().threshold()->setValue(-0.5);
        f.runToTheEnd();
        auto& card = *f.app->window().findChild<ui::AdvisorCard*>();
        QTRY_VERIFY_WITH_TIMEOUT(!card.isHidden(), test::patience);
        QVERIFY(!f.app->advisor().advice().proposal);
        QVERIFY(card.button()->isHidden());
        QVERIFY(card.textSummary().startsWith(QStringLiteral("No switch step to propose\n")));
    }

    void theIndexThatGrewWithTheRunIsTheOneOfTheFinishedRun()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 60, 8, 4);
        f.controls().threshold()->setValue(0.08);
        f.script->gate.close();
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        f.app->generate();
        for (const int more : {7, 31, 40}) {
            const int before = f.script->steps;
            f.script->gate.allow(more);
            QTRY_COMPARE_WITH_TIMEOUT(f.script->steps.load(), before + more, test::patience);
            f.controls().threshold()->box()->setValue(0.08 + 0.0001 * more);
            f.controls().threshold()->box()->setValue(0.08);
        }
        f.script->gate.open();
        QVERIFY(ended.wait(test::patience));
        const PolicyChoice choice{.policy = PolicyKind::adadiff, .threshold = 0.095};
        const WhatIf grown = f.app->whatIf().index().predict(choice);
        const WhatIf fresh = WhatIfIndex(f.app->kept()->record).predict(choice);
        QCOMPARE(grown.exit_layers, fresh.exit_layers);
        QCOMPARE(grown.predicted_ms, fresh.predicted_ms);
    }
};

int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    StudioWhatIf test;
    return QTest::qExec(&test, argc, argv);
}
#include "studio_what_if.moc"
