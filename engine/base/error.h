// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace duodiff
{

enum class ErrorCode {
    failed,         ///< something went wrong in the work itself
    usage,          ///< the caller asked for something that makes no sense
    bad_file,       ///< missing, damaged or not of the expected kind
    out_of_memory,  ///< host or device
    cancelled,      ///< not an error: the work was asked to stop
};

/// The command line's exit status for `code` (0 is success; 130 for cancelled).
int exit_status(ErrorCode code);

/// An error as a value, for the thread line: what happened, where, and what to do about it.
struct Failure {
    ErrorCode code = ErrorCode::failed;
    std::string what;    ///< one sentence, no final stop needed
    std::string where;   ///< file, tensor, option or step it happened at; may be empty
    std::string remedy;  ///< what the person can do; may be empty

    /// "where: what" and, on a second line, the remedy.
    std::string text() const;
    bool operator==(const Failure&) const = default;
};

/// The only exception that leaves the engine.
class EngineError : public std::exception
{
public:
    explicit EngineError(Failure failure);
    EngineError(ErrorCode code, std::string what, std::string where = {}, std::string remedy = {});

    const Failure& failure() const { return failure_; }
    ErrorCode code() const { return failure_.code; }
    const char* what() const noexcept override { return text_.c_str(); }

private:
    Failure failure_;
    std::string text_;
};

/// Turns whatever is being handled (LibTorch's errors, bad_alloc, ...) into a Failure, without any
/// C++ stack frames in its text. Call inside a catch block.
Failure current_failure(std::string_view where = {});

}  // namespace duodiff
