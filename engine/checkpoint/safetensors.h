// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/mapped_file.h"
#include "checkpoint/tensor_record.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace duodiff
{

struct SafetensorsDirectory {
    std::vector<TensorRecord> tensors;  ///< in the order their data lies in the file
    std::map<std::string, std::string> metadata;
};

/// True if the file starts as a safetensors file does: a length, then a JSON object.
bool looks_like_safetensors(const MappedFile& file);

/// Reads and checks the header: every tensor's bytes lie inside the file, match dtype × shape, and the
/// tensors together cover the data exactly, without gap or overlap. Throws EngineError(bad_file).
SafetensorsDirectory read_safetensors_directory(const MappedFile& file);

/// The format's name of a type ("F32", "BF16", ...); empty for one it does not have.
std::string_view safetensors_dtype(at::ScalarType dtype);

}  // namespace duodiff
