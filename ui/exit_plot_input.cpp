// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/exit_plot.h"
#include "ui/plot_marks.h"
#include "ui/qcustomplot_wrapper.h"

#include <QKeyEvent>
#include <QMouseEvent>

#include <algorithm>
#include <cmath>

namespace duodiff::ui
{

namespace
{

constexpr double grabDistance = 6.0;  // pixels on either side of the switch line

int layerAt(const QCustomPlot* plot, double y)
{
    return static_cast<int>(std::lround(plot->yAxis->pixelToCoord(y)));
}

}  // namespace

void ExitPlot::moveCursorTo(int step)
{
    if (m_data.steps() == 0) {
        return;
    }
    m_cursor = std::clamp(step, 0, m_data.steps() - 1);
    point(m_pointedLayer);
    refreshCursor();
    m_plot->layer(QStringLiteral("cursor"))->replot();
    Q_EMIT cursorMoved(*m_cursor);
}

void ExitPlot::releaseCursor()
{
    m_cursor.reset();
    m_cursorPinned = false;
    point(std::nullopt);
    refreshCursor();
    m_plot->layer(QStringLiteral("cursor"))->replot();
    Q_EMIT cursorReleased();
}

void ExitPlot::point(std::optional<int> layer)
{
    std::vector<int> images;
    if (layer && m_cursor && m_data.has(*m_cursor)) {
        const auto& layers = m_data.step(*m_cursor).exit_layers;
        for (std::size_t image = 0; image < layers.size(); ++image) {
            if (layers[image] == *layer) {
                images.push_back(static_cast<int>(image));
            }
        }
    }
    m_pointedLayer = layer;
    if (images != m_pointed) {
        m_pointed = std::move(images);
        Q_EMIT imagesPointed(m_pointed);
    }
}

void ExitPlot::pointByKey(int direction)
{
    const int here = m_cursor.value_or(m_data.lastStep());
    if (!m_data.has(here)) {
        return;
    }
    // Only layers that an image left at; the first key takes the one nearest to the mean.
    const std::vector<double> shares = m_data.shares(here);
    int layer = m_pointedLayer ? *m_pointedLayer + direction
                               : static_cast<int>(std::lround(m_data.statistics(here).mean));
    const auto used = [&](int candidate) { return shares[static_cast<std::size_t>(candidate)] > 0.0; };
    if (!m_pointedLayer) {
        for (int distance = 0; distance <= m_data.depth(); ++distance) {
            if (layer - distance >= 0 && used(layer - distance)) {
                layer -= distance;
                break;
            }
            if (layer + distance <= m_data.depth() && used(layer + distance)) {
                layer += distance;
                break;
            }
        }
    }
    while (layer >= 0 && layer <= m_data.depth() && !used(layer)) {
        layer += direction;
    }
    if (layer >= 0 && layer <= m_data.depth()) {
        m_pointedLayer = layer;
    }
    m_cursorPinned = true;
    moveCursorTo(here);
}

void ExitPlot::zoomTime(double factor, double centre)
{
    m_plot->xAxis->scaleRange(factor, centre);
    scheduleReplot();
}

bool ExitPlot::nearSwitchLine(double x) const
{
    return m_switchStep && m_data.isOpen() &&
           std::abs(m_plot->xAxis->coordToPixel(ExitData::timesteps - *m_switchStep) - x) <= grabDistance;
}

int ExitPlot::switchStepAt(double x) const
{
    const long t = std::lround(m_plot->xAxis->pixelToCoord(x));
    return static_cast<int>(std::clamp(ExitData::timesteps - t, 0L, static_cast<long>(ExitData::timesteps)));
}

bool ExitPlot::eventFilter(QObject* watched, QEvent* event)
{
    if (watched != m_plot || !m_data.isOpen()) {
        return QWidget::eventFilter(watched, event);
    }
    switch (event->type()) {
        case QEvent::MouseButtonPress:
            return pressed(*static_cast<QMouseEvent*>(event));
        case QEvent::MouseMove:
            return moved(*static_cast<QMouseEvent*>(event));
        case QEvent::MouseButtonRelease:
            return released(*static_cast<QMouseEvent*>(event));
        case QEvent::MouseButtonDblClick:
            fitView();
            return true;
        case QEvent::Leave:
            if (!m_cursorPinned && m_cursor) {
                releaseCursor();
            }
            break;
        default:
            break;
    }
    return QWidget::eventFilter(watched, event);
}

bool ExitPlot::pressed(const QMouseEvent& event)
{
    setFocus(Qt::MouseFocusReason);
    m_pressedAt = event.position();
    if (event.button() != Qt::LeftButton || !nearSwitchLine(event.position().x()) ||
        !m_plot->axisRect()->rect().contains(event.position().toPoint())) {
        return false;
    }
    m_draggingSwitch = true;
    m_marks->setSwitchActive(true);
    scheduleReplot();
    return true;
}

bool ExitPlot::moved(const QMouseEvent& event)
{
    const double x = event.position().x();
    if (m_draggingSwitch) {
        const int switchStep = switchStepAt(x);
        if (m_switchStep != switchStep) {
            setSwitchStep(switchStep);
            Q_EMIT switchStepMoved(switchStep);
        }
        return true;
    }
    const bool inside = m_plot->axisRect()->rect().contains(event.position().toPoint());
    m_plot->setCursor(inside && nearSwitchLine(x) ? Qt::SplitHCursor : Qt::ArrowCursor);
    if (inside && event.buttons() == Qt::NoButton && !m_cursorPinned) {
        m_pointedLayer = layerAt(m_plot, event.position().y());
        moveCursorTo(m_data.stepAt(m_plot->xAxis->pixelToCoord(x)));
    }
    return false;
}

bool ExitPlot::released(const QMouseEvent& event)
{
    if (m_draggingSwitch) {
        m_draggingSwitch = false;
        m_marks->setSwitchActive(false);
        scheduleReplot();
        Q_EMIT switchStepReleased(*m_switchStep);
        return true;
    }
    const bool clicked = event.button() == Qt::LeftButton &&
                         (event.position() - m_pressedAt).manhattanLength() < 4 &&
                         m_plot->axisRect()->rect().contains(event.position().toPoint());
    if (clicked) {
        // A click holds the cursor where it is, a second one lets it go.
        m_cursorPinned = !m_cursorPinned;
        m_pointedLayer = layerAt(m_plot, event.position().y());
        moveCursorTo(m_data.stepAt(m_plot->xAxis->pixelToCoord(event.position().x())));
    }
    return false;
}

void ExitPlot::keyPressEvent(QKeyEvent* event)
{
    if (!m_data.isOpen()) {
        QWidget::keyPressEvent(event);
        return;
    }
    const bool fast = (event->modifiers() & (Qt::ShiftModifier | Qt::ControlModifier)) != Qt::NoModifier;
    const int stride = fast ? 10 : 1;
    const int here = m_cursor.value_or(std::max(m_data.lastStep(), 0));
    const auto centre = [&] {
        const auto [from, to] = m_data.span(here);
        return (from + to) / 2.0;
    };
    const auto pinAt = [&](int step) {
        m_cursorPinned = true;
        moveCursorTo(step);
    };
    switch (event->key()) {
        case Qt::Key_Left:
            return pinAt(here - stride);
        case Qt::Key_Right:
            return pinAt(here + stride);
        case Qt::Key_Up:
            return pointByKey(1);
        case Qt::Key_Down:
            return pointByKey(-1);
        case Qt::Key_Home:
            return pinAt(0);
        case Qt::Key_End:
            return pinAt(std::max(m_data.lastStep(), 0));
        case Qt::Key_Plus:
        case Qt::Key_Equal:
            return zoomTime(0.8, centre());
        case Qt::Key_Minus:
            return zoomTime(1.25, centre());
        case Qt::Key_F:
            // Esc stops a run in progress; this follows it.
            if (m_cursor) {
                releaseCursor();
            }
            return fitView();
        case Qt::Key_Escape:
            if (m_cursor) {
                return releaseCursor();
            }
            break;
        default:
            break;
    }
    QWidget::keyPressEvent(event);
}

}  // namespace duodiff::ui
