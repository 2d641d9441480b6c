// SPDX-License-Identifier: MIT
#include "data/readers.h"

#include "base/error.h"
#include "base/process_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace duodiff
{

void ReadJob::check_stop() const
{
    if (stop.stop_requested()) {
        throw EngineError(ErrorCode::cancelled, "reading the data was stopped", settings.path.string());
    }
}

void ReadJob::skip(std::vector<BadFile>& list, const std::filesystem::path& file, std::string reason) const
{
    if (settings.strict) {
        throw EngineError(ErrorCode::bad_file, std::move(reason), file.string(),
                          "Repair or remove it, or read the data without strict checks, which skip it.");
    }
    const std::filesystem::path within = file.lexically_relative(settings.path);
    const bool inside = !within.empty() && within != "." && !within.native().starts_with("..");
    list.push_back({inside ? within.string() : file.string(), std::move(reason)});
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
    if (settings.channels != 0 && settings.channels != 1 && settings.channels != 3) {
        throw EngineError(ErrorCode::usage,
                          fmt::format("images of {} channels are asked for", settings.channels),
                          settings.path.string(), "Use 1, 3, or 0 for what the files have.");
    }
    if (settings.img_size == 0 && width != height) {
        throw EngineError(ErrorCode::usage,
                          fmt::format("the images are {} pixels wide and {} high, and training needs squares",
                                      width, height),
                          settings.path.string(), "Set img_size: then their central squares are cut out.");
    }
    return {settings.channels != 0 ? settings.channels : std::min(channels, 3),
            settings.img_size != 0 ? settings.img_size : width};
}

void keep_only(Examples& examples, std::span<const std::uint8_t> kept)
{
    const std::size_t bytes = examples.values.size() / kept.size();
    std::size_t next = 0;
    for (std::size_t i = 0; i < kept.size(); ++i) {
        if (kept[i] == 0) {
            continue;
        }
        if (next != i) {
            std::memmove(examples.values.data() + next * bytes, examples.values.data() + i * bytes, bytes);
        }
        if (!examples.labels.empty()) {
            examples.labels[next] = examples.labels[i];
        }
        ++next;
    }
    examples.count = static_cast<std::int64_t>(next);
    examples.values.resize(next * bytes);
    examples.labels.resize(examples.labels.empty() ? 0 : next);
}

void require_examples(const ReadJob& job, const Examples& examples)
{
    if (examples.count > 0) {
        return;
    }
    std::string what = "no example can be used";
    if (!examples.bad_files.empty()) {
        what += fmt::format(": {} left out, the first, {}: {}", examples.bad_files.size(),
                            examples.bad_files.front().file, examples.bad_files.front().reason);
    }
    throw EngineError(ErrorCode::bad_file, what, job.settings.path.string(),
                      "Check that these are the data that were meant.");
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
