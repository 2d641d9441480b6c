// SPDX-License-Identifier: MIT
#include "data/dataset.h"
#include "data/readers.h"

#include "base/error.h"

#include <fmt/format.h>

#include <system_error>
#include <utility>

namespace duodiff
{
namespace
{

namespace fs = std::filesystem;

void check(const DataSettings& settings)
{
    constexpr std::int64_t largest_side = 4096;
    const auto refuse = [&](std::string what, std::string remedy) {
        throw EngineError(ErrorCode::usage, std::move(what), settings.path.string(), std::move(remedy));
    };
    if (settings.img_size < 0 || settings.img_size > largest_side) {
        refuse(fmt::format("img_size is {}", settings.img_size),
               fmt::format("Use 1 to {}, or 0.", largest_side));
    }
    if (settings.limit < 0 || settings.threads < 1) {
        refuse(fmt::format("limit is {} and threads {}", settings.limit, settings.threads),
               "limit is 0 or more, threads 1 or more.");
    }
    std::error_code error;
    if (!fs::exists(settings.path, error)) {
        throw EngineError(
            ErrorCode::bad_file,
            error ? "it cannot be looked at: " + error.message() : "there is no such file or folder",
            settings.path.string(), "Check the spelling of the path.");
    }
}

Examples read_examples(const ReadJob& job)
{
    if (is_idx(job.settings.path)) {
        return read_idx(job);
    }
    throw EngineError(ErrorCode::bad_file, "no data that can be read were found", job.settings.path.string());
}

}  // namespace

std::shared_ptr<const Dataset> open_dataset(const DataSettings& settings, const DataProgress& progress,
                                            std::stop_token stop)
{
    check(settings);
    return std::make_shared<const Dataset>(read_examples({settings, progress, std::move(stop)}));
}

}  // namespace duodiff
