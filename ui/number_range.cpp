// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/number_range.h"

#include <QCoreApplication>
#include <QLocale>
#include <QRegularExpression>

#include <cmath>

namespace duodiff::ui
{

namespace
{

QString tr(const char* text)
{
    return QCoreApplication::translate("NumberRange", text);
}

}  // namespace

NumberRange readRange(const QString& text, double lowest, double highest, bool whole)
{
    static const QRegularExpression separators(QStringLiteral("[\\s,;]+"));
    static const QRegularExpression range(QStringLiteral("^(.+)\\.\\.(.+):(.+)$"));
    NumberRange result;
    const auto fail = [&result](const QString& error) {
        result.values.clear();
        result.error = error;
        return result;
    };
    const auto number = [](const QString& word, bool& ok) {
        const double value = QLocale::c().toDouble(word, &ok);
        ok = ok && std::isfinite(value);
        return value;
    };
    for (const QString& word : text.split(separators, Qt::SkipEmptyParts)) {
        bool ok = false;
        double from = 0.0;
        double to = 0.0;
        double step = 1.0;
        if (const auto match = range.match(word); match.hasMatch()) {
            bool okTo = false;
            bool okStep = false;
            from = number(match.captured(1), ok);
            to = number(match.captured(2), okTo);
            step = number(match.captured(3), okStep);
            ok = ok && okTo && okStep && step > 0.0 && to >= from;
        } else {
            from = to = number(word, ok);
        }
        if (!ok) {
            return fail(tr("“%1” is neither a number nor a range like 100..600:100").arg(word));
        }
        const double count = std::floor((to - from) / step + 1e-9) + 1.0;
        if (static_cast<double>(result.values.size()) + count > static_cast<double>(mostRangeValues)) {
            return fail(tr("more than %1 values").arg(mostRangeValues));
        }
        for (int index = 0; index < static_cast<int>(count); ++index) {
            const double value = from + index * step;
            if (value < lowest - 1e-9 || value > highest + 1e-9) {
                return fail(tr("%1 is not between %2 and %3").arg(value).arg(lowest).arg(highest));
            }
            if (whole && std::abs(value - std::round(value)) > 1e-9) {
                return fail(tr("%1 is not a whole number").arg(value));
            }
            // Sums of tenths are not tenths; what is written is meant.
            result.values.push_back(whole ? std::round(value) : std::round(value * 1e9) / 1e9);
        }
    }
    return result;
}

}  // namespace duodiff::ui
