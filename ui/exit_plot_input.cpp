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

}  // namespace

void ExitPlot::moveCursorTo(int step)
{
    if (m_data.steps() == 0) {
        return;
    }
    m_cursor = std::clamp(step, 0, m_data.steps() - 1);
    refreshCursor();
    m_plot->layer(QStringLiteral("cursor"))->replot();
    Q_EMIT cursorMoved(*m_cursor);
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
                m_cursor.reset();
                refreshCursor();
                m_plot->layer(QStringLiteral("cursor"))->replot();
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
    const int stride = event->modifiers().testFlag(Qt::ControlModifier) ? 10 : 1;
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
            return fitView();
        case Qt::Key_Escape:
            if (m_cursor) {
                return setCursor(std::nullopt);
            }
            break;
        default:
            break;
    }
    QWidget::keyPressEvent(event);
}

}  // namespace duodiff::ui
