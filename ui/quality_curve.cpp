// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/quality_curve.h"

#include "ui/plot_axes.h"
#include "ui/qcustomplot_wrapper.h"

#include <QKeyEvent>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <limits>

namespace duodiff::ui
{

namespace
{

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double lowestCeiling = 40.0;  // dB

/// The end of a run is drawn at t = 0, right of its last step.
double timeOf(const StepDifference& step)
{
    return std::max(step.t, 0);
}

}  // namespace

QString psnrText(double psnr)
{
    if (std::isnan(psnr)) {
        return QStringLiteral("–");
    }
    return std::isinf(psnr) ? QualityCurve::tr("identical") : QStringLiteral("%1 dB").arg(psnr, 0, 'f', 1);
}

QualityCurve::QualityCurve(QWidget* parent)
    : QWidget(parent), m_plot(new QCustomPlot(this)), m_all(m_plot->addGraph()), m_one(m_plot->addGraph())
{
    setAccessibleName(tr("PSNR against time"));
    setToolTip(
        tr("How near the two runs are at every timestep: the peak signal-to-noise ratio of x_t, in "
           "dB, of all\nimages together; more is nearer. A click or Left and Right go to a step."));
    setFocusPolicy(Qt::StrongFocus);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_plot);
    m_plot->setFocusProxy(this);
    m_plot->installEventFilter(this);
    setUpAxes(*m_plot);
    m_plot->axisRect()->setMinimumMargins(QMargins(44, 10, 16, 0));
    m_plot->xAxis->setRangeReversed(true);
    m_plot->xAxis->setNumberFormat(QStringLiteral("f"));
    m_plot->xAxis->setNumberPrecision(0);
    m_plot->yAxis->setNumberFormat(QStringLiteral("f"));
    m_plot->yAxis->setNumberPrecision(0);
    m_plot->yAxis->ticker()->setTickCount(4);
    m_plot->yAxis->setLabel(tr("PSNR, dB"));
    m_cursor = new QCPItemStraightLine(m_plot);
    m_cursor->point1->setTypeX(QCPItemPosition::ptPlotCoords);
    m_ceiling = new QCPItemText(m_plot);
    m_ceiling->position->setType(QCPItemPosition::ptAxisRectRatio);
    m_ceiling->position->setCoords(0.005, 0.02);
    m_ceiling->setPositionAlignment(Qt::AlignLeft | Qt::AlignTop);
    setTheme(Theme::dark());
}

void QualityCurve::setSteps(std::vector<StepDifference> steps)
{
    m_steps = std::move(steps);
    refresh();
}

void QualityCurve::addStep(const StepDifference& step)
{
    const auto place = std::lower_bound(
        m_steps.begin(), m_steps.end(), step.steps_done,
        [](const StepDifference& known, int stepsDone) { return known.steps_done < stepsDone; });
    if (place != m_steps.end() && place->steps_done == step.steps_done) {
        *place = step;
    } else {
        m_steps.insert(place, step);
    }
    refresh();
}

void QualityCurve::setImage(std::optional<int> image)
{
    m_image = image;
    refresh();
}

