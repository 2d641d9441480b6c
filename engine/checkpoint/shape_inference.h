// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/checkpoint.h"
#include "checkpoint/model_config.h"

#include <optional>
#include <string_view>
#include <vector>

namespace duodiff
{

/// Which kind of model the tensors' names belong to; empty if none that is known.
std::optional<ModelKind> kind_of(const Checkpoint& checkpoint);

/// What stands before the backbone's names in a file of this kind: "uvit." or nothing.
std::string_view backbone_prefix(ModelKind kind);

/// The configuration values that the tensors' names and shapes determine. Where a tensor that would tell
/// is missing or malformed, the value is left out.
ConfigValues values_from_shapes(const Checkpoint& checkpoint, ModelKind kind);

/// Autoencoder levels (0: full resolution) that have attention.
std::vector<std::int64_t> attention_levels(const Checkpoint& checkpoint);

}  // namespace duodiff
