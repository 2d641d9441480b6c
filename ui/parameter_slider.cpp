// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/parameter_slider.h"

#include <QDoubleSpinBox>
#include <QEvent>
#include <QGridLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLocale>
#include <QSignalBlocker>
#include <QSlider>

#include <algorithm>
#include <cmath>

namespace duodiff::ui
{

namespace
{

/// The direction of an arrow key for a slider: -1, 0 (another key) or 1.
int arrowDirection(int key)
{
    if (key == Qt::Key_Left || key == Qt::Key_Down) {
        return -1;
    }
    return key == Qt::Key_Right || key == Qt::Key_Up ? 1 : 0;
}

}  // namespace

NumberBox::NumberBox(QWidget* parent) : QDoubleSpinBox(parent)
{
    setDecimals(mostDecimals);
    setButtonSymbols(QAbstractSpinBox::NoButtons);
    setAlignment(Qt::AlignRight);
    setKeyboardTracking(false);
    setLocale(QLocale::c());
}

void NumberBox::setShortest(int decimals)
{
    m_shortest = decimals;
}

QString NumberBox::textFromValue(double value) const
{
    QString text = QLocale::c().toString(value, 'f', decimals());
    if (!text.contains(QLatin1Char('.'))) {
        return text;
    }
    while (text.endsWith(QLatin1Char('0')) && text.size() - text.indexOf(QLatin1Char('.')) - 1 > m_shortest) {
        text.chop(1);
    }
    if (text.endsWith(QLatin1Char('.'))) {
        text.chop(1);
    }
    return text;
}

ParameterSlider::ParameterSlider(const QString& name, const QString& meaning, const QString& unit,
                                 QWidget* parent)
    : QWidget(parent),
      m_name(name),
      m_meaning(meaning),
      m_unit(unit),
      m_label(new QLabel(name, this)),
      m_box(new NumberBox(this)),
      m_slider(new QSlider(Qt::Horizontal, this))
{
    m_label->setBuddy(m_box);
    const QString plain =
        QString(name).replace(QLatin1String("<sub>"), QLatin1String("_")).remove(QLatin1String("</sub>"));
    m_box->setAccessibleName(plain);
    m_slider->setAccessibleName(tr("%1, slider").arg(plain));
    m_slider->setPageStep(10);

    auto* layout = new QGridLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setVerticalSpacing(2);
    layout->addWidget(m_label, 0, 0);
    layout->addWidget(m_box, 0, 1);
    layout->addWidget(m_slider, 1, 0, 1, 2);
    layout->setColumnStretch(0, 1);
    m_box->setFixedWidth(84);

    m_label->installEventFilter(this);
    m_slider->installEventFilter(this);
    connect(m_box, &QDoubleSpinBox::valueChanged, this, &ParameterSlider::change);
    connect(m_slider, &QSlider::valueChanged, this,
            [this](int index) { change(m_range.minimum + index * m_range.step); });
    setRange(m_range);
}

void ParameterSlider::setRange(const ParameterRange& range)
{
    m_range = range;
    {
        const QSignalBlocker quietBox(m_box);
        const QSignalBlocker quietSlider(m_slider);
        const bool whole = range.step >= 1.0;
        m_box->setDecimals(whole ? 0 : std::max(range.decimals, NumberBox::mostDecimals));
        m_box->setShortest(range.decimals);
        m_box->setSingleStep(range.step);
        m_box->setRange(range.lowest, range.highest);
        m_slider->setRange(0, static_cast<int>(std::lround((range.maximum - range.minimum) / range.step)));
    }
    setValue(m_value);
    refreshToolTips();
}

void ParameterSlider::setValue(double value)
{
    m_value = std::clamp(value, m_range.lowest, m_range.highest);
    showValue();
}

void ParameterSlider::restoreDefault()
{
    change(m_range.standard);
}

void ParameterSlider::change(double value)
{
    // Steps of a slider add up to 0.1 + 0.2: off with what is beyond the box's digits.
    const double scale = std::pow(10.0, m_box->decimals());
    const double rounded = std::round(std::clamp(value, m_range.lowest, m_range.highest) * scale) / scale;
    if (rounded == m_value) {
        return;
    }
    m_value = rounded;
    showValue();
    Q_EMIT valueChanged(m_value);
}

void ParameterSlider::showValue()
{
    const QSignalBlocker quietBox(m_box);
    const QSignalBlocker quietSlider(m_slider);
    m_box->setValue(m_value);
    const double inside = std::clamp(m_value, m_range.minimum, m_range.maximum);
    m_slider->setValue(static_cast<int>(std::lround((inside - m_range.minimum) / m_range.step)));
}

void ParameterSlider::setUnavailable(const QString& reason)
{
    m_reason = reason;
    const bool available = reason.isEmpty();
    m_label->setEnabled(available);
    m_box->setEnabled(available);
    m_slider->setEnabled(available);
    refreshToolTips();
}

QString ParameterSlider::number(double value) const
{
    return QLocale::c().toString(value, 'f', m_range.decimals);
}

void ParameterSlider::refreshToolTips()
{
    QString text = m_meaning;
    text += tr("\nUnit: %1. Useful range %2 to %3, default %4.")
                .arg(m_unit, number(m_range.minimum), number(m_range.maximum), number(m_range.standard));
    text += tr("\nCtrl and an arrow key move ten steps; a double click on the label restores the default.");
    if (!m_reason.isEmpty()) {
        text = m_reason + QStringLiteral("\n\n") + text;
    }
    setToolTip(text);
    m_label->setToolTip(text);
    m_box->setToolTip(text);
    m_slider->setToolTip(text);
}

bool ParameterSlider::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_label && event->type() == QEvent::MouseButtonDblClick && m_label->isEnabled()) {
        restoreDefault();
        return true;
    }
    if (watched == m_slider && event->type() == QEvent::KeyPress) {
        const auto* key = static_cast<QKeyEvent*>(event);
        const int direction = arrowDirection(key->key());
        if (direction != 0 && key->modifiers().testFlag(Qt::ControlModifier)) {
            change(m_value + 10 * direction * m_range.step);
            return true;
        }
    }
    return QWidget::eventFilter(watched, event);
}

}  // namespace duodiff::ui
