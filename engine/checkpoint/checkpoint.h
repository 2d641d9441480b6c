// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"
#include "checkpoint/mapped_file.h"
#include "checkpoint/model_config.h"

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace duodiff
{

enum class CheckpointFormat { safetensors, pytorch_zip };

/// Named tensors of a file. The tensors may point into the file's mapping, which they keep alive; they
/// are read-only and never to be written to. A tensor that was saved as a strided view stays one.
struct Checkpoint {
    std::filesystem::path path;
    CheckpointFormat format = CheckpointFormat::safetensors;
    std::map<std::string, at::Tensor> tensors;
    /// What the file itself says of its model (`args` of the DuoDiff authors' checkpoints), as far as
    /// the keys are known to ModelConfig.
    std::optional<ConfigValues> args;
    std::map<std::string, std::string> metadata;  ///< safetensors `__metadata__`
    std::string sha256;                           ///< of the whole file, hexadecimal
    std::shared_ptr<const MappedFile> file;       ///< that the tensors point into; null for one never written
};

/// Opens a .safetensors or PyTorch .pth file; which of them is told by its content, not its name.
/// Never runs anything from the file. `model_state_dict` is taken where the file has one, else `ema`-free
/// bare state dicts are taken as they are. Every floating tensor is checked to be finite.
/// Throws EngineError(bad_file) with one clear sentence.
Checkpoint read_checkpoint(const std::filesystem::path& path);

/// Reads only named tensors from a safetensors file, without the finiteness check (inputs of `forward`).
std::map<std::string, at::Tensor> read_tensors(const std::filesystem::path& path);

/// Writes a safetensors file whole or not at all (temporary file, fsync, rename). `metadata` gets
/// "format": "pt" added. Tensors are written contiguous, wider element types first and by name among equals
/// (so that each is aligned); the data start at a multiple of 64 bytes. Throws EngineError, and leaves
/// nothing behind then.
void write_safetensors(const std::filesystem::path& path, const std::map<std::string, at::Tensor>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace duodiff
