// SPDX-License-Identifier: GPL-3.0-or-later
// Point 9: the uncertainty of every patch over the pictures, at the time cursor.
#include "studio_fixture.h"
#include "ui/cursor_panel.h"
#include "ui/picture_header.h"
#include "ui/preview_grid.h"
#include "ui/uncertainty_overlay.h"

#include <QAction>
#include <QSpinBox>
#include <QToolButton>

using namespace duodiff;
using namespace duodiff::studio;
using duodiff::test::StudioFixture;

namespace
{

class MapFixture : public StudioFixture
{
public:
    MapFixture() { showAndOpen(); }

    ui::PreviewGrid& grid() { return *app->window().previews(); }
    ui::CursorPanel& panel() { return *app->cursor().panel(); }
    ui::MapScale& scale() { return *app->window().pictureHeader()->scale(); }
    UncertaintyMap& map() { return app->uncertaintyMap(); }

    void run()
    {
        configure(PolicyKind::adadiff, 20, 6, 4);
        runToTheEnd();
    }
    void turnOn()
    {
        QSignalSpy shown(&map(), &UncertaintyMap::shown);
        map().action()->setChecked(true);
        QVERIFY(!shown.isEmpty() || shown.wait(test::patience));
    }
    void moveTo(int step)
    {
        QSignalSpy maps(&map(), &UncertaintyMap::shown);
        QSignalSpy pictures(&app->cursorPictures(), &CursorPictures::shown);
        app->cursor().moveTo(step);
        QVERIFY(!maps.isEmpty() || maps.wait(test::patience));
        QVERIFY(!pictures.isEmpty() || pictures.wait(test::patience));
    }
    /// What the engine says of a patch after a layer; see the scripted engine.
    float expected(int batch, int image, int stepsDone, int layer, int patchRow, int patchColumn)
    {
        const auto state = app->kept()->trajectory->state(batch, stepsDone);
        const int pixel = (image * 28 + 4 * patchRow) * 28 + 4 * patchColumn;
        const float bright = state->x[static_cast<std::size_t>(pixel)];
        return std::clamp(0.5F + 0.2F * bright, 0.0F, 1.0F) / static_cast<float>(layer + 1);
    }
    /// The colours of all patches stand in the order of the values.
    void compareMap(int batch, int image, int stepsDone, int layer)
    {
        std::vector<float> values;
        for (int b = 0; b < 2; ++b) {
            for (int i = 0; i < (b == 0 ? 4 : 2); ++i) {
                for (int patch = 0; patch < 49; ++patch) {
                    values.push_back(expected(b, i, stepsDone, layer, patch / 7, patch % 7));
                }
            }
        }
        const ui::MapRange range = ui::mapRangeOf(values);
        std::vector<float> own;
        for (int patch = 0; patch < 49; ++patch) {
            own.push_back(expected(batch, image, stepsDone, layer, patch / 7, patch % 7));
        }
        QCOMPARE(grid().overlay(4 * batch + image), ui::uncertaintyImage(own, 7, 7, range));
        QVERIFY2(scale().textSummary().contains(QString::number(range.low, 'f', 3)),
                 qPrintable(scale().textSummary()));
    }
};

}  // namespace

