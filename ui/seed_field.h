// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractSpinBox>

#include <cstdint>

namespace duodiff::ui
{

/// A spin box for the whole range of a seed, 0..2^64-1, which QSpinBox cannot hold.
class SeedField : public QAbstractSpinBox
{
    Q_OBJECT

public:
    explicit SeedField(QWidget* parent = nullptr);

    std::uint64_t seed() const { return m_seed; }
    /// Does not emit `seedChanged`.
    void setSeed(std::uint64_t seed);
    /// A new one below a million, so that it can be told to somebody; emits.
    void draw();

    void stepBy(int steps) override;
    QValidator::State validate(QString& input, int& position) const override;

Q_SIGNALS:
    void seedChanged();

protected:
    StepEnabled stepEnabled() const override;

private:
    void commit();

    std::uint64_t m_seed = 0;
};

}  // namespace duodiff::ui
