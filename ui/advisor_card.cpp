// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/advisor_card.h"

#include "report/report_numbers.h"

#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

#include <cmath>

namespace duodiff::ui
{

namespace
{

QString timeText(double ms)
{
    return QString::fromStdString(duration_text(ms));
}

QString predictedText(const SwitchProposal& proposal)
{
    const auto saved = std::lround(100.0 * proposal.saved_share);
    if (!proposal.predicted_ms) {
        return AdvisorCard::tr("predicted: %1 % of the blocks skipped").arg(saved);
    }
    QString text = AdvisorCard::tr("predicted %1").arg(timeText(*proposal.predicted_ms));
    if (proposal.full_ms) {
        text += AdvisorCard::tr(" (against %1 full)").arg(timeText(*proposal.full_ms));
    }
    return text + AdvisorCard::tr(", %1 % of the blocks skipped").arg(saved);
}

}  // namespace

AdvisorCard::AdvisorCard(QWidget* parent)
    : QWidget(parent),
      m_theme(Theme::dark()),
      m_title(new QLabel(this)),
      m_predicted(new QLabel(this)),
      m_note(new QLabel(this)),
      m_try(new QPushButton(tr("Try it as a twin run"), this))
{
    setObjectName(QStringLiteral("advisorCard"));
    setAccessibleName(tr("Proposed switch step"));
    setToolTip(
        tr("Where the images of this run begin to need the whole network, DuoDiff should switch to it:\n"
           "t\u209b is read from the jump of the mean exit layer. Times are predicted from this run's."));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(10, 8, 10, 10);
    layout->setSpacing(3);
    m_note->setProperty("role", QStringLiteral("muted"));
    for (QLabel* label : {m_title, m_predicted, m_note}) {
        label->setWordWrap(true);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
        label->setFocusPolicy(Qt::NoFocus);
        layout->addWidget(label);
    }
    m_title->setObjectName(QStringLiteral("adviceTitle"));
    m_predicted->setObjectName(QStringLiteral("advicePredicted"));
    m_note->setObjectName(QStringLiteral("adviceNote"));
    m_try->setAccessibleName(tr("Try the proposed switch step as a twin run"));
    layout->addSpacing(4);
    layout->addWidget(m_try);
    connect(m_try, &QPushButton::clicked, this, &AdvisorCard::tryRequested);
    setUnavailable({});
    setVisible(false);
}

void AdvisorCard::display(const SwitchAdvice& advice)
{
    if (const auto& proposal = advice.proposal) {
        m_title->setText(tr("Try DuoDiff with t\u209b = %1").arg(proposal->switch_step));
        m_predicted->setText(predictedText(*proposal));
        m_note->setText(QString::fromStdString(proposal->caution));
    } else {
        m_title->setText(tr("No switch step to propose"));
        m_predicted->clear();
        const QString reason = QString::fromStdString(advice.reason);
        m_note->setText(reason.left(1).toUpper() + reason.mid(1) + QLatin1Char('.'));
    }
    m_predicted->setVisible(!m_predicted->text().isEmpty());
    m_note->setVisible(!m_note->text().isEmpty());
    m_try->setVisible(advice.proposal.has_value());
    setAccessibleDescription(textSummary());
    setVisible(true);
}

void AdvisorCard::setUnavailable(const QString& reason)
{
    m_try->setEnabled(reason.isEmpty());
    const QString what = tr(
        "Set the policy DuoDiff and this t\u209b, the rest as in the run on display, and run it beside the\n"
        "full network from the same noise. A full run that is there already is not repeated. (Ctrl+Alt+S)");
    m_try->setToolTip(reason.isEmpty() ? what : reason);
}

QString AdvisorCard::textSummary() const
{
    QStringList lines{m_title->text()};
    for (const QLabel* label : {m_predicted, m_note}) {
        if (!label->text().isEmpty()) {
            lines << label->text();
        }
    }
    return lines.join(QLatin1Char('\n'));
}

void AdvisorCard::setTheme(const Theme& theme)
{
    m_theme = theme;
    m_predicted->setStyleSheet(QStringLiteral("color: %1;").arg(theme.prediction.name()));
    update();
}

void AdvisorCard::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(m_theme.line, 1.0));
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6);
}

}  // namespace duodiff::ui
