// SPDX-License-Identifier: MIT
#pragma once

#include "train/log_window.h"

#include <cstdint>
#include <filesystem>

namespace duodiff
{

/// log.jsonl of a run: one object a line, only ever added to. A resumed run begins it where its checkpoint
/// was written, so that no step is in it twice.
class LogFile
{
public:
    /// Keeps the lines up to and with `step`, and drops what is behind or cut off.
    LogFile(const std::filesystem::path& path, std::int64_t step);
    ~LogFile();
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;

    void add(const LogLine& line);
    /// Everything added is on the disk when this returns.
    void sync();
    /// Loss of the last line; NaN where there is none.
    double last_loss() const { return last_loss_; }

private:
    std::filesystem::path path_;
    int descriptor_ = -1;
    double last_loss_;
};

/// The lines of a log; a cut-off last one is left out. Throws EngineError(bad_file).
std::vector<LogLine> read_log(const std::filesystem::path& path);

}  // namespace duodiff
