// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/exit_plot.h"

#include "ui/plot_marks.h"
#include "ui/qcustomplot_wrapper.h"

#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <limits>

namespace duodiff::ui
{

namespace
{

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr int frameInterval = 16;       // ms: 60 Hz at most
constexpr int describeInterval = 1000;  // ms: a screen reader is not told more often
constexpr double narrowestView = 8.0;   // timesteps

}  // namespace

ExitPlot::ExitPlot(QWidget* parent)
    : QWidget(parent), m_emptyMessage(tr("Generate, and see here how much of the network each step needs."))
{
    setAccessibleName(tr("Exit-layer plot"));
    setFocusPolicy(Qt::StrongFocus);
    buildPlot();
    m_draw.setSingleShot(true);
    m_draw.setInterval(frameInterval);
    connect(&m_draw, &QTimer::timeout, this, [this] { m_plot->replot(QCustomPlot::rpQueuedReplot); });
    m_describe.setSingleShot(true);
    m_describe.setInterval(describeInterval);
    connect(&m_describe, &QTimer::timeout, this, [this] { setAccessibleDescription(textSummary()); });
    setTheme(Theme::dark());
    clear();
}

ExitPlot::~ExitPlot() = default;

void ExitPlot::setTitled(bool titled)
{
    m_marks->setTitled(titled);
    scheduleReplot();
}

void ExitPlot::buildPlot()
{
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    m_plot = new QCustomPlot(this);
    layout->addWidget(m_plot);
    m_plot->setFocusProxy(this);
    m_plot->setMouseTracking(true);
    m_plot->installEventFilter(this);

    m_plot->addLayer(QStringLiteral("curves"), m_plot->layer(QStringLiteral("main")), QCustomPlot::limAbove);
    m_plot->addLayer(QStringLiteral("marks"), m_plot->layer(QStringLiteral("axes")), QCustomPlot::limAbove);
    m_plot->addLayer(QStringLiteral("cursor"), m_plot->layer(QStringLiteral("marks")), QCustomPlot::limAbove);
    m_plot->layer(QStringLiteral("cursor"))->setMode(QCPLayer::lmBuffered);

    QCPAxisRect* area = m_plot->axisRect();
    area->setupFullAxesBox(false);
    area->setAutoMargins(QCP::msLeft | QCP::msBottom);
    area->setMargins(QMargins(0, PlotMarks::headerHeight + 4, 16, 0));
    area->setMinimumMargins(QMargins(40, 0, 0, 0));
    area->setRangeDrag(Qt::Horizontal);
    area->setRangeZoom(Qt::Horizontal);
    m_plot->setInteractions(QCP::iRangeDrag | QCP::iRangeZoom);
    m_plot->plotLayout()->setMargins(QMargins(2, 0, 0, 4));

    m_plot->xAxis->setRangeReversed(true);
    m_plot->xAxis->setTickLabelPadding(PlotMarks::laneHeight + 8);
    m_plot->yAxis->setTickLabelPadding(7);
    m_plot->xAxis2->setTicks(false);
    m_plot->yAxis2->setTicks(false);
    auto layers = QSharedPointer<QCPAxisTickerFixed>::create();
    layers->setTickStep(1.0);
    layers->setScaleStrategy(QCPAxisTickerFixed::ssMultiples);
    m_plot->yAxis->setTicker(layers);
    auto times = QSharedPointer<QCPAxisTicker>::create();
    times->setTickCount(10);
    m_plot->xAxis->setTicker(times);
    m_plot->xAxis->setNumberFormat(QStringLiteral("f"));
    m_plot->xAxis->setNumberPrecision(0);
    for (QCPAxis* axis : {m_plot->xAxis, m_plot->yAxis, m_plot->xAxis2, m_plot->yAxis2}) {
        axis->setTickPen(Qt::NoPen);
        axis->setTickLength(0, 0);
        axis->setSubTicks(false);
    }

    m_heat = new QCPColorMap(m_plot->xAxis, m_plot->yAxis);
    m_heat->setInterpolate(false);
    m_heat->setDataRange(QCPRange(0, 1));
    QCPColorGradient gradient;
    gradient.setLevelCount(256);
    for (int stop = 0; stop <= 8; ++stop) {
        gradient.setColorStopAt(stop / 8.0, heatColor(stop / 8.0));
    }
    gradient.setNanHandling(QCPColorGradient::nhTransparent);
    m_heat->setGradient(gradient);

    const auto addCurve = [this](const char* name) {
        QCPGraph* graph = m_plot->addGraph();
        graph->setName(QLatin1String(name));
        graph->setLayer(QStringLiteral("curves"));
        // "Right" on the screen: a point's value holds from its key up to the next step's.
        graph->setLineStyle(QCPGraph::lsStepRight);
        graph->setPen(Qt::NoPen);
        return graph;
    };
    m_lower = addCurve("lower");
    m_upper = addCurve("upper");
    m_upper->setChannelFillGraph(m_lower);
    m_casing = addCurve("casing");
    m_mean = addCurve("mean");
    m_trace = addCurve("trace");
    m_predicted = addCurve("predicted");
    m_bound = addCurve("bound");
    for (QCPGraph* graph : {m_predicted, m_bound}) {
        // It compares values, and the gaps between the two are NaN.
        graph->setAdaptiveSampling(false);
    }
    m_marks = new PlotMarks(m_plot, m_data);
    m_crosshair = new PlotCrosshair(m_plot, QStringLiteral("cursor"));

    m_follow = new QToolButton(m_plot);
    m_follow->setText(tr("Follow"));
    m_follow->setProperty("role", QStringLiteral("floating"));
    m_follow->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_follow->setToolTip(tr("Show the whole run again, and follow it (double click, or F)"));
    m_follow->setAccessibleName(tr("Follow the run"));
    m_follow->hide();
    connect(m_follow, &QToolButton::clicked, this, &ExitPlot::fitView);

    // QCustomPlot drags and zooms by itself; time stays within the run, and following ends.
    connect(m_plot->xAxis, qOverload<const QCPRange&, const QCPRange&>(&QCPAxis::rangeChanged), this,
            [this](const QCPRange& wanted, const QCPRange& former) {
                QCPRange range = wanted;
                if (range.size() > ExitData::timesteps) {
                    range = QCPRange(0, ExitData::timesteps);
                } else if (range.size() < narrowestView) {
                    range = former.size() < narrowestView ? QCPRange(0, narrowestView) : former;
                }
                range = range.bounded(0, ExitData::timesteps);
                if (range != wanted) {
                    m_plot->xAxis->setRange(range);
                    return;
                }
                setFollowing(range.size() > ExitData::timesteps - 0.5);
            });
}

void ExitPlot::applyAxes()
{
    const int depth = std::max(m_data.depth(), 1);
    m_plot->xAxis->setRange(0, ExitData::timesteps);
    m_plot->yAxis->setRange(-0.5, depth + 0.5);
    const bool open = m_data.isOpen();
    m_plot->xAxis->setTickLabels(open);
    m_plot->yAxis->setTickLabels(open);
    m_plot->xAxis->grid()->setVisible(false);
    m_plot->yAxis->grid()->setVisible(open);
    m_heat->setVisible(open);
    // Cell t covers [t, t + 1): the boundary t >= 1000 - t_s of DuoDiff falls between two cells.
    m_heat->data()->setSize(ExitData::timesteps, depth + 1);
    m_heat->data()->setRange(QCPRange(0.5, ExitData::timesteps - 0.5), QCPRange(0, depth));
    m_heat->data()->fill(nan);
}

void ExitPlot::beginRun(const ModelSummary& model, const SamplingSettings& settings)
{
    m_data.begin(model, settings);
    showSwitchOf(settings);
    setPrediction(std::nullopt);
    m_image.reset();
    point(std::nullopt);
    m_cursor.reset();
    m_cursorPinned = false;
    applyAxes();
    setRunning(true);
    refreshCurves();
    fitView();
}

void ExitPlot::addFrames(const std::vector<Frame>& frames)
{
    int first = m_data.steps();
    int last = 0;
    for (const Frame& frame : frames) {
        const auto [from, to] = m_data.add(frame);
        first = from < to ? std::min(first, from) : first;
        last = std::max(last, to);
    }
    if (first >= last) {
        return;
    }
    paintColumns(first, last);
    point(m_pointedLayer);
    refreshCurves();
    if (!m_draw.isActive()) {
        m_draw.start();
    }
}

void ExitPlot::finishRun()
{
    setRunning(false);
    refreshCurves();
    setAccessibleDescription(textSummary());
    scheduleReplot();
}

void ExitPlot::showRecord(const RunRecord& record)
{
    m_data.load(record);
    showSwitchOf(record.settings);
    setPrediction(std::nullopt);
    m_image.reset();
    point(std::nullopt);
    m_cursor.reset();
    m_cursorPinned = false;
    applyAxes();
    paintColumns(0, m_data.reached());
    fitView();
    finishRun();
}

void ExitPlot::clear()
{
    m_data.clear();
    setPrediction(std::nullopt);
    m_image.reset();
    point(std::nullopt);
    m_cursor.reset();
    setSwitchStep(std::nullopt);
    m_cursorPinned = false;
    applyAxes();
    fitView();
    finishRun();
}

void ExitPlot::setEmptyMessage(const QString& message)
{
    m_emptyMessage = message;
    finishRun();
}

void ExitPlot::paintColumns(int first, int last)
{
    QCPColorMapData* cells = m_heat->data();
    for (int step = first; step < last; ++step) {
        const auto [from, to] = m_data.span(step);
        const std::vector<double> shares =
            m_data.has(step) ? m_data.shares(step) : std::vector<double>(m_data.shares(step).size(), 0.0);
        for (int t = from; t < to; ++t) {
            for (std::size_t layer = 0; layer < shares.size(); ++layer) {
                cells->setCell(t, static_cast<int>(layer), shares[layer] > 0.0 ? shares[layer] : nan);
            }
        }
    }
}

void ExitPlot::refreshCurves()
{
    // Curves are made of steps as wide as the step's stretch of time, like the cells under them.
    QVector<QCPGraphData> mean;
    QVector<QCPGraphData> upper;
    QVector<QCPGraphData> lower;
    const auto put = [&](double t, const ExitStatistics& statistics) {
        mean.append(QCPGraphData(t, statistics.mean));
        upper.append(QCPGraphData(
            t, std::min(statistics.mean + statistics.deviation, static_cast<double>(m_data.depth()))));
        lower.append(QCPGraphData(t, std::max(statistics.mean - statistics.deviation, 0.0)));
    };
    mean.reserve(m_data.reached() + 1);
    for (int step = m_data.reached() - 1; step >= 0; --step) {
        if (m_data.has(step)) {
            put(m_data.span(step).first, m_data.statistics(step));
        }
    }
    if (m_data.has(0)) {
        put(m_data.span(0).second, m_data.statistics(0));
    }
    m_mean->data()->set(mean, true);
    m_casing->setData(m_mean->data());
    m_upper->data()->set(upper, true);
    m_lower->data()->set(lower, true);
    refreshTrace();
    refreshCursor();
    if (!m_describe.isActive()) {
        m_describe.start();
    }
}

void ExitPlot::refreshTrace()
{
    QVector<QCPGraphData> points;
    QString label;
    if (m_image && *m_image >= 0 && *m_image < m_data.images()) {
        const auto layerOf = [&](int step) {
            return m_data.step(step).exit_layers[static_cast<std::size_t>(*m_image)];
        };
        for (int step = m_data.reached() - 1; step >= 0; --step) {
            if (layerOf(step) >= 0) {
                points.append(QCPGraphData(m_data.span(step).first, layerOf(step)));
            }
        }
        if (!points.isEmpty() && layerOf(0) >= 0) {
            points.append(QCPGraphData(m_data.span(0).second, layerOf(0)));
        }
        label = tr("image %1").arg(*m_image);
    }
    m_trace->data()->set(points, true);
    m_marks->setImageLabel(label);
}

void ExitPlot::refreshCursor()
{
    std::optional<int> step = m_cursor;
    if (!step && m_running && !m_data.isEmpty()) {
        step = m_data.lastStep();
    }
    if (!step || *step < 0 || *step >= m_data.steps()) {
        m_crosshair->hideCursor();
        return;
    }
    const auto [from, to] = m_data.span(*step);
    const bool measured = m_data.has(*step);
    QString text = measured ? readout(*step) : tr("t = %1").arg(m_data.step(*step).t);
    m_crosshair->setCell(std::nullopt);
    if (!m_pointed.empty() && measured) {
        text += tr(" · %1 at layer %2").arg(m_pointed.size()).arg(*m_pointedLayer);
        m_crosshair->setCell(QRectF(from, *m_pointedLayer - 0.5, to - from, 1.0));
    }
    m_crosshair->show((from + to) / 2.0,
                      measured ? std::optional(m_data.statistics(*step).mean) : std::nullopt, text);
}

QString ExitPlot::readout(int step) const
{
    if (!m_data.has(step)) {
        return {};
    }
    const ExitStatistics& statistics = m_data.statistics(step);
    return tr("t = %1: layer %2 ± %3 (n = %4)")
        .arg(m_data.step(step).t)
        .arg(statistics.mean, 0, 'f', 1)
        .arg(statistics.deviation, 0, 'f', 1)
        .arg(statistics.n);
}

void ExitPlot::showSwitchOf(const SamplingSettings& settings)
{
    const bool used = settings.policy == PolicyKind::duodiff;
    setSwitchStep(used ? std::optional(settings.switch_step) : std::nullopt);
}

void ExitPlot::setSwitchStep(std::optional<int> switchStep)
{
    m_switchStep = switchStep ? std::optional(std::clamp(*switchStep, 0, ExitData::timesteps)) : std::nullopt;
    m_marks->setSwitchStep(m_switchStep);
    scheduleReplot();
}

void ExitPlot::setCursor(std::optional<int> step)
{
    m_cursor = step;
    m_cursorPinned = step.has_value();
    point(step ? m_pointedLayer : std::nullopt);
    refreshCursor();
    m_plot->layer(QStringLiteral("cursor"))->replot();
}

void ExitPlot::setHighlightedImage(std::optional<int> image)
{
    if (image == m_image) {
        return;
    }
    m_image = image;
    refreshTrace();
    scheduleReplot();
}

void ExitPlot::setRunning(bool running)
{
    m_running = running;
    // Antialiasing costs several times the rest while frames come in at 60 Hz.
    m_plot->setPlottingHint(QCP::phFastPolylines, running);
    m_plot->setAntialiasedElements(running ? QCP::aeNone : QCP::aePlottables);
    m_plot->setNotAntialiasedElements(running ? QCP::aeAll : QCP::aeAxes | QCP::aeGrid);
    m_casing->setPen(running ? QPen(Qt::NoPen) : QPen(m_theme.field, 4.0));
    m_mean->setPen(QPen(m_theme.mean, running ? 1.6 : 2.0));
    m_trace->setPen(QPen(m_theme.trace, running ? 1.0 : 1.6));
    m_marks->setEmptyMessage(m_emptyMessage);
    stylePrediction();
}

void ExitPlot::setTheme(const Theme& theme)
{
    m_theme = theme;
    m_plot->setBackground(QBrush(theme.panel));
    m_plot->axisRect()->setBackground(QBrush(theme.field));
    for (QCPAxis* axis : {m_plot->xAxis, m_plot->yAxis, m_plot->xAxis2, m_plot->yAxis2}) {
        axis->setBasePen(QPen(theme.line, 1));
        axis->setTickLabelFont(plotFont(11));
        axis->setTickLabelColor(theme.mutedText);
        axis->setLabelFont(plotFont(11));
        axis->setLabelColor(theme.mutedText);
    }
    QColor faint = theme.line;
    faint.setAlphaF(0.45F);
    m_plot->yAxis->grid()->setPen(QPen(faint, 1));
    m_plot->yAxis->grid()->setZeroLinePen(Qt::NoPen);
    m_upper->setBrush(theme.band);
    m_marks->setTheme(theme);
    m_crosshair->setTheme(theme);
    m_follow->setIcon(themedIcon(QStringLiteral("follow"), theme));
    setRunning(m_running);
    scheduleReplot();
}

void ExitPlot::scheduleReplot()
{
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void ExitPlot::fitView()
{
    m_plot->xAxis->setRange(0, ExitData::timesteps);
    setFollowing(true);
    scheduleReplot();
}

std::pair<double, double> ExitPlot::timeRange() const
{
    return {m_plot->xAxis->range().lower, m_plot->xAxis->range().upper};
}

void ExitPlot::setFollowing(bool following)
{
    m_following = following;
    m_follow->setVisible(!following);
    placeFollowButton();
}

void ExitPlot::placeFollowButton()
{
    const QRect area = m_plot->axisRect()->rect();
    m_follow->adjustSize();
    m_follow->move(area.right() - m_follow->width() - 8, area.top() + 8);
}

void ExitPlot::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    placeFollowButton();
}

QString ExitPlot::textSummary() const
{
    if (!m_data.isOpen()) {
        return m_emptyMessage;
    }
    if (m_data.isEmpty()) {
        return tr("Exit-layer plot. No step has run yet.");
    }
    const std::vector<double> means = m_data.meanCurve();
    double sum = 0.0;
    for (const double mean : means) {
        sum += mean;
    }
    QString text = tr("Exit-layer plot: %1, %2 of %3 steps, %n image(s). ", nullptr, m_data.images())
                       .arg(QString::fromUtf8(display_name(m_data.policy()).data()))
                       .arg(m_data.reached())
                       .arg(m_data.steps());
    text += tr("Mean exit layer %1 of %2; %3 at the start, %4 at t = %5.")
                .arg(sum / static_cast<double>(means.size()), 0, 'f', 1)
                .arg(m_data.depth())
                .arg(means.front(), 0, 'f', 1)
                .arg(means.back(), 0, 'f', 1)
                .arg(m_data.step(m_data.lastStep()).t);
    const auto transition = phaseTransition();
    const std::optional<int> at = m_data.transitionStep();
    if (transition && at) {
        text += QLatin1Char(' ') + (m_data.transitionIsSwitch()
                                        ? tr("The networks change at t = %1, from layer %2 to %3.")
                                        : tr("Phase transition at t = %1, from layer %2 to %3."))
                                       .arg(m_data.step(*at).t)
                                       .arg(transition->level_before, 0, 'f', 1)
                                       .arg(transition->level_after, 0, 'f', 1);
    }
    if (m_prediction) {
        text += tr(" Dashed: %1.").arg(m_prediction->legend);
    }
    return text;
}

}  // namespace duodiff::ui
