// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <vector>

namespace duodiff::ui
{

/// Numbers that a person wrote: "100 200 300", "100, 200", "100..600:100" (every hundredth from 100 to 600),
/// or both mixed; a comma stands between numbers, a point within one.
struct NumberRange {
    std::vector<double> values;  ///< in the order they were written
    QString error;               ///< in words; empty: all was understood
};

inline constexpr std::size_t mostRangeValues = 200;

/// Values outside of lowest..highest are an error; an empty text has no values and no error.
NumberRange readRange(const QString& text, double lowest, double highest, bool whole);

}  // namespace duodiff::ui