class StudioUncertaintyMap : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void point9TheMapIsOfTheChosenLayerAndOfTheXtThatIsShown()
    {
        MapFixture f;
        f.run();
        QVERIFY(!f.grid().hasOverlay(0));
        f.turnOn();
        f.moveTo(7);
        f.compareMap(0, 2, 7, 12);
        f.compareMap(1, 1, 7, 12);
        // The picture below is the very x_t that the maps were read from.
        const auto strip = f.app->kept()->trajectory->picture(0, 7, PictureKind::noisy);
        QCOMPARE(qRed(f.grid().image(0).pixel(0, 0)), int(strip->rgbx->front()));
        QCOMPARE(f.app->cursorPictures().stepsDone(), std::optional(7));
        QCOMPARE(f.map().stepsDone(), std::optional(7));
        QVERIFY(f.app->window().pictureStep().contains(QStringLiteral("step <b>8</b> / 20")));
        QVERIFY(f.scale().isVisible());
        // Another layer comes out of what was read.
        const int reads = f.script->uncertaintiesRead;
        f.panel().mapLayerBox()->setValue(3);
        f.compareMap(1, 0, 7, 3);
        QCOMPARE(f.script->uncertaintiesRead.load(), reads);
        QVERIFY(f.grid().caption(2).contains(QStringLiteral("after layer 3")));
        f.moveTo(8);
        f.compareMap(0, 1, 8, 3);
        QVERIFY(f.script->ranOnOneThread);
    }

    void point9OffTakesMapScaleAndPicturesBack()
    {
        MapFixture f;
        f.run();
        const QImage finished = f.grid().image(1);
        QTest::keyClick(&f.grid(), Qt::Key_U);
        QTRY_VERIFY_WITH_TIMEOUT(f.map().stepsDone() && f.grid().hasOverlay(5), test::patience);
        QVERIFY(f.panel().mapButton()->isChecked());
        QTRY_VERIFY_WITH_TIMEOUT(f.grid().image(1) != finished, test::patience);
        f.panel().mapButton()->click();
        QVERIFY(!f.map().action()->isChecked());
        QVERIFY(!f.grid().hasOverlay(5));
        QVERIFY(!f.scale().isVisible());
        QCOMPARE(f.grid().image(1), finished);
    }

    void theWindowDoesNotWaitAndTheNewestStepCounts()
    {
        MapFixture f;
        f.run();
        f.turnOn();
        f.script->mapGate.close();
        QSignalSpy shown(&f.map(), &UncertaintyMap::shown);
        f.app->cursor().moveTo(2);
        // The map of the step before is gone at once: it does not belong to this picture.
        QVERIFY(!f.grid().hasOverlay(0));
        const int reads = f.script->uncertaintiesRead;
        for (int step = 3; step < 12; ++step) {
            f.app->cursor().moveTo(step);
        }
        f.script->mapGate.open();
        QVERIFY(shown.wait(test::patience));
        f.compareMap(0, 0, 11, 12);
        // That of step 2 was begun; of those in between none.
        QVERIFY2(f.script->uncertaintiesRead - reads <= 3,
                 qPrintable(QString::number(f.script->uncertaintiesRead - reads)));
    }

    void point9WhereThereIsNoMapThePanelSaysWhy()
    {
        MapFixture f;
        QVERIFY(!f.map().action()->isEnabled());
        QVERIFY(f.panel().mapNote().contains(QStringLiteral("generate first")));
        f.script->gate.close();
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        f.configure(PolicyKind::adadiff, 20);
        f.app->generate();
        QVERIFY(f.panel().mapNote().contains(QStringLiteral("in progress")));
        f.script->gate.open();
        QVERIFY(ended.wait(test::patience));
        QVERIFY(f.panel().mapNote().isEmpty());
        QVERIFY(f.map().action()->isEnabled());
        f.script->noMaps = true;
        f.map().action()->setChecked(true);
        QTRY_VERIFY_WITH_TIMEOUT(f.panel().mapNote().contains(QStringLiteral("one number an image")),
                                 test::patience);
        QVERIFY(!f.map().action()->isEnabled());
        QVERIFY(!f.scale().isVisible());
    }

    void aRunThatBeginsTakesTheMapAwayAndItComesBackWithTheNextOne()
    {
        MapFixture f;
        f.run();
        f.turnOn();
        f.script->gate.close();
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        f.app->generate();
        QVERIFY(!f.grid().hasOverlay(0));
        f.script->gate.open();
        QVERIFY(ended.wait(test::patience));
        QTRY_VERIFY_WITH_TIMEOUT(f.map().stepsDone() && f.grid().hasOverlay(0), test::patience);
        f.compareMap(0, 0, 19, 12);
    }

    void ofAPairTheMapIsOverTheNoisyPicture()
    {
        MapFixture f;
        f.run();
        f.app->window().pictureHeader()->setChoice(ui::PictureChoice::both);
        f.turnOn();
        f.moveTo(5);
        f.grid().resize(600, 400);
        const QRect tile = f.grid().tileRect(0);
        const QImage with = f.grid().viewport()->grab().toImage();
        f.grid().clearOverlays();
        const QImage without = f.grid().viewport()->grab().toImage();
        const QPoint left(tile.left() + tile.width() / 4, tile.center().y());
        const QPoint right(tile.left() + 3 * tile.width() / 4, tile.center().y());
        QVERIFY(with.pixel(left) != without.pixel(left));
        QCOMPARE(with.pixel(right), without.pixel(right));
    }

    void aValueThatIsNoNumberIsClearAndTheScaleIsOfTheOthers()
    {
        const std::vector<float> values{0.25F, std::numeric_limits<float>::quiet_NaN(), 0.75F, 0.5F};
        const ui::MapRange range = ui::mapRangeOf(values);
        QCOMPARE(range.low, 0.25);
        QCOMPARE(range.high, 0.75);
        const QImage image = ui::uncertaintyImage(values, 2, 2, range);
        QCOMPARE(qAlpha(image.pixel(1, 0)), 0);
        QVERIFY(qAlpha(image.pixel(0, 0)) > 0 && qAlpha(image.pixel(0, 0)) < 255);
        QVERIFY(ui::uncertaintyImage(values, 3, 2, range).isNull());
        const std::vector<float> flat(4, 0.5F);
        QVERIFY(ui::mapRangeOf(flat).high > ui::mapRangeOf(flat).low);
    }
};

int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    StudioUncertaintyMap test;
    return QTest::qExec(&test, argc, argv);
}
#include "studio_uncertainty_map.moc"
