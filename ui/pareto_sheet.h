// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/sweep.h"
#include "ui/theme.h"

#include <QWidget>

#include <optional>
#include <vector>

class QGridLayout;
class QLabel;
class QLineEdit;
class QPushButton;

namespace duodiff::ui
{

class ParetoPlot;

/// Point 13: which values of t_s, theta and steps to run, how far that is, and what it gave.
class ParetoSheet : public QWidget
{
    Q_OBJECT

public:
    struct Values {
        std::vector<int> switchSteps;
        std::vector<double> thresholds;
        std::vector<int> steps;  ///< empty: those of the controls
    };
    enum class State {
        idle,     ///< Start
        running,  ///< Stop
        stopped,  ///< Start anew, or Continue
    };

    explicit ParetoSheet(QWidget* parent = nullptr);

    /// What the model has no use for is disabled, with the reason; theta has the model's range.
    void setModel(bool hasShallow, bool hasEarlyExit, double lowestThreshold, double highestThreshold);
    /// Nothing where a field is not understood; it says so itself.
    std::optional<Values> values() const;
    void setTexts(const QString& switchSteps, const QString& thresholds, const QString& steps);
    void setSweep(const Sweep& sweep);
    void setState(State state, const QString& text);
    /// How the numbers were taken: images a run, the order, the machine.
    void setNote(const QString& note, const QString& details);
    void setTheme(const Theme& theme);

    ParetoPlot* plot() const { return m_plot; }
    QPushButton* startButton() const { return m_start; }
    QPushButton* continueButton() const { return m_continue; }
    QString statusText() const;

    QSize sizeHint() const override { return {900, 260}; }

Q_SIGNALS:
    void startRequested();
    void stopRequested();
    void continueRequested();
    void csvRequested();
    void chosen(int row);

private:
    QLineEdit* addField(QGridLayout* grid, int row, const QString& label, const QString& name,
                        const QString& toolTip, const QString& text);
    void refresh();

    Theme m_theme;
    State m_state = State::idle;
    bool m_hasShallow = true;
    bool m_hasEarlyExit = true;
    double m_lowest = -1.0;
    double m_highest = 1.0;
    Sweep m_sweep;
    QLineEdit* m_switchSteps;
    QLineEdit* m_thresholds;
    QLineEdit* m_steps;
    QPushButton* m_start;
    QPushButton* m_continue;
    QPushButton* m_csv;
    QLabel* m_status;
    QLabel* m_note;
    QLabel* m_selected;
    ParetoPlot* m_plot = nullptr;
};

}  // namespace duodiff::ui
