// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/frame.h"
#include "ui/theme.h"

#include <QAbstractScrollArea>
#include <QImage>
#include <QRect>
#include <QStringList>

#include <map>
#include <optional>
#include <vector>

namespace duodiff::ui
{

/// Pixels of a finished image as they are written to a file: (x + 1) / 2, clipped, rounded to 8 bits.
QImage toImage(const FinishedImage& image);

/// The pictures of a run. Paints straight from the strips that the engine composes: a picture is
/// wrapped, never copied.
class PreviewGrid : public QAbstractScrollArea
{
    Q_OBJECT

public:
    explicit PreviewGrid(QWidget* parent = nullptr);

    /// `captions[k]` describes image k ("Sneaker · seed 11"): its tooltip and accessible name.
    void beginRun(int count, int width, int height, const QStringList& captions);
    /// Tiles firstImage, firstImage + 1, ... show the strip's pictures.
    void setPicture(int firstImage, const PictureStrip& strip);
    /// Two pictures of every image side by side, as one tile.
    void setPicturePairs(int firstImage, const PictureStrip& left, const PictureStrip& right);
    void setImages(const std::vector<FinishedImage>& images);
    void setImage(int index, const QImage& image);
    /// One that was stopped on its way: with a mark, and `note` in its caption.
    void setUnfinished(int index, const QImage& image, const QString& note);
    /// Point 9: a half transparent image over the picture of image `index`, of a pair over the left one;
    /// `note` goes into its caption. It stays until it is taken away, whatever the picture becomes.
    void setOverlay(int index, const QImage& overlay, const QString& note);
    void clearOverlays();
    bool hasOverlay(int index) const { return m_overlays.contains(index); }
    QImage overlay(int index) const;
    /// Other words for the images that are there.
    void setCaptions(const QStringList& captions);
    void clear(const QString& message = {});

    void setHighlighted(std::optional<int> index);
    /// Point 10: these stand out, framed and with a corner, and the others step back; empty: all are alike.
    void setMarked(const std::vector<int>& images);
    std::vector<int> marked() const;
    void setTheme(const Theme& theme);

    int count() const { return static_cast<int>(m_tiles.size()); }
    int columns() const { return m_columns; }
    /// Where image `index` is on the viewport, in device-independent pixels.
    QRect tileRect(int index) const;
    std::optional<int> indexAt(const QPoint& position) const;
    /// The pixels that image `index` shows now; null where it has none yet.
    QImage image(int index) const;
    /// All pictures in one image, `gap` pixels apart, at `scale` screen pixels a pixel.
    QImage composed(int scale = 1, int gap = 2) const;
    std::optional<int> selected() const { return m_selected; }
    const QString& message() const { return m_message; }
    QString caption(int index) const;
    QString textSummary() const;

    QSize sizeHint() const override { return {720, 400}; }
    QSize minimumSizeHint() const override { return {160, 120}; }

Q_SIGNALS:
    /// -1: none.
    void imageHovered(int index);
    /// Enter, Space or a double click.
    void imageActivated(int index);
    void selectionChanged(int index);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void scrollContentsBy(int dx, int dy) override;
    bool viewportEvent(QEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    struct Tile {
        QImage source;      ///< shared with the other tiles of the same strip
        QRect part;         ///< of `source`
        QString note{};     ///< of an unfinished image
        int leftWidth = 0;  ///< of a pair: of its left picture, in the source's pixels
    };

    struct Overlay {
        QImage image;
        QString note;
    };

    static constexpr int margin = 14;
    /// Pictures with both sides longer are scaled smoothly.
    static constexpr int smoothAboveSize = 96;

    void arrange();
    void paintTile(QPainter& painter, int index) const;
    void takePictureSize(const QSize& size);
    static int gapFor(int columns);
    void setHovered(std::optional<int> index);
    void select(int index);
    void paintMessage(QPainter& painter) const;
    void paintMark(QPainter& painter, const QRect& rect, bool marked) const;
    void refreshSummary();

    Theme m_theme;
    std::vector<Tile> m_tiles;
    std::map<int, Overlay> m_overlays;
    QStringList m_captions;
    QString m_message;
    QSize m_picture;  ///< of one image, in its own pixels
    QSize m_tile;     ///< on the screen
    QPoint m_origin;
    int m_columns = 1;
    int m_gap = 6;
    std::optional<int> m_hovered;
    std::optional<int> m_highlighted;
    std::vector<bool> m_marked;  ///< by image; empty: none
    std::optional<int> m_selected;
};

}  // namespace duodiff::ui
