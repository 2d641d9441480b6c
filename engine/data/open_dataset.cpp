// SPDX-License-Identifier: MIT
#include "data/data_parts.h"
#include "data/dataset.h"
#include "data/image_file.h"
#include "data/input_file.h"
#include "data/readers.h"

#include "base/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

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

using Format = DataSettings::Format;

/// "3 folders, 12 files (8 .npz, 4 .txt)": what somebody who named the wrong folder needs to see.
std::string contents_of(const fs::path& folder)
{
    int folders = 0;
    int files = 0;
    std::map<std::string, int> endings;
    std::error_code error;
    for (fs::directory_iterator at(folder, error); !error && at != fs::directory_iterator();
         at.increment(error)) {
        std::error_code ignored;
        if (at->is_directory(ignored)) {
            ++folders;
        } else {
            ++files;
            ++endings[at->path().extension().string()];
        }
    }
    if (error) {
        return "it cannot be read: " + error.message();
    }
    std::vector<std::pair<std::string, int>> by_count(endings.begin(), endings.end());
    std::stable_sort(by_count.begin(), by_count.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    constexpr std::size_t named = 4;
    std::string list;
    for (std::size_t i = 0; i < std::min(by_count.size(), named); ++i) {
        list += fmt::format("{}{} {}", i == 0 ? " (" : ", ", by_count[i].second,
                            by_count[i].first.empty() ? "without ending" : by_count[i].first);
    }
    return fmt::format("it holds {} folders and {} files{}{}", folders, files, list, list.empty() ? "" : ")");
}

bool has_file(const fs::path& folder, const char* name)
{
    std::error_code ignored;
    return fs::exists(folder / name, ignored);
}

[[noreturn]] void refuse_folder(const fs::path& folder, const EngineError& no_images)
{
    std::string remedy =
        "Give a folder of PNG or JPEG images (a folder a class), of CIFAR-10's binary files, of IDX files, "
        "or a "
        "safetensors file with latents.";
    if (has_file(folder, "data_batch_1") || has_file(folder, "test_batch")) {
        remedy = "This is CIFAR-10's Python version: download the binary version.";
    } else if (has_file(folder, "train.bin") && has_file(folder, "fine_label_names.txt")) {
        remedy = "This is CIFAR-100, which is not read: unpack it to a folder of images a class.";
    }
    throw EngineError(ErrorCode::bad_file,
                      fmt::format("{}; {}", no_images.failure().what, contents_of(folder)), folder.string(),
                      remedy);
}

/// Images are what everything else is not, so that their reader says what is wrong.
Examples read_unknown_folder(const ReadJob& job)
{
    try {
        return read_image_folder(job);
    } catch (const EngineError& error) {
        if (error.code() != ErrorCode::bad_file || error.failure().where != job.settings.path.string()) {
            throw;
        }
        refuse_folder(job.settings.path, error);
    }
}

[[noreturn]] void refuse_file(const fs::path& path)
{
    const std::string start = first_text(path, kind_bytes);
    const FileKind kind = kind_of(start);
    std::string remedy =
        "Give a folder of images, of CIFAR-10's binary files, of IDX files, or a safetensors file "
        "with latents.";
    if (kind == FileKind::png || kind == FileKind::jpeg) {
        remedy = "Give the folder of the images.";
    } else if (kind != FileKind::other) {
        remedy = "Unpack it, and give the folder that it unpacks to.";
    } else if (is_cifar10(path.parent_path())) {
        remedy = "Give the folder of CIFAR-10's binary files, not one of them.";
    }
    throw EngineError(ErrorCode::bad_file,
                      "this is no data set that can be read, but " + describe_kind(start), path.string(),
                      remedy);
}

Format format_of(const fs::path& path)
{
    std::error_code ignored;
    const bool folder = fs::is_directory(path, ignored);
    if (is_idx(path)) {
        return Format::idx;
    }
    if (folder) {
        return is_cifar10(path) ? Format::cifar10 : Format::automatic;
    }
    if (kind_of(first_text(path, kind_bytes)) == FileKind::safetensors) {
        return Format::latents;
    }
    refuse_file(path);
}

Examples read_examples(const ReadJob& job)
{
    const Format asked = job.settings.format;
    switch (asked == Format::automatic ? format_of(job.settings.path) : asked) {
        case Format::idx:
            return read_idx(job);
        case Format::cifar10:
            return read_cifar10(job);
        case Format::latents:
            return read_latents(job);
        case Format::image_folder:
            return read_image_folder(job);
        case Format::automatic:
            break;
    }
    return read_unknown_folder(job);
}

}  // namespace

std::shared_ptr<const Dataset> open_dataset(const DataSettings& settings, const DataProgress& progress,
                                            std::stop_token stop)
{
    check(settings);
    return std::make_shared<const Dataset>(read_examples({settings, progress, std::move(stop)}));
}

bool has_part(const DataSettings& settings)
{
    const fs::path& path = settings.path;
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) {
        return false;
    }
    const bool automatic = settings.format == Format::automatic;
    if (settings.format == Format::idx || (automatic && is_idx(path))) {
        return has_idx_part(path, settings.split);
    }
    if (settings.format == Format::cifar10 || (automatic && is_cifar10(path))) {
        return has_cifar10_part(path, settings.split);
    }
    return settings.format != Format::latents && has_image_part(path, settings.split);
}

}  // namespace duodiff
