// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

namespace duodiff::ui
{

class PreviewGrid;
class TwinView;

/// What the twin view draws over its pictures: the lines that divide them, which run blinking shows, the
/// colours of the difference. Takes no mouse.
class TwinOverlay : public QWidget
{
    Q_OBJECT

public:
    TwinOverlay(const TwinView& view, PreviewGrid* grid);
    /// To the place of the pictures.
    void follow();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void paintLines(QPainter& painter) const;
    void paintBadge(QPainter& painter) const;
    void paintScale(QPainter& painter) const;

    const TwinView& m_view;
    PreviewGrid* m_grid;
};

}  // namespace duodiff::ui
