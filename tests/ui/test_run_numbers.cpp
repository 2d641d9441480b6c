// SPDX-License-Identifier: GPL-3.0-or-later
// Point 14: honest numbers, and where the time went.
#include "report/report_numbers.h"
#include "ui/ledger_bar.h"
#include "ui/run_numbers.h"
#include "ui/synthetic_run.h"

#include <QAccessible>
#include <QLabel>
#include <QTest>

#include <cmath>

using namespace duodiff;
using duodiff::ui::LedgerBar;
using duodiff::ui::RunNumbers;
using duodiff::ui::Theme;

namespace
{

QString shown(const RunNumbers& panel, const char* name)
{
    const auto* label = panel.findChild<QLabel*>(QLatin1String(name));
    return label ? label->text() : QStringLiteral("(no such label)");
}

RunRecord measured(PolicyKind policy, double baselineMs)
{
    RunRecord record = test::syntheticRecord(test::syntheticSettings(policy));
    record.baseline = BaselineRecord{baselineMs, "full, seed 7, 10 images"};
    return record;
}

}  // namespace

class TestRunNumbers : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theNumbersAreThoseOfTheRecord()
    {
        for (const PolicyKind policy : test::everyPolicy) {
            const RunRecord record = measured(policy, 4200.0);
            const ReportNumbers numbers = report_numbers(record);
            RunNumbers panel;
            panel.showRecord(record);
            QCOMPARE(shown(panel, "skipped"),
                     QString::number(std::lround(100.0 * (1.0 - block_share(record)))));
            QCOMPARE(shown(panel, "layer"),
                     QString::fromStdString(layer_text(numbers.mean_exit_layer)) + QStringLiteral(" of 13"));
            QCOMPARE(shown(panel, "gflops"),
                     QString::fromStdString(gflops_text(gflops_per_image(record))) + QStringLiteral(" of ") +
                         QString::fromStdString(gflops_text(numbers.full_gflops_per_image)));
            QCOMPARE(shown(panel, "baseline"), QStringLiteral("full, seed 7, 10 images"));
            QCOMPARE(shown(panel, "speed"), QString::fromStdString(factor_text(4200.0 / 2199.0)));
            QVERIFY(shown(panel, "speedUnit").contains(QStringLiteral("measured")));
        }
    }

    // Numbers that change several times a second must not have the whole window laid out each time.
    void newNumbersThatFitLayNothingOut()
    {
        struct Counter : QObject {
            int layouts = 0;
            bool eventFilter(QObject*, QEvent* event) override
            {
                layouts += event->type() == QEvent::LayoutRequest ? 1 : 0;
                return false;
            }
        } counter;
        RunNumbers panel;
        panel.resize(300, 500);
        RunRecord record = measured(PolicyKind::adadiff, 4200.0);
        panel.showRecord(record);
        panel.show();
        QVERIFY(QTest::qWaitForWindowExposed(&panel));
        QCoreApplication::processEvents();
        panel.installEventFilter(&counter);
        const QString before = shown(panel, "blocks");
        record.ledger.blocks += 111.0;
        record.ledger.wall += 111.0;
        panel.showLive(record);
        QCoreApplication::processEvents();
        QVERIFY(shown(panel, "blocks") != before);
        QCOMPARE(counter.layouts, 0);

        // What does not fit gets its room.
        record.baseline->what = "full, seed 123456789, 100000 images in a time that was measured";
        panel.showLive(record);
        QTRY_VERIFY(counter.layouts > 0);
        const auto* baseline = panel.findChild<QLabel*>(QStringLiteral("baseline"));
        QVERIFY(baseline->width() >= baseline->sizeHint().width() ||
                panel.width() < panel.minimumSizeHint().width());
    }

    // Points 7 and 14.
    void thePartsAddUpToTheWallTime()
    {
        RunRecord record = measured(PolicyKind::adadiff, 4200.0);
        record.ledger.transfers = 40;
        RunNumbers panel;
        panel.showRecord(record);
        double sum = 0.0;
        for (const LedgerBar::Part& part : panel.findChild<LedgerBar*>()->parts()) {
            sum += part.amount;
        }
        QVERIFY(std::abs(sum - record.ledger.wall) < 1e-9);
        QCOMPARE(shown(panel, "blocks"), QString::fromStdString(duration_text(17400)));
        QCOMPARE(shown(panel, "probes"), QString::fromStdString(duration_text(2200)));
        QCOMPARE(shown(panel, "solver"), QString::fromStdString(duration_text(1900)));
        QCOMPARE(shown(panel, "previews"),
                 QString::fromStdString(duration_text(300)) + QStringLiteral(" (1.4 %)"));
        QCOMPARE(shown(panel, "other"), QString::fromStdString(duration_text(200)));
        QVERIFY(panel.textSummary().contains(QStringLiteral("copies between devices and out of the engine ") +
                                             QString::fromStdString(duration_text(40))));
        QCOMPARE(shown(panel, "sum"),
                 QString::fromStdString(duration_text(21800) + " / " + duration_text(22000)));
    }

    void slowerIsShownAsSlower()
    {
        RunNumbers panel;
        panel.showRecord(measured(PolicyKind::adadiff, 1099.5));
        QCOMPARE(shown(panel, "speed"), QString::fromStdString(factor_text(2.0)));
        QVERIFY(shown(panel, "speedUnit").startsWith(QStringLiteral("slower")));
    }

    void anEstimateNeverLooksLikeAMeasurement()
    {
        RunNumbers panel;
        panel.showRecord(measured(PolicyKind::adadiff, 4200.0));
        const auto* speed = panel.findChild<QLabel*>(QStringLiteral("speed"));
        const QFont measuredFont = speed->font();
        const QString measuredStyle = speed->styleSheet();
        panel.showRecord(test::syntheticRecord(test::syntheticSettings(PolicyKind::adadiff)));
        QVERIFY(shown(panel, "speedUnit").contains(QStringLiteral("estimated")));
        QVERIFY(!shown(panel, "speedUnit").contains(QStringLiteral("measured")));
        QVERIFY(speed->text().startsWith(QStringLiteral("≈")));
        QVERIFY(speed->font() != measuredFont);
        QVERIFY(speed->styleSheet() != measuredStyle);
        QCOMPARE(shown(panel, "baseline"), QStringLiteral("none measured"));
    }

    void theFullNetworkClaimsNoSpeedUpOverItself()
    {
        RunNumbers panel;
        panel.showRecord(test::syntheticRecord(test::syntheticSettings(PolicyKind::full)));
        QCOMPARE(shown(panel, "speed"), QStringLiteral("–"));
        QCOMPARE(shown(panel, "skipped"), QStringLiteral("0"));
    }

    void aRunInProgressShowsWhatItHasReached()
    {
        const auto settings = test::syntheticSettings(PolicyKind::static_layer);
        RunRecord record;
        record.settings = settings;
        record.model = test::syntheticModel();
        RunNumbers panel;
        panel.showLive(record);
        QCOMPARE(shown(panel, "layer"), QStringLiteral("–"));
        record.add(test::syntheticFrames(record.model, settings).front());
        panel.showLive(record);
        QCOMPARE(shown(panel, "skipped"), QString::number(std::lround(100.0 * 8 / 13)));
        QCOMPARE(shown(panel, "layer"), QString::fromStdString(layer_text(5.0)) + QStringLiteral(" of 13"));
        QCOMPARE(shown(panel, "sum"), QStringLiteral("–"));
    }

    void clearForgetsTheRunInEveryTheme()
    {
        for (const Theme& theme : {Theme::light(), Theme::dark()}) {
            RunNumbers panel;
            panel.setTheme(theme);
            panel.showRecord(measured(PolicyKind::adadiff, 4200.0));
            panel.clear();
            for (const char* name : {"skipped", "speed", "blocks", "sum", "layer", "gflops", "baseline"}) {
                QCOMPARE(shown(panel, name), QStringLiteral("–"));
            }
            QVERIFY(panel.findChild<LedgerBar*>()->parts().empty());
        }
    }

    void everyNumberCanBeSelectedAndIsExplained()
    {
        RunNumbers panel;
        panel.showRecord(measured(PolicyKind::adadiff, 4200.0));
        for (const char* name : {"skipped", "speed", "blocks", "probes", "solver", "previews", "other", "sum",
                                 "layer", "gflops", "baseline"}) {
            const auto* label = panel.findChild<QLabel*>(QLatin1String(name));
            QVERIFY2(label, name);
            QVERIFY2(label->textInteractionFlags().testFlag(Qt::TextSelectableByMouse), name);
            const QString toolTip =
                label->toolTip().isEmpty() ? label->parentWidget()->toolTip() : label->toolTip();
            QVERIFY2(!toolTip.isEmpty(), name);
        }
        QAccessibleInterface* reader = QAccessible::queryAccessibleInterface(&panel);
        QVERIFY(reader);
        QVERIFY(!reader->text(QAccessible::Name).isEmpty());
        QCOMPARE(reader->text(QAccessible::Description), panel.textSummary());
    }
};

QTEST_MAIN(TestRunNumbers)
#include "test_run_numbers.moc"
