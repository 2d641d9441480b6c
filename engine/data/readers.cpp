// SPDX-License-Identifier: MIT
#include "data/readers.h"

#include "base/error.h"
#include "base/process_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace duodiff
{

void ReadJob::check_stop() const
{
    if (stop.stop_requested()) {
        throw EngineError(ErrorCode::cancelled, "reading the data was stopped", settings.path.string());
    }
}

void ReadJob::skip(std::vector<BadFile>& list, std::string file, std::string reason) const
{
    if (settings.strict) {
        throw EngineError(ErrorCode::bad_file, std::move(reason), std::move(file),
                          "Repair or remove it, or read the data without strict checks, which skip it.");
    }
    list.push_back({std::move(file), std::move(reason)});
}

void require_data_memory(std::int64_t count, std::int64_t bytes_an_example, const std::filesystem::path& path)
{
    const double needed = static_cast<double>(count) * static_cast<double>(bytes_an_example);
    const auto available = static_cast<double>(available_memory());
    // Some room is left for the system and for the program itself.
    constexpr double usable = 0.9;
    if (available > 0.0 && needed > usable * available) {
        throw EngineError(
            ErrorCode::out_of_memory,
            fmt::format("{} examples of {} bytes need {:.2f} GB of memory, and {:.2f} GB are free", count,
                        bytes_an_example, needed / 1e9, available / 1e9),
            path.string(), "Use a smaller img_size, or only so many examples of each class (limit).");
    }
}

std::vector<std::uint8_t> within_limit(std::span<const std::int32_t> labels, std::int64_t count,
                                       std::int64_t limit)
{
    std::vector<std::uint8_t> kept(static_cast<std::size_t>(count), 1);
    if (limit == 0) {
        return kept;
    }
    std::vector<std::int64_t> seen(1, 0);
    for (std::size_t i = 0; i < kept.size(); ++i) {
        const auto label = labels.empty() ? 0 : static_cast<std::size_t>(labels[i]);
        seen.resize(std::max(seen.size(), label + 1), 0);
        kept[i] = seen[label]++ < limit ? 1 : 0;
    }
    return kept;
}

ImageShape image_shape(const DataSettings& settings, int width, int height, int channels)
{
    if (settings.img_size == 0 && width != height) {
        throw EngineError(ErrorCode::usage,
                          fmt::format("the images are {} pixels wide and {} high, and training needs squares",
                                      width, height),
                          settings.path.string(), "Set img_size: then their central squares are cut out.");
    }
    return {settings.channels != 0 ? settings.channels : std::min(channels, 3),
            settings.img_size != 0 ? settings.img_size : width};
}

std::vector<std::string> numbered_classes(std::int64_t count)
{
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < count; ++i) {
        names.push_back(std::to_string(i));
    }
    return names;
}

}  // namespace duodiff
