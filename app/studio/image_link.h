// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>

#include <optional>
#include <vector>

namespace duodiff::ui
{
class MainWindow;
}

namespace duodiff::studio
{

class RunController;

/// Point 10: an image that the pointer or the keys are on in the grid has its trace in the plot, and the
/// images of a cell of the plot are marked in the grid.
class ImageLink : public QObject
{
    Q_OBJECT

public:
    ImageLink(RunController& run, ui::MainWindow& window, QObject* parent = nullptr);

    /// The image that is highlighted everywhere: the one under the pointer, else the only one of the cell
    /// that is pointed at in the plot, else the one selected in the grid.
    std::optional<int> image() const;

Q_SIGNALS:
    void imageChanged(std::optional<int> image);

private:
    void refresh();

    ui::MainWindow& m_window;
    std::optional<int> m_hovered;
    std::optional<int> m_selected;
    std::vector<int> m_pointed;
};

}  // namespace duodiff::studio
