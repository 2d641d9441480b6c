// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

class QButtonGroup;
class QLabel;

namespace duodiff::ui
{

class MapScale;

/// Which pictures of a batch in the making are shown.
enum class PictureChoice { noisy, predicted, both };

/// Point 7: the row over the pictures: which of them are shown, what they are, and at which step.
class PictureHeader : public QWidget
{
    Q_OBJECT

public:
    explicit PictureHeader(QWidget* parent = nullptr);

    PictureChoice choice() const { return m_choice; }
    void setChoice(PictureChoice choice);
    /// x_t, predicted x_0, both, and again.
    void nextChoice();
    void setTexts(const QString& what, const QString& step);
    QString what() const;
    QString step() const;
    MapScale* scale() const { return m_scale; }

Q_SIGNALS:
    void choiceChanged(duodiff::ui::PictureChoice choice);

private:
    PictureChoice m_choice = PictureChoice::noisy;
    QButtonGroup* m_buttons;
    QLabel* m_what;
    QLabel* m_step;
    MapScale* m_scale;
};

}  // namespace duodiff::ui
