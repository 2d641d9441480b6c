// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "base/error.h"
#include "ui/theme.h"

#include <QFrame>
#include <QString>

#include <functional>
#include <vector>

class QHBoxLayout;
class QLabel;
class QToolButton;

namespace duodiff::ui
{

struct MessageAction {
    QString text;
    std::function<void()> run;  ///< the message is gone when it is called
};

struct Message {
    enum class Kind { notice, error };
    Kind kind = Kind::notice;
    bool lasting = false;  ///< a notice that stays until it is dismissed, as errors do
    QString what;
    QString where;
    QString remedy;
    QString details;  ///< what "Copy details" copies, besides the above
    std::vector<MessageAction> actions;
};

/// An error as a message: what, where, what to do.
Message messageOf(const Failure& failure);

/// The bar above the pictures in which the window speaks. The newest message is shown; errors and
/// lasting notices below it wait until it is dismissed, other notices do not.
class MessageBar : public QFrame
{
    Q_OBJECT

public:
    explicit MessageBar(QWidget* parent = nullptr);

    void post(Message message);
    void postFailure(const Failure& failure, std::vector<MessageAction> actions = {});
    /// The one in view goes; the one below it, if any, comes.
    void dismiss();
    /// All notices go, but the lasting ones; errors stay.
    void clearNotices();
    void setTheme(const Theme& theme);

    bool isEmpty() const { return m_messages.empty(); }
    /// The message in view; empty where there is none.
    Message current() const { return isEmpty() ? Message() : m_messages.back(); }
    /// What "Copy details" puts on the clipboard.
    static QString detailsOf(const Message& message);

private:
    void showCurrent();
    QToolButton* addButton(const QString& text, const QString& toolTip);

    Theme m_theme;
    std::vector<Message> m_messages;
    QLabel* m_icon;
    QLabel* m_text;
    QHBoxLayout* m_buttons;
};

}  // namespace duodiff::ui
