// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pareto_plot.h"

#include "ui/plot_axes.h"
#include "ui/qcustomplot_wrapper.h"

#include <QKeyEvent>
#include <QToolTip>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace duodiff::ui
{

namespace
{

constexpr double reach = 14.0;  // pixels from a point that still mean it

bool hasPoint(const SweepRow& row)
{
    return row.state == SweepState::done &&
           (row.settings.policy == PolicyKind::full || std::isfinite(row.difference));
}

double differenceOf(const SweepRow& row)
{
    return row.settings.policy == PolicyKind::full ? 0.0 : row.difference;
}

}  // namespace

QString sweepRowText(const SweepRow& row)
{
    const SamplingSettings& s = row.settings;
    const QString what = s.policy == PolicyKind::duodiff   ? ParetoPlot::tr("t_s = %1").arg(s.switch_step)
                         : s.policy == PolicyKind::adadiff ? ParetoPlot::tr("θ = %1").arg(s.threshold)
                                                           : ParetoPlot::tr("Full network");
    const QString settings = ParetoPlot::tr("%1, %2 steps").arg(what).arg(s.steps);
    if (row.state == SweepState::pending) {
        return ParetoPlot::tr("%1: not run yet").arg(settings);
    }
    if (row.state == SweepState::failed) {
        return ParetoPlot::tr("%1: failed: %2").arg(settings, QString::fromStdString(row.failure));
    }
    return ParetoPlot::tr("%1: %2 ms an image, difference %3")
        .arg(settings)
        .arg(row.ms_per_image, 0, 'f', 1)
        .arg(differenceOf(row), 0, 'g', 3);
}

ParetoPlot::ParetoPlot(QWidget* parent)
    : QWidget(parent),
      m_plot(new QCustomPlot(this)),
      m_front(m_plot->addGraph()),
      m_full(m_plot->addGraph()),
      m_switch(m_plot->addGraph()),
      m_threshold(m_plot->addGraph()),
      m_mark(m_plot->addGraph()),
      m_message(new QCPItemText(m_plot))
{
    setAccessibleName(tr("Time against difference"));
    setFocusPolicy(Qt::StrongFocus);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_plot);
    m_plot->setFocusProxy(this);
    m_plot->installEventFilter(this);
    m_plot->setMouseTracking(true);
    m_front->setName(tr("Pareto front"));
    m_full->setName(tr("full"));
    m_switch->setName(tr("DuoDiff, t_s"));
    m_threshold->setName(tr("AdaDiff, θ"));
    for (QCPGraph* graph : {m_full, m_switch, m_threshold, m_mark}) {
        graph->setLineStyle(QCPGraph::lsNone);
    }
    m_plot->legend->setVisible(true);
    m_plot->legend->removeItem(m_plot->legend->itemCount() - 1);  // the mark of the selection
    m_plot->axisRect()->insetLayout()->setInsetAlignment(0, Qt::AlignLeft | Qt::AlignTop);
    setUpAxes(*m_plot);
    m_plot->xAxis->setLabel(tr("measured time, ms an image"));
    m_plot->yAxis->setLabel(tr("difference to full"));
    m_message->position->setType(QCPItemPosition::ptAxisRectRatio);
    m_message->position->setCoords(0.5, 0.45);
    m_message->setText(tr("Choose ranges and press Start: every run becomes a point here."));
    setTheme(Theme::dark());
}

void ParetoPlot::setSweep(const Sweep& sweep)
{
    m_sweep = sweep;
    m_rows.clear();
    for (std::size_t row = 0; row < sweep.rows.size(); ++row) {
        if (hasPoint(sweep.rows[row])) {
            m_rows.push_back(row);
        }
    }
    std::stable_sort(m_rows.begin(), m_rows.end(), [this](std::size_t a, std::size_t b) {
        return m_sweep.rows[a].ms_per_image < m_sweep.rows[b].ms_per_image;
    });
    if (m_selected && std::find(m_rows.begin(), m_rows.end(), *m_selected) == m_rows.end()) {
        m_selected.reset();
    }
    refresh();
}

void ParetoPlot::setSelected(std::optional<std::size_t> row)
{
    m_selected = row;
    refresh();
}

