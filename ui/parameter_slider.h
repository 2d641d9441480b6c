// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDoubleSpinBox>
#include <QWidget>

class QLabel;
class QSlider;

namespace duodiff::ui
{

/// A box that shows a number with as few digits behind the point as it needs, but at least `shortest`,
/// and holds six: a value that was restored or typed is not rounded away.
class NumberBox : public QDoubleSpinBox
{
    Q_OBJECT

public:
    static constexpr int mostDecimals = 6;

    explicit NumberBox(QWidget* parent = nullptr);
    void setShortest(int decimals);
    QString textFromValue(double value) const override;

private:
    int m_shortest = 2;
};

/// What a slider stands for. The slider spans minimum..maximum; the box beside it takes values out to
/// lowest..highest.
struct ParameterRange {
    double minimum = 0.0;
    double maximum = 1.0;
    double lowest = 0.0;
    double highest = 1.0;
    double step = 0.01;
    int decimals = 2;       ///< shown at least
    double standard = 0.0;  ///< what a double click on the label restores
};

/// A number as a label, a box and a slider that stay in step. Ctrl and an arrow key move ten steps.
class ParameterSlider : public QWidget
{
    Q_OBJECT

public:
    /// `name` is the accessible name and the label; `meaning` opens the tooltip; `unit` closes it.
    ParameterSlider(const QString& name, const QString& meaning, const QString& unit,
                    QWidget* parent = nullptr);

    void setRange(const ParameterRange& range);
    const ParameterRange& range() const { return m_range; }
    double value() const { return m_value; }
    /// Does not emit `valueChanged`.
    void setValue(double value);
    void restoreDefault();
    /// Disabled with the reason in every tooltip; an empty reason enables.
    void setUnavailable(const QString& reason);

    QSlider* slider() const { return m_slider; }
    NumberBox* box() const { return m_box; }
    QLabel* label() const { return m_label; }

Q_SIGNALS:
    /// The person moved it.
    void valueChanged(double value);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void change(double value);
    void showValue();
    void refreshToolTips();
    QString number(double value) const;

    QString m_name;
    QString m_meaning;
    QString m_unit;
    QString m_reason;
    ParameterRange m_range;
    double m_value = 0.0;
    QLabel* m_label;
    NumberBox* m_box;
    QSlider* m_slider;
};

}  // namespace duodiff::ui
