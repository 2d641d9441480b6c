// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "command.h"
#include "session/engine.h"
#include "stream/settings.h"

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace duodiff::cli
{

/// What the command line changes in settings that come from elsewhere: the defaults, or the record of an
/// earlier run.
class SettingsChanges
{
public:
    void add(const std::string& option, std::function<void(SamplingSettings&)> change);
    bool given(const std::string& option) const { return given_.contains(option); }
    void apply(SamplingSettings& settings) const;

private:
    std::set<std::string> given_;
    std::vector<std::function<void(SamplingSettings&)>> changes_;
};

/// --model, --late-model, --config, --late-config.
void add_model_options(CLI::App& parser, ModelSource& source);

/// --policy, --switch-step, --threshold, --exit-layer.
void add_policy_options(CLI::App& parser, SettingsChanges& changes);

/// --parametrization, --count, --batch, --seed, --device, --precision.
void add_image_options(CLI::App& parser, SettingsChanges& changes);

/// --sampler, --steps, --eta, and those.
void add_run_options(CLI::App& parser, SettingsChanges& changes);

/// Solver steps where none are asked for.
int default_steps(SolverKind solver);

/// Options that the chosen policy and solver do not read, given all the same.
std::vector<std::string> options_without_effect(const SettingsChanges& changes,
                                                const SamplingSettings& settings);

/// Refuses files of `source` that are not there, before anything is opened.
void require_model_files(const ModelSource& source);

}  // namespace duodiff::cli
