// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/twin_view.h"

#include "ui/preview_grid.h"
#include "ui/quality_curve.h"
#include "ui/twin_overlay.h"

#include <QButtonGroup>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QMouseEvent>
#include <QPainter>
#include <QSignalBlocker>
#include <QSlider>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <limits>

namespace duodiff::ui
{

namespace
{

constexpr int blinkMs = 500;  // one change; far below three flashes a second
constexpr int splitSteps = 100;
constexpr int seam = 1;  // of the pictures' own pixels, between the parts of a tile
constexpr double levels = 255.0;

std::size_t sideIndex(TwinView::Side side)
{
    return side == TwinView::Side::left ? 0 : 1;
}

/// Greatest difference of the channels, in levels.
int levelsApart(QRgb a, QRgb b)
{
    return std::max(
        {std::abs(qRed(a) - qRed(b)), std::abs(qGreen(a) - qGreen(b)), std::abs(qBlue(a) - qBlue(b))});
}

QImage pictureOf(const PictureStrip& strip, int index)
{
    const auto bytes = static_cast<qsizetype>(strip.width) * strip.height * 4;
    if (!strip.rgbx || bytes <= 0 || static_cast<qsizetype>(strip.rgbx->size()) < bytes * (index + 1)) {
        return {};
    }
    return QImage(strip.rgbx->data() + bytes * index, strip.width, strip.height,
                  static_cast<qsizetype>(strip.width) * 4, QImage::Format_RGBX8888)
        .convertToFormat(QImage::Format_RGB32);
}

}  // namespace

QString differenceText(const PictureDifference& difference)
{
    if (std::isnan(difference.psnr)) {
        return {};
    }
    // Only what is zero to the last bit is called so; a mean may round to zero.
    if (difference.mean_absolute == 0.0) {
        return TwinView::tr("identical");
    }
    return TwinView::tr("PSNR %1 · mean difference %2")
        .arg(psnrText(difference.psnr))
        .arg(difference.mean_absolute, 0, 'g', 3);
}

TwinView::TwinView(QWidget* parent)
    : QWidget(parent),
      m_theme(Theme::dark()),
      m_header(new QWidget(this)),
      m_modes(new QButtonGroup(this)),
      m_legend(new QLabel(this)),
      m_numbers(new QLabel(this)),
      m_one(new QLabel(this)),
      m_splitSlider(new QSlider(Qt::Horizontal, this)),
      m_scaleBox(new QComboBox(this)),
      m_close(new QToolButton(this)),
      m_grid(new PreviewGrid(this)),
      m_overlay(new TwinOverlay(*this, m_grid)),
      m_curve(new QualityCurve(this))
{
    setAccessibleName(tr("Twin view"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    buildHeader();
    layout->addWidget(m_header);
    layout->addWidget(m_grid, 1);
    m_curve->setFixedHeight(118);
    layout->addWidget(m_curve);
    m_grid->setAccessibleName(tr("Images of both runs"));
    m_grid->viewport()->installEventFilter(this);
    m_blink.setInterval(blinkMs);
    connect(&m_blink, &QTimer::timeout, this, [this] {
        m_blinkSide = m_blinkSide == Side::left ? Side::right : Side::left;
        recomposeAll();
    });
    connect(m_grid, &PreviewGrid::selectionChanged, this, [this](int image) {
        m_curve->setImage(image < 0 ? std::nullopt : std::optional(image));
        refreshTexts();
    });
    begin({}, {}, 0, {1, 1}, {});
}

void TwinView::buildHeader()
{
    auto* column = new QVBoxLayout(m_header);
    column->setContentsMargins(16, 4, 12, 4);
    column->setSpacing(4);
    auto* line = new QHBoxLayout;
    line->setSpacing(0);
    column->addLayout(line);
    struct Choice {
        Mode mode;
        QString text;
        QString toolTip;
        const char* place;
    };
    for (const Choice& choice :
         {Choice{Mode::sideBySide, tr("Side by side"),
                 tr("Of every image the left run, the right run and their difference. Default. (Alt+1)"),
                 "first"},
          Choice{Mode::split, tr("Split"),
                 tr("The left run left of a line in every picture, the right run right of it. Drag the line, "
                    "or\nmove it with the slider. (Alt+2)"),
                 ""},
          Choice{Mode::blink, tr("Blink"),
                 tr("The two runs in turn, every half second; what differs seems to move. (B)"), ""},
          Choice{
              Mode::difference, tr("Difference"),
              tr("|left − right| of the pictures as they are shown, the channel that differs most. (Alt+4)"),
              "last"}}) {
        auto* button = new QToolButton(m_header);
        button->setText(choice.text);
        button->setCheckable(true);
        button->setProperty("role", "segment");
        button->setProperty("place", choice.place);
        button->setAccessibleName(choice.text);
        button->setToolTip(choice.toolTip);
        // Tab comes to the chosen one, the arrow keys go to the others.
        button->setFocusPolicy(choice.mode == m_mode ? Qt::StrongFocus : Qt::ClickFocus);
        m_modes->addButton(button, static_cast<int>(choice.mode));
        line->addWidget(button);
    }
    line->addSpacing(12);
    m_splitSlider->setRange(0, splitSteps);
    m_splitSlider->setValue(splitSteps / 2);
    m_splitSlider->setFixedWidth(110);
    m_splitSlider->setPageStep(10);
    m_splitSlider->setAccessibleName(tr("Place of the line"));
    m_splitSlider->setToolTip(
        tr("Share of each picture that shows the left run, 0 % to 100 %. Default 50 %."));
    line->addWidget(m_splitSlider);
    m_scaleBox->setAccessibleName(tr("Scale of the difference"));
    m_scaleBox->setToolTip(
        tr("Difference that the brightest colour stands for, of a picture's range 0 to 1. "
           "Default:\nthe greatest difference that there is."));
    m_scaleBox->addItem(tr("Greatest"), QVariant());
    for (const double scale : {1.0, 0.5, 0.25, 0.1, 0.05}) {
        m_scaleBox->addItem(tr("0 to %1").arg(scale), scale);
    }
    line->addWidget(m_scaleBox);
    line->addStretch(1);
    m_close->setAccessibleName(tr("Close the twin view"));
    m_close->setToolTip(tr("Back to the pictures of the last run (Ctrl+Shift+T)"));
    m_close->setFocusPolicy(Qt::StrongFocus);
    line->addWidget(m_close);

    for (QLabel* label : {m_legend, m_numbers, m_one}) {
        label->setTextFormat(Qt::PlainText);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    }
    m_legend->setProperty("role", "muted");
    m_one->setProperty("role", "muted");
    m_legend->setToolTip(tr("What is compared"));
    m_numbers->setToolTip(
        tr("Peak signal-to-noise ratio of the mean squared difference, in dB, and mean "
           "absolute\ndifference, of the range 0 to 1, over all images."));
    m_one->setToolTip(tr("The same of the selected image"));
    for (QLabel* label : {m_legend, m_numbers, m_one}) {
        label->setWordWrap(true);
        column->addWidget(label);
    }

    connect(m_modes, &QButtonGroup::idClicked, this, [this](int id) { setMode(static_cast<Mode>(id)); });
    connect(m_splitSlider, &QSlider::valueChanged, this,
            [this](int value) { setSplit(static_cast<double>(value) / splitSteps); });
    connect(m_scaleBox, &QComboBox::currentIndexChanged, this, [this](int index) {
        const QVariant scale = m_scaleBox->itemData(index);
        setScale(scale.isValid() ? std::optional(scale.toDouble()) : std::nullopt);
    });
    connect(m_close, &QToolButton::clicked, this, &TwinView::closeRequested);
}

void TwinView::begin(const QString& left, const QString& right, int count, const QSize& picture,
                     const QStringList& captions)
{
    m_names = {left, right};
    m_captions = captions;
    m_tiles.assign(static_cast<std::size_t>(std::max(count, 0)), Tile());
    m_difference = {};
    m_difference.all = {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN()};
    m_what.clear();
    m_note.clear();
    m_greatest = 0.0;
    m_curve->setImage(std::nullopt);
    m_curve->setCursor(std::nullopt);
    m_curve->setSteps({});
    if (count > 0) {
        m_grid->beginRun(count, picture.width(), picture.height(), captions);
    } else {
        m_grid->clear(
            tr("Choose DuoDiff, AdaDiff or a static layer and press Ctrl+T: the full network and "
               "that policy draw from the same noise, and are compared here."));
    }
    setMode(m_mode);
}

void TwinView::setPicture(Side side, int firstImage, const PictureStrip& strip)
{
    const int count = std::min(strip.count, static_cast<int>(m_tiles.size()) - firstImage);
    if (firstImage < 0 || count <= 0) {
        return;
    }
    for (int image = 0; image < count; ++image) {
        m_tiles[static_cast<std::size_t>(firstImage + image)].pictures[sideIndex(side)] =
            pictureOf(strip, image);
    }
    measureGreatest();
    recompose(firstImage, count);
}

void TwinView::setImages(Side side, const std::vector<FinishedImage>& images)
{
    for (const FinishedImage& image : images) {
        if (image.index >= 0 && static_cast<std::size_t>(image.index) < m_tiles.size()) {
            m_tiles[static_cast<std::size_t>(image.index)].pictures[sideIndex(side)] = toImage(image);
        }
    }
    measureGreatest();
    recomposeAll();
}

void TwinView::measureGreatest()
{
    int greatest = 0;
    for (const Tile& tile : m_tiles) {
        const auto& [a, b] = tile.pictures;
        if (a.isNull() || a.size() != b.size()) {
            continue;
        }
        for (int y = 0; y < a.height(); ++y) {
            const auto* left = reinterpret_cast<const QRgb*>(a.constScanLine(y));
            const auto* right = reinterpret_cast<const QRgb*>(b.constScanLine(y));
            for (int x = 0; x < a.width(); ++x) {
                greatest = std::max(greatest, levelsApart(left[x], right[x]));
            }
        }
    }
    m_greatest = greatest / levels;
}

double TwinView::scale() const
{
    return m_scale.value_or(m_greatest > 0.0 ? m_greatest : 1.0);
}

QImage TwinView::differenceImage(const Tile& tile) const
{
    const auto& [a, b] = tile.pictures;
    if (a.isNull() || a.size() != b.size()) {
        return {};
    }
    std::array<QRgb, 256> colors;
    for (std::size_t level = 0; level < colors.size(); ++level) {
        colors[level] = heatColor(std::min(1.0, static_cast<double>(level) / levels / scale())).rgb();
    }
    QImage image(a.size(), QImage::Format_RGB32);
    for (int y = 0; y < a.height(); ++y) {
        const auto* left = reinterpret_cast<const QRgb*>(a.constScanLine(y));
        const auto* right = reinterpret_cast<const QRgb*>(b.constScanLine(y));
        auto* row = reinterpret_cast<QRgb*>(image.scanLine(y));
        for (int x = 0; x < a.width(); ++x) {
            row[x] = colors[static_cast<std::size_t>(levelsApart(left[x], right[x]))];
        }
    }
    return image;
}

QImage TwinView::composed(const Tile& tile) const
{
    const auto& [left, right] = tile.pictures;
    switch (m_mode) {
        case Mode::blink:
            return tile.pictures[sideIndex(m_blinkSide)];
        case Mode::difference:
            return differenceImage(tile);
        case Mode::split: {
            if (left.isNull() || right.size() != left.size()) {
                return left.isNull() ? right : left;
            }
            QImage both = right.copy();
            const int width = static_cast<int>(std::lround(m_split * left.width()));
            if (width > 0) {  // a rectangle of no width would mean all of it
                QPainter(&both).drawImage(QPoint(0, 0), left, QRect(0, 0, width, left.height()));
            }
            return both;
        }
        case Mode::sideBySide:
            break;
    }
    const QSize size = left.isNull() ? right.size() : left.size();
    if (size.isEmpty()) {
        return {};
    }
    QImage row(3 * size.width() + 2 * seam, size.height(), QImage::Format_RGB32);
    row.fill(m_theme.window);
    QPainter painter(&row);
    int x = 0;
    for (const QImage& part : {left, right, differenceImage(tile)}) {
        if (part.isNull()) {
            painter.fillRect(QRect(QPoint(x, 0), size), m_theme.field);
        } else {
            painter.drawImage(QRect(QPoint(x, 0), size), part);
        }
        x += size.width() + seam;
    }
    return row;
}

void TwinView::recompose(int first, int count)
{
    // With its own greatest value as scale, one new difference changes every colour.
    const bool showsDifference = m_mode == Mode::sideBySide || m_mode == Mode::difference;
    if (showsDifference && !m_scale) {
        first = 0;
        count = static_cast<int>(m_tiles.size());
    }
    for (int image = first; image < first + count; ++image) {
        m_grid->setImage(image, composed(m_tiles[static_cast<std::size_t>(image)]));
    }
    m_overlay->update();
}

void TwinView::setDifference(const StepDifference& difference, const QString& what)
{
    m_difference = difference;
    m_what = what;
    QStringList captions = m_captions;
    for (qsizetype image = 0; image < captions.size(); ++image) {
        const auto index = static_cast<std::size_t>(image);
        if (index < difference.images.size()) {
            const QString text = differenceText(difference.images[index]);
            captions[image] += text.isEmpty() ? QString() : QStringLiteral("\n") + text;
        }
    }
    m_grid->setCaptions(captions);
    refreshTexts();
}

void TwinView::setNote(const QString& note)
{
    m_note = note;
    refreshTexts();
}

QString TwinView::summary() const
{
    QStringList parts;
    const QString text = differenceText(m_difference.all);
    if (!text.isEmpty()) {
        parts << (m_what.isEmpty() ? text : tr("%1: %2").arg(m_what, text));
    }
    if (!m_note.isEmpty()) {
        parts << m_note;
    }
    return parts.join(QStringLiteral("   "));
}

void TwinView::refreshTexts()
{
    const QString left = sideName(Side::left);
    const QString right = sideName(Side::right);
    QString legend;
    if (!m_tiles.empty()) {
        switch (m_mode) {
            case Mode::sideBySide:
                legend = tr("Left: %1 · middle: %2 · right: |difference|").arg(left, right);
                break;
            case Mode::split:
                legend = tr("Left of the line: %1 · right of it: %2").arg(left, right);
                break;
            case Mode::blink:
                legend = tr("In turn: %1 · %2").arg(left, right);
                break;
            case Mode::difference:
                legend = tr("|%1 − %2|").arg(left, right);
                break;
        }
    }
    m_legend->setText(legend);
    m_numbers->setText(summary());
    QString one;
    if (const auto image = m_grid->selected();
        image && static_cast<std::size_t>(*image) < m_difference.images.size()) {
        const QString text = differenceText(m_difference.images[static_cast<std::size_t>(*image)]);
        one = text.isEmpty() ? QString() : tr("Image %1: %2").arg(*image).arg(text);
    }
    m_one->setText(one);
    for (QLabel* label : {m_legend, m_numbers, m_one}) {
        label->setVisible(!label->text().isEmpty());
    }
    setAccessibleDescription(legend + QStringLiteral(". ") + summary());
}

void TwinView::setMode(Mode mode)
{
    m_mode = mode;
    m_modes->button(static_cast<int>(mode))->setChecked(true);
    m_splitSlider->setVisible(mode == Mode::split);
    m_scaleBox->setVisible(mode == Mode::sideBySide || mode == Mode::difference);
    m_blinkSide = Side::left;
    if (mode == Mode::blink && isVisible()) {
        m_blink.start();
    } else {
        m_blink.stop();
    }
    recomposeAll();
    refreshTexts();
    Q_EMIT modeChanged();
}

void TwinView::setSplit(double share)
{
    m_split = std::clamp(share, 0.0, 1.0);
    const QSignalBlocker quiet(m_splitSlider);
    m_splitSlider->setValue(static_cast<int>(std::lround(m_split * splitSteps)));
    if (m_mode == Mode::split) {
        recomposeAll();
    }
}

void TwinView::setScale(std::optional<double> scale)
{
    m_scale = scale;
    const QSignalBlocker quiet(m_scaleBox);
    const int known = scale ? m_scaleBox->findData(*scale) : 0;
    m_scaleBox->setCurrentIndex(std::max(known, 0));
    recomposeAll();
}

QImage TwinView::picture(Side side, int image) const
{
    const bool exists = image >= 0 && static_cast<std::size_t>(image) < m_tiles.size();
    return exists ? m_tiles[static_cast<std::size_t>(image)].pictures[sideIndex(side)] : QImage();
}

void TwinView::setTheme(const Theme& theme)
{
    m_theme = theme;
    m_grid->setTheme(theme);
    m_curve->setTheme(theme);
    m_close->setIcon(themedIcon(QStringLiteral("close"), theme));
    recomposeAll();
}

void TwinView::dragSplit(const QPoint& position)
{
    // The line is at the same place of every picture; the one under the mouse says where.
    if (const auto image = m_grid->indexAt(position)) {
        const QRect tile = m_grid->tileRect(*image);
        setSplit(static_cast<double>(position.x() - tile.x()) / std::max(1, tile.width()));
    }
}

bool TwinView::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_grid->viewport() && event->type() == QEvent::Resize) {
        m_overlay->follow();
    }
    if (watched == m_grid->viewport() && m_mode == Mode::split) {
        if (event->type() == QEvent::MouseButtonPress) {
            m_draggingSplit = static_cast<QMouseEvent*>(event)->button() == Qt::LeftButton;
        } else if (event->type() == QEvent::MouseButtonRelease) {
            m_draggingSplit = false;
        }
        if (m_draggingSplit &&
            (event->type() == QEvent::MouseButtonPress || event->type() == QEvent::MouseMove)) {
            dragSplit(static_cast<QMouseEvent*>(event)->position().toPoint());
        }
    }
    return QWidget::eventFilter(watched, event);
}

void TwinView::hideEvent(QHideEvent* event)
{
    m_blink.stop();
    QWidget::hideEvent(event);
}

void TwinView::showEvent(QShowEvent* event)
{
    if (m_mode == Mode::blink) {
        m_blink.start();
    }
    QWidget::showEvent(event);
}

}  // namespace duodiff::ui
