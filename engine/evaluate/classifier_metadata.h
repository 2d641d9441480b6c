// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"
#include "checkpoint/checkpoint.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

namespace duodiff
{

[[noreturn]] inline void refuse_classifier(const std::filesystem::path& path, std::string what)
{
    throw EngineError(ErrorCode::bad_file, std::move(what), path.string(),
                      "Give a classifier that 'duodiff train' has made, or Inception weights.");
}

/// What a classifier's file, or that of its training, says beside its tensors. Throws EngineError(bad_file)
/// for what is missing or out of its range.
class ClassifierMetadata
{
public:
    explicit ClassifierMetadata(const Checkpoint& file) : file_(file) {}

    std::string text(const char* key) const
    {
        const auto found = file_.metadata.find(key);
        if (found == file_.metadata.end()) {
            refuse_classifier(file_.path, fmt::format("the classifier's file does not say its {}", key));
        }
        return found->second;
    }
    template <class Number>
    Number number(const char* key, Number least, Number most) const
    {
        const std::string value = text(key);
        Number result{};
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), result);
        if (error != std::errc() || end != value.data() + value.size() ||
            !(result >= least && result <= most)) {
            refuse_classifier(file_.path, fmt::format("the classifier's {} is damaged", key));
        }
        return result;
    }

private:
    const Checkpoint& file_;
};

}  // namespace duodiff
