// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/what_if.h"
#include "ui/theme.h"

#include <QWidget>

#include <optional>

class QCheckBox;
class QLabel;
class QPushButton;
class QVBoxLayout;

namespace duodiff::ui
{

/// "θ = 0.100", "t_s = 380", "layer 5", "the full network"; with the policy's name where `named`.
QString choiceText(const PolicyChoice& choice, bool named);

/// What the window says of a prediction.
struct PredictionText {
    QString title;   ///< "What θ = 0.100 would give"
    QString saved;   ///< "58 % of the blocks skipped", "at most ..."; empty: there is no prediction
    QString time;    ///< "18 s (−16 %)", "at least ..."; empty: no times
    QString note;    ///< why a number is a bound, or why there is none
    QString legend;  ///< of the curve in the plot
};

/// `recordedMs`: what the run took for the same steps. `soFar`: it has not come to its end.
PredictionText predictionText(const WhatIf& whatIf, std::optional<double> recordedMs, bool samePolicy,
                              bool soFar);

/// What can be done about a prediction; see PredictionCard::offer.
struct PredictionOffers {
    QString recompute;   ///< "Recompute from t = 712\n(3 s)"; empty: not now
    bool probe = false;  ///< a run that fills in what is not known
};

/// Point 4, the numbers: predicted, in a dashed frame in the colour of predictions, so that nobody takes
/// them for measured ones. Hidden while there is nothing to predict.
class PredictionCard : public QWidget
{
    Q_OBJECT

public:
    explicit PredictionCard(QWidget* parent = nullptr);

    void display(const PredictionText& text);
    void offer(const PredictionOffers& offers);
    /// When images are recomputed without being asked for; no signal comes of it.
    void setChoice(bool onRelease, bool live);
    void setTheme(const Theme& theme);
    QString textSummary() const;

    QPushButton* recomputeButton() const { return m_recompute; }
    QPushButton* probeButton() const { return m_probe; }
    QCheckBox* onReleaseBox() const { return m_onRelease; }
    QCheckBox* liveBox() const { return m_live; }

Q_SIGNALS:
    void recomputeRequested();
    void probeRequested();
    void onReleaseChosen(bool on);
    void liveChosen(bool on);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void buildOffers(QVBoxLayout& layout);

    Theme m_theme;
    QLabel* m_label;
    QLabel* m_title;
    QLabel* m_saved;
    QLabel* m_time;
    QLabel* m_note;
    QPushButton* m_recompute;
    QPushButton* m_probe;
    QCheckBox* m_onRelease;
    QCheckBox* m_live;
};

}  // namespace duodiff::ui
