// SPDX-License-Identifier: MIT
#include "checkpoint/mapped_file.h"

#include "base/error.h"
#include "base/hash.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace duodiff
{
namespace
{

[[noreturn]] void refuse(const std::filesystem::path& path, std::string what, std::string remedy = {})
{
    throw EngineError(ErrorCode::bad_file, std::move(what), path.string(), std::move(remedy));
}

class Descriptor
{
public:
    explicit Descriptor(int value) : value_(value) {}
    ~Descriptor()
    {
        if (value_ >= 0) {
            ::close(value_);
        }
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return value_; }

private:
    int value_;
};

[[noreturn]] void refuse_open(const std::filesystem::path& path, int reason)
{
    switch (reason) {
        case ENOENT:
        case ENOTDIR:
            refuse(path, "there is no such file", "Check the spelling of the path.");
        case EACCES:
        case EPERM:
            refuse(path, "there is no permission to read this file",
                   "Change its permissions, or copy it to a place of your own.");
        case ELOOP:
            refuse(path, "the symbolic links lead round in a circle");
        case ENAMETOOLONG:
            refuse(path.string().substr(0, 60) + "...", "the file name is too long");
        case ENXIO:
            refuse(path, "this is not a regular file but a socket or device");
        default:
            refuse(path, "the file cannot be opened: " + std::generic_category().message(reason));
    }
}

void require_regular(const std::filesystem::path& path, const struct stat& status)
{
    if (S_ISREG(status.st_mode)) {
        return;
    }
    if (S_ISDIR(status.st_mode)) {
        refuse(path, "this is a folder, not a checkpoint file", "Give a file in it, or a model pack.");
    }
    if (S_ISFIFO(status.st_mode)) {
        refuse(path, "this is a named pipe, not a regular file", "Save what it carries to a file first.");
    }
    refuse(path, "this is a device, not a regular file");
}

struct stat status_of(const std::filesystem::path& path, const Descriptor& file)
{
    struct stat status = {};
    if (::fstat(file.get(), &status) != 0) {
        refuse(path, "the file cannot be examined: " + std::generic_category().message(errno));
    }
    return status;
}

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path)
{
    if (path.empty()) {
        refuse("(no path)", "the file name is empty");
    }
    // O_NONBLOCK: opening a pipe that nobody writes to must not wait.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.get() < 0) {
        refuse_open(path, errno);
    }
    const struct stat before = status_of(path, file);
    require_regular(path, before);
    if (before.st_size == 0) {
        refuse(path, "the file is empty", "Copy or download it again.");
    }
    const auto size = static_cast<std::size_t>(before.st_size);
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (address == MAP_FAILED) {
        const int reason = errno;
        if (reason == ENOMEM) {
            throw EngineError(ErrorCode::out_of_memory, "there is no address space to map the file",
                              path.string(), "Close other programs, or raise the memory limit.");
        }
        refuse(path, "the file cannot be mapped: " + std::generic_category().message(reason));
    }
    std::shared_ptr<const MappedFile> mapped(
        new MappedFile(path, {static_cast<const std::byte*>(address), size}));
    if (status_of(path, file).st_size != before.st_size) {
        refuse(path, "the file is being written to by another program", "Try again when it is complete.");
    }
    return mapped;
}

MappedFile::MappedFile(std::filesystem::path path, std::span<const std::byte> bytes)
    : path_(std::move(path)), bytes_(bytes)
{
}

MappedFile::~MappedFile()
{
    ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void MappedFile::drop_pages() const
{
    ::madvise(const_cast<std::byte*>(bytes_.data()), bytes_.size(), MADV_DONTNEED);
}

std::string MappedFile::sha256() const
{
    auto* address = const_cast<std::byte*>(bytes_.data());
    ::madvise(address, bytes_.size(), MADV_SEQUENTIAL);
    std::string digest = sha256_hex(bytes_);
    ::madvise(address, bytes_.size(), MADV_NORMAL);
    return digest;
}

}  // namespace duodiff
