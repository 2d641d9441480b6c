// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/preview_grid.h"

#include <QPainter>
#include <QScrollBar>

#include <algorithm>
#include <cmath>

namespace duodiff::ui
{

namespace
{

constexpr int smallestTile = 24;    // screen pixels; below it the grid scrolls instead
constexpr int largestUpscale = 12;  // a single 28 x 28 picture does not fill a whole screen

/// Wraps the strip's pixels; the image and all its copies keep them alive.
QImage wrap(const PictureStrip& strip)
{
    const auto pixelBytes = static_cast<qsizetype>(strip.width) * strip.height * strip.count * 4;
    if (!strip.rgbx || strip.width <= 0 || strip.height <= 0 || strip.count <= 0 ||
        static_cast<qsizetype>(strip.rgbx->size()) < pixelBytes) {
        return {};
    }
    using Owner = std::shared_ptr<const std::vector<std::uint8_t>>;
    auto* owner = new Owner(strip.rgbx);
    return QImage(
        strip.rgbx->data(), strip.width, strip.height * strip.count, static_cast<qsizetype>(strip.width) * 4,
        QImage::Format_RGBX8888, [](void* held) { delete static_cast<Owner*>(held); }, owner);
}

}  // namespace

QImage toImage(const FinishedImage& image)
{
    const int plane = image.width * image.height;
    const bool gray = image.channels == 1;
    if (plane <= 0 || image.channels <= 0 ||
        image.pixels.size() < static_cast<std::size_t>(plane) * static_cast<std::size_t>(image.channels)) {
        return {};
    }
    const auto level = [](float value) {
        const float unit = std::isnan(value) ? 0.0F : std::clamp((value + 1.0F) / 2.0F, 0.0F, 1.0F);
        return static_cast<int>(std::lround(unit * 255.0F));
    };
    QImage result(image.width, image.height, QImage::Format_RGB32);
    for (int y = 0; y < image.height; ++y) {
        auto* row = reinterpret_cast<QRgb*>(result.scanLine(y));
        for (int x = 0; x < image.width; ++x) {
            const auto at = [&](int channel) {
                const int offset = std::min(channel, image.channels - 1) * plane + y * image.width + x;
                return level(image.pixels[static_cast<std::size_t>(offset)]);
            };
            row[x] = gray ? qRgb(at(0), at(0), at(0)) : qRgb(at(0), at(1), at(2));
        }
    }
    return result;
}

PreviewGrid::PreviewGrid(QWidget* parent) : QAbstractScrollArea(parent), m_theme(Theme::dark())
{
    setFrameShape(QFrame::NoFrame);
    setFocusPolicy(Qt::StrongFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    viewport()->setMouseTracking(true);
    setAccessibleName(tr("Preview of the images"));
    clear();
}

void PreviewGrid::beginRun(int count, int width, int height, const QStringList& captions)
{
    m_tiles.assign(static_cast<std::size_t>(std::max(count, 0)), Tile());
    m_picture = QSize(std::max(width, 1), std::max(height, 1));
    m_captions = captions;
    m_message.clear();
    m_overlays.clear();
    m_hovered.reset();
    m_highlighted.reset();
    m_marked.clear();
    m_selected.reset();
    verticalScrollBar()->setValue(0);
    arrange();
    refreshSummary();
    viewport()->update();
}

void PreviewGrid::setPicture(int firstImage, const PictureStrip& strip)
{
    const QImage source = wrap(strip);
    if (source.isNull() || firstImage < 0) {
        return;
    }
    const QSize size(strip.width, strip.height);
    for (int tile = 0; tile < strip.count && firstImage + tile < count(); ++tile) {
        m_tiles[static_cast<std::size_t>(firstImage + tile)] = {
            source, QRect(QPoint(0, tile * strip.height), size), {}};
    }
    takePictureSize(size);
    viewport()->update();
}

void PreviewGrid::setPicturePairs(int firstImage, const PictureStrip& left, const PictureStrip& right)
{
    const QImage a = wrap(left);
    const QImage b = wrap(right);
    if (a.isNull() || b.size() != a.size() || right.count != left.count || firstImage < 0) {
        return;
    }
    // One column of pairs, which the tiles share as they share a strip.
    QImage pairs(2 * left.width + 1, a.height(), QImage::Format_RGB32);
    pairs.fill(m_theme.window);
    QPainter painter(&pairs);
    painter.drawImage(0, 0, a);
    painter.drawImage(left.width + 1, 0, b);
    painter.end();
    const QSize size(pairs.width(), left.height);
    for (int tile = 0; tile < left.count && firstImage + tile < count(); ++tile) {
        m_tiles[static_cast<std::size_t>(firstImage + tile)] = {
            pairs, QRect(QPoint(0, tile * left.height), size), {}, left.width};
    }
    takePictureSize(size);
    viewport()->update();
}

void PreviewGrid::setImages(const std::vector<FinishedImage>& images)
{
    for (const FinishedImage& finished : images) {
        setImage(finished.index, toImage(finished));
    }
    refreshSummary();
}

void PreviewGrid::setImage(int index, const QImage& image)
{
    if (index < 0 || index >= count() || image.isNull()) {
        return;
    }
    m_tiles[static_cast<std::size_t>(index)] = {image, image.rect(), {}};
    takePictureSize(image.size());
    viewport()->update();
}

void PreviewGrid::setUnfinished(int index, const QImage& image, const QString& note)
{
    setImage(index, image);
    if (index >= 0 && index < count()) {
        m_tiles[static_cast<std::size_t>(index)].note = note;
    }
}

void PreviewGrid::setOverlay(int index, const QImage& overlay, const QString& note)
{
    if (index >= 0 && index < count() && !overlay.isNull()) {
        m_overlays[index] = {overlay, note};
        viewport()->update();
    }
}

void PreviewGrid::clearOverlays()
{
    if (!m_overlays.empty()) {
        m_overlays.clear();
        viewport()->update();
    }
}

QImage PreviewGrid::overlay(int index) const
{
    const auto found = m_overlays.find(index);
    return found == m_overlays.end() ? QImage() : found->second.image;
}

void PreviewGrid::takePictureSize(const QSize& size)
{
    // Latent models preview at another size than the finished picture has.
    if (size != m_picture) {
        m_picture = size;
        arrange();
    }
}

void PreviewGrid::setCaptions(const QStringList& captions)
{
    m_captions = captions;
    refreshSummary();
}

void PreviewGrid::clear(const QString& message)
{
    m_tiles.clear();
    m_captions.clear();
    m_message = message.isEmpty() ? tr("Pictures form here. Press Generate (Ctrl+Return) to start, "
                                       "or drop a model, an image or a run file.")
                                  : message;
    m_overlays.clear();
    m_hovered.reset();
    m_highlighted.reset();
    m_marked.clear();
    m_selected.reset();
    arrange();
    refreshSummary();
    viewport()->update();
}

void PreviewGrid::setHighlighted(std::optional<int> index)
{
    if (m_highlighted != index) {
        m_highlighted = index;
        viewport()->update();
    }
}

void PreviewGrid::setMarked(const std::vector<int>& images)
{
    std::vector<bool> marked;
    for (const int image : images) {
        if (image >= 0 && image < count()) {
            marked.resize(static_cast<std::size_t>(count()));
            marked[static_cast<std::size_t>(image)] = true;
        }
    }
    if (marked != m_marked) {
        m_marked = std::move(marked);
        refreshSummary();
        viewport()->update();
    }
}

std::vector<int> PreviewGrid::marked() const
{
    std::vector<int> images;
    for (std::size_t image = 0; image < m_marked.size(); ++image) {
        if (m_marked[image]) {
            images.push_back(static_cast<int>(image));
        }
    }
    return images;
}

void PreviewGrid::setTheme(const Theme& theme)
{
    m_theme = theme;
    viewport()->update();
}

void PreviewGrid::arrange()
{
    const QSize room = size() - QSize(2 * margin, 2 * margin);
    const int n = count();
    if (n == 0 || room.width() <= 0 || room.height() <= 0) {
        m_tile = QSize();
        verticalScrollBar()->setRange(0, 0);
        return;
    }
    const double aspect = static_cast<double>(m_picture.height()) / m_picture.width();
    const auto heightOf = [aspect](int width) {
        return std::max(1, static_cast<int>(std::lround(width * aspect)));
    };
    const auto rowsOf = [n](int columns) { return (n + columns - 1) / columns; };

    // The number of columns that makes the tiles largest; of equal ones the fullest last row.
    int best = 0;
    m_columns = 1;
    for (int columns = 1; columns <= n; ++columns) {
        const int rows = rowsOf(columns);
        const int byWidth = (room.width() - (columns - 1) * gapFor(columns)) / columns;
        const int byHeight =
            static_cast<int>((room.height() - (rows - 1) * gapFor(columns)) / (rows * aspect));
        const int width = std::min(byWidth, byHeight);
        const bool fuller = width == best && n % columns == 0 && n % m_columns != 0;
        if (width > best || fuller) {
            best = width;
            m_columns = columns;
        }
    }
    int width = std::max(best, smallestTile);
    const bool pixelated = std::min(m_picture.width(), m_picture.height()) <= smoothAboveSize;
    if (pixelated) {
        width = std::min(width, m_picture.width() * largestUpscale);
        // Whole multiples of device pixels keep all of a picture's pixels the same size.
        const double unit = m_picture.width() / devicePixelRatioF();
        if (width >= unit) {
            const int whole = static_cast<int>(std::floor(std::floor(width / unit) * unit));
            width = whole >= width * 0.8 ? whole : width;
        }
    }
    if (width > best) {
        // Not all of them fit: as many columns as there is room for beside the scroll bar.
        const int wide = room.width() - verticalScrollBar()->sizeHint().width();
        m_columns = n;
        while (m_columns > 1 && m_columns * (width + gapFor(m_columns)) - gapFor(m_columns) > wide) {
            --m_columns;
        }
    }
    m_gap = gapFor(m_columns);
    m_tile = QSize(width, heightOf(width));
    const int rows = rowsOf(m_columns);
    const int fullWidth = m_columns * (m_tile.width() + m_gap) - m_gap;
    const int fullHeight = rows * (m_tile.height() + m_gap) - m_gap;
    m_origin = QPoint(margin + std::max(0, (room.width() - fullWidth) / 2),
                      margin + std::max(0, (room.height() - fullHeight) / 2));
    verticalScrollBar()->setRange(0, std::max(0, fullHeight - room.height()));
    verticalScrollBar()->setPageStep(std::max(1, room.height()));
    verticalScrollBar()->setSingleStep(m_tile.height() + m_gap);
}

int PreviewGrid::gapFor(int columns)
{
    return columns > 24 ? 2 : columns > 12 ? 4 : 6;
}

QRect PreviewGrid::tileRect(int index) const
{
    if (index < 0 || index >= count() || m_tile.isEmpty()) {
        return {};
    }
    const QPoint cell((index % m_columns) * (m_tile.width() + m_gap),
                      (index / m_columns) * (m_tile.height() + m_gap));
    return {m_origin + cell - QPoint(0, verticalScrollBar()->value()), m_tile};
}

std::optional<int> PreviewGrid::indexAt(const QPoint& position) const
{
    if (m_tile.isEmpty()) {
        return std::nullopt;
    }
    const QPoint inside = position - m_origin + QPoint(0, verticalScrollBar()->value());
    const int column = inside.x() / (m_tile.width() + m_gap);
    const int row = inside.y() / (m_tile.height() + m_gap);
    const int index = row * m_columns + column;
    const bool hit = inside.x() >= 0 && inside.y() >= 0 && column < m_columns && index < count() &&
                     tileRect(index).contains(position);
    return hit ? std::optional(index) : std::nullopt;
}

QImage PreviewGrid::image(int index) const
{
    if (index < 0 || index >= count()) {
        return {};
    }
    const Tile& tile = m_tiles[static_cast<std::size_t>(index)];
    return tile.source.isNull() ? QImage() : tile.source.copy(tile.part);
}

QImage PreviewGrid::composed(int scale, int gap) const
{
    if (m_tiles.empty()) {
        return {};
    }
    const int columns = static_cast<int>(std::ceil(std::sqrt(static_cast<double>(count()))));
    const int rows = (count() + columns - 1) / columns;
    const QSize cell = m_picture * scale;
    QImage result(columns * (cell.width() + gap) - gap, rows * (cell.height() + gap) - gap,
                  QImage::Format_RGB32);
    result.fill(Qt::white);
    QPainter painter(&result);
    for (int index = 0; index < count(); ++index) {
        const Tile& tile = m_tiles[static_cast<std::size_t>(index)];
        if (!tile.source.isNull()) {
            const QPoint at((index % columns) * (cell.width() + gap),
                            (index / columns) * (cell.height() + gap));
            painter.drawImage(QRect(at, cell), tile.source, tile.part);
        }
    }
    return result;
}

void PreviewGrid::resizeEvent(QResizeEvent* event)
{
    QAbstractScrollArea::resizeEvent(event);
    arrange();
}

void PreviewGrid::scrollContentsBy(int, int)
{
    viewport()->update();
}

QString PreviewGrid::caption(int index) const
{
    const QString number = tr("Image %1").arg(index);
    QString text =
        index >= 0 && index < m_captions.size() ? number + QStringLiteral(" · ") + m_captions[index] : number;
    if (index >= 0 && index < count() && !m_tiles[static_cast<std::size_t>(index)].note.isEmpty()) {
        text += QStringLiteral(" · ") + m_tiles[static_cast<std::size_t>(index)].note;
    }
    if (const auto over = m_overlays.find(index); over != m_overlays.end()) {
        text += QStringLiteral(" · ") + over->second.note;
    }
    return text;
}

QString PreviewGrid::textSummary() const
{
    if (m_tiles.empty()) {
        return m_message;
    }
    const auto shown =
        std::count_if(m_tiles.begin(), m_tiles.end(), [](const Tile& tile) { return !tile.source.isNull(); });
    QString text = tr("%1 images of %2 by %3 pixels, %4 of them with a picture.")
                       .arg(count())
                       .arg(m_picture.width())
                       .arg(m_picture.height())
                       .arg(shown);
    if (m_selected) {
        text += tr(" Selected: %1.").arg(caption(*m_selected));
    }
    if (!m_marked.empty()) {
        text += tr(" Marked: %1 of them.").arg(marked().size());
    }
    return text;
}

void PreviewGrid::refreshSummary()
{
    setAccessibleDescription(textSummary());
}

}  // namespace duodiff::ui
