// SPDX-License-Identifier: MIT
#include "data/fit_image.h"
#include "data/folder_files.h"
#include "data/image_file.h"
#include "data/parallel_items.h"
#include "data/readers.h"

#include "base/error.h"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace duodiff
{
namespace
{

namespace fs = std::filesystem;

/// Why this image cannot be used although it can be read.
std::optional<std::string> misfit(const DataSettings& settings, const ImageShape& shape, const Image8& image)
{
    if (settings.img_size == 0 && (image.width != shape.side || image.height != shape.side)) {
        return fmt::format("it has {} x {} pixels, others {} x {}; with an img_size it would be resized",
                           image.width, image.height, shape.side, shape.side);
    }
    return std::nullopt;
}

/// From the first image that can be used.
ImageShape find_shape(const ReadJob& job, const std::vector<FolderFile>& files)
{
    const DataSettings& settings = job.settings;
    if (settings.img_size != 0 && settings.channels != 0) {
        return image_shape(settings, 0, 0, 0);
    }
    std::optional<EngineError> first_error;
    for (const FolderFile& file : files) {
        job.check_stop();
        try {
            const Image8 image = read_image(file.path);
            return image_shape(settings, image.width, image.height, image.channels);
        } catch (const EngineError& error) {
            if (error.code() == ErrorCode::out_of_memory || settings.strict) {
                throw;
            }
            first_error = first_error ? first_error : error;
        }
    }
    throw EngineError(first_error->code(),
                      fmt::format("none of its {} images can be used; the first: {}", files.size(),
                                  first_error->failure().what),
                      first_error->failure().where, first_error->failure().remedy);
}

FolderFiles files_within_limit(const ReadJob& job)
{
    FolderFiles found = find_images(job);
    if (found.files.empty()) {
        const std::string first =
            found.bad_files.empty() ? std::string()
                                    : fmt::format("; left out: {}, the first: {}: {}", found.bad_files.size(),
                                                  found.bad_files[0].file, found.bad_files[0].reason);
        throw EngineError(ErrorCode::bad_file, "there is no PNG or JPEG image in this folder" + first,
                          job.settings.path.string(),
                          "Give a folder with images, or with one folder of images a class.");
    }
    std::vector<std::int32_t> labels;
    for (const FolderFile& file : found.files) {
        labels.push_back(file.label);
    }
    const auto kept = within_limit(found.class_names.empty() ? std::span<const std::int32_t>() : labels,
                                   static_cast<std::int64_t>(labels.size()), job.settings.limit);
    std::size_t next = 0;
    for (std::size_t i = 0; i < kept.size(); ++i) {
        if (kept[i] != 0) {
            std::swap(found.files[next++], found.files[i]);
        }
    }
    found.files.resize(next);
    return found;
}

/// Decodes the files into their places; the reasons of those that are left out, by number.
std::map<std::int64_t, std::string> decode_all(const ReadJob& job, const std::vector<FolderFile>& files,
                                               const ImageShape& shape, std::vector<std::byte>& values)
{
    const auto width = static_cast<std::size_t>(shape.bytes());
    auto* out = reinterpret_cast<std::uint8_t*>(values.data());
    std::mutex mutex;
    std::map<std::int64_t, std::string> reasons;
    for_each_item(job, static_cast<std::int64_t>(files.size()), [&](std::int64_t item) {
        const auto at = static_cast<std::size_t>(item);
        std::optional<std::string> reason;
        try {
            const Image8 image = read_image(files[at].path);
            reason = misfit(job.settings, shape, image);
            if (!reason) {
                fit_image(image, shape.channels, shape.side, {out + at * width, width});
            }
        } catch (const EngineError& error) {
            if (error.code() != ErrorCode::bad_file) {
                throw;
            }
            reason = error.failure().what;
        }
        if (reason && job.settings.strict) {
            std::vector<BadFile> none;
            job.skip(none, files[at].path, *reason);
        }
        if (reason) {
            const std::lock_guard lock(mutex);
            reasons.emplace(item, std::move(*reason));
        }
    });
    return reasons;
}

}  // namespace

Examples read_image_folder(const ReadJob& job)
{
    FolderFiles found = files_within_limit(job);
    const std::vector<FolderFile>& files = found.files;
    const ImageShape shape = find_shape(job, files);
    Examples examples;
    examples.count = static_cast<std::int64_t>(files.size());
    examples.channels = shape.channels;
    examples.side = shape.side;
    examples.class_names = std::move(found.class_names);
    examples.bad_files = std::move(found.bad_files);
    require_data_memory(examples.count, shape.bytes(), job.settings.path);
    examples.values.resize(static_cast<std::size_t>(examples.count * shape.bytes()));
    std::vector<std::uint8_t> kept(files.size(), 1);
    for (auto& [number, reason] : decode_all(job, files, shape, examples.values)) {
        kept[static_cast<std::size_t>(number)] = 0;
        job.skip(examples.bad_files, files[static_cast<std::size_t>(number)].path, std::move(reason));
    }
    if (!examples.class_names.empty()) {
        for (const FolderFile& file : files) {
            examples.labels.push_back(file.label);
        }
    }
    keep_only(examples, kept);
    require_examples(job, examples);
    return examples;
}

}  // namespace duodiff
