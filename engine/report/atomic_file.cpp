// SPDX-License-Identifier: MIT
#include "report/atomic_file.h"

#include "base/error.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

namespace duodiff
{

namespace
{

[[noreturn]] void throw_write_error(const std::filesystem::path& path, int error)
{
    std::string remedy = "choose another folder";
    if (error == ENOSPC || error == EDQUOT) {
        remedy = "free some space on that disk, or choose another folder";
    } else if (error == EACCES || error == EPERM || error == EROFS) {
        remedy = "choose a folder that you may write to";
    } else if (error == ENOENT) {
        remedy = "make the folder first";
    }
    throw EngineError(ErrorCode::failed, fmt::format("cannot write the file: {}", std::strerror(error)),
                      path.string(), remedy);
}

/// A file descriptor that is closed at the end of its scope.
class Descriptor
{
public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close(); }

    int number() const { return number_; }
    bool valid() const { return number_ >= 0; }
    /// The error of close(2), 0 without one.
    int close()
    {
        const int old = std::exchange(number_, -1);
        return old >= 0 && ::close(old) != 0 ? errno : 0;
    }

private:
    int number_;
};

int write_all(int descriptor, std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return errno;
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

/// The mode an ordinary new file would get, or that of the file to be replaced.
mode_t wanted_mode(const std::filesystem::path& path)
{
    struct stat status = {};
    if (::stat(path.c_str(), &status) == 0) {
        return status.st_mode & 07777;
    }
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return 0666 & ~mask;
}

/// A rename is on disk once its folder is. Not every file system can do it, and the data is safe anyway.
void sync_folder(const std::filesystem::path& folder)
{
    const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (descriptor.valid()) {
        (void)::fsync(descriptor.number());
    }
}

}  // namespace

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes)
{
    std::error_code ignored;
    std::filesystem::path target = std::filesystem::weakly_canonical(path, ignored);
    if (ignored || target.empty()) {
        target = path;
    }
    if (std::filesystem::is_directory(target, ignored)) {
        throw_write_error(path, EISDIR);
    }
    const std::filesystem::path folder = target.has_parent_path() ? target.parent_path() : ".";
    const mode_t mode = wanted_mode(target);
    std::string temporary = (folder / ".duodiff-XXXXXX").string();

    Descriptor descriptor(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!descriptor.valid()) {
        throw_write_error(path, errno);
    }
    int error = write_all(descriptor.number(), bytes);
    if (error == 0 && ::fchmod(descriptor.number(), mode) != 0) {
        error = errno;
    }
    if (error == 0 && ::fsync(descriptor.number()) != 0) {
        error = errno;
    }
    const int close_error = descriptor.close();
    error = error != 0 ? error : close_error;
    if (error == 0 && ::rename(temporary.c_str(), target.c_str()) != 0) {
        error = errno;
    }
    if (error != 0) {
        ::unlink(temporary.c_str());
        throw_write_error(path, error);
    }
    sync_folder(folder);
}

void write_file_atomically(const std::filesystem::path& path, std::span<const std::uint8_t> bytes)
{
    write_file_atomically(path, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

std::string read_whole_file(const std::filesystem::path& path, std::uint64_t largest)
{
    const auto fail = [&](std::string what, std::string remedy = {}) {
        throw EngineError(ErrorCode::bad_file, std::move(what), path.string(), std::move(remedy));
    };
    const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!descriptor.valid()) {
        fail(fmt::format("cannot open the file: {}", std::strerror(errno)));
    }
    struct stat status = {};
    if (::fstat(descriptor.number(), &status) != 0) {
        fail(fmt::format("cannot read the file: {}", std::strerror(errno)));
    }
    if (S_ISDIR(status.st_mode)) {
        fail("this is a folder, not a file");
    }
    if (!S_ISREG(status.st_mode)) {
        fail("this is not a regular file");
    }
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size > largest) {
        fail(fmt::format("the file is too large: {} bytes, at most {} are read", size, largest));
    }
    std::string bytes(static_cast<std::size_t>(size), '\0');
    std::size_t have = 0;
    while (have < bytes.size()) {
        const ssize_t got = ::read(descriptor.number(), bytes.data() + have, bytes.size() - have);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            fail(fmt::format("cannot read the file: {}", std::strerror(errno)));
        }
        if (got == 0) {
            fail("the file became shorter while it was read");
        }
        have += static_cast<std::size_t>(got);
    }
    return bytes;
}

}  // namespace duodiff
