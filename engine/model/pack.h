// SPDX-License-Identifier: MIT
#pragma once

#include "model/bundle.h"

#include <filesystem>

namespace duodiff
{

/// Name of the file that makes a folder a model pack.
inline constexpr const char* pack_file_name = "pack.json";

bool is_pack(const std::filesystem::path& path);

/// Opens a pack folder (or its pack.json): every part is read, its hash and its configuration checked.
/// Throws EngineError(bad_file).
ModelFiles read_pack(const std::filesystem::path& path);

/// Writes `files` as a pack folder, whole or not at all: pack.json and a safetensors file a part. Where
/// the early-exit backbone equals the full network's tensors bit by bit, that part stores only probes and
/// heads. An existing pack is replaced only where `overwrite`. Throws EngineError.
void write_pack(const ModelFiles& files, const std::filesystem::path& folder, bool overwrite);

/// Whether every backbone tensor of the early-exit part equals the full part's, bit by bit.
bool backbones_equal(const ModelPart& full, const ModelPart& early_exit);

}  // namespace duodiff
