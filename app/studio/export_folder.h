// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>

#include <filesystem>
#include <string>
#include <vector>

namespace duodiff::studio
{

/// A folder that gets several files, all of them or none. They are written into a folder within it and moved
/// out at the end; what is not moved goes with this object, the folders that it made included. Throws
/// EngineError(failed).
class ExportFolder
{
public:
    explicit ExportFolder(std::filesystem::path folder);
    ~ExportFolder();
    ExportFolder(const ExportFolder&) = delete;
    ExportFolder& operator=(const ExportFolder&) = delete;

    /// Where the file of this name is to be written.
    std::filesystem::path add(const std::string& name);
    /// To their places; what was there under these names is replaced. Their paths.
    QStringList publish();

    /// `text` with the paths that a person knows.
    std::string told(std::string text) const;

private:
    std::filesystem::path m_folder;
    std::filesystem::path m_staging;
    std::vector<std::filesystem::path> m_made;  ///< folders that were not there, the deepest first
    std::vector<std::string> m_names;
};

}  // namespace duodiff::studio
