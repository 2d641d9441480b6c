// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/image_link.h"

#include "studio/run_controller.h"
#include "ui/exit_plot.h"
#include "ui/main_window.h"
#include "ui/preview_grid.h"

namespace duodiff::studio
{

ImageLink::ImageLink(RunController& run, ui::MainWindow& window, QObject* parent)
    : QObject(parent), m_window(window)
{
    connect(window.previews(), &ui::PreviewGrid::imageHovered, this, [this](int image) {
        m_hovered = image < 0 ? std::nullopt : std::optional(image);
        refresh();
    });
    connect(window.previews(), &ui::PreviewGrid::selectionChanged, this, [this](int image) {
        m_selected = image < 0 ? std::nullopt : std::optional(image);
        refresh();
    });
    connect(window.plot(), &ui::ExitPlot::imagesPointed, this, [this](const std::vector<int>& images) {
        m_pointed = images;
        m_window.previews()->setMarked(images);
        refresh();
    });
    connect(&run, &RunController::started, this, [this] {
        m_hovered.reset();
        m_selected.reset();
        m_pointed.clear();
        m_window.previews()->setMarked({});
        refresh();
    });
}

std::optional<int> ImageLink::image() const
{
    if (m_hovered) {
        return m_hovered;
    }
    return m_pointed.size() == 1 ? std::optional(m_pointed.front()) : m_selected;
}

void ImageLink::refresh()
{
    m_window.plot()->setHighlightedImage(image());
    Q_EMIT imageChanged(image());
}

}  // namespace duodiff::studio
