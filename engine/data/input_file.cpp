// SPDX-License-Identifier: MIT
#include "data/input_file.h"

#include "base/error.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace duodiff
{
namespace
{

constexpr unsigned int buffer_bytes = 1U << 18U;
constexpr std::uint64_t best_gzip_ratio = 1032;

[[noreturn]] void refuse(const std::filesystem::path& path, std::string what, std::string remedy = {})
{
    throw EngineError(ErrorCode::bad_file, std::move(what), path.string(), std::move(remedy));
}

[[noreturn]] void refuse_damaged(const std::filesystem::path& path, std::string what)
{
    refuse(path, std::move(what), "It is truncated or damaged: copy or download it again.");
}

/// A descriptor of a regular file and its size.
std::pair<int, std::uint64_t> open_regular(const std::filesystem::path& path)
{
    // O_NONBLOCK: opening a pipe that nobody writes to must not wait.
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        refuse(path, "the file cannot be opened: " + std::generic_category().message(errno));
    }
    struct stat status = {};
    if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        ::close(descriptor);
        refuse(path, S_ISDIR(status.st_mode) ? "this is a folder, not a file" : "this is not a regular file");
    }
    return {descriptor, static_cast<std::uint64_t>(status.st_size)};
}

}  // namespace

InputFile::InputFile(const std::filesystem::path& path) : path_(path)
{
    const auto [descriptor, size] = open_regular(path);
    file_bytes_ = size;
    const gzFile stream = gzdopen(descriptor, "rb");
    if (stream == nullptr) {
        ::close(descriptor);
        throw EngineError(ErrorCode::out_of_memory, "no memory to read the file", path.string());
    }
    stream_ = stream;
    gzbuffer(stream, buffer_bytes);
    packed_ = gzdirect(stream) == 0;
}

InputFile::~InputFile()
{
    gzclose(static_cast<gzFile>(stream_));
}

std::uint64_t InputFile::largest_contents() const
{
    return packed_ ? file_bytes_ * best_gzip_ratio : file_bytes_;
}

std::size_t InputFile::read_some(std::span<std::byte> out)
{
    constexpr std::size_t most = 1U << 30U;
    const auto stream = static_cast<gzFile>(stream_);
    const int count = gzread(stream, out.data(), static_cast<unsigned int>(std::min(out.size(), most)));
    int error = Z_OK;
    const char* text = gzerror(stream, &error);
    if (error != Z_OK && error != Z_STREAM_END) {
        refuse_damaged(path_, error == Z_BUF_ERROR ? "the file ends too early"
                                                   : std::string("the file cannot be unpacked: ") +
                                                         (error == Z_ERRNO ? "it cannot be read" : text));
    }
    return count > 0 ? static_cast<std::size_t>(count) : 0;
}

void InputFile::read(std::span<std::byte> out)
{
    while (!out.empty()) {
        const std::size_t count = read_some(out);
        if (count == 0) {
            refuse_damaged(path_, "the file ends too early");
        }
        out = out.subspan(count);
    }
}

void InputFile::skip(std::uint64_t bytes)
{
    std::array<std::byte, 4096> scratch;
    while (bytes > 0) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, scratch.size()));
        read(std::span(scratch).first(count));
        bytes -= count;
    }
}

void InputFile::expect_end()
{
    std::array<std::byte, 1> extra;
    if (read_some(extra) != 0) {
        refuse_damaged(path_, "the file is longer than its header says");
    }
}

std::vector<std::byte> first_bytes(const std::filesystem::path& path, std::size_t count)
{
    std::vector<std::byte> bytes(count);
    std::size_t got = 0;
    try {
        InputFile file(path);
        for (; got < count; ++got) {
            file.read(std::span(bytes).subspan(got, 1));
        }
    } catch (const EngineError&) {
        // Shorter, or not readable: what was read is all there is to tell its kind by.
    }
    bytes.resize(got);
    return bytes;
}

std::string first_text(const std::filesystem::path& path, std::size_t count)
{
    std::string text(count, '\0');
    ssize_t got = 0;
    try {
        const auto [descriptor, size] = open_regular(path);
        got = ::read(descriptor, text.data(), text.size());
        ::close(descriptor);
    } catch (const EngineError&) {
        // As above.
    }
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return text;
}

}  // namespace duodiff
