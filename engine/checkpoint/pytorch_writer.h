// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace duodiff
{

/// Writes {"model_state_dict": OrderedDict(name: tensor)} as torch.save does (a zip archive with a pickle of
/// protocol 2 and one record a tensor, not compressed, aligned to 64 bytes), whole or not at all.
/// torch.load(weights_only=True) reads it. Throws EngineError.
void write_pytorch(const std::filesystem::path& path, const std::map<std::string, at::Tensor>& tensors);

}  // namespace duodiff
