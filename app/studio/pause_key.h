// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>

class QWidget;

namespace duodiff::studio
{

/// Point 1: Space pauses and resumes, wherever the focus is, except on what Space itself acts on: text,
/// buttons, lists. The button that stops the run is none of these; the mouse leaves the focus there.
class PauseKey : public QObject
{
    Q_OBJECT

public:
    explicit PauseKey(const QWidget* stopButton, QObject* parent = nullptr);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    const QWidget* m_stopButton;
};

}  // namespace duodiff::studio
