// SPDX-License-Identifier: GPL-3.0-or-later
// Points 8, 9 and 10: one time cursor over plot, previews and panel; images and their traces.
#include "studio_fixture.h"
#include "ui/cursor_panel.h"
#include "ui/exit_plot.h"
#include "ui/main_window.h"
#include "ui/preview_grid.h"

#include <QAbstractItemModelTester>
#include <QAction>
#include <QDockWidget>
#include <QSpinBox>
#include <QToolButton>

#include <cmath>

using namespace duodiff;
using namespace duodiff::studio;
using duodiff::test::StudioFixture;

namespace
{

struct Shown {
    explicit Shown(StudioFixture& f)
        : plot(*f.app->window().plot()),
          grid(*f.app->window().previews()),
          panel(*f.app->cursor().panel()),
          window(f.app->window())
    {
    }

    void raisePanel()
    {
        window.findChild<QDockWidget*>(QStringLiteral("cursorDock"))->raise();
        QTRY_VERIFY_WITH_TIMEOUT(panel.isVisible(), test::patience);
    }
    int step() const { return panel.displayed() ? panel.displayed()->step : -1; }

    ui::ExitPlot& plot;
    ui::PreviewGrid& grid;
    ui::CursorPanel& panel;
    ui::MainWindow& window;
};

}  // namespace

