// SPDX-License-Identifier: GPL-3.0-or-later
// Point 11: two runs from the same noise.
// The twin view and its curve by themselves.
#include "ui/preview_grid.h"
#include "ui/qcustomplot_wrapper.h"
#include "ui/quality_curve.h"
#include "ui/twin_view.h"

#include <QScrollBar>
#include <QSignalSpy>
#include <QSlider>
#include <QTest>

#include <cmath>
#include <limits>

using namespace duodiff;
using namespace duodiff::ui;

namespace
{

/// A strip of pictures of one grey each.
PictureStrip flat(int count, std::uint8_t level, int side = 8)
{
    auto bytes = std::make_shared<std::vector<std::uint8_t>>(
        static_cast<std::size_t>(count) * static_cast<std::size_t>(side * side) * 4, level);
    return {side, side, count, bytes};
}

void fill(TwinView& view, std::uint8_t left, std::uint8_t right, int count = 3)
{
    view.begin(QStringLiteral("Full"), QStringLiteral("AdaDiff"), count, {8, 8}, {});
    view.setPicture(TwinView::Side::left, 0, flat(count, left));
    view.setPicture(TwinView::Side::right, 0, flat(count, right));
}

StepDifference stepAt(int done, int t, double psnr, double absolute)
{
    return {done, t, {{psnr, absolute}}, {psnr, absolute}};
}

}  // namespace

