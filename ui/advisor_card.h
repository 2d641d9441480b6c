// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/switch_advisor.h"
#include "ui/theme.h"

#include <QWidget>

class QLabel;
class QPushButton;

namespace duodiff::ui
{

/// "Try DuoDiff with t_s = 380: predicted 24 s (against 41 s full)", and a button that does. Where there is
/// nothing to propose, the reason.
class AdvisorCard : public QWidget
{
    Q_OBJECT

public:
    explicit AdvisorCard(QWidget* parent = nullptr);

    void display(const SwitchAdvice& advice);
    /// With the reason in the tooltip where it cannot be tried now; an empty reason enables.
    void setUnavailable(const QString& reason);
    void setTheme(const Theme& theme);
    QString textSummary() const;
    QPushButton* button() const { return m_try; }

Q_SIGNALS:
    void tryRequested();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    Theme m_theme;
    QLabel* m_title;
    QLabel* m_predicted;
    QLabel* m_note;
    QPushButton* m_try;
};

}  // namespace duodiff::ui
