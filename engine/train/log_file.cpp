// SPDX-License-Identifier: MIT
#include "train/log_file.h"

#include "base/error.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <limits>
#include <system_error>

namespace duodiff
{
namespace
{

struct KeptLines {
    std::vector<LogLine> lines;
    std::uintmax_t bytes = 0;
};

/// Whole lines from the start, up to the first one that is damaged or beyond `last_step`.
KeptLines whole_lines(const std::filesystem::path& path, std::int64_t last_step)
{
    KeptLines kept;
    std::ifstream file(path, std::ios::binary);
    for (std::string text; std::getline(file, text) && !file.eof();) {
        std::optional<LogLine> line = parse_log_line(text);
        if (!line || line->step > last_step) {
            break;
        }
        kept.bytes += text.size() + 1;
        kept.lines.push_back(std::move(*line));
    }
    return kept;
}

[[noreturn]] void refuse(const std::filesystem::path& path, int reason)
{
    throw EngineError(ErrorCode::failed,
                      "the log cannot be written: " + std::generic_category().message(reason), path.string());
}

}  // namespace

LogFile::LogFile(const std::filesystem::path& path, std::int64_t step)
    : path_(path), last_loss_(std::numeric_limits<double>::quiet_NaN())
{
    const KeptLines kept = whole_lines(path_, step);
    if (!kept.lines.empty()) {
        last_loss_ = kept.lines.back().loss;
    }
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor_ < 0) {
        refuse(path_, errno);
    }
    if (::ftruncate(descriptor_, static_cast<off_t>(kept.bytes)) != 0 ||
        ::lseek(descriptor_, 0, SEEK_END) < 0) {
        const int reason = errno;
        ::close(descriptor_);
        refuse(path_, reason);
    }
}

LogFile::~LogFile()
{
    ::close(descriptor_);
}

void LogFile::add(const LogLine& line)
{
    const std::string text = to_json(line) + "\n";
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t written = ::write(descriptor_, text.data() + done, text.size() - done);
        if (written < 0 && errno != EINTR) {
            refuse(path_, errno);
        }
        done += written < 0 ? 0 : static_cast<std::size_t>(written);
    }
    last_loss_ = line.loss;
}

void LogFile::sync()
{
    ::fsync(descriptor_);
}

std::vector<LogLine> read_log(const std::filesystem::path& path)
{
    if (!std::filesystem::is_regular_file(path)) {
        throw EngineError(ErrorCode::bad_file, "there is no log of a training run here", path.string());
    }
    return whole_lines(path, std::numeric_limits<std::int64_t>::max()).lines;
}

}  // namespace duodiff
