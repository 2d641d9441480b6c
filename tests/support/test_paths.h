// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>

namespace duodiff::test
{

/// tests/data
std::filesystem::path data_dir();
/// The repository's own folder.
std::filesystem::path source_dir();
/// The large reference data beside the repository; says on stdout that what needs it is skipped, and
/// returns an empty path, where it is absent. Environment variable DUODIFF_SHARED_DIR overrides it.
std::filesystem::path shared_dir();

/// A fresh folder that is removed at the end of its scope.
class TemporaryFolder
{
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(const std::filesystem::path& name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

}  // namespace duodiff::test
