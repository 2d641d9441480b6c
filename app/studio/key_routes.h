// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>

class QWidget;

namespace duodiff::studio
{

/// Who gets a key that both a shortcut and the widget with the focus know. Space presses buttons and goes
/// through lists, elsewhere it pauses. In text fields Ctrl with a letter is the window's, for undo, the
/// clipboard and selecting everything excepted: some systems give fields more of them (Ctrl+E: the end of the
/// line).
class KeyRoutes : public QObject
{
    Q_OBJECT

public:
    explicit KeyRoutes(const QWidget* stopButton, QObject* parent = nullptr);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    const QWidget* m_stopButton;
};

}  // namespace duodiff::studio
