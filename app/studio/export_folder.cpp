// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/export_folder.h"

#include "base/error.h"

#include <QString>

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace duodiff::studio
{

namespace
{

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what, const fs::path& where)
{
    throw EngineError(ErrorCode::failed, what, where.string(),
                      "Choose a folder that you may write to, with room left on its disk.");
}

}  // namespace

ExportFolder::ExportFolder(fs::path folder) : m_folder(std::move(folder))
{
    std::error_code error;
    for (fs::path missing = m_folder; !missing.empty() && !fs::exists(missing, error);
         missing = missing.parent_path()) {
        m_made.push_back(missing);
    }
    fs::create_directories(m_folder, error);
    if (error) {
        fail("The folder could not be made: " + error.message(), m_folder);
    }
    std::string staging = (m_folder / ".duodiff-export-XXXXXX").string();
    if (::mkdtemp(staging.data()) == nullptr) {
        const std::string reason = std::strerror(errno);
        for (const fs::path& made : m_made) {
            fs::remove(made, error);
        }
        fail("Nothing can be written into the folder: " + reason, m_folder);
    }
    m_staging = staging;
}

ExportFolder::~ExportFolder()
{
    std::error_code ignored;
    fs::remove_all(m_staging, ignored);
    for (const fs::path& made : m_made) {
        fs::remove(made, ignored);  // only an empty one goes
    }
}

fs::path ExportFolder::add(const std::string& name)
{
    m_names.push_back(name);
    return m_staging / name;
}

std::string ExportFolder::told(std::string text) const
{
    const std::string staging = m_staging.string();
    for (std::size_t at = text.find(staging); at != std::string::npos; at = text.find(staging)) {
        text.replace(at, staging.size(), m_folder.string());
    }
    return text;
}

QStringList ExportFolder::publish()
{
    std::error_code error;
    for (const std::string& name : m_names) {
        if (fs::is_directory(m_folder / name, error)) {
            fail("There is a folder of the same name", m_folder / name);
        }
    }
    QStringList paths;
    for (const std::string& name : m_names) {
        fs::rename(m_staging / name, m_folder / name, error);
        if (error) {
            fail("The file could not be moved to its place: " + error.message(), m_folder / name);
        }
        paths << QString::fromStdU16String((m_folder / name).u16string());
    }
    return paths;
}

}  // namespace duodiff::studio
