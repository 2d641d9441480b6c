// SPDX-License-Identifier: MIT
#include "base/error.h"

#include <filesystem>
#include <new>
#include <string>
#include <typeinfo>
#include <utility>

namespace duodiff
{
namespace
{

constexpr std::size_t longest_text = 240;

/// LibTorch appends its C++ stack after the first line and puts source places in front of it.
std::string one_clear_line(std::string_view text)
{
    for (std::string_view mark : {"\n", "Exception raised from", "frame #"}) {
        text = text.substr(0, text.find(mark));
    }
    if (text.starts_with("[enforce fail at ")) {
        const std::size_t end = text.find("] ");
        text = end == std::string_view::npos ? text : text.substr(end + 2);
        const std::size_t condition = text.find(". ");
        text = condition == std::string_view::npos ? text : text.substr(condition + 2);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '.' || text.back() == '\r')) {
        text.remove_suffix(1);
    }
    std::string line(text.substr(0, longest_text));
    if (text.size() > longest_text) {
        line += "...";
    }
    return line.empty() ? "an error without a description" : line;
}

bool tells_of_memory(std::string_view type, std::string_view text)
{
    if (type.find("OutOfMemoryError") != std::string_view::npos) {
        return true;
    }
    for (std::string_view mark :
         {"DefaultCPUAllocator: can't allocate memory", "DefaultCPUAllocator: not enough memory",
          "out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "std::bad_alloc"}) {
        if (text.find(mark) != std::string_view::npos) {
            return true;
        }
    }
    return false;
}

Failure memory_failure(std::string what, std::string_view where)
{
    return {ErrorCode::out_of_memory, std::move(what), std::string(where),
            "Use a smaller batch, or close other programs that need much memory."};
}

}  // namespace

int exit_status(ErrorCode code)
{
    switch (code) {
        case ErrorCode::failed:
            return 1;
        case ErrorCode::usage:
            return 2;
        case ErrorCode::bad_file:
            return 3;
        case ErrorCode::out_of_memory:
            return 4;
        case ErrorCode::cancelled:
            return 130;
    }
    return 1;
}

std::string Failure::text() const
{
    std::string all = where.empty() ? what : where + ": " + what;
    if (!remedy.empty()) {
        all += "\n" + remedy;
    }
    return all;
}

EngineError::EngineError(Failure failure) : failure_(std::move(failure)), text_(failure_.text()) {}

EngineError::EngineError(ErrorCode code, std::string what, std::string where, std::string remedy)
    : EngineError(Failure{code, std::move(what), std::move(where), std::move(remedy)})
{
}

Failure current_failure(std::string_view where)
{
    try {
        throw;
    } catch (const EngineError& error) {
        Failure failure = error.failure();
        if (failure.where.empty()) {
            failure.where = where;
        }
        return failure;
    } catch (const std::bad_alloc&) {
        return memory_failure("there is not enough memory", where);
    } catch (const std::filesystem::filesystem_error& error) {
        const std::string place = error.path1().empty() ? std::string(where) : error.path1().string();
        return {ErrorCode::bad_file, one_clear_line(error.code().message()), place, {}};
    } catch (const std::exception& error) {
        const std::string_view text = error.what();
        if (tells_of_memory(typeid(error).name(), text)) {
            return memory_failure("there is not enough memory: " + one_clear_line(text), where);
        }
        return {ErrorCode::failed, one_clear_line(text), std::string(where), {}};
    } catch (...) {
        return {ErrorCode::failed, "an error of an unknown kind", std::string(where), {}};
    }
}

}  // namespace duodiff
