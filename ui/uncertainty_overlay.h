// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/theme.h"

#include <QImage>
#include <QWidget>

#include <span>

namespace duodiff::ui
{

/// Uncertainties from `low` to `high`, the ends of a map's colours.
struct MapRange {
    double low = 0.0;
    double high = 1.0;

    bool operator==(const MapRange&) const = default;
};
/// From the least to the greatest of the finite values; never of no width.
MapRange mapRangeOf(std::span<const float> values);

/// A map as a half transparent image, one pixel a value; values that are not finite are clear.
QImage uncertaintyImage(std::span<const float> map, int width, int height, const MapRange& range);

/// Point 9, the scale of the map over the pictures: "u after layer 7", and the numbers at its ends.
class MapScale : public QWidget
{
    Q_OBJECT

public:
    explicit MapScale(QWidget* parent = nullptr);

    void display(int layer, const MapRange& range);
    void setTheme(const Theme& theme);
    QString textSummary() const;

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString name() const;

    Theme m_theme;
    int m_layer = 0;
    MapRange m_range;
};

}  // namespace duodiff::ui
