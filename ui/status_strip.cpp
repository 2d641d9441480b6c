// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/status_strip.h"

#include "ui/steady_row.h"

#include <QLabel>

#include <cmath>

namespace duodiff::ui
{

QString timeLeftText(double seconds)
{
    const auto whole = static_cast<long>(std::ceil(seconds));
    if (whole < 60) {
        return StatusStrip::tr("%1 s left").arg(whole);
    }
    if (whole < 3600) {
        return StatusStrip::tr("%1 min %2 s left").arg(whole / 60).arg(whole % 60, 2, 10, QLatin1Char('0'));
    }
    return StatusStrip::tr("%1 h %2 min left").arg(whole / 3600).arg(whole / 60 % 60);
}

StatusStrip::StatusStrip(QWidget* parent) : QWidget(parent)
{
    auto* layout = new SteadyRow(this);
    layout->setContentsMargins(8, 0, 8, 0);
    layout->setSpacing(14);
    m_state = addLabel(tr("What the studio is doing"), "state");
    m_state->setTextFormat(Qt::RichText);
    m_step = addLabel(tr("Steps that have run, of each batch's"), "step");
    m_rate = addLabel(tr("Time of a step of the whole batch: the median of the last ones, previews left out"),
                      "rate");
    m_images = addLabel(tr("Images a second at this rate"), "images");
    m_left = addLabel(tr("Time left, the two networks timed apart. Up to: where the images of an AdaDiff run "
                         "will leave is not\n"
                         "known before the first run of its model, so this is the time of the full depth"),
                      "left");
    m_memory = addLabel(tr("Memory that the studio holds now"), "memory");
    layout->addStretch(1);
    m_previews = addLabel(tr("Previews shown a second, and their share of the run's time once it is known"),
                          "previews");
    m_machine = addLabel(
        tr("Device, precision, threads and attention kernel of the run, and on a GPU its graphs"), "machine");
    setAccessibleName(tr("Status"));
    refresh();
}

QLabel* StatusStrip::addLabel(const QString& toolTip, const char* name)
{
    auto* label = new QLabel(this);
    label->setObjectName(QLatin1String(name));
    label->setToolTip(toolTip);
    label->setTextFormat(Qt::PlainText);
    layout()->addWidget(label);
    return label;
}

void StatusStrip::setStatus(const Status& status)
{
    m_status = status;
    refresh();
}

void StatusStrip::setTheme(const Theme& theme)
{
    m_theme = theme;
    refresh();
}

namespace
{

void put(QLabel* label, const QString& text)
{
    if (label->text() != text) {
        label->setText(text);
    }
    label->setVisible(!text.isEmpty());
}

QString rounded(double value)
{
    return QString::number(value, 'f', value < 10.0 ? 2 : value < 100.0 ? 1 : 0);
}

}  // namespace

void StatusStrip::refresh()
{
    const Status& s = m_status;
    const QColor color = s.kind == Status::Kind::bad       ? m_theme.bad
                         : s.kind == Status::Kind::working ? m_theme.good
                         : s.kind == Status::Kind::busy    ? m_theme.warning
                                                           : m_theme.mutedText;
    put(m_state,
        QStringLiteral("<span style='color:%1'>● %2</span>").arg(color.name(), s.state.toHtmlEscaped()));
    QString step;
    if (s.steps > 0) {
        step = tr("step %1 / %2").arg(s.step).arg(s.steps);
        if (s.batches > 1) {
            step += tr(" · batch %1 / %2").arg(s.batch + 1).arg(s.batches);
        }
    }
    put(m_step, step);
    put(m_rate, s.msPerStep ? tr("%1 ms a step").arg(rounded(*s.msPerStep)) : QString());
    put(m_images, s.imagesPerSecond ? tr("%1 images/s").arg(rounded(*s.imagesPerSecond)) : QString());
    const QString left = s.secondsLeft ? timeLeftText(*s.secondsLeft) : QString();
    put(m_left, s.secondsLeft && s.leftIsBound ? tr("up to %1").arg(left) : left);
    put(m_memory, s.memoryBytes > 0 ? tr("%1 MB").arg(s.memoryBytes / 1000000) : QString());
    QString previews;
    if (s.previewsPerSecond) {
        previews = tr("previews %1 / s").arg(std::lround(*s.previewsPerSecond));
    }
    if (s.previewShare) {
        previews += previews.isEmpty() ? tr("previews") : QStringLiteral(",");
        previews += tr(" %1 % of the time").arg(*s.previewShare * 100.0, 0, 'f', 1);
    }
    put(m_previews, previews);
    put(m_machine, s.machine);
    setAccessibleDescription(textSummary());
}

QString StatusStrip::textSummary() const
{
    QStringList parts{m_status.state};
    for (const QLabel* label : {m_step, m_rate, m_images, m_left, m_memory, m_previews, m_machine}) {
        if (!label->text().isEmpty()) {
            parts << label->text();
        }
    }
    return parts.join(QStringLiteral(", "));
}

}  // namespace duodiff::ui
