// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/class_picker.h"

#include "ui/flow_layout.h"

#include <QLabel>
#include <QLineEdit>
#include <QSignalBlocker>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace duodiff::ui
{

ClassPicker::ClassPicker(QWidget* parent)
    : QWidget(parent), m_note(new QLabel(this)), m_chipArea(new QWidget(this)), m_line(new QLineEdit(this))
{
    new FlowLayout(6, m_chipArea);
    m_note->setProperty("role", "muted");
    m_note->setWordWrap(true);
    m_line->setAccessibleName(tr("Classes"));
    m_line->setPlaceholderText(tr("every class in turn"));
    m_line->setAcceptDrops(false);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_chipArea);
    layout->addWidget(m_line);
    layout->addWidget(m_note);
    connect(m_line, &QLineEdit::editingFinished, this, &ClassPicker::readLine);
    setClasses(0, {});
}

QString ClassPicker::nameOf(std::int64_t number) const
{
    return number >= 0 && number < m_names.size() ? m_names[static_cast<qsizetype>(number)]
                                                  : QString::number(number);
}

void ClassPicker::setClasses(int count, const QStringList& names)
{
    m_count = count;
    m_names = names;
    m_chosen.clear();
    for (QToolButton* chip : m_chips) {
        delete chip;
    }
    m_chips.clear();
    const bool asChips = count > 0 && count <= mostChips;
    for (int number = 0; asChips && number < count; ++number) {
        auto* chip = new QToolButton(m_chipArea);
        chip->setText(nameOf(number));
        chip->setCheckable(true);
        chip->setFocusPolicy(Qt::StrongFocus);
        chip->setProperty("role", "chip");
        chip->setAccessibleName(tr("Class %1").arg(nameOf(number)));
        chip->setToolTip(tr("Draw %1 (class %2 of 0..%3). The chosen classes are given to the images in "
                            "turn; none chosen means every class in turn, the default.")
                             .arg(nameOf(number))
                             .arg(number)
                             .arg(count - 1));
        m_chipArea->layout()->addWidget(chip);
        setTabOrder(m_chips.empty() ? static_cast<QWidget*>(m_line) : m_chips.back(), chip);
        m_chips.push_back(chip);
        connect(chip, &QToolButton::toggled, this, [this, number](bool on) {
            std::erase(m_chosen, number);
            if (on) {
                m_chosen.insert(std::upper_bound(m_chosen.begin(), m_chosen.end(), number), number);
            }
            showChosen();
            Q_EMIT changed();
        });
    }
    m_line->setToolTip(
        tr("Names or numbers (0..%1) of the classes to draw, separated by commas, given to the "
           "images in turn. Empty, the default: every class in turn.")
            .arg(std::max(0, count - 1)));
    m_chipArea->setVisible(asChips);
    m_line->setVisible(count > mostChips);
    showChosen();
}

std::vector<std::int64_t> ClassPicker::chosen() const
{
    return m_chosen;
}

void ClassPicker::setChosen(const std::vector<std::int64_t>& classes)
{
    m_chosen = classes;
    std::erase_if(m_chosen, [this](std::int64_t number) { return number < 0 || number >= m_count; });
    for (std::size_t number = 0; number < m_chips.size(); ++number) {
        const QSignalBlocker quiet(m_chips[number]);
        m_chips[number]->setChecked(
            std::find(m_chosen.begin(), m_chosen.end(), static_cast<std::int64_t>(number)) != m_chosen.end());
    }
    QStringList names;
    for (const std::int64_t number : m_chosen) {
        names << nameOf(number);
    }
    m_line->setText(names.join(QStringLiteral(", ")));
    showChosen();
}

void ClassPicker::readLine()
{
    std::vector<std::int64_t> numbers;
    QStringList unknown;
    for (const QString& part : m_line->text().split(QLatin1Char(','), Qt::SkipEmptyParts)) {
        const QString name = part.trimmed();
        bool isNumber = false;
        const qlonglong number = name.toLongLong(&isNumber);
        const auto index = m_names.indexOf(name);
        if (index >= 0) {
            numbers.push_back(index);
        } else if (isNumber && number >= 0 && number < m_count) {
            numbers.push_back(number);
        } else if (!name.isEmpty()) {
            unknown << name;
        }
    }
    if (numbers != m_chosen) {
        m_chosen = numbers;
        Q_EMIT changed();
    }
    showChosen();
    if (!unknown.isEmpty()) {
        m_note->setText(tr("Not a class of this model: %1").arg(unknown.join(QStringLiteral(", "))));
    }
}

void ClassPicker::showChosen()
{
    if (m_count == 0) {
        m_note->setText(tr("This model has no classes."));
    } else if (m_chosen.empty()) {
        m_note->setText(tr("None chosen: every class in turn."));
    } else {
        m_note->setText(tr("%1 of %2, given to the images in turn.").arg(m_chosen.size()).arg(m_count));
    }
}

}  // namespace duodiff::ui
