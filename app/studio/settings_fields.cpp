// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/settings_fields.h"

#include <QCoreApplication>

namespace duodiff::studio
{

namespace
{

QString tr(const char* text)
{
    return QCoreApplication::translate("Settings", text);
}

QString toText(std::string_view text)
{
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

/// At least `shortest` digits behind the point, at most six.
QString number(double value, int shortest)
{
    QString text = QString::number(value, 'f', 6);
    while (text.endsWith(QLatin1Char('0')) && text.size() - text.indexOf(QLatin1Char('.')) - 1 > shortest) {
        text.chop(1);
    }
    return text;
}

template <auto Member>
SettingsField field(const QString& name, QString (*text)(const SamplingSettings&))
{
    return {name, [](const SamplingSettings& a, const SamplingSettings& b) { return a.*Member == b.*Member; },
            [](const SamplingSettings& from, SamplingSettings& to) { to.*Member = from.*Member; }, text};
}

using S = SamplingSettings;

}  // namespace

const std::vector<SettingsField>& settingsFields()
{
    static const std::vector<SettingsField> fields{
        field<&S::policy>(tr("policy"), [](const S& s) { return toText(display_name(s.policy)); }),
        field<&S::threshold>(tr("threshold"), [](const S& s) { return number(s.threshold, 3); }),
        field<&S::switch_step>(tr("switch step"), [](const S& s) { return QString::number(s.switch_step); }),
        field<&S::exit_layer>(tr("static layer"), [](const S& s) { return QString::number(s.exit_layer); }),
        field<&S::solver>(tr("solver"), [](const S& s) { return toText(display_name(s.solver)); }),
        field<&S::steps>(tr("steps"), [](const S& s) { return QString::number(s.steps); }),
        field<&S::eta>(tr("noise η"), [](const S& s) { return number(s.eta, 2); }),
        field<&S::parametrization>(tr("prediction"),
                                   [](const S& s) {
                                       return s.parametrization ? toText(to_string(*s.parametrization))
                                                                : tr("as trained");
                                   }),
        field<&S::count>(tr("images"), [](const S& s) { return QString::number(s.count); }),
        field<&S::batch>(tr("batch"), [](const S& s) { return QString::number(s.batch); }),
        field<&S::seed>(tr("seed"), [](const S& s) { return QString::number(s.seed); }),
        field<&S::classes>(tr("classes"), nullptr),
        field<&S::device>(tr("device"), [](const S& s) { return QString::fromStdString(s.device); }),
        field<&S::precision>(tr("precision"), [](const S& s) { return toText(to_string(s.precision)); }),
        field<&S::compat>(tr("noise"), [](const S& s) { return toText(to_string(s.compat)); }),
        field<&S::save_steps>(tr("kept steps"), nullptr),
    };
    return fields;
}

QString describeChange(const SamplingSettings& from, const SamplingSettings& to)
{
    const SettingsField* only = nullptr;
    int changed = 0;
    for (const SettingsField& field : settingsFields()) {
        // Every solver brings a number of steps of its own.
        const bool follows = from.solver != to.solver && only != nullptr && only->name == tr("solver") &&
                             field.name == tr("steps");
        if (!field.equal(from, to) && !follows) {
            only = &field;
            ++changed;
        }
    }
    if (changed != 1) {
        return tr("%1 settings").arg(changed);
    }
    return only->text == nullptr ? only->name
                                 : tr("%1 %2 to %3").arg(only->name, only->text(from), only->text(to));
}

void applyChange(const SamplingSettings& from, const SamplingSettings& to, SamplingSettings& settings)
{
    for (const SettingsField& field : settingsFields()) {
        if (!field.equal(from, to)) {
            field.copy(to, settings);
        }
    }
}

}  // namespace duodiff::studio
