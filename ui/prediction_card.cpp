// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/prediction_card.h"

#include "report/report_numbers.h"

#include <QCheckBox>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QSignalBlocker>
#include <QVBoxLayout>

#include <cmath>

namespace duodiff::ui
{

namespace
{

QString words(const char* text)
{
    return PredictionCard::tr(text);
}

/// As many digits as the value has, three at least.
QString thresholdText(double threshold)
{
    for (int digits = 3; digits < 6; ++digits) {
        const double scale = std::pow(10.0, digits);
        if (std::abs(threshold * scale - std::round(threshold * scale)) < 1e-6) {
            return QString::number(threshold, 'f', digits);
        }
    }
    return QString::number(threshold, 'f', 6);
}

/// "−16 %", with the minus sign and a plus where it takes longer.
QString changeText(double share)
{
    const long percent = std::lround(100.0 * share);
    const QString sign = percent < 0   ? QStringLiteral("−")
                         : percent > 0 ? QStringLiteral("+")
                                       : QStringLiteral("±");
    return QStringLiteral("%1%2 %").arg(sign).arg(std::abs(percent));
}

}  // namespace

QString choiceText(const PolicyChoice& choice, bool named)
{
    switch (choice.policy) {
        case PolicyKind::adadiff:
            return (named ? words("AdaDiff with θ = %1") : words("θ = %1"))
                .arg(thresholdText(choice.threshold));
        case PolicyKind::duodiff:
            return (named ? words("DuoDiff with t\u209b = %1") : words("t\u209b = %1"))
                .arg(choice.switch_step);
        case PolicyKind::static_layer:
            return (named ? words("the static layer %1") : words("layer %1")).arg(choice.exit_layer);
        case PolicyKind::full:
            break;
    }
    return words("the full network");
}

PredictionText predictionText(const WhatIf& whatIf, std::optional<double> recordedMs, bool samePolicy,
                              bool soFar)
{
    const QString what = choiceText(whatIf.choice, !samePolicy);
    PredictionText text;
    text.title = words("What %1 would give").arg(what);
    if (!whatIf.available()) {
        text.note = words("No prediction: %1.").arg(QString::fromStdString(whatIf.unavailable));
        return text;
    }
    const QString percent = QString::number(std::lround(100.0 * whatIf.saved_share));
    text.saved = (whatIf.lower_bound ? words("at most %1 % of the blocks skipped")
                                     : words("%1 % of the blocks skipped"))
                     .arg(percent);
    QString time;
    if (whatIf.predicted_ms) {
        time = QString::fromStdString(duration_text(*whatIf.predicted_ms));
        if (recordedMs && *recordedMs > 0.0) {
            time += QStringLiteral(" (%1)").arg(changeText(*whatIf.predicted_ms / *recordedMs - 1.0));
        }
        text.time = (whatIf.lower_bound ? words("at least %1") : words("%1")).arg(time);
        if (soFar) {
            text.time += words(" for the steps so far");
        }
    }
    if (whatIf.lower_bound) {
        const double share =
            100.0 * static_cast<double>(whatIf.bounded) / static_cast<double>(whatIf.image_steps);
        text.note =
            words(
                "%1 % of the decisions go past the layer that an image left at, where u is not known "
                "(dotted). A probe run, which runs every layer, fills them in.")
                .arg(share < 1.0 ? QStringLiteral("less than 1") : QString::number(std::lround(share)));
    }
    text.legend = words("what %1 would give").arg(what);
    if (!time.isEmpty()) {
        text.legend +=
            (whatIf.lower_bound ? words(", predicted at least %1") : words(", predicted %1")).arg(time);
    } else if (whatIf.lower_bound) {
        text.legend += words(", at least");
    }
    if (soFar && !time.isEmpty()) {
        text.legend += words(" so far");
    }
    return text;
}

PredictionCard::PredictionCard(QWidget* parent)
    : QWidget(parent),
      m_theme(Theme::dark()),
      m_label(new QLabel(tr("PREDICTED"), this)),
      m_title(new QLabel(this)),
      m_saved(new QLabel(this)),
      m_time(new QLabel(this)),
      m_note(new QLabel(this)),
      m_recompute(new QPushButton(this)),
      m_probe(new QPushButton(tr("Fill in the unknown layers"), this)),
      m_onRelease(new QCheckBox(tr("Recompute on release"), this)),
      m_live(new QCheckBox(tr("Recompute live"), this))
{
    setObjectName(QStringLiteral("predictionCard"));
    setAccessibleName(tr("Prediction"));
    setToolTip(
        tr("What the value in the controls would have given on the run on display, from its recorded\n"
           "uncertainties and the speed that it had. A prediction: it takes the pictures in between as\n"
           "they are, which is exact up to the first step that changes."));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(10, 8, 10, 10);
    layout->setSpacing(2);
    m_label->setProperty("role", QStringLiteral("section"));
    m_note->setProperty("role", QStringLiteral("muted"));
    for (QLabel* label : {m_label, m_title, m_saved, m_time, m_note}) {
        label->setWordWrap(true);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
        label->setFocusPolicy(Qt::NoFocus);
        layout->addWidget(label);
    }
    m_saved->setObjectName(QStringLiteral("predictedSaved"));
    m_time->setObjectName(QStringLiteral("predictedTime"));
    m_note->setObjectName(QStringLiteral("predictedNote"));
    buildOffers(*layout);
    setVisible(false);
}

void PredictionCard::buildOffers(QVBoxLayout& layout)
{
    m_recompute->setToolTip(tr(
        "Make the images of this value: the steps before are taken over from the run on display, and what\n"
        "comes is, to the bit, the run with that value from the start. (Ctrl+Alt+Return, or Return in the\n"
        "slider)"));
    m_probe->setAccessibleName(tr("Fill in the unknown layers: a probe run"));
    m_probe->setToolTip(
        tr("The run on display once more, with every layer of every step read: the images are the same, to\n"
           "the bit, it takes longer, and predictions from it know every layer. (Ctrl+Alt+U)"));
    m_onRelease->setAccessibleName(m_onRelease->text());
    m_onRelease->setToolTip(
        tr("Recompute the images when the slider, its key or the line is let go. Default: on. (Ctrl+Alt+L)"));
    m_live->setAccessibleName(m_live->text());
    m_live->setToolTip(tr("Recompute the images at every move, while it is dragged. Default: off. (Ctrl+L)"));
    for (QPushButton* button : {m_recompute, m_probe}) {
        // The panel decides how wide the card is.
        button->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    }
    layout.addSpacing(4);
    layout.addWidget(m_recompute);
    layout.addWidget(m_probe);
    layout.addWidget(m_onRelease);
    layout.addWidget(m_live);
    connect(m_recompute, &QPushButton::clicked, this, &PredictionCard::recomputeRequested);
    connect(m_probe, &QPushButton::clicked, this, &PredictionCard::probeRequested);
    connect(m_onRelease, &QCheckBox::toggled, this, &PredictionCard::onReleaseChosen);
    connect(m_live, &QCheckBox::toggled, this, &PredictionCard::liveChosen);
    offer({});
}

void PredictionCard::offer(const PredictionOffers& offers)
{
    m_recompute->setVisible(!offers.recompute.isEmpty());
    m_recompute->setText(offers.recompute);
    m_recompute->setAccessibleName(
        offers.recompute.isEmpty() ? tr("Recompute")
                                   : QString(offers.recompute).replace(QLatin1Char('\n'), QLatin1Char(' ')));
    m_probe->setVisible(offers.probe);
}

void PredictionCard::setChoice(bool onRelease, bool live)
{
    const QSignalBlocker quietRelease(m_onRelease);
    const QSignalBlocker quietLive(m_live);
    m_onRelease->setChecked(onRelease);
    m_live->setChecked(live);
}

void PredictionCard::display(const PredictionText& text)
{
    m_title->setText(text.title);
    m_saved->setText(text.saved);
    m_time->setText(text.time);
    m_note->setText(text.note);
    for (QLabel* label : {m_saved, m_time, m_note}) {
        label->setVisible(!label->text().isEmpty());
    }
    setAccessibleDescription(textSummary());
    setVisible(true);
}

QString PredictionCard::textSummary() const
{
    QStringList lines{tr("Predicted: %1").arg(m_title->text())};
    for (const QLabel* label : {m_saved, m_time, m_note}) {
        if (!label->text().isEmpty()) {
            lines << label->text();
        }
    }
    return lines.join(QLatin1Char('\n'));
}

void PredictionCard::setTheme(const Theme& theme)
{
    m_theme = theme;
    const QString color = QStringLiteral("color: %1;").arg(theme.prediction.name());
    for (QLabel* label : {m_label, m_saved, m_time}) {
        label->setStyleSheet(color);
    }
    update();
}

void PredictionCard::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(m_theme.prediction, 1.2, Qt::DashLine));
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 6, 6);
}

}  // namespace duodiff::ui
