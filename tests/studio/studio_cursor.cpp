// SPDX-License-Identifier: GPL-3.0-or-later
// Points 8, 9 and 10: one time cursor over plot, previews and panel; images and their traces.
#include "studio_fixture.h"
#include "ui/cursor_panel.h"
#include "ui/exit_plot.h"
#include "ui/main_window.h"
#include "ui/picture_header.h"
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
    /// And until the pictures are there.
    void moveTo(StudioFixture& f, int step)
    {
        QSignalSpy shown(&f.app->cursorPictures(), &CursorPictures::shown);
        f.app->cursor().moveTo(step);
        QVERIFY(!shown.isEmpty() || shown.wait(test::patience));
    }
    int step() const { return panel.displayed() ? panel.displayed()->step : -1; }

    ui::ExitPlot& plot;
    ui::PreviewGrid& grid;
    ui::CursorPanel& panel;
    ui::MainWindow& window;
};

QImage pictureOf(const PictureStrip& strip, int image)
{
    const QImage all(strip.rgbx->data(), strip.width, strip.height * strip.count, 4 * strip.width,
                     QImage::Format_RGBX8888);
    return all.copy(0, image * strip.height, strip.width, strip.height);
}

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

    void point9TheGridShowsThePicturesOfTheStepAtTheCursorAndNoNetworkRuns()
    {
        StudioFixture f;
        f.showAndOpen();
        Shown s(f);
        f.configure(PolicyKind::full, 30, 6, 4);
        f.runToTheEnd();
        const QImage finished = s.grid.image(5).convertToFormat(QImage::Format_RGB32);
        const int stepsRun = f.script->steps;
        const auto& trajectory = *f.app->kept()->trajectory;
        for (const int step : {0, 7, 28}) {
            s.moveTo(f, step);
            for (const int batch : {0, 1}) {
                const auto strip = trajectory.picture(batch, step + 1, PictureKind::noisy);
                QVERIFY(strip);
                for (int image = 0; image < strip->count; ++image) {
                    QCOMPARE(s.grid.image(4 * batch + image), pictureOf(*strip, image));
                }
            }
            QVERIFY(s.window.pictureWhat().contains(QStringLiteral("x<sub>t</sub>")));
            QVERIFY(s.window.pictureStep().contains(QStringLiteral("step <b>%1</b> / 30").arg(step + 1)));
        }
        QCOMPARE(f.script->steps.load(), stepsRun);
        QVERIFY(s.grid.image(5).convertToFormat(QImage::Format_RGB32) != finished);
        f.app->cursor().letGo();
        QCOMPARE(s.grid.image(5).convertToFormat(QImage::Format_RGB32), finished);
        QVERIFY(s.window.pictureWhat().contains(QStringLiteral("Finished")));
    }

    void point9ThePredictionOfTheStepAndBothAreShownWhereTheyAreChosen()
    {
        StudioFixture f;
        f.showAndOpen();
        Shown s(f);
        f.configure(PolicyKind::duodiff, 30);
        f.runToTheEnd();
        const auto& trajectory = *f.app->kept()->trajectory;
        s.moveTo(f, 10);
        QSignalSpy shown(&f.app->cursorPictures(), &CursorPictures::shown);
        QTest::keyClick(&s.grid, Qt::Key_X);
        QVERIFY(shown.wait(test::patience));
        const auto predicted = trajectory.picture(0, 11, PictureKind::predicted);
        const auto noisy = trajectory.picture(0, 11, PictureKind::noisy);
        QCOMPARE(s.grid.image(2), pictureOf(*predicted, 2));
        QVERIFY(s.window.pictureWhat().contains(QStringLiteral("predicted")));
        QTest::keyClick(&s.grid, Qt::Key_X);
        QVERIFY(shown.wait(test::patience));
        QCOMPARE(s.grid.image(2).copy(0, 0, 28, 28),
                 pictureOf(*noisy, 2).convertToFormat(QImage::Format_RGB32));
        QCOMPARE(s.grid.image(2).copy(29, 0, 28, 28),
                 pictureOf(*predicted, 2).convertToFormat(QImage::Format_RGB32));
    }

    void point9WhereOnlyTheNoisyStatesAreKeptTheLabelSaysSo()
    {
        StudioFixture f;
        f.showAndOpen();
        Shown s(f);
        f.configure(PolicyKind::full, 20);
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        auto keep = std::make_shared<Trajectory>(TrajectoryOptions{.keep_predicted = false});
        QVERIFY(f.app->startRun(f.controls().settings(), {.keep = keep}));
        QVERIFY(ended.wait(test::patience));
        s.window.pictureHeader()->setChoice(ui::PictureChoice::both);
        s.moveTo(f, 9);
        QVERIFY2(s.window.pictureWhat().contains(QStringLiteral("is not kept")),
                 qPrintable(s.window.pictureWhat()));
        QCOMPARE(s.grid.image(1), pictureOf(*keep->picture(0, 10, PictureKind::noisy), 1));
    }

    void point9BetweenStatesThatAreKeptTheLabelNamesTheNearest()
    {
        StudioFixture f;
        f.showAndOpen();
        Shown s(f);
        f.configure(PolicyKind::full, 40);
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        auto keep = std::make_shared<Trajectory>(TrajectoryOptions{.limit_bytes = 400'000});
        QVERIFY(f.app->startRun(f.controls().settings(), {.keep = keep}));
        QVERIFY(ended.wait(test::patience));
        QVERIFY(keep->stride() > 1);
        const int step = keep->stride() * 2;
        s.moveTo(f, step);
        QVERIFY(s.window.pictureWhat().contains(QStringLiteral("nearest step")));
        QVERIFY2(s.window.pictureStep().contains(QStringLiteral("step <b>%1</b> / 40").arg(step)),
                 qPrintable(s.window.pictureStep()));
        s.moveTo(f, 0);
        QVERIFY(s.window.pictureStep().contains(QStringLiteral("before step <b>1</b>")));
    }

    void point9WithoutKeptStepsTheLabelSaysWhatToDo()
    {
        StudioFixture f;
        f.showAndOpen();
        Shown s(f);
        f.configure(PolicyKind::full, 20);
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        QSignalSpy stored(&f.app->history(), &History::kept);
        QVERIFY(f.app->startRun(f.controls().settings(),
                                {.keep = std::make_shared<Trajectory>(TrajectoryOptions{.limit_bytes = 9})}));
        QVERIFY(ended.wait(test::patience));
        const QImage finished = s.grid.image(0);
        f.app->cursor().moveTo(4);
        QVERIFY2(s.window.pictureWhat().contains(QStringLiteral("smaller batches")),
                 qPrintable(s.window.pictureWhat()));
        QVERIFY(s.window.pictureStep().contains(QStringLiteral("cursor at")));
        QCOMPARE(s.grid.image(0), finished);
        f.app->cursor().letGo();
        QVERIFY(s.window.pictureWhat().contains(QStringLiteral("Finished")));
        QTRY_COMPARE_WITH_TIMEOUT(stored.size(), 1, test::patience);
        f.app->history().show(stored.first().first().toString());
        QTRY_VERIFY_WITH_TIMEOUT(s.window.pictureWhat().contains(QStringLiteral("history")), test::patience);
        f.app->cursor().moveTo(4);
        QVERIFY2(s.window.pictureWhat().contains(QStringLiteral("generate it again")),
                 qPrintable(s.window.pictureWhat()));
    }

    void point9DuringARunTheStepsOfThePastAreShownToo()
    {
        StudioFixture f;
        f.showAndOpen();
        Shown s(f);
        f.configure(PolicyKind::full, 30, 8, 4);
        f.script->gate.close();
        f.script->gate.allow(40);
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        f.app->generate();
        f.script->gate.waitForVisitor();
        f.app->run().drain();
        s.moveTo(f, 6);
        const Trajectory& trajectory = *f.app->run().trajectory();
        QCOMPARE(s.grid.image(1), pictureOf(*trajectory.picture(0, 7, PictureKind::noisy), 1));
        QCOMPARE(s.grid.image(6), pictureOf(*trajectory.picture(1, 7, PictureKind::noisy), 2));
        s.moveTo(f, 20);
        QCOMPARE(s.grid.image(1), pictureOf(*trajectory.picture(0, 21, PictureKind::noisy), 1));
        QCOMPARE(s.grid.image(6), pictureOf(*trajectory.picture(1, 10, PictureKind::noisy), 2));
        QVERIFY(s.window.pictureWhat().contains(QStringLiteral("other batches")));
        // What the run shows in the meantime does not get in.
        f.script->gate.allow(5);
        QTRY_COMPARE_WITH_TIMEOUT(f.app->run().newestStep(), std::optional(14), test::patience);
        QCOMPARE(s.grid.image(1), pictureOf(*trajectory.picture(0, 21, PictureKind::noisy), 1));
        QVERIFY(s.window.pictureStep().contains(QStringLiteral("step <b>21</b> / 30")));
        QSignalSpy shown(&f.app->cursorPictures(), &CursorPictures::shown);
        f.app->cursor().letGo();
        QVERIFY(s.window.pictureStep().contains(QStringLiteral("step <b>15</b> / 30")));
        QVERIFY(shown.wait(test::patience));
        QCOMPARE(s.grid.image(6), pictureOf(*trajectory.picture(1, 15, PictureKind::noisy), 2));
        // The first batch has its finished images.
        QCOMPARE(s.grid.image(1), ui::toImage(f.app->run().images()[1]));
        f.script->gate.open();
        QVERIFY(ended.wait(test::patience));
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