class StudioCursor : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void point8KeysInThePlotMoveThePanelAndTheLabelOfThePictures()
    {
        StudioFixture f;
        f.showAndOpen();
        Shown s(f);
        s.raisePanel();
        f.configure(PolicyKind::adadiff, 50);
        f.runToTheEnd();
        QCOMPARE(s.step(), 49);
        QTest::keyClick(&s.plot, Qt::Key_Home);
        QCOMPARE(s.step(), 0);
        QVERIFY2(s.window.pictureStep().contains(QStringLiteral("step <b>1</b> / 50")),
                 qPrintable(s.window.pictureStep()));
        QTest::keyClick(&s.plot, Qt::Key_Right);
        QCOMPARE(s.step(), 1);
        QTest::keyClick(&s.plot, Qt::Key_Right, Qt::ShiftModifier);
        QCOMPARE(s.step(), 11);
        QTest::keyClick(&s.plot, Qt::Key_Left);
        QCOMPARE(s.step(), 10);
        QTest::keyClick(&s.plot, Qt::Key_End);
        QCOMPARE(s.step(), 49);
        const QString rest = QStringLiteral("<b>4</b> of 4 images");
        QVERIFY(s.window.pictureStep() != rest);
        QTest::keyClick(&s.plot, Qt::Key_Escape);
        QCOMPARE(s.window.pictureStep(), rest);
        QVERIFY(!f.app->cursor().isTaken());
    }

    void keysInThePanelMoveThePlot()
    {
        StudioFixture f;
        f.showAndOpen();
        Shown s(f);
        s.raisePanel();
        f.configure(PolicyKind::duodiff, 50);
        f.runToTheEnd();
        QTest::keyClick(&s.panel, Qt::Key_Left);
        QCOMPARE(s.plot.cursor(), std::optional(48));
        QTest::keyClick(&s.panel, Qt::Key_Left, Qt::ShiftModifier);
        QCOMPARE(s.plot.cursor(), std::optional(38));
        QTest::keyClick(&s.panel, Qt::Key_Home);
        QCOMPARE(s.plot.cursor(), std::optional(0));
        QTest::keyClick(&s.panel, Qt::Key_Left);
        QCOMPARE(s.plot.cursor(), std::optional(0));
        QTest::keyClick(&s.panel, Qt::Key_End);
        QCOMPARE(s.plot.cursor(), std::optional(49));
    }

    void duringARunTheCursorFollowsTheNewestStepUntilItIsTaken()
    {
        StudioFixture f;
        f.showAndOpen();
        Shown s(f);
        s.raisePanel();
        f.configure(PolicyKind::adadiff, 50);
        f.script->gate.close();
        f.script->gate.allow(20);
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        f.app->generate();
        QTRY_COMPARE_WITH_TIMEOUT(f.app->cursor().step(), std::optional(19), test::patience);
        QTest::keyClick(&s.plot, Qt::Key_Home);
        QCOMPARE(s.step(), 0);
        f.script->gate.allow(5);
        QTRY_COMPARE_WITH_TIMEOUT(s.plot.data().reached(), 25, test::patience);
        QCOMPARE(s.step(), 0);
        QTest::keyClick(&s.plot, Qt::Key_F);
        QCOMPARE(s.step(), 24);
        QTest::keyClick(&s.plot, Qt::Key_Home);
        f.script->gate.open();
        QVERIFY(ended.wait(test::patience));
        // What the person holds stays where it is when the run ends.
        QCOMPARE(s.step(), 0);
        QCOMPARE(s.plot.cursor(), std::optional(0));
    }

    void point9ThePanelHoldsTheUncertaintiesOfTheStep()
    {
        StudioFixture f;
        f.showAndOpen();
        Shown s(f);
        s.raisePanel();
        f.configure(PolicyKind::adadiff, 40, 5, 3);
        f.runToTheEnd();
        f.app->cursor().moveTo(22);
        const RunRecord& record = f.app->kept()->record;
        const StepRecord& step = record.steps[22];
        const auto means = mean_uncertainties(step, record.probes);
        QVERIFY(s.panel.displayed());
        const ui::AtCursor at = *s.panel.displayed();
        QCOMPARE(at.t, step.t);
        QVERIFY(at.hasUncertainty());
        int leaving = 0;
        for (const ui::LayerAtCursor& layer : at.layers) {
            leaving += layer.leaving;
            const auto row = static_cast<std::size_t>(layer.layer);
            if (row < means.size() && !std::isnan(means[row])) {
                QVERIFY(std::abs(layer.mean - static_cast<double>(means[row])) < 1e-6);
            } else {
                QVERIFY(std::isnan(layer.mean));
            }
        }
        QCOMPARE(leaving, 5);
        Q_EMIT s.grid.imageHovered(3);
        QCOMPARE(s.panel.displayed()->image, std::optional(3));
        QCOMPARE(s.panel.displayed()->imageExit, static_cast<int>(step.exit_layers[3]));
        for (std::size_t row = 0; row < 13; ++row) {
            const float u = step.uncertainty[row * 5 + 3];
            const double own = s.panel.displayed()->layers[row].own;
            QVERIFY(std::isnan(u) ? std::isnan(own) : own == static_cast<double>(u));
        }
        QVERIFY(s.panel.textSummary().contains(QStringLiteral("image 3 left at layer")));
    }

    void theTableKeepsTheContractOfAModel()
    {
        ui::LayerTable table;
        const QAbstractItemModelTester tester(&table, QAbstractItemModelTester::FailureReportingMode::QtTest);
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 20);
        f.runToTheEnd();
        const RunRecord& record = f.app->kept()->record;
        table.display(ui::atCursor(record, 3, std::nullopt));
        QCOMPARE(table.rowCount(), 14);
        table.display(ui::atCursor(record, 19, 1));
        QCOMPARE(table.rowCount(), 14);
        QVERIFY(table.headerData(ui::LayerTable::own, Qt::Horizontal, Qt::DisplayRole)
                    .toString()
                    .contains(QStringLiteral("1")));
        table.display(std::nullopt);
        QCOMPARE(table.rowCount(), 0);
    }

    void playGoesThroughTheStepsToTheEnd()
    {
        StudioFixture f;
        f.showAndOpen();
        Shown s(f);
        s.raisePanel();
        QVERIFY(!s.panel.playButton()->isEnabled());
        f.configure(PolicyKind::full, 60);
        f.runToTheEnd();
        QVERIFY(s.panel.playButton()->isEnabled());
        s.panel.rateBox()->setValue(240);
        QSignalSpy moved(&f.app->cursor(), &TimeCursor::moved);
        s.panel.playButton()->click();
        QVERIFY(f.app->cursor().isPlaying());
        QTRY_VERIFY_WITH_TIMEOUT(!f.app->cursor().isPlaying(), test::patience);
        QCOMPARE(moved.first().first().toInt(), 0);
        QCOMPARE(moved.last().first().toInt(), 59);
        for (qsizetype index = 1; index < moved.size(); ++index) {
            QVERIFY(moved[index].first().toInt() > moved[index - 1].first().toInt());
        }
        QCOMPARE(s.plot.cursor(), std::optional(59));
    }

    void picturesOfEarlierStepsComeToTheGridAndGoWithTheCursor()
    {
        StudioFixture f;
        f.showAndOpen();
        Shown s(f);
        f.configure(PolicyKind::full, 30);
        f.runToTheEnd();
        const QImage finished = s.grid.image(0);
        QImage earlier(28, 28, QImage::Format_RGB32);
        earlier.fill(Qt::red);
        std::vector<int> asked;
        f.app->cursor().setPictures([&](int step) {
            asked.push_back(step);
            s.grid.setImage(0, earlier);
            return std::optional(step / 2 * 2);
        });
        f.app->cursor().moveTo(7);
        QCOMPARE(asked, std::vector<int>{7});
        QCOMPARE(s.grid.image(0).pixel(3, 3), earlier.pixel(3, 3));
        // The label names the step that the pictures are of.
        QVERIFY(s.window.pictureStep().contains(QStringLiteral("step <b>7</b> / 30")));
        QVERIFY(s.window.pictureWhat().contains(QStringLiteral("nearest")));
        f.app->cursor().letGo();
        QCOMPARE(s.grid.image(0).convertToFormat(QImage::Format_RGB32),
                 finished.convertToFormat(QImage::Format_RGB32));
    }

    void point10AnImageThatIsSelectedByKeyHasItsTraceInThePlot()
    {
        StudioFixture f;
        f.showAndOpen();
        Shown s(f);
        f.configure(PolicyKind::adadiff, 30);
        f.runToTheEnd();
        QVERIFY(!s.plot.highlightedImage());
        QTest::keyClick(&s.grid, Qt::Key_Right);
        QTest::keyClick(&s.grid, Qt::Key_Right);
        QCOMPARE(s.grid.selected(), std::optional(1));
        QCOMPARE(s.plot.highlightedImage(), std::optional(1));
        Q_EMIT s.grid.imageHovered(3);
        QCOMPARE(s.plot.highlightedImage(), std::optional(3));
        Q_EMIT s.grid.imageHovered(-1);
        QCOMPARE(s.plot.highlightedImage(), std::optional(1));
    }

    void point10ACellOfThePlotMarksTheImagesThatLeftThere()
    {
        StudioFixture f;
        f.showAndOpen();
        Shown s(f);
        f.configure(PolicyKind::adadiff, 40, 12, 12);
        f.runToTheEnd();
        const RunRecord& record = f.app->kept()->record;
        // A step at which the images leave at more than one layer.
        const auto spread =
            std::find_if(record.steps.begin(), record.steps.end(), [](const StepRecord& step) {
                return exit_statistics(step).maximum - exit_statistics(step).minimum >= 2;
            });
        QVERIFY(spread != record.steps.end());
        f.app->cursor().moveTo(spread->step);
        const auto imagesAt = [&](int layer) {
            std::vector<int> images;
            for (std::size_t image = 0; image < spread->exit_layers.size(); ++image) {
                if (spread->exit_layers[image] == layer) {
                    images.push_back(static_cast<int>(image));
                }
            }
            return images;
        };
        QVERIFY(s.grid.marked().empty());
        QTest::keyClick(&s.plot, Qt::Key_Down);
        QVERIFY(s.plot.pointedLayer());
        const int first = *s.plot.pointedLayer();
        QCOMPARE(s.grid.marked(), imagesAt(first));
        QVERIFY(!s.grid.marked().empty());
        for (int key = 0; key < 20; ++key) {
            QTest::keyClick(&s.plot, Qt::Key_Up);
            QCOMPARE(s.grid.marked(), imagesAt(*s.plot.pointedLayer()));
        }
        QCOMPARE(*s.plot.pointedLayer(), exit_statistics(*spread).maximum);
        QVERIFY(s.grid.textSummary().contains(QStringLiteral("Marked: ")));
        QTest::keyClick(&s.plot, Qt::Key_Escape);
        QVERIFY(s.grid.marked().empty());
    }
};

int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    StudioCursor test;
    return QTest::qExec(&test, argc, argv);
}
#include "studio_cursor.moc"
