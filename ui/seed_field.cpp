// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/seed_field.h"

#include <QLineEdit>
#include <QRandomGenerator>

#include <algorithm>
#include <limits>

namespace duodiff::ui
{

SeedField::SeedField(QWidget* parent) : QAbstractSpinBox(parent)
{
    setButtonSymbols(QAbstractSpinBox::NoButtons);
    setAlignment(Qt::AlignRight);
    lineEdit()->setText(QStringLiteral("0"));
    connect(this, &QAbstractSpinBox::editingFinished, this, &SeedField::commit);
}

void SeedField::setSeed(std::uint64_t seed)
{
    m_seed = seed;
    lineEdit()->setText(QString::number(seed));
}

void SeedField::draw()
{
    setSeed(QRandomGenerator::global()->bounded(1'000'000u));
    Q_EMIT seedChanged();
}

void SeedField::commit()
{
    bool valid = false;
    const std::uint64_t typed = text().toULongLong(&valid);
    const bool changed = valid && typed != m_seed;
    setSeed(valid ? typed : m_seed);
    if (changed) {
        Q_EMIT seedChanged();
    }
}

void SeedField::stepBy(int steps)
{
    commit();
    const auto distance = static_cast<std::uint64_t>(std::abs(static_cast<long>(steps)));
    const auto largest = std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t next =
        steps < 0 ? m_seed - std::min(m_seed, distance) : m_seed + std::min(largest - m_seed, distance);
    if (next != m_seed) {
        setSeed(next);
        Q_EMIT seedChanged();
    }
}

QValidator::State SeedField::validate(QString& input, int& position) const
{
    Q_UNUSED(position)
    if (input.isEmpty()) {
        return QValidator::Intermediate;
    }
    const bool digits = std::all_of(input.cbegin(), input.cend(),
                                    [](QChar c) { return c >= QLatin1Char('0') && c <= QLatin1Char('9'); });
    bool fits = false;
    input.toULongLong(&fits);
    return digits && fits ? QValidator::Acceptable : QValidator::Invalid;
}

QAbstractSpinBox::StepEnabled SeedField::stepEnabled() const
{
    StepEnabled directions = StepNone;
    if (m_seed > 0) {
        directions |= StepDownEnabled;
    }
    if (m_seed < std::numeric_limits<std::uint64_t>::max()) {
        directions |= StepUpEnabled;
    }
    return directions;
}

}  // namespace duodiff::ui
