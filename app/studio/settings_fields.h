// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/settings.h"

#include <QString>

#include <vector>

namespace duodiff::studio
{

/// One member of the settings, so that changes can be told and taken back one by one.
struct SettingsField {
    QString name;  ///< as the controls call it
    bool (*equal)(const SamplingSettings& a, const SamplingSettings& b);
    void (*copy)(const SamplingSettings& from, SamplingSettings& to);
    QString (*text)(const SamplingSettings& settings);  ///< null: the values are too long to tell
};
const std::vector<SettingsField>& settingsFields();

/// "threshold 0.078 to 0.100", "solver DDPM to DDIM", "3 settings".
QString describeChange(const SamplingSettings& from, const SamplingSettings& to);

/// What differs between `from` and `to`, into `settings`.
void applyChange(const SamplingSettings& from, const SamplingSettings& to, SamplingSettings& settings);

}  // namespace duodiff::studio
