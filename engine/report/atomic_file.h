// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace duodiff
{

/// Makes `path` hold exactly `bytes`, or leaves it as it was: temporary file beside it, fsync, rename.
/// A symbolic link is followed. Throws EngineError(failed) with the system's reason.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);
void write_file_atomically(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);

/// The whole of a regular file of at most `largest` bytes. Throws EngineError(bad_file).
std::string read_whole_file(const std::filesystem::path& path, std::uint64_t largest);

}  // namespace duodiff
