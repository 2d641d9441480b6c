// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/theme.h"

#include <QLocale>
#include <QString>
#include <QVector>
#include <QWidget>

#include <optional>
#include <vector>

class QCPItemStraightLine;
class QCPItemText;
class QCPItemTracer;
class QCustomPlot;
class QHBoxLayout;
class QLabel;

namespace duodiff::ui
{

/// One of some curves over the same axis.
struct Curve {
    QString name;  ///< at its right end, and in the readout
    QVector<double> x;
    QVector<double> y;  ///< NaN: a gap
    /// Place in the order of the curves, 0..1, as a colour of the heat map; nothing: the measured blue.
    std::optional<double> shade;
};

/// Curves with their title and a readout in words: of the point under the pointer, or of the one that the
/// arrow keys go to (left and right along a curve, up and down from curve to curve).
class CurvesPlot : public QWidget
{
    Q_OBJECT

public:
    struct Texts {
        QString title;
        QString x;        ///< label of the axis: "step"
        QString empty;    ///< where there is no curve yet
        QString meaning;  ///< tooltip
    };

    explicit CurvesPlot(QWidget* parent = nullptr);

    void setTexts(const Texts& texts);
    void setCurves(std::vector<Curve> curves);
    const std::vector<Curve>& curves() const { return m_curves; }
    /// Values that are not above zero are left out of a logarithmic axis.
    void setLogarithmic(bool logarithmic);
    bool isLogarithmic() const { return m_logarithmic; }
    /// Time runs from T to 0.
    void setReversed(bool reversed);
    /// The values are whole numbers, from 0.
    void setWhole(bool whole);
    /// A dashed line across.
    void setLevel(std::optional<double> y, const QString& text = {});
    /// A thin line upright.
    void setMark(std::optional<double> x);
    void setTheme(const Theme& theme);

    /// Beside the title, for the plot's own switches.
    QHBoxLayout* header() const { return m_header; }
    QString readout() const;
    QString textSummary() const;
    QCustomPlot* plot() const { return m_plot; }

    QSize sizeHint() const override { return {420, 240}; }
    QSize minimumSizeHint() const override { return {240, 130}; }

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    void buildPlot();
    /// What has changed is drawn where it is seen: soon and once, or when it is shown.
    void refresh();
    void draw();
    void fitRanges();
    void placeNames();
    void point(std::optional<std::size_t> curve, int index);
    void pointNear(const QPointF& position);
    QString pointText(std::size_t curve, int index) const;
    QColor colorOf(const Curve& curve) const;
    bool isEmpty() const;

    QCustomPlot* m_plot;
    QLabel* m_title;
    QHBoxLayout* m_header = nullptr;
    QCPItemStraightLine* m_level = nullptr;
    QCPItemText* m_levelText = nullptr;
    QCPItemStraightLine* m_mark = nullptr;
    QCPItemTracer* m_pointer = nullptr;
    QCPItemText* m_empty = nullptr;
    QCPItemText* m_readout = nullptr;
    std::vector<QCPItemText*> m_names;
    Theme m_theme;
    Texts m_texts;
    std::vector<Curve> m_curves;
    std::optional<double> m_levelAt;
    std::optional<std::size_t> m_pointed;  ///< curve that the readout is of
    int m_pointedAt = 0;
    bool m_logarithmic = false;
    bool m_reversed = false;
    bool m_whole = false;
    bool m_stale = true;
    bool m_drawSoon = false;
};

/// The program's numbers, with their thousands grouped: "60,000".
QLocale groupedNumbers();

/// Four significant digits, thousands grouped where it is a whole number of some size.
QString plainNumber(double value);

}  // namespace duodiff::ui
