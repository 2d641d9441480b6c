// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace duodiff
{

/// A whole regular file mapped for reading; unmapped when the last owner is gone.
class MappedFile
{
public:
    /// Opens once and maps that very descriptor, so a file that is replaced (renamed over) meanwhile is
    /// read wholly in its old or wholly in its new form. Throws EngineError(bad_file) for what is missing,
    /// empty, not readable, not a regular file, or changes its size meanwhile.
    static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);

    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::span<const std::byte> bytes() const { return bytes_; }

    /// Takes what was read out of this process's memory; the system still has it, and whoever reads on gets
    /// it back from there.
    void drop_pages() const;

    /// SHA-256 of the whole file, hexadecimal.
    std::string sha256() const;

private:
    MappedFile(std::filesystem::path path, std::span<const std::byte> bytes);

    std::filesystem::path path_;
    std::span<const std::byte> bytes_;
};

}  // namespace duodiff
