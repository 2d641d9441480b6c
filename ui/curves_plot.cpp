// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/curves_plot.h"

#include "ui/log_ticker.h"
#include "ui/plot_axes.h"
#include "ui/qcustomplot_wrapper.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QMouseEvent>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <limits>

namespace duodiff::ui
{

namespace
{

constexpr double reach = 40.0;       // pixels from a curve that still mean it
constexpr double nameHeight = 12.0;  // pixels between two names
constexpr int namesWidth = 66;
constexpr int headerHeight = 32;  // with switches beside the title and without

/// The last point of a curve that is drawn; negative: none.
int lastPoint(const Curve& curve)
{
    for (auto index = static_cast<int>(curve.y.size()) - 1; index >= 0; --index) {
        if (std::isfinite(curve.y[index])) {
            return index;
        }
    }
    return -1;
}

}  // namespace

QLocale groupedNumbers()
{
    QLocale locale = QLocale::c();
    locale.setNumberOptions(QLocale::DefaultNumberOptions);
    return locale;
}

QString plainNumber(double value)
{
    const QLocale plain = groupedNumbers();
    if (value == std::floor(value) && std::abs(value) < 1e15) {
        return plain.toString(static_cast<qlonglong>(value));
    }
    return std::abs(value) >= 1000.0 ? plain.toString(static_cast<qlonglong>(std::llround(value)))
                                     : plain.toString(value, 'g', 4);
}

CurvesPlot::CurvesPlot(QWidget* parent)
    : QWidget(parent), m_plot(new QCustomPlot(this)), m_title(new QLabel(this)), m_theme(Theme::dark())
{
    setFocusPolicy(Qt::StrongFocus);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(2);
    m_header = new QHBoxLayout;
    m_header->setContentsMargins(8, 0, 6, 0);
    m_header->setSpacing(6);
    m_title->setProperty("role", "section");
    m_title->setMinimumHeight(headerHeight);
    m_header->addWidget(m_title);
    m_header->addStretch(1);
    layout->addLayout(m_header);
    layout->addWidget(m_plot, 1);
    buildPlot();
    setTheme(m_theme);
}

void CurvesPlot::buildPlot()
{
    m_plot->setFocusProxy(this);
    m_plot->installEventFilter(this);
    m_plot->setMouseTracking(true);
    m_plot->setLocale(groupedNumbers());
    setUpAxes(*m_plot);
    m_plot->xAxis->setNumberFormat(QStringLiteral("f"));
    m_plot->xAxis->setNumberPrecision(0);
    m_plot->yAxis->setNumberFormat(QStringLiteral("g"));
    m_plot->yAxis->setNumberPrecision(4);
    m_level = new QCPItemStraightLine(m_plot);
    m_mark = new QCPItemStraightLine(m_plot);
    for (const double end : {0.0, 1.0}) {
        QCPItemPosition* across = end > 0.0 ? m_level->point2 : m_level->point1;
        across->setTypeX(QCPItemPosition::ptAxisRectRatio);
        across->setCoords(end, 0.0);
        QCPItemPosition* upright = end > 0.0 ? m_mark->point2 : m_mark->point1;
        upright->setTypeY(QCPItemPosition::ptAxisRectRatio);
        upright->setCoords(0.0, end);
    }
    m_levelText = new QCPItemText(m_plot);
    m_levelText->position->setTypeX(QCPItemPosition::ptAxisRectRatio);
    m_levelText->position->setTypeY(QCPItemPosition::ptPlotCoords);
    m_levelText->setPositionAlignment(Qt::AlignLeft | Qt::AlignBottom);
    m_mark->setVisible(false);
    m_pointer = new QCPItemTracer(m_plot);
    m_pointer->setStyle(QCPItemTracer::tsCircle);
    m_pointer->setSize(8.0);
    m_pointer->setVisible(false);
    m_empty = new QCPItemText(m_plot);
    m_empty->position->setType(QCPItemPosition::ptAxisRectRatio);
    m_empty->position->setCoords(0.5, 0.47);
    m_readout = new QCPItemText(m_plot);
    m_readout->position->setType(QCPItemPosition::ptAxisRectRatio);
    m_readout->position->setCoords(0.99, 0.02);
    m_readout->setPositionAlignment(Qt::AlignRight | Qt::AlignTop);
    m_readout->setPadding(QMargins(4, 1, 4, 1));
    connect(m_plot, &QCustomPlot::afterLayout, this, &CurvesPlot::placeNames);
}

void CurvesPlot::setTexts(const Texts& texts)
{
    m_texts = texts;
    m_title->setText(texts.title.toUpper());
    m_plot->xAxis->setLabel(texts.x);
    m_empty->setText(texts.empty);
    setAccessibleName(texts.title);
    setToolTip(texts.meaning);
    refresh();
}

void CurvesPlot::setCurves(std::vector<Curve> curves)
{
    m_curves = std::move(curves);
    if (m_pointed && (*m_pointed >= m_curves.size() || m_pointedAt >= m_curves[*m_pointed].y.size())) {
        m_pointed.reset();
    }
    refresh();
}

void CurvesPlot::setLogarithmic(bool logarithmic)
{
    m_logarithmic = logarithmic;
    m_plot->yAxis->setScaleType(logarithmic ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    m_plot->yAxis->setTicker(logarithmic ? QSharedPointer<QCPAxisTicker>(new LogTicker)
                                         : QSharedPointer<QCPAxisTicker>(new QCPAxisTicker));
    refresh();
}

void CurvesPlot::setReversed(bool reversed)
{
    m_reversed = reversed;
    m_plot->xAxis->setRangeReversed(reversed);
    refresh();
}

void CurvesPlot::setWhole(bool whole)
{
    m_whole = whole;
    refresh();
}

void CurvesPlot::setLevel(std::optional<double> y, const QString& text)
{
    m_levelAt = y;
    m_levelText->setText(text);
    refresh();
}

void CurvesPlot::setMark(std::optional<double> x)
{
    m_mark->setVisible(x.has_value());
    if (x) {
        m_mark->point1->setCoords(*x, 0.0);
        m_mark->point2->setCoords(*x, 1.0);
    }
    refresh();
}

bool CurvesPlot::isEmpty() const
{
    return std::all_of(m_curves.begin(), m_curves.end(),
                       [](const Curve& curve) { return lastPoint(curve) < 0; });
}

QColor CurvesPlot::colorOf(const Curve& curve) const
{
    if (!curve.shade) {
        return m_theme.mean;
    }
    // The ends of the scale are left out that the ground would swallow.
    return m_theme.isDark() ? heatColor(0.38 + 0.62 * *curve.shade) : heatColor(0.85 * *curve.shade);
}

void CurvesPlot::refresh()
{
    m_stale = true;
    setAccessibleDescription(textSummary());
    if (isVisible() && !m_drawSoon) {
        m_drawSoon = true;
        QMetaObject::invokeMethod(
            this,
            [this] {
                m_drawSoon = false;
                if (m_stale && isVisible()) {
                    draw();
                }
            },
            Qt::QueuedConnection);
    }
}

void CurvesPlot::draw()
{
    m_stale = false;
    while (m_plot->graphCount() > static_cast<int>(m_curves.size())) {
        m_plot->removeGraph(m_plot->graphCount() - 1);
        m_plot->removeItem(m_names.back());
        m_names.pop_back();
    }
    while (m_plot->graphCount() < static_cast<int>(m_curves.size())) {
        m_plot->addGraph();
        auto* name = new QCPItemText(m_plot);
        name->setClipToAxisRect(false);
        name->position->setTypeX(QCPItemPosition::ptAxisRectRatio);
        name->position->setTypeY(QCPItemPosition::ptAbsolute);
        name->setPositionAlignment(Qt::AlignLeft | Qt::AlignVCenter);
        name->setFont(uiFont(7.5));
        m_names.push_back(name);
    }
    for (std::size_t index = 0; index < m_curves.size(); ++index) {
        const Curve& curve = m_curves[index];
        QCPGraph* graph = m_plot->graph(static_cast<int>(index));
        QVector<double> y = curve.y;
        if (m_logarithmic) {
            std::replace_if(
                y.begin(), y.end(), [](double value) { return value <= 0.0; },
                std::numeric_limits<double>::quiet_NaN());
        }
        graph->setData(curve.x, y);
        const bool stands = m_pointed == index;
        graph->setPen(QPen(colorOf(curve), stands || m_curves.size() == 1 ? 2.0 : 1.3));
        const bool alone = curve.y.size() == 1;
        graph->setScatterStyle(alone ? QCPScatterStyle(QCPScatterStyle::ssDisc, 6.0) : QCPScatterStyle());
        m_names[index]->setText(curve.name);
        m_names[index]->setColor(stands ? m_theme.text : colorOf(curve));
    }
    m_plot->axisRect()->setMinimumMargins(QMargins(48, 6, m_curves.size() > 1 ? namesWidth : 16, 0));
    fitRanges();
    m_level->setVisible(m_levelAt.has_value() && !isEmpty());
    m_levelText->setVisible(m_level->visible());
    if (m_levelAt) {
        m_level->point1->setCoords(0.0, *m_levelAt);
        m_level->point2->setCoords(1.0, *m_levelAt);
        m_levelText->position->setCoords(0.01, *m_levelAt);
    }
    m_empty->setVisible(isEmpty());
    m_pointer->setVisible(m_pointed.has_value());
    if (m_pointed) {
        m_pointer->setPen(QPen(m_theme.field, 1.5));
        m_pointer->setBrush(colorOf(m_curves[*m_pointed]));
        m_pointer->position->setCoords(m_curves[*m_pointed].x[m_pointedAt],
                                       m_curves[*m_pointed].y[m_pointedAt]);
    }
    m_readout->setText(readout());
    m_readout->setVisible(!m_readout->text().isEmpty());
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void CurvesPlot::fitRanges()
{
    constexpr double infinite = std::numeric_limits<double>::infinity();
    double left = infinite;
    double right = -infinite;
    double low = infinite;
    double high = -infinite;
    const auto take = [&](double y) {
        if (std::isfinite(y) && (!m_logarithmic || y > 0.0)) {
            low = std::min(low, y);
            high = std::max(high, y);
        }
    };
    for (const Curve& curve : m_curves) {
        for (int index = 0; index < curve.x.size(); ++index) {
            left = std::min(left, curve.x[index]);
            right = std::max(right, curve.x[index]);
            take(curve.y[index]);
        }
    }
    if (!std::isfinite(low) || !std::isfinite(left)) {
        m_plot->xAxis->setRange(0.0, 1.0);
        m_plot->yAxis->setRange(m_logarithmic ? 0.1 : 0.0, 1.0);
        m_plot->xAxis->setTickLabels(false);
        m_plot->yAxis->setTickLabels(false);
        return;
    }
    m_plot->xAxis->setTickLabels(true);
    m_plot->yAxis->setTickLabels(true);
    if (m_levelAt) {
        take(*m_levelAt);
    }
    left = m_reversed ? std::min(left, 0.0) : left;
    m_plot->xAxis->setRange(left, right > left ? right : left + 1.0);
    if (m_logarithmic) {
        const double margin = std::max(1.03, std::pow(high / low, 0.04));
        m_plot->yAxis->setRange(low / margin, high * margin);
    } else {
        const double least = m_whole ? 0.0 : low;
        const double margin = std::max(0.06 * (high - least), 1e-9 + 1e-3 * std::abs(high));
        m_plot->yAxis->setRange(least >= 0.0 && least < 0.3 * high ? 0.0 : least - margin, high + margin);
    }
}

/// Names stand at the right ends of the curves; of those that would cover each other the first and the last
/// in order stay, and what has room between.
void CurvesPlot::placeNames()
{
    const QCPAxisRect* area = m_plot->axisRect();
    std::vector<double> taken;
    const std::size_t count = std::min(m_curves.size(), m_names.size());
    for (QCPItemText* name : m_names) {
        name->setVisible(false);
    }
    const auto place = [&](std::size_t index) {
        const int last = index < count ? lastPoint(m_curves[index]) : -1;
        if (last < 0 || count < 2 || (m_logarithmic && m_curves[index].y[last] <= 0.0)) {
            return;
        }
        const double y = std::clamp(m_plot->yAxis->coordToPixel(m_curves[index].y[last]),
                                    static_cast<double>(area->top()), static_cast<double>(area->bottom()));
        if (std::any_of(taken.begin(), taken.end(),
                        [y](double other) { return std::abs(other - y) < nameHeight; })) {
            return;
        }
        taken.push_back(y);
        m_names[index]->position->setCoords(1.0 + 6.0 / std::max(1, area->width()), y);
        m_names[index]->setVisible(true);
    };
    if (m_pointed) {
        place(*m_pointed);
    }
    place(0);
    place(count - 1);
    for (std::size_t index = 1; index + 1 < count; ++index) {
        place(index);
    }
}

void CurvesPlot::setTheme(const Theme& theme)
{
    m_theme = theme;
    colourAxes(*m_plot, theme);
    m_level->setPen(QPen(theme.mark, 1.2, Qt::DashLine));
    m_levelText->setColor(theme.text);
    m_levelText->setFont(uiFont(8.0, QFont::Medium));
    m_mark->setPen(QPen(theme.mutedText, 1.0));
    m_readout->setColor(theme.text);
    m_readout->setFont(uiFont(8.5));
    QColor ground = theme.field;
    ground.setAlpha(200);
    m_readout->setBrush(ground);
    m_levelText->setBrush(ground);
    m_empty->setColor(theme.mutedText);
    m_empty->setFont(uiFont(9.0));
    refresh();
}

QString CurvesPlot::pointText(std::size_t curve, int index) const
{
    const Curve& one = m_curves[curve];
    const QString x = QStringLiteral("%1 %2").arg(m_texts.x, plainNumber(one.x[index]));
    const QString y = std::isfinite(one.y[index]) ? plainNumber(one.y[index]) : tr("none");
    return m_curves.size() > 1 ? QStringLiteral("%1, %2: %3").arg(x, one.name, y)
                               : QStringLiteral("%1: %2").arg(x, y);
}

QString CurvesPlot::readout() const
{
    if (m_pointed) {
        return pointText(*m_pointed, m_pointedAt);
    }
    if (m_curves.size() == 1 && lastPoint(m_curves.front()) >= 0) {
        return pointText(0, lastPoint(m_curves.front()));
    }
    return {};
}

QString CurvesPlot::textSummary() const
{
    if (isEmpty()) {
        return m_texts.empty;
    }
    QStringList values;
    for (const Curve& curve : m_curves) {
        if (const int last = lastPoint(curve); last >= 0) {
            values << QStringLiteral("%1: %2").arg(curve.name, plainNumber(curve.y[last]));
        }
    }
    const Curve& first = m_curves.front();
    return tr("%1, to %2 %3. %4.")
        .arg(m_texts.title, m_texts.x, plainNumber(first.x.isEmpty() ? 0.0 : first.x.last()),
             values.join(QStringLiteral(", ")));
}

void CurvesPlot::point(std::optional<std::size_t> curve, int index)
{
    if (m_pointed != curve || m_pointedAt != index) {
        m_pointed = curve;
        m_pointedAt = index;
        draw();
    }
}

void CurvesPlot::pointNear(const QPointF& position)
{
    std::optional<std::size_t> nearest;
    int nearestIndex = 0;
    double distance = reach;
    const double at = m_plot->xAxis->pixelToCoord(position.x());
    for (std::size_t number = 0; number < m_curves.size(); ++number) {
        const Curve& curve = m_curves[number];
        int index = -1;
        double away = std::numeric_limits<double>::infinity();
        for (int i = 0; i < curve.x.size(); ++i) {
            if (std::isfinite(curve.y[i]) && std::abs(curve.x[i] - at) < away) {
                away = std::abs(curve.x[i] - at);
                index = i;
            }
        }
        if (index >= 0) {
            const double y = m_plot->yAxis->coordToPixel(curve.y[index]);
            if (std::isfinite(y) && std::abs(y - position.y()) < distance) {
                distance = std::abs(y - position.y());
                nearest = number;
                nearestIndex = index;
            }
        }
    }
    point(nearest, nearestIndex);
}

bool CurvesPlot::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_plot && event->type() == QEvent::MouseMove) {
        pointNear(static_cast<QMouseEvent*>(event)->position());
    } else if (watched == m_plot && event->type() == QEvent::Leave) {
        point(std::nullopt, 0);
    }
    return QWidget::eventFilter(watched, event);
}

void CurvesPlot::keyPressEvent(QKeyEvent* event)
{
    const int key = event->key();
    const bool along = key == Qt::Key_Left || key == Qt::Key_Right;
    if (isEmpty() || (!along && key != Qt::Key_Up && key != Qt::Key_Down)) {
        QWidget::keyPressEvent(event);
        return;
    }
    if (!m_pointed) {
        point(m_curves.size() - 1, std::max(0, lastPoint(m_curves.back())));
    } else if (along) {
        const int stride = event->modifiers().testFlag(Qt::ControlModifier) ? 10 : 1;
        const bool later = (key == Qt::Key_Right) != m_reversed;
        const auto last = static_cast<int>(m_curves[*m_pointed].x.size()) - 1;
        const bool ascending = m_curves[*m_pointed].x.front() <= m_curves[*m_pointed].x.back();
        point(m_pointed, std::clamp(m_pointedAt + (later == ascending ? stride : -stride), 0, last));
    } else {
        const std::size_t other = key == Qt::Key_Up ? *m_pointed + 1 : *m_pointed - 1;
        if (other < m_curves.size()) {
            point(other, std::clamp(m_pointedAt, 0, static_cast<int>(m_curves[other].x.size()) - 1));
        }
    }
}

void CurvesPlot::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    if (m_stale) {
        refresh();  // once it has its size
    }
}

}  // namespace duodiff::ui
