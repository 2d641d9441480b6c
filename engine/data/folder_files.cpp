// SPDX-License-Identifier: MIT
#include "data/folder_files.h"

#include "base/error.h"
#include "data/image_file.h"
#include "data/input_file.h"

#include <sys/stat.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <system_error>
#include <utility>

namespace duodiff
{
namespace
{

namespace fs = std::filesystem;

constexpr int deepest = 64;

struct Entry {
    fs::path path;
    bool folder = false;
};

std::string lower_case(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
    return text;
}

bool has_image_name(const fs::path& path)
{
    const std::string ending = lower_case(path.extension().string());
    return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
}

/// A JPEG without the usual name is one all the same.
bool is_image(const fs::path& path)
{
    if (has_image_name(path)) {
        return true;
    }
    const FileKind kind = kind_of(first_text(path, kind_bytes));
    return kind == FileKind::png || kind == FileKind::jpeg;
}

class Walk
{
public:
    explicit Walk(const ReadJob& job) : job_(job) {}

    /// What lies in a folder, sorted by name; files that are no images are left out and listed.
    std::vector<Entry> entries(const fs::path& folder)
    {
        std::vector<Entry> found;
        if (!first_visit(folder)) {
            skip(folder, "this folder is read already: a link leads back to it");
            return found;
        }
        std::error_code error;
        fs::directory_iterator at(folder, error);
        for (; !error && at != fs::directory_iterator(); at.increment(error)) {
            if (at->path().filename().string().starts_with('.')) {
                continue;
            }
            add(at->path(), found);
        }
        if (error) {
            skip(folder, "this folder cannot be read: " + error.message());
        }
        std::sort(found.begin(), found.end(),
                  [](const Entry& a, const Entry& b) { return a.path.native() < b.path.native(); });
        return found;
    }

    /// Adds the images among `found` and in the folders among them.
    void collect(const std::vector<Entry>& found, int depth, std::int32_t label,
                 std::vector<FolderFile>& files)
    {
        job_.check_stop();
        for (const Entry& entry : found) {
            if (!entry.folder) {
                files.push_back({entry.path, label});
            } else if (depth == deepest) {
                skip(entry.path, fmt::format("this folder lies more than {} folders deep", deepest));
            } else {
                collect(entries(entry.path), depth + 1, label, files);
            }
        }
    }

    void skip(const fs::path& path, std::string reason) { job_.skip(bad_files_, path, std::move(reason)); }
    std::vector<BadFile> take_bad_files() { return std::move(bad_files_); }

private:
    bool first_visit(const fs::path& folder)
    {
        struct stat status = {};
        // What cannot be examined is refused when it is opened.
        return ::stat(folder.c_str(), &status) != 0 || visited_.insert({status.st_dev, status.st_ino}).second;
    }

    void add(const fs::path& path, std::vector<Entry>& found)
    {
        std::error_code error;
        const fs::file_status status = fs::status(path, error);
        if (fs::is_directory(status)) {
            found.push_back({path, true});
        } else if (!fs::is_regular_file(status)) {
            skip(path, status.type() == fs::file_type::not_found ? "this link leads nowhere"
                       : error ? "it cannot be looked at: " + error.message()
                               : std::string("this is neither a file nor a folder"));
        } else if (is_image(path)) {
            found.push_back({path, false});
        } else {
            skip(path,
                 "it is neither a PNG nor a JPEG image, but " + describe_kind(first_text(path, kind_bytes)));
        }
    }

    const ReadJob& job_;
    std::set<std::pair<dev_t, ino_t>> visited_;
    std::vector<BadFile> bad_files_;
};

bool is_part_name(const fs::path& path)
{
    constexpr std::array names = {"train", "test", "val", "valid", "validation"};
    return std::find(names.begin(), names.end(), lower_case(path.filename().string())) != names.end();
}

/// The folder of a part among those of a set; empty if it is not there.
fs::path part_among(const std::vector<fs::path>& folders, DataSettings::Split split)
{
    const bool train = split == DataSettings::Split::train;
    for (const std::string_view name : {"train", "test", "val", "valid", "validation"}) {
        const auto at = std::find_if(folders.begin(), folders.end(), [name](const fs::path& folder) {
            return lower_case(folder.filename().string()) == name;
        });
        if (at != folders.end() && (name == "train") == train) {
            return *at;
        }
    }
    return {};
}

/// The folder of the part that is asked for; empty if these entries are not the parts of a set.
fs::path chosen_part(const ReadJob& job, const std::vector<Entry>& found)
{
    std::vector<fs::path> folders;
    for (const Entry& entry : found) {
        if (!entry.folder || !is_part_name(entry.path)) {
            return {};
        }
        folders.push_back(entry.path);
    }
    const fs::path part = part_among(folders, job.settings.split);
    if (part.empty() && !folders.empty()) {
        const bool train = job.settings.split == DataSettings::Split::train;
        throw EngineError(
            ErrorCode::bad_file,
            fmt::format("it has no folder with the {} part of the data", train ? "train" : "test"),
            job.settings.path.string(), "Name the folder to be read itself.");
    }
    return part;
}

}  // namespace

bool has_image_part(const fs::path& path, DataSettings::Split split)
{
    std::vector<fs::path> folders;
    std::error_code error;
    for (fs::directory_iterator at(path, error); !error && at != fs::directory_iterator();
         at.increment(error)) {
        if (at->path().filename().string().starts_with('.')) {
            continue;
        }
        std::error_code ignored;
        if (at->is_directory(ignored) && is_part_name(at->path())) {
            folders.push_back(at->path());
        } else if (at->is_directory(ignored) || is_image(at->path())) {
            return false;
        }
    }
    return !part_among(folders, split).empty();
}

FolderFiles find_images(const ReadJob& job)
{
    Walk walk(job);
    std::vector<Entry> top = walk.entries(job.settings.path);
    if (const fs::path part = chosen_part(job, top); !part.empty()) {
        top = walk.entries(part);
    }
    FolderFiles result;
    for (const Entry& entry : top) {
        if (!entry.folder) {
            continue;
        }
        const auto label = static_cast<std::int32_t>(result.class_names.size());
        const std::size_t before = result.files.size();
        walk.collect(walk.entries(entry.path), 1, label, result.files);
        if (result.files.size() > before) {
            result.class_names.push_back(entry.path.filename().string());
        } else {
            walk.skip(entry.path, "there is no image in this folder");
        }
    }
    for (const Entry& entry : top) {
        if (!entry.folder && result.class_names.empty()) {
            result.files.push_back({entry.path, -1});
        } else if (!entry.folder) {
            walk.skip(entry.path, "it belongs to no class, for it lies beside the folders of the classes");
        }
    }
    result.bad_files = walk.take_bad_files();
    return result;
}

}  // namespace duodiff
