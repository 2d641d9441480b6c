// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/frame.h"
#include "stream/quality.h"
#include "ui/theme.h"

#include <QImage>
#include <QTimer>
#include <QWidget>

#include <array>
#include <optional>
#include <vector>

class QButtonGroup;
class QComboBox;
class QLabel;
class QSlider;
class QToolButton;

namespace duodiff::ui
{

class PreviewGrid;
class QualityCurve;
class TwinOverlay;

/// "identical", or "PSNR 31.4 dB · mean difference 0.0123"; empty where nothing is known.
QString differenceText(const PictureDifference& difference);

/// Point 11: the images of two runs from the same noise against each other: side by side with their
/// difference, divided by a line that moves, in turn, or the difference alone; with PSNR and mean absolute
/// difference of each image and of all, and the PSNR against t. Left is what the right one is compared with.
class TwinView : public QWidget
{
    Q_OBJECT

public:
    enum class Mode { sideBySide, split, blink, difference };
    enum class Side { left, right };

    explicit TwinView(QWidget* parent = nullptr);

    /// Forgets everything; `captions[k]` describes image k.
    void begin(const QString& left, const QString& right, int count, const QSize& picture,
               const QStringList& captions);
    void setPicture(Side side, int firstImage, const PictureStrip& strip);
    void setImages(Side side, const std::vector<FinishedImage>& images);
    /// Of what is shown; `what` says which: "finished images", "x_t at t = 512".
    void setDifference(const StepDifference& difference, const QString& what);
    /// Beside the difference: "1.91× faster, measured".
    void setNote(const QString& note);

    void setMode(Mode mode);
    Mode mode() const { return m_mode; }
    /// Share of each picture that is the left run's, 0..1.
    void setSplit(double share);
    double split() const { return m_split; }
    /// What the brightest colour of the difference stands for; nothing: the greatest there is.
    void setScale(std::optional<double> scale);
    double scale() const;
    /// Which run blinking shows at the moment.
    Side blinkSide() const { return m_blinkSide; }

    PreviewGrid* grid() const { return m_grid; }
    QualityCurve* curve() const { return m_curve; }
    const StepDifference& difference() const { return m_difference; }
    QString summary() const;
    /// What a side shows of an image; null where it has none.
    QImage picture(Side side, int image) const;
    void setTheme(const Theme& theme);

Q_SIGNALS:
    void closeRequested();
    void modeChanged();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void hideEvent(QHideEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    friend class TwinOverlay;
    struct Tile {
        std::array<QImage, 2> pictures;
    };

    void buildHeader();
    void dragSplit(const QPoint& position);
    void recompose(int first, int count);
    void recomposeAll() { recompose(0, static_cast<int>(m_tiles.size())); }
    QImage composed(const Tile& tile) const;
    QImage differenceImage(const Tile& tile) const;
    void measureGreatest();
    void refreshTexts();
    QString sideName(Side side) const { return m_names[side == Side::left ? 0 : 1]; }

    Theme m_theme;
    Mode m_mode = Mode::sideBySide;
    Side m_blinkSide = Side::left;
    double m_split = 0.5;
    std::optional<double> m_scale;
    double m_greatest = 0.0;  ///< difference of any two pixels shown
    std::array<QString, 2> m_names;
    QStringList m_captions;
    std::vector<Tile> m_tiles;
    StepDifference m_difference;
    QString m_what;
    QString m_note;
    bool m_draggingSplit = false;

    QTimer m_blink;
    QWidget* m_header;
    QButtonGroup* m_modes;
    QLabel* m_legend;
    QLabel* m_numbers;
    QLabel* m_one;
    QSlider* m_splitSlider;
    QComboBox* m_scaleBox;
    QToolButton* m_close;
    PreviewGrid* m_grid;
    TwinOverlay* m_overlay;
    QualityCurve* m_curve;
};

}  // namespace duodiff::ui