void QualityCurve::setCursor(std::optional<int> t)
{
    m_t = t;
    m_cursor->setVisible(t.has_value());
    if (t) {
        m_cursor->point1->setCoords(std::max(*t, 0), 0.0);
        m_cursor->point2->setCoords(std::max(*t, 0), 1.0);
    }
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void QualityCurve::refresh()
{
    double highest = 0.0;
    double lowest = 0.0;
    bool equalSomewhere = false;
    const auto look = [&](double psnr) {
        equalSomewhere = equalSomewhere || std::isinf(psnr);
        if (std::isfinite(psnr)) {
            highest = std::max(highest, psnr);
            lowest = std::min(lowest, psnr);
        }
    };
    const auto oneOf = [this](const StepDifference& step) {
        const bool known =
            m_image && *m_image >= 0 && static_cast<std::size_t>(*m_image) < step.images.size();
        return known ? step.images[static_cast<std::size_t>(*m_image)].psnr : nan;
    };
    double first = 1000.0;
    for (const StepDifference& step : m_steps) {
        look(step.all.psnr);
        look(oneOf(step));
        first = std::max(first, timeOf(step));
    }
    const double ceiling = std::max(lowestCeiling, highest * 1.1);
    const auto heightOf = [ceiling](double psnr) { return std::isinf(psnr) ? ceiling : psnr; };
    QVector<double> times;
    QVector<double> all;
    QVector<double> one;
    for (const StepDifference& step : m_steps) {
        times << timeOf(step);
        all << heightOf(step.all.psnr);
        one << heightOf(oneOf(step));
    }
    m_all->setData(times, all);
    m_one->setData(times, one);
    m_one->setVisible(m_image.has_value());
    m_plot->xAxis->setRange(0.0, first);
    m_plot->yAxis->setRange(lowest, ceiling);
    m_ceiling->setText(m_steps.empty()
                           ? tr("PSNR against t appears here where the states of both runs are held")
                       : equalSomewhere ? tr("upper edge: identical")
                                        : QString());
    setAccessibleDescription(textSummary());
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void QualityCurve::setTheme(const Theme& theme)
{
    m_theme = theme;
    colourAxes(*m_plot, theme);
    m_all->setPen(QPen(theme.mean, 2.0));
    m_one->setPen(QPen(theme.trace, 1.0, Qt::DashLine));
    m_cursor->setPen(QPen(theme.mark, 1.0));
    m_ceiling->setColor(theme.mutedText);
    m_ceiling->setFont(uiFont(8.0));
    refresh();
}

void QualityCurve::choose(std::size_t index)
{
    if (index < m_steps.size()) {
        setCursor(m_steps[index].t);
        Q_EMIT stepChosen(m_steps[index].steps_done);
    }
}

bool QualityCurve::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_plot && event->type() == QEvent::MouseButtonPress && !m_steps.empty()) {
        const double t = m_plot->xAxis->pixelToCoord(static_cast<QMouseEvent*>(event)->position().x());
        const auto nearest = std::min_element(
            m_steps.begin(), m_steps.end(),
            [t](const auto& a, const auto& b) { return std::abs(timeOf(a) - t) < std::abs(timeOf(b) - t); });
        choose(static_cast<std::size_t>(nearest - m_steps.begin()));
    }
    return QWidget::eventFilter(watched, event);
}

void QualityCurve::keyPressEvent(QKeyEvent* event)
{
    if (m_steps.empty() || (event->key() != Qt::Key_Left && event->key() != Qt::Key_Right)) {
        QWidget::keyPressEvent(event);
        return;
    }
    auto here = std::find_if(m_steps.begin(), m_steps.end(),
                             [this](const StepDifference& step) { return m_t && step.t == *m_t; });
    const auto last = static_cast<std::ptrdiff_t>(m_steps.size()) - 1;
    std::ptrdiff_t index = here == m_steps.end() ? last : here - m_steps.begin();
    const std::ptrdiff_t stride = event->modifiers().testFlag(Qt::ControlModifier) ? 10 : 1;
    index = std::clamp(index + (event->key() == Qt::Key_Right ? stride : -stride), std::ptrdiff_t{0}, last);
    choose(static_cast<std::size_t>(index));
}

QString QualityCurve::textSummary() const
{
    if (m_steps.empty()) {
        return tr("No curve: the states of the two runs are not held.");
    }
    const auto& first = m_steps.front();
    const auto& last = m_steps.back();
    return tr("PSNR of x_t at %1 timesteps: %2 at t = %3, %4 at the end.")
        .arg(m_steps.size())
        .arg(psnrText(first.all.psnr))
        .arg(first.t)
        .arg(psnrText(last.all.psnr));
}

}  // namespace duodiff::ui