class TestTwinView : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void sideBySideShowsLeftRightAndTheirDifference()
    {
        TwinView view;
        fill(view, 40, 200);
        const QImage tile = view.grid()->image(0);
        QCOMPARE(tile.size(), QSize(3 * 8 + 2, 8));
        QCOMPARE(qRed(tile.pixel(3, 3)), 40);
        QCOMPARE(qRed(tile.pixel(8 + 1 + 3, 3)), 200);
        QCOMPARE(tile.pixel(2 * 9 + 3, 3), heatColor(1.0).rgb());
    }

    void equalPicturesHaveADifferenceOfTheLowestColourOnly()
    {
        TwinView view;
        fill(view, 77, 77);
        view.setMode(TwinView::Mode::difference);
        const QImage tile = view.grid()->image(1);
        for (int y = 0; y < 8; ++y) {
            for (int x = 0; x < 8; ++x) {
                QCOMPARE(tile.pixel(x, y), heatColor(0.0).rgb());
            }
        }
    }

    void theScaleSaysWhichDifferenceIsBrightest()
    {
        TwinView view;
        fill(view, 0, 51);
        view.setMode(TwinView::Mode::difference);
        QCOMPARE(view.scale(), 0.2);
        QCOMPARE(view.grid()->image(0).pixel(2, 2), heatColor(1.0).rgb());
        view.setScale(1.0);
        QCOMPARE(view.grid()->image(0).pixel(2, 2), heatColor(0.2).rgb());
        view.setScale(std::nullopt);
        QCOMPARE(view.scale(), 0.2);
    }

    void theLineDividesEveryPictureAtOnePlace()
    {
        TwinView view;
        view.resize(600, 500);
        fill(view, 10, 250);
        view.setMode(TwinView::Mode::split);
        for (const double share : {0.0, 0.25, 0.5, 1.0}) {
            view.setSplit(share);
            for (int image = 0; image < 3; ++image) {
                const QImage tile = view.grid()->image(image);
                for (int x = 0; x < 8; ++x) {
                    QCOMPARE(qRed(tile.pixel(x, 5)), x < share * 8 ? 10 : 250);
                }
            }
        }
    }

    void theLineFollowsTheMouseAndTheSlidersKeys()
    {
        TwinView view;
        view.resize(600, 500);
        fill(view, 10, 250);
        view.setMode(TwinView::Mode::split);
        view.show();
        const QRect tile = view.grid()->tileRect(1);
        const auto at = [&tile](double share) {
            return QPoint(tile.x() + static_cast<int>(share * tile.width()), tile.center().y());
        };
        QTest::mousePress(view.grid()->viewport(), Qt::LeftButton, {}, at(0.25));
        QVERIFY(std::abs(view.split() - 0.25) < 0.02);
        QTest::mouseMove(view.grid()->viewport(), at(0.75));
        QVERIFY(std::abs(view.split() - 0.75) < 0.02);
        QTest::mouseRelease(view.grid()->viewport(), Qt::LeftButton, {}, at(0.75));
        QTest::mouseMove(view.grid()->viewport(), at(0.1));
        QVERIFY(std::abs(view.split() - 0.75) < 0.02);
        auto* slider = view.findChild<QSlider*>();
        const double before = view.split();
        QTest::keyClick(slider, Qt::Key_Left);
        QVERIFY(view.split() < before);
    }

    void blinkingShowsOneAfterTheOther()
    {
        TwinView view;
        fill(view, 10, 250);
        view.show();
        view.setMode(TwinView::Mode::blink);
        QCOMPARE(qRed(view.grid()->image(0).pixel(0, 0)), 10);
        QTRY_COMPARE_WITH_TIMEOUT(view.blinkSide(), TwinView::Side::right, 60'000);
        QCOMPARE(qRed(view.grid()->image(0).pixel(0, 0)), 250);
    }

    void onlyExactlyEqualIsCalledIdentical()
    {
        QCOMPARE(differenceText({std::numeric_limits<double>::infinity(), 0.0}), QStringLiteral("identical"));
        QVERIFY(!differenceText({180.0, 1e-9}).contains(QStringLiteral("identical")));
        QVERIFY(differenceText({std::nan(""), std::nan("")}).isEmpty());
    }

    void anEmptyViewSaysWhatToDo()
    {
        TwinView view;
        QVERIFY(view.grid()->message().contains(QStringLiteral("Ctrl+T")));
    }

    void picturesBeyondTheRunAreIgnored()
    {
        TwinView view;
        fill(view, 1, 2);
        view.setPicture(TwinView::Side::left, 2, flat(5, 99));
        QCOMPARE(qRed(view.picture(TwinView::Side::left, 2).pixel(0, 0)), 99);
        view.setPicture(TwinView::Side::left, -1, flat(1, 50));
        view.setPicture(TwinView::Side::left, 3, flat(1, 50));
        QVERIFY(view.picture(TwinView::Side::left, 3).isNull());
        PictureStrip lying = flat(1, 50);
        lying.count = 3;
        view.setPicture(TwinView::Side::left, 0, lying);
        QVERIFY(view.picture(TwinView::Side::left, 1).isNull());
    }

    void timeRunsFromTheLeftAndEqualStepsLieOnTheUpperEdge()
    {
        QualityCurve curve;
        curve.setSteps({stepAt(0, 999, std::numeric_limits<double>::infinity(), 0.0),
                        stepAt(1, 500, 30.0, 0.01), stepAt(2, -1, 20.0, 0.05)});
        QVERIFY(curve.plot()->xAxis->rangeReversed());
        const auto data = curve.plot()->graph(0)->data();
        QCOMPARE(data->size(), 3);
        const double top = curve.plot()->yAxis->range().upper;
        QCOMPARE((data->constEnd() - 1)->key, 999.0);
        QCOMPARE((data->constEnd() - 1)->value, top);
        QCOMPARE(data->constBegin()->key, 0.0);
        QCOMPARE(data->constBegin()->value, 20.0);
        QVERIFY(curve.textSummary().contains(QStringLiteral("identical")));
    }

    void arrowKeysGoFromStepToStep()
    {
        QualityCurve curve;
        curve.setSteps({stepAt(0, 999, 40.0, 0.0), stepAt(1, 500, 30.0, 0.01), stepAt(2, -1, 20.0, 0.05)});
        QSignalSpy chosen(&curve, &QualityCurve::stepChosen);
        QTest::keyClick(&curve, Qt::Key_Left);
        QCOMPARE(chosen.last().first().toInt(), 1);
        QTest::keyClick(&curve, Qt::Key_Left);
        QTest::keyClick(&curve, Qt::Key_Left);
        QCOMPARE(chosen.last().first().toInt(), 0);
        QTest::keyClick(&curve, Qt::Key_Right);
        QCOMPARE(chosen.last().first().toInt(), 1);
    }

    void aLateStepTakesItsPlaceInTheCurve()
    {
        QualityCurve curve;
        curve.addStep(stepAt(5, 500, 30.0, 0.1));
        curve.addStep(stepAt(2, 800, 31.0, 0.1));
        curve.addStep(stepAt(5, 500, 29.0, 0.1));
        QCOMPARE(curve.steps().size(), std::size_t(2));
        QCOMPARE(curve.steps().front().steps_done, 2);
        QCOMPARE(curve.steps().back().all.psnr, 29.0);
    }
};

QTEST_MAIN(TestTwinView)
#include "test_twin_view.moc"
