// SPDX-License-Identifier: GPL-3.0-or-later
// Points 7, 10 and 19: the grid of previews.
#include "ui/preview_grid.h"

#include <QAccessible>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTest>

#include <memory>
#include <random>

using namespace duodiff;
using duodiff::ui::PreviewGrid;
using duodiff::ui::Theme;

namespace
{

PictureStrip noise(int count, int width = 28, int height = 28, unsigned seed = 1)
{
    std::mt19937 random(seed);
    auto bytes =
        std::make_shared<std::vector<std::uint8_t>>(static_cast<std::size_t>(width * height * count * 4));
    for (std::size_t byte = 0; byte < bytes->size(); ++byte) {
        (*bytes)[byte] = byte % 4 == 3 ? 255 : static_cast<std::uint8_t>(random());
    }
    return {width, height, count, bytes};
}

QRgb pixelOf(const PictureStrip& strip, int tile, int x, int y)
{
    const auto at = static_cast<std::size_t>(((tile * strip.height + y) * strip.width + x) * 4);
    return qRgb((*strip.rgbx)[at], (*strip.rgbx)[at + 1], (*strip.rgbx)[at + 2]);
}

}  // namespace

class TestPreviewGrid : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void keepsThePixelsOfEveryImage()
    {
        PreviewGrid grid;
        grid.beginRun(6, 28, 28, {});
        const PictureStrip first = noise(4);
        const PictureStrip second = noise(2, 28, 28, 2);
        grid.setPicture(0, first);
        grid.setPicture(4, second);
        for (int index = 0; index < 6; ++index) {
            const QImage image = grid.image(index);
            QCOMPARE(image.size(), QSize(28, 28));
            for (int y = 0; y < 28; ++y) {
                for (int x = 0; x < 28; ++x) {
                    QCOMPARE(image.pixel(x, y),
                             index < 4 ? pixelOf(first, index, x, y) : pixelOf(second, index - 4, x, y));
                }
            }
        }
    }

    void paintsSmallPicturesAsWholeSquarePixels()
    {
        PreviewGrid grid;
        grid.resize(700, 400);
        grid.beginRun(1, 28, 28, {});
        const PictureStrip strip = noise(1);
        grid.setPicture(0, strip);
        const QImage painted = grid.grab().toImage();
        const QRect tile = grid.tileRect(0);
        QCOMPARE(tile.width() % 28, 0);
        const int scale = tile.width() / 28;
        QVERIFY(scale > 1);
        for (int y = 3; y < tile.height() - 3; ++y) {
            for (int x = 3; x < tile.width() - 3; ++x) {
                QCOMPARE(painted.pixel(tile.x() + x, tile.y() + y), pixelOf(strip, 0, x / scale, y / scale));
            }
        }
    }

    void wrapsTheStripInsteadOfCopyingItAndLetsItGo()
    {
        PreviewGrid grid;
        grid.beginRun(3, 28, 28, {});
        const PictureStrip strip = noise(3);
        const long before = strip.rgbx.use_count();
        grid.setPicture(0, strip);
        QCOMPARE(strip.rgbx.use_count(), before + 1);
        grid.setPicture(0, noise(3));
        QCOMPARE(strip.rgbx.use_count(), before);
    }

    void picturesThatDoNotFitAreIgnored()
    {
        PreviewGrid grid;
        grid.beginRun(2, 28, 28, {});
        PictureStrip lying = noise(2);
        lying.count = 20;
        grid.setPicture(0, lying);
        PictureStrip empty;
        grid.setPicture(0, empty);
        grid.setPicture(-1, noise(1));
        grid.setImage(7, QImage(28, 28, QImage::Format_RGB32));
        QVERIFY(grid.image(0).isNull());
        grid.setPicture(1, noise(4));  // the part within the run is shown
        QVERIFY(!grid.image(1).isNull());
        QVERIFY(grid.image(2).isNull());
    }

    void finishedImagesAreClippedAndRoundedLikeTheirFiles()
    {
        FinishedImage image;
        image.channels = 1;
        image.width = 5;
        image.height = 1;
        image.pixels = {-2.0F, -1.0F, 0.0F, 0.5F, 3.0F};
        const QImage gray = ui::toImage(image);
        const int expected[] = {0, 0, 128, 191, 255};
        for (int x = 0; x < 5; ++x) {
            QCOMPARE(qRed(gray.pixel(x, 0)), expected[x]);
            QCOMPARE(qBlue(gray.pixel(x, 0)), expected[x]);
        }
        image.channels = 3;
        image.width = 1;
        image.pixels = {-1.0F, 0.0F, 1.0F};
        QCOMPARE(ui::toImage(image).pixel(0, 0), qRgb(0, 128, 255));
        image.pixels.pop_back();
        QVERIFY(ui::toImage(image).isNull());
    }

    void everyImageHasATileOfItsOwn()
    {
        for (const QSize size : {QSize(930, 486), QSize(300, 700), QSize(160, 120)}) {
            for (const int count : {1, 2, 5, 16, 32, 100, 1000}) {
                PreviewGrid grid;
                grid.resize(size);
                grid.beginRun(count, 28, 28, {});
                for (int index = 0; index < count; ++index) {
                    const QRect tile = grid.tileRect(index);
                    QVERIFY(tile.left() >= 0 && tile.right() < grid.width());
                    QCOMPARE(grid.indexAt(tile.center()), std::optional(index));
                    if (index > 0) {
                        QVERIFY(!tile.intersects(grid.tileRect(index - 1)));
                    }
                }
                const QRect last = grid.tileRect(count - 1);
                QVERIFY(last.bottom() - grid.verticalScrollBar()->maximum() < grid.height());
            }
        }
    }

    void arrowKeysMoveTheSelectionAndKeepItInSight()
    {
        PreviewGrid grid;
        grid.resize(300, 200);
        grid.beginRun(1000, 28, 28, {});
        QSignalSpy selected(&grid, &PreviewGrid::selectionChanged);
        QSignalSpy activated(&grid, &PreviewGrid::imageActivated);
        const auto press = [&](Qt::Key key) {
            QTest::keyClick(&grid, key);
            const int index = grid.selected().value_or(-1);
            QRect all = grid.viewport()->rect();
            return index >= 0 && all.contains(grid.tileRect(index)) ? index : -2;
        };
        QCOMPARE(press(Qt::Key_Right), 0);
        QCOMPARE(press(Qt::Key_Right), 1);
        QCOMPARE(press(Qt::Key_Down), 1 + grid.columns());
        QCOMPARE(press(Qt::Key_Up), 1);
        QCOMPARE(press(Qt::Key_Up), 1);
        QCOMPARE(press(Qt::Key_End), 999);
        QCOMPARE(press(Qt::Key_Right), 999);
        QCOMPARE(press(Qt::Key_Home), 0);
        QTest::keyClick(&grid, Qt::Key_Return);
        QCOMPARE(activated.size(), 1);
        QCOMPARE(activated.first().first().toInt(), 0);
        QCOMPARE(selected.last().first().toInt(), 0);
    }

    void hoveringNamesTheImageAndLeavingNamesNone()
    {
        PreviewGrid grid;
        grid.resize(600, 400);
        grid.beginRun(6, 28, 28, {});
        grid.show();
        QSignalSpy hovered(&grid, &PreviewGrid::imageHovered);
        QTest::mouseMove(grid.viewport(), grid.tileRect(4).center());
        QCOMPARE(hovered.last().first().toInt(), 4);
        QTest::mouseMove(grid.viewport(), QPoint(1, 1));
        QCOMPARE(hovered.last().first().toInt(), -1);
    }

    void anEmptyGridSaysWhatToDo()
    {
        PreviewGrid grid;
        grid.resize(600, 400);
        QVERIFY(!grid.message().isEmpty());
        QCOMPARE(grid.textSummary(), grid.message());
        grid.clear(QStringLiteral("Open a model first"));
        const QImage first = grid.grab().toImage();
        grid.clear(QStringLiteral("Drop a file"));
        QVERIFY(first != grid.grab().toImage());
        QCOMPARE(grid.textSummary(), QStringLiteral("Drop a file"));
    }

    void screenReadersAreToldTheImages()
    {
        PreviewGrid grid;
        grid.beginRun(2, 28, 28, {QStringLiteral("Bag · seed 7"), QStringLiteral("Coat · seed 8")});
        grid.resize(400, 300);
        QTest::keyClick(&grid, Qt::Key_End);
        QAccessibleInterface* reader = QAccessible::queryAccessibleInterface(&grid);
        QVERIFY(reader);
        QVERIFY(!reader->text(QAccessible::Name).isEmpty());
        QVERIFY(reader->text(QAccessible::Description).contains(QStringLiteral("Coat · seed 8")));
    }

    void theComposedGridHoldsEveryPictureAtItsPlace()
    {
        PreviewGrid grid;
        grid.beginRun(5, 4, 3, {});
        const PictureStrip strip = noise(5, 4, 3);
        grid.setPicture(0, strip);
        const QImage all = grid.composed(1, 2);
        QCOMPARE(all.size(), QSize(3 * 6 - 2, 2 * 5 - 2));
        for (int tile = 0; tile < 5; ++tile) {
            QCOMPARE(all.pixel((tile % 3) * 6 + 1, (tile / 3) * 5 + 2), pixelOf(strip, tile, 1, 2));
        }
        QCOMPARE(QColor(all.pixel(4, 0)), QColor(Qt::white));
    }
};

QTEST_MAIN(TestPreviewGrid)
#include "test_preview_grid.moc"
