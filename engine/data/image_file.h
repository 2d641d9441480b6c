// SPDX-License-Identifier: MIT
#pragma once

#include "report/image8.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace duodiff
{

enum class FileKind { png, jpeg, gzip, zip, tar, safetensors, other };

/// Tells by the first bytes; for `other`, and for an empty text, nothing is known.
FileKind kind_of(std::string_view start);
/// "a PNG image", "a zip archive (as .npz and .pt files are)", "text or data of an unknown kind", ...
std::string describe_kind(std::string_view start);
/// How many first bytes these two look at.
inline constexpr std::size_t kind_bytes = 512;

/// Reads a PNG or JPEG file; its content decides which, not its name. Gray stays gray, CMYK becomes RGB,
/// an orientation or colour profile in the file is not applied. Refused with EngineError(bad_file): files
/// above 1 GB, images of more than 64 million pixels or of more than the file can hold, truncated and damaged
/// ones (also those that other programs show in part).
Image8 read_image(const std::filesystem::path& path);

}  // namespace duodiff
