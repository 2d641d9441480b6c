// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "session/engine.h"
#include "stream/settings.h"

#include <QByteArray>
#include <QString>

#include <optional>
#include <vector>

namespace duodiff::studio
{

/// How fast and how exact: policy, its value, solver and steps. The value is relative to a range, so that it
/// means the same for every model.
struct Preset {
    QString name;
    /// Unset, or not to be had from the model: DuoDiff where the model has a shallow network, else AdaDiff
    /// where it has early exits, else the full network.
    std::optional<PolicyKind> policy;
    std::optional<double> value;  ///< theta, t_s or the static layer; unset: the model's default
    double minimum = 0.0;         ///< of the range that `value` is of
    double maximum = 1.0;
    SolverKind solver = SolverKind::ddpm;
    int steps = 1000;
    double eta = 0.0;

    bool operator==(const Preset&) const = default;
};

/// Quality, Balanced, Fast, Full network.
const std::vector<Preset>& builtInPresets();

/// `settings` as the preset has them on this model; everything else stays.
SamplingSettings withPreset(const Preset& preset, const ModelInfo& model, SamplingSettings settings);

/// What the controls show, as a preset.
Preset presetOf(const QString& name, const SamplingSettings& settings, const ModelInfo& model);

struct StoredPresets {
    std::vector<Preset> presets;
    bool damaged = false;  ///< what could be read is in `presets`
};
QByteArray presetsToJson(const std::vector<Preset>& presets);
StoredPresets presetsFromJson(const QByteArray& json);

}  // namespace duodiff::studio
