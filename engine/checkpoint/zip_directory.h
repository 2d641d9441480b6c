// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/mapped_file.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace duodiff
{

struct ZipEntry {
    std::string_view name;   ///< points into the file
    std::size_t header = 0;  ///< of the entry's local header, bytes from the start of the file
    std::size_t data = 0;    ///< of its contents
    std::size_t size = 0;    ///< as it lies in the file
    bool compressed = false;
    std::uint32_t crc = 0;
};

/// The directory of a zip archive. Entries do not overlap, lie inside the file, have distinct names without
/// "..", and agree with their local headers. Zip64 is understood.
class ZipDirectory
{
public:
    /// Throws EngineError(bad_file).
    explicit ZipDirectory(const MappedFile& file);

    /// Sorted by name.
    const std::vector<ZipEntry>& entries() const { return entries_; }
    const ZipEntry* find(std::string_view name) const;
    /// Refuses an archive with a compressed entry, which torch.save does not write.
    void require_stored() const;
    /// The bytes of an entry that is not compressed.
    std::string_view contents(const ZipEntry& entry) const;

private:
    const MappedFile& file_;
    std::vector<ZipEntry> entries_;
};

bool looks_like_zip(const MappedFile& file);

}  // namespace duodiff
