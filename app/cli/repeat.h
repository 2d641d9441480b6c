// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "session/engine.h"
#include "stream/moved_parameters.h"

#include <filesystem>
#include <vector>

namespace duodiff::cli
{

/// What an image or a run file says about the run that it came from.
struct EarlierRun {
    SamplingSettings settings;  ///< device and precision as they came out, where the run chose them itself
    ModelSummary model;
    bool device_was_automatic = false;
    MovedParameters moved;                        ///< empty: the settings alone repeat the run
    bool moved_is_partial = false;                ///< an image knows the parameters of its own batch only
    std::vector<EarlierClasses> earlier_classes;  ///< of a branch that had other classes at first
};

/// Reads `--from`: a PNG of a run, a run.json, or a folder with one. Throws EngineError(bad_file).
EarlierRun read_earlier_run(const std::filesystem::path& path);

/// Refuses a model whose weights are not those of the earlier run. Parts that only one of the two has are
/// compared too where `policy` needs them.
void require_same_model(const ModelSummary& earlier, const ModelSummary& now, PolicyKind policy);

/// Puts the parameters that the earlier run had in `step` of `batch` into `live`.
void replay_parameters(const MovedParameters& moved, const SamplingSettings& settings, int batch, int step,
                       LiveParameters& live);

}  // namespace duodiff::cli
