// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/message_bar.h"

#include <QAccessible>
#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QSysInfo>
#include <QToolButton>

#include <utility>

namespace duodiff::ui
{

namespace
{

bool isPassing(const Message& message)
{
    return message.kind == Message::Kind::notice && !message.lasting;
}

}  // namespace

Message messageOf(const Failure& failure)
{
    Message message;
    message.kind = Message::Kind::error;
    message.what = QString::fromStdString(failure.what);
    message.where = QString::fromStdString(failure.where);
    message.remedy = QString::fromStdString(failure.remedy);
    return message;
}

MessageBar::MessageBar(QWidget* parent)
    : QFrame(parent), m_icon(new QLabel(this)), m_text(new QLabel(this)), m_buttons(new QHBoxLayout)
{
    setObjectName(QStringLiteral("messageBar"));
    m_text->setWordWrap(true);
    m_text->setTextFormat(Qt::RichText);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_text->setFocusPolicy(Qt::NoFocus);
    m_icon->setFixedSize(20, 20);
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(12, 8, 8, 8);
    layout->addWidget(m_icon, 0, Qt::AlignTop);
    layout->addWidget(m_text, 1);
    m_buttons->setSpacing(4);
    layout->addLayout(m_buttons);
    hide();
}

void MessageBar::setTheme(const Theme& theme)
{
    m_theme = theme;
    showCurrent();
}

void MessageBar::post(Message message)
{
    std::erase_if(m_messages, isPassing);
    m_messages.push_back(std::move(message));
    showCurrent();
}

void MessageBar::postFailure(const Failure& failure, std::vector<MessageAction> actions)
{
    Message message = messageOf(failure);
    message.actions = std::move(actions);
    post(std::move(message));
}

void MessageBar::dismiss()
{
    if (!m_messages.empty()) {
        m_messages.pop_back();
    }
    showCurrent();
}

void MessageBar::clearNotices()
{
    std::erase_if(m_messages, isPassing);
    showCurrent();
}

QString MessageBar::detailsOf(const Message& message)
{
    QStringList lines{message.what};
    if (!message.where.isEmpty()) {
        lines << tr("Where: %1").arg(message.where);
    }
    if (!message.remedy.isEmpty()) {
        lines << tr("What to do: %1").arg(message.remedy);
    }
    if (!message.details.isEmpty()) {
        lines << message.details;
    }
    lines << tr("%1 %2, Qt %3, %4")
                 .arg(QGuiApplication::applicationDisplayName(), QGuiApplication::applicationVersion(),
                      QLatin1String(qVersion()), QSysInfo::prettyProductName());
    return lines.join(QLatin1Char('\n'));
}

QToolButton* MessageBar::addButton(const QString& text, const QString& toolTip)
{
    auto* button = new QToolButton(this);
    button->setText(text);
    button->setToolTip(toolTip);
    button->setAccessibleName(text);
    button->setFocusPolicy(Qt::StrongFocus);
    m_buttons->addWidget(button);
    return button;
}

void MessageBar::showCurrent()
{
    while (QLayoutItem* item = m_buttons->takeAt(0)) {
        // The button that was clicked may be the sender of this very call.
        item->widget()->hide();
        item->widget()->deleteLater();
        delete item;
    }
    setVisible(!m_messages.empty());
    if (m_messages.empty()) {
        return;
    }
    const Message& message = m_messages.back();
    const bool isError = message.kind == Message::Kind::error;
    const QColor color = isError ? m_theme.bad : m_theme.accent;
    const QColor ground = m_theme.panel;
    setStyleSheet(QStringLiteral("#messageBar { background: %1; border: none; border-bottom: 1px solid %2; "
                                 "border-left: 4px solid %3; }")
                      .arg(ground.name(), m_theme.line.name(), color.name()));
    m_icon->setPixmap(themedIcon(isError ? QStringLiteral("error") : QStringLiteral("info"), m_theme, color)
                          .pixmap(QSize(18, 18), devicePixelRatioF()));

    QString text = QStringLiteral("<b>%1</b>").arg(message.what.toHtmlEscaped());
    if (!message.where.isEmpty()) {
        text += QStringLiteral("<br><span style='color:%1'>%2</span>")
                    .arg(m_theme.mutedText.name(), message.where.toHtmlEscaped());
    }
    if (!message.remedy.isEmpty()) {
        text += QStringLiteral("<br>%1").arg(message.remedy.toHtmlEscaped());
    }
    m_text->setText(text);
    setAccessibleName(isError ? tr("Error") : tr("Notice"));
    setAccessibleDescription(detailsOf(message));

    for (const MessageAction& action : message.actions) {
        QToolButton* button = addButton(action.text, action.text);
        connect(button, &QToolButton::clicked, this, [this, run = action.run] {
            dismiss();
            run();
        });
    }
    if (isError) {
        QToolButton* copy =
            addButton(tr("Copy details"), tr("Copy what happened, as text, to the clipboard"));
        connect(copy, &QToolButton::clicked, this, [this] {
            if (!m_messages.empty()) {
                QGuiApplication::clipboard()->setText(detailsOf(m_messages.back()));
            }
        });
    }
    QToolButton* close = addButton(tr("Dismiss"), tr("Close this message (Ctrl+Shift+M)"));
    connect(close, &QToolButton::clicked, this, &MessageBar::dismiss);

    QAccessibleEvent event(this, QAccessible::Alert);
    QAccessible::updateAccessibility(&event);
}

}  // namespace duodiff::ui
