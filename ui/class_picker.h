// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>
#include <QWidget>

#include <cstdint>
#include <vector>

class QLabel;
class QLineEdit;
class QToolButton;

namespace duodiff::ui
{

/// Which classes to draw: a chip for each, or, for models with very many, a line of names and numbers.
/// None chosen means every class in turn.
class ClassPicker : public QWidget
{
    Q_OBJECT

public:
    explicit ClassPicker(QWidget* parent = nullptr);

    /// Names may be fewer than `count`; the rest show their number. 0: an unconditional model.
    void setClasses(int count, const QStringList& names);
    int classCount() const { return m_count; }
    std::vector<std::int64_t> chosen() const;
    /// Keeps the order. Numbers outside of the model's classes are left out. Does not emit.
    void setChosen(const std::vector<std::int64_t>& classes);
    /// "T-shirt", or the number where there is no name.
    QString nameOf(std::int64_t number) const;

Q_SIGNALS:
    void changed();

private:
    static constexpr int mostChips = 40;

    void readLine();
    void showChosen();

    int m_count = 0;
    QStringList m_names;
    std::vector<std::int64_t> m_chosen;
    QLabel* m_note;
    QWidget* m_chipArea;
    QLineEdit* m_line;
    std::vector<QToolButton*> m_chips;
};

}  // namespace duodiff::ui
