// SPDX-License-Identifier: GPL-3.0-or-later
#include "run_folder.h"

#include "values.h"

#include "report/html_report.h"
#include "report/image_metadata.h"
#include "report/run_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace duodiff::cli
{
namespace
{

bool is_number(std::string_view text)
{
    return text.size() >= 4 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_image_file(const std::filesystem::path& path)
{
    return path.extension() == ".png" && is_number(path.stem().string());
}

bool is_step_folder(const std::filesystem::path& path)
{
    const std::string name = path.filename().string();
    return name.starts_with("step-") && is_number(std::string_view(name).substr(5));
}

bool is_run_file(const std::filesystem::path& path)
{
    const std::string name = path.filename().string();
    return name == "run.json" || name == "grid.png" || name == "steps.csv" || name == "report.html" ||
           is_image_file(path);
}

/// Listed first, so that removing does not disturb the walk.
std::vector<std::filesystem::path> entries(const std::filesystem::path& folder)
{
    std::vector<std::filesystem::path> found;
    std::error_code error;
    for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
        found.push_back(at->path());
    }
    return found;
}

void remove_images(const std::filesystem::path& folder)
{
    std::error_code ignored;
    for (const auto& file : entries(folder)) {
        if (is_image_file(file)) {
            std::filesystem::remove(file, ignored);
        }
    }
    std::filesystem::remove(folder, ignored);
}

void make_folder(const std::filesystem::path& folder)
{
    std::error_code error;
    if (std::filesystem::exists(folder, error) && !std::filesystem::is_directory(folder, error)) {
        throw EngineError(ErrorCode::bad_file, "this is a file, not a folder",
                          fmt::format("--out {}", folder.string()), "Give the name of a folder.");
    }
    std::filesystem::create_directories(folder, error);
    if (error) {
        throw EngineError(ErrorCode::failed,
                          fmt::format("the folder cannot be made ({})", one_line(error.message())),
                          fmt::format("--out {}", folder.string()), "Choose another folder.");
    }
    if (access(folder.c_str(), W_OK | X_OK) != 0) {
        throw EngineError(ErrorCode::failed,
                          fmt::format("the folder cannot be written to ({})", std::strerror(errno)),
                          fmt::format("--out {}", folder.string()), "Choose another folder.");
    }
}

}  // namespace

KeptImage kept_image(const FinishedImage& image)
{
    return {image.index, image.seed, image.label, to_image8(image)};
}

RunFolder::RunFolder(std::filesystem::path folder) : folder_(std::move(folder))
{
    make_folder(folder_);
}

std::string RunFolder::image_name(int index)
{
    return fmt::format("{:04}.png", index);
}

std::string RunFolder::step_name(int t)
{
    return fmt::format("step-{:04}", t);
}

void RunFolder::remove_earlier_run() const
{
    std::error_code ignored;
    for (const auto& path : entries(folder_)) {
        if (is_run_file(path)) {
            std::filesystem::remove(path, ignored);
        } else if (is_step_folder(path)) {
            remove_images(path);
        }
    }
}

void RunFolder::write(RunRecord& record, const std::vector<KeptImage>& images,
                      const std::vector<SavedState>& saved) const
{
    remove_earlier_run();
    record.images.clear();
    for (const KeptImage& image : images) {
        record.images.push_back({image.index, image.seed, image.label, image_name(image.index)});
    }
    std::vector<Image8> pictures;
    for (const KeptImage& image : images) {
        write_image(folder_ / image_name(image.index), image.picture, record, image.index);
        pictures.push_back(image.picture);
    }
    Image8 grid;
    if (!pictures.empty()) {
        grid = compose_grid(pictures);
        write_image(folder_ / "grid.png", grid, record, -1);
    }
    for (const SavedState& state : saved) {
        const std::filesystem::path step = folder_ / step_name(state.t);
        std::error_code ignored;
        std::filesystem::create_directory(step, ignored);
        write_clean_image(step / image_name(state.image),
                          to_image8(state.pixels, state.channels, state.height, state.width));
    }
    write_run_file(folder_ / "run.json", record);
    write_steps_csv(folder_ / "steps.csv", record);
    const ReportedRun reported{&record, pictures.empty() ? nullptr : &grid, {}};
    write_html_report(folder_ / "report.html", {&reported, 1});
}

}  // namespace duodiff::cli
