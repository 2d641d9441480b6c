// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/model_config.h"

#include <filesystem>

namespace duodiff
{

/// What a YAML file says of a model of this kind: the mapping under `autoencoder` for an autoencoder, under
/// `model_params` for the others, else the file's own. Unknown keys are there too.
/// Throws EngineError(bad_file).
ConfigValues read_config_section(const std::filesystem::path& path, ModelKind kind);

}  // namespace duodiff
