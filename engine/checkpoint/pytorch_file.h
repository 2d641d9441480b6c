// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/mapped_file.h"
#include "checkpoint/model_config.h"
#include "checkpoint/tensor_record.h"

#include <optional>
#include <vector>

namespace duodiff
{

struct PytorchContents {
    std::vector<TensorRecord> tensors;  ///< of the state dict, in its order, names distinct
    std::optional<ConfigValues> args;   ///< the keys among the file's `args` that ModelConfig knows
};

/// Reads the directory of a zip file that torch.save wrote: which tensors there are and where they lie.
/// Runs nothing. Throws EngineError(bad_file).
PytorchContents read_pytorch_file(const MappedFile& file);

}  // namespace duodiff
