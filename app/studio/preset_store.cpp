// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/preset_store.h"

#include <QCoreApplication>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>
#include <cmath>
#include <utility>

namespace duodiff::studio
{

namespace
{

constexpr int formatVersion = 1;
constexpr qsizetype mostPresets = 500;
constexpr qsizetype longestName = 40;

QString tr(const char* text)
{
    return QCoreApplication::translate("Presets", text);
}

bool offers(const ModelInfo& model, PolicyKind policy)
{
    switch (policy) {
        case PolicyKind::duodiff:
            return model.has_shallow;
        case PolicyKind::adadiff:
        case PolicyKind::static_layer:
            return model.has_early_exit;
        case PolicyKind::full:
            break;
    }
    return true;
}

struct Range {
    double minimum = 0.0;
    double maximum = 1.0;
    double standard = 0.0;
    bool operator==(const Range&) const = default;
};

Range rangeOf(PolicyKind policy, const ModelInfo& model)
{
    switch (policy) {
        case PolicyKind::adadiff:
            return {model.threshold_minimum, model.threshold_maximum, model.threshold_default};
        case PolicyKind::duodiff:
            return {0.0, 1000.0, static_cast<double>(model.switch_step_default)};
        case PolicyKind::static_layer:
            // The other way round: a later layer is slower.
            return {static_cast<double>(model.summary.depth), 0.0, static_cast<double>(model.summary.depth)};
        case PolicyKind::full:
            break;
    }
    return {};
}

/// The preset's value on a model with `range`.
double valueOn(const Preset& preset, const Range& range)
{
    if (!preset.value) {
        return range.standard;
    }
    if (preset.minimum == range.minimum && preset.maximum == range.maximum) {
        return *preset.value;
    }
    const double share = (*preset.value - preset.minimum) / (preset.maximum - preset.minimum);
    const double value = range.minimum + share * (range.maximum - range.minimum);
    return std::round(value * 1e6) / 1e6;  // as the box shows it
}

Preset builtIn(const char* name, std::optional<PolicyKind> policy, std::optional<double> share,
               SolverKind solver, int steps)
{
    Preset preset;
    preset.name = tr(name);
    preset.policy = policy;
    preset.value = share;
    preset.solver = solver;
    preset.steps = steps;
    return preset;
}

QJsonValue orNull(const std::optional<double>& value)
{
    return value ? QJsonValue(*value) : QJsonValue(QJsonValue::Null);
}

std::optional<Preset> readPreset(const QJsonObject& object)
{
    const auto number = [&object](const char* key) {
        return object.value(QLatin1String(key)).toDouble(std::nan(""));
    };
    Preset preset;
    preset.name = object.value(QStringLiteral("name")).toString().simplified();
    preset.policy = from_string<PolicyKind>(object.value(QStringLiteral("policy")).toString().toStdString());
    const auto solver =
        from_string<SolverKind>(object.value(QStringLiteral("solver")).toString().toStdString());
    preset.value = number("value");
    preset.minimum = number("minimum");
    preset.maximum = number("maximum");
    preset.eta = number("eta");
    const double steps = number("steps");
    const bool isGood = !preset.name.isEmpty() && preset.name.size() <= longestName && preset.policy &&
                        solver && std::isfinite(*preset.value) && std::isfinite(preset.minimum) &&
                        std::isfinite(preset.maximum) && preset.minimum != preset.maximum &&
                        preset.eta >= 0.0 && preset.eta <= 1.0 && steps >= 1.0 && steps <= 1000.0;
    if (!isGood) {
        return std::nullopt;
    }
    preset.solver = *solver;
    preset.steps = static_cast<int>(steps);
    return preset;
}

}  // namespace

const std::vector<Preset>& builtInPresets()
{
    static const std::vector<Preset> presets{
        builtIn(QT_TRANSLATE_NOOP("Presets", "Quality"), std::nullopt, 0.15, SolverKind::ddpm, 1000),
        builtIn(QT_TRANSLATE_NOOP("Presets", "Balanced"), std::nullopt, std::nullopt,
                SolverKind::dpm_solver_pp, 50),
        builtIn(QT_TRANSLATE_NOOP("Presets", "Fast"), std::nullopt, 0.5, SolverKind::dpm_solver_pp, 20),
        builtIn(QT_TRANSLATE_NOOP("Presets", "Full network"), PolicyKind::full, std::nullopt,
                SolverKind::ddpm, 1000)};
    return presets;
}

SamplingSettings withPreset(const Preset& preset, const ModelInfo& model, SamplingSettings settings)
{
    if (preset.policy && offers(model, *preset.policy)) {
        settings.policy = *preset.policy;
    } else {
        settings.policy = model.has_shallow      ? PolicyKind::duodiff
                          : model.has_early_exit ? PolicyKind::adadiff
                                                 : PolicyKind::full;
    }
    const Range range = rangeOf(settings.policy, model);
    double value = valueOn(preset, range);
    if (!preset.policy && settings.policy == PolicyKind::adadiff) {
        // A theta above the model's own costs pictures sooner than a late t_s does.
        value = std::min(value, range.standard);
    }
    switch (settings.policy) {
        case PolicyKind::adadiff:
            settings.threshold = value;
            break;
        case PolicyKind::duodiff:
            settings.switch_step = std::clamp(static_cast<int>(std::lround(value)), 0, 1000);
            break;
        case PolicyKind::static_layer:
            settings.exit_layer = std::clamp(static_cast<int>(std::lround(value)), 0, model.summary.depth);
            break;
        case PolicyKind::full:
            break;
    }
    settings.solver = preset.solver;
    settings.steps = preset.steps;
    if (preset.solver == SolverKind::ddim) {
        settings.eta = preset.eta;
    }
    return settings;
}

Preset presetOf(const QString& name, const SamplingSettings& settings, const ModelInfo& model)
{
    const Range range = rangeOf(settings.policy, model);
    Preset preset;
    preset.name = name;
    preset.policy = settings.policy;
    preset.value = settings.policy == PolicyKind::adadiff        ? settings.threshold
                   : settings.policy == PolicyKind::duodiff      ? settings.switch_step
                   : settings.policy == PolicyKind::static_layer ? settings.exit_layer
                                                                 : 0.0;
    preset.minimum = range.minimum;
    preset.maximum = range.maximum;
    if (preset.minimum == preset.maximum) {
        preset.maximum += 1.0;
    }
    preset.solver = settings.solver;
    preset.steps = settings.steps;
    preset.eta = settings.eta;
    return preset;
}

QByteArray presetsToJson(const std::vector<Preset>& presets)
{
    const auto name = [](std::string_view text) {
        return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
    };
    QJsonArray array;
    for (const Preset& preset : presets) {
        array.append(
            QJsonObject{{QStringLiteral("name"), preset.name},
                        {QStringLiteral("policy"), name(to_string(preset.policy.value_or(PolicyKind::full)))},
                        {QStringLiteral("value"), orNull(preset.value)},
                        {QStringLiteral("minimum"), preset.minimum},
                        {QStringLiteral("maximum"), preset.maximum},
                        {QStringLiteral("solver"), name(to_string(preset.solver))},
                        {QStringLiteral("steps"), preset.steps},
                        {QStringLiteral("eta"), preset.eta}});
    }
    return QJsonDocument(QJsonObject{{QStringLiteral("format"), QStringLiteral("duodiff-presets")},
                                     {QStringLiteral("version"), formatVersion},
                                     {QStringLiteral("presets"), array}})
        .toJson();
}

StoredPresets presetsFromJson(const QByteArray& json)
{
    StoredPresets stored;
    const QJsonObject object = QJsonDocument::fromJson(json).object();
    const QJsonValue presets = object.value(QStringLiteral("presets"));
    stored.damaged = object.value(QStringLiteral("format")).toString() != QLatin1String("duodiff-presets") ||
                     object.value(QStringLiteral("version")).toInt() != formatVersion || !presets.isArray() ||
                     presets.toArray().size() > mostPresets;
    if (stored.damaged) {
        return stored;
    }
    for (const QJsonValue& value : presets.toArray()) {
        auto preset = readPreset(value.toObject());
        const auto isSame = [&](const Preset& other) { return other.name == preset->name; };
        const bool isNew = preset && std::none_of(stored.presets.begin(), stored.presets.end(), isSame) &&
                           std::none_of(builtInPresets().begin(), builtInPresets().end(), isSame);
        if (isNew) {
            stored.presets.push_back(std::move(*preset));
        } else {
            stored.damaged = true;
        }
    }
    return stored;
}

}  // namespace duodiff::studio
