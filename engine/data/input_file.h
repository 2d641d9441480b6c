// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace duodiff
{

/// A regular file read from front to end, unpacked on the way where it is a gzip file.
class InputFile
{
public:
    /// Throws EngineError(bad_file); does not wait at named pipes.
    explicit InputFile(const std::filesystem::path& path);
    ~InputFile();
    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;

    const std::filesystem::path& path() const { return path_; }
    bool packed() const { return packed_; }
    /// Bytes that the file can hold at most once unpacked: gzip packs no better than 1 : 1032.
    std::uint64_t largest_contents() const;

    /// Fills all of `out`. Throws EngineError(bad_file) at the end of the file and where it is damaged.
    void read(std::span<std::byte> out);
    void skip(std::uint64_t bytes);
    /// Throws EngineError(bad_file) unless everything was read and, for gzip, the checksum holds.
    void expect_end();

private:
    std::size_t read_some(std::span<std::byte> out);

    std::filesystem::path path_;
    std::uint64_t file_bytes_ = 0;
    bool packed_ = false;
    void* stream_ = nullptr;  // gzFile
};

/// The first bytes of a file after unpacking; fewer where it is shorter, none where it cannot be read.
std::vector<std::byte> first_bytes(const std::filesystem::path& path, std::size_t count);
/// The first bytes as they lie in the file.
std::string first_text(const std::filesystem::path& path, std::size_t count);

}  // namespace duodiff
