// SPDX-License-Identifier: MIT
#include "checkpoint/partial_file.h"

#include "base/error.h"

#include <fcntl.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace duodiff
{
namespace
{

std::filesystem::path folder_of(const std::filesystem::path& path)
{
    const std::filesystem::path folder = path.parent_path();
    return folder.empty() ? std::filesystem::path(".") : folder;
}

std::filesystem::path temporary_beside(const std::filesystem::path& path)
{
    static std::atomic<unsigned> count = 0;
    // Not built from the file's own name, which may already be as long as a name can be.
    return folder_of(path) /
           (".duodiff-" + std::to_string(::getpid()) + "-" + std::to_string(count++) + ".partial");
}

}  // namespace

PartialFile::PartialFile(std::filesystem::path path) : path_(std::move(path))
{
    std::error_code ignored;
    if (path_.filename().empty() || std::filesystem::is_directory(path_, ignored)) {
        refuse(EISDIR);
    }
    do {
        temporary_ = temporary_beside(path_);
        descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (descriptor_ < 0 && errno == EEXIST);
    if (descriptor_ < 0) {
        refuse(errno);
    }
}

PartialFile::~PartialFile()
{
    if (descriptor_ >= 0) {
        ::close(descriptor_);
        ::unlink(temporary_.c_str());
    }
}

void PartialFile::write(std::span<const std::byte> bytes)
{
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) {
            refuse(errno);
        }
        bytes = bytes.subspan(written < 0 ? 0 : static_cast<std::size_t>(written));
    }
}

void PartialFile::commit()
{
    if (::fsync(descriptor_) != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
        refuse(errno);
    }
    ::close(std::exchange(descriptor_, -1));
    // The rename itself has to reach the disk too; a folder that cannot be synced is no failure.
    const int folder = ::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        ::fsync(folder);
        ::close(folder);
    }
}

void PartialFile::refuse(int reason) const
{
    const std::string where = path_.string();
    switch (reason) {
        case ENOENT:
        case ENOTDIR:
            throw EngineError(ErrorCode::bad_file, "the folder to write to does not exist", where,
                              "Create " + folder_of(path_).string() + " first, or write elsewhere.");
        case EACCES:
        case EPERM:
        case EROFS:
            throw EngineError(ErrorCode::bad_file, "there is no permission to write here", where,
                              "Choose a folder that you may write to.");
        case EISDIR:
            throw EngineError(ErrorCode::bad_file, "this is a folder, not a file to write", where);
        case ENOSPC:
        case EDQUOT:
            throw EngineError(ErrorCode::failed, "the disk is full; nothing was written", where,
                              "Free some space, or write elsewhere.");
        default:
            throw EngineError(ErrorCode::failed,
                              "the file cannot be written: " + std::generic_category().message(reason),
                              where);
    }
}

}  // namespace duodiff