void ParetoPlot::refresh()
{
    for (QCPGraph* graph : {m_front, m_full, m_switch, m_threshold, m_mark}) {
        graph->data()->clear();
    }
    double slowest = 1.0;
    double farthest = 0.01;
    for (const std::size_t index : m_rows) {
        const SweepRow& row = m_sweep.rows[index];
        QCPGraph* graph = row.settings.policy == PolicyKind::duodiff   ? m_switch
                          : row.settings.policy == PolicyKind::adadiff ? m_threshold
                                                                       : m_full;
        graph->addData(row.ms_per_image, differenceOf(row));
        slowest = std::max(slowest, row.ms_per_image);
        farthest = std::max(farthest, differenceOf(row));
        if (m_selected == index) {
            m_mark->addData(row.ms_per_image, differenceOf(row));
        }
    }
    for (const std::size_t index : pareto_rows(m_sweep)) {
        const SweepRow& row = m_sweep.rows[index];
        m_front->addData(row.ms_per_image, differenceOf(row));
    }
    m_plot->xAxis->setRange(0.0, slowest * 1.08);
    m_plot->yAxis->setRange(-0.04 * farthest, farthest * 1.12);
    m_message->setVisible(m_rows.empty());
    m_plot->legend->setVisible(!m_rows.empty());
    setAccessibleDescription(textSummary());
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void ParetoPlot::setTheme(const Theme& theme)
{
    m_theme = theme;
    colourAxes(*m_plot, theme);
    m_plot->legend->setBrush(theme.panel);
    m_plot->legend->setBorderPen(QPen(theme.line));
    m_plot->legend->setTextColor(theme.mutedText);
    m_plot->legend->setFont(uiFont(8.0));
    m_front->setPen(QPen(theme.mutedText, 1.0, Qt::DashLine));
    const auto shape = [](QCPGraph* graph, QCPScatterStyle::ScatterShape kind, const QColor& color) {
        graph->setScatterStyle(QCPScatterStyle(kind, QPen(color, 1.5), QBrush(color), 8.0));
    };
    shape(m_full, QCPScatterStyle::ssDiamond, theme.text);
    shape(m_switch, QCPScatterStyle::ssSquare, theme.mean);
    shape(m_threshold, QCPScatterStyle::ssTriangle, theme.prediction);
    m_mark->setScatterStyle(
        QCPScatterStyle(QCPScatterStyle::ssCircle, QPen(theme.text, 2.0), Qt::NoBrush, 16.0));
    m_message->setColor(theme.mutedText);
    m_message->setFont(uiFont(9.5));
    refresh();
}

std::optional<QPointF> ParetoPlot::pointOf(std::size_t row) const
{
    if (row >= m_sweep.rows.size() || !hasPoint(m_sweep.rows[row])) {
        return std::nullopt;
    }
    return QPointF(m_plot->xAxis->coordToPixel(m_sweep.rows[row].ms_per_image),
                   m_plot->yAxis->coordToPixel(differenceOf(m_sweep.rows[row])));
}

void ParetoPlot::choose(std::size_t row)
{
    setSelected(row);
    Q_EMIT chosen(static_cast<int>(row));
}

bool ParetoPlot::eventFilter(QObject* watched, QEvent* event)
{
    const bool pressed = event->type() == QEvent::MouseButtonPress;
    if (watched == m_plot && (pressed || event->type() == QEvent::MouseMove)) {
        const auto* mouse = static_cast<QMouseEvent*>(event);
        std::optional<std::size_t> nearest;
        double distance = reach;
        for (const std::size_t row : m_rows) {
            const QPointF away = *pointOf(row) - mouse->position();
            if (std::hypot(away.x(), away.y()) < distance) {
                distance = std::hypot(away.x(), away.y());
                nearest = row;
            }
        }
        if (nearest && pressed) {
            choose(*nearest);
        } else if (!pressed) {
            QToolTip::showText(mouse->globalPosition().toPoint(),
                               nearest ? sweepRowText(m_sweep.rows[*nearest]) : QString(), m_plot);
        }
    }
    return QWidget::eventFilter(watched, event);
}

void ParetoPlot::keyPressEvent(QKeyEvent* event)
{
    const bool forward = event->key() == Qt::Key_Right || event->key() == Qt::Key_Down;
    const bool back = event->key() == Qt::Key_Left || event->key() == Qt::Key_Up;
    if (m_rows.empty() || (!forward && !back)) {
        QWidget::keyPressEvent(event);
        return;
    }
    const auto here = m_selected ? std::find(m_rows.begin(), m_rows.end(), *m_selected) : m_rows.end();
    const auto last = static_cast<std::ptrdiff_t>(m_rows.size()) - 1;
    const std::ptrdiff_t place = here == m_rows.end() ? (forward ? 0 : last)
                                                      : std::clamp(here - m_rows.begin() + (forward ? 1 : -1),
                                                                   std::ptrdiff_t{0}, last);
    choose(m_rows[static_cast<std::size_t>(place)]);
}

QString ParetoPlot::textSummary() const
{
    if (m_rows.empty()) {
        return m_message->text();
    }
    QString text =
        tr("%1 runs, %2 of them on the Pareto front.").arg(m_rows.size()).arg(m_front->dataCount());
    if (m_selected) {
        text += QLatin1Char(' ') + sweepRowText(m_sweep.rows[*m_selected]);
    }
    return text;
}

}  // namespace duodiff::ui
