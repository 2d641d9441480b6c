// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/sample_viewer.h"

#include "ui/curves_plot.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QSignalBlocker>
#include <QSlider>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace duodiff::ui
{

namespace
{

constexpr int playInterval = 350;  // ms

}  // namespace

SampleViewer::SampleViewer(QWidget* parent)
    : QWidget(parent),
      m_theme(Theme::dark()),
      m_canvas(new QWidget(this)),
      m_step(new QLabel(this)),
      m_slider(new QSlider(Qt::Horizontal, this)),
      m_play(new QToolButton(this))
{
    setAccessibleName(tr("Pictures of the averaged weights"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(4);
    auto* header = new QHBoxLayout;
    header->setContentsMargins(8, 0, 6, 0);
    auto* title = new QLabel(tr("Pictures").toUpper(), this);
    title->setProperty("role", "section");
    m_step->setProperty("role", "muted");
    header->addWidget(title);
    header->addStretch(1);
    header->addWidget(m_step);
    layout->addLayout(header);
    m_canvas->installEventFilter(this);
    m_canvas->setMinimumHeight(80);
    layout->addWidget(m_canvas, 1);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(8, 0, 10, 4);
    row->setSpacing(8);
    m_play->setFocusPolicy(Qt::StrongFocus);
    m_play->setCheckable(true);
    row->addWidget(m_play);
    m_slider->setAccessibleName(tr("Step of the pictures"));
    m_slider->setToolTip(
        tr("The training step whose pictures are shown, always from the same noise. At the\n"
           "right end it follows the newest. Left and Right go from one to the next."));
    row->addWidget(m_slider, 1);
    layout->addLayout(row);
    m_timer.setInterval(playInterval);
    connect(m_slider, &QSlider::valueChanged, this, &SampleViewer::choose);
    connect(m_play, &QToolButton::clicked, this, &SampleViewer::setPlaying);
    connect(&m_timer, &QTimer::timeout, this, [this] {
        if (m_index + 1 < static_cast<int>(m_steps.size())) {
            m_slider->setValue(m_index + 1);
        } else {
            setPlaying(false);
        }
    });
    setTheme(m_theme);
}

std::int64_t SampleViewer::chosen() const
{
    return m_index >= 0 ? m_steps[static_cast<std::size_t>(m_index)] : -1;
}

void SampleViewer::setSteps(std::vector<std::int64_t> steps)
{
    const std::int64_t former = chosen();
    const bool follows = m_steps.empty() || former == m_steps.back();
    m_steps = std::move(steps);
    const auto last = static_cast<int>(m_steps.size()) - 1;
    const auto found = std::lower_bound(m_steps.begin(), m_steps.end(), former);
    m_index = follows ? last : std::min(static_cast<int>(found - m_steps.begin()), last);
    {
        const QSignalBlocker quiet(m_slider);
        m_slider->setRange(0, std::max(0, last));
        m_slider->setValue(std::max(0, m_index));
    }
    if (m_index < 0) {
        m_picture = {};
    } else if (chosen() != former) {
        Q_EMIT stepChosen(chosen());
    }
    refresh();
}

void SampleViewer::choose(int index)
{
    if (index == m_index || index < 0 || index >= static_cast<int>(m_steps.size())) {
        return;
    }
    m_index = index;
    refresh();
    Q_EMIT stepChosen(chosen());
}

void SampleViewer::setPicture(std::int64_t step, const QImage& picture)
{
    if (step == chosen()) {
        m_picture = picture;
        refresh();
    }
}

void SampleViewer::setEmptyText(const QString& text)
{
    m_emptyText = text;
    refresh();
}

void SampleViewer::setPlaying(bool playing)
{
    if (playing && !m_steps.empty()) {
        if (m_index + 1 == static_cast<int>(m_steps.size())) {
            m_slider->setValue(0);
        }
        m_timer.start();
    } else {
        m_timer.stop();
    }
    refresh();
}

void SampleViewer::setTheme(const Theme& theme)
{
    m_theme = theme;
    refresh();
}

void SampleViewer::refresh()
{
    const bool some = m_steps.size() > 1;
    m_slider->setEnabled(some);
    m_play->setEnabled(some);
    m_play->setChecked(isPlaying());
    m_play->setIcon(themedIcon(isPlaying() ? QStringLiteral("pause") : QStringLiteral("play"), m_theme));
    m_play->setAccessibleName(isPlaying() ? tr("Stop the pictures") : tr("Play the pictures"));
    m_play->setToolTip(isPlaying() ? tr("Stop at this step")
                                   : tr("Go through the steps from the first to the newest"));
    const auto count = static_cast<int>(m_steps.size());
    m_step->setText(m_index < 0 ? QString()
                                : tr("step %1, %2 of %3")
                                      .arg(plainNumber(static_cast<double>(chosen())))
                                      .arg(m_index + 1)
                                      .arg(count));
    setAccessibleDescription(m_index < 0 ? m_emptyText : m_step->text());
    m_canvas->update();
}

bool SampleViewer::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_canvas && event->type() == QEvent::Paint) {
        paintPicture();
        return true;
    }
    return QWidget::eventFilter(watched, event);
}

void SampleViewer::paintPicture()
{
    QPainter painter(m_canvas);
    const QRect area = m_canvas->rect();
    painter.fillRect(area, m_theme.window);
    if (m_index < 0 || m_picture.isNull()) {
        painter.setFont(uiFont(9.0));
        painter.setPen(m_theme.mutedText);
        painter.drawText(area.adjusted(16, 8, -16, -8), static_cast<int>(Qt::AlignCenter) | Qt::TextWordWrap,
                         m_index < 0 ? m_emptyText : QString());
        return;
    }
    // Small pictures grow by whole device pixels, so that no pixel is larger than another.
    const double ratio = m_canvas->devicePixelRatioF();
    const double room =
        std::min(area.width() * ratio / m_picture.width(), area.height() * ratio / m_picture.height());
    const double scale = (room >= 1.0 ? std::floor(room) : room) / ratio;
    const QSizeF size(m_picture.width() * scale, m_picture.height() * scale);
    const QPointF corner(std::round((area.width() - size.width()) / 2.0),
                         std::round((area.height() - size.height()) / 2.0));
    painter.setRenderHint(QPainter::SmoothPixmapTransform, room < 1.0);
    painter.drawImage(QRectF(corner, size), m_picture);
}

}  // namespace duodiff::ui
