// SPDX-License-Identifier: MIT
// CIFAR-10's binary version: records of one label byte and 3 x 32 x 32 pixels, plane after plane.
#include "data/fit_image.h"
#include "data/input_file.h"
#include "data/readers.h"

#include "base/error.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

namespace duodiff
{
namespace
{

namespace fs = std::filesystem;

constexpr std::int64_t side = 32;
constexpr std::size_t plane = 32 * 32;
constexpr std::size_t record_bytes = 1 + 3 * plane;
constexpr std::size_t class_count = 10;
constexpr std::array class_names = {"airplane", "automobile", "bird",  "cat",  "deer",
                                    "dog",      "frog",       "horse", "ship", "truck"};

std::vector<std::string> names_of(DataSettings::Split split)
{
    if (split == DataSettings::Split::test) {
        return {"test_batch.bin"};
    }
    std::vector<std::string> names;
    for (int i = 1; i <= 5; ++i) {
        names.push_back(fmt::format("data_batch_{}.bin", i));
    }
    return names;
}

bool holds(const fs::path& folder, DataSettings::Split split)
{
    std::error_code ignored;
    for (const std::string& name : names_of(split)) {
        if (fs::is_regular_file(folder / name, ignored)) {
            return true;
        }
    }
    return false;
}

/// The folder itself or the one that the archive unpacks to.
std::optional<fs::path> batches_folder(const fs::path& path)
{
    for (const fs::path& folder : {path, path / "cifar-10-batches-bin"}) {
        if (holds(folder, DataSettings::Split::train) || holds(folder, DataSettings::Split::test)) {
            return folder;
        }
    }
    return std::nullopt;
}

/// The file's ten names, or the set's own where there is no such file or it is not as it should be.
std::vector<std::string> read_names(const fs::path& path)
{
    constexpr std::size_t longest = 100;
    std::vector<std::string> names;
    std::ifstream file(path);
    std::array<char, longest> line{};
    while (names.size() <= class_count && file.getline(line.data(), line.size())) {
        std::string name(line.data());
        while (name.ends_with('\r') || name.ends_with(' ')) {
            name.pop_back();
        }
        if (!name.empty()) {
            names.push_back(std::move(name));
        }
    }
    return names.size() == class_count ? names
                                       : std::vector<std::string>(class_names.begin(), class_names.end());
}

struct BatchFile {
    fs::path path;
    std::int64_t records = 0;
};

std::vector<BatchFile> find_batches(const ReadJob& job, const fs::path& folder,
                                    std::vector<BadFile>& bad_files)
{
    std::vector<BatchFile> batches;
    for (const std::string& name : names_of(job.settings.split)) {
        const fs::path path = folder / name;
        std::error_code error;
        const bool there = fs::is_regular_file(path, error);
        const std::uintmax_t size = there ? fs::file_size(path, error) : 0;
        if (!there || error) {
            job.skip(bad_files, path, "the file is missing");
            continue;
        }
        if (size % record_bytes != 0 || size == 0) {
            job.skip(
                bad_files, path,
                fmt::format(
                    "its {} bytes are no whole number of records of {}: it is cut off or of another kind",
                    size, record_bytes));
        }
        batches.push_back({path, static_cast<std::int64_t>(size / record_bytes)});
    }
    return batches;
}

/// Reads records one by one and keeps those that are wanted.
class Records
{
public:
    Records(const ReadJob& job, const ImageShape& shape, Examples& examples)
        : job_(job), shape_(shape), examples_(examples)
    {
        image_.width = side;
        image_.height = side;
        image_.channels = 3;
        image_.pixels.resize(3 * plane);
    }

    void read(InputFile& file, std::int64_t number)
    {
        file.read(std::as_writable_bytes(std::span(record_)));
        const std::size_t label = record_[0];
        if (label >= class_count) {
            job_.skip(examples_.bad_files, file.path().string() + fmt::format(", record {}", number),
                      fmt::format("its class is {}, and there are {}", label, class_count));
            return;
        }
        if (job_.settings.limit != 0 && seen_[label] == job_.settings.limit) {
            return;
        }
        ++seen_[label];
        append(static_cast<std::int32_t>(label));
    }

private:
    void append(std::int32_t label)
    {
        for (std::size_t pixel = 0; pixel < plane; ++pixel) {
            for (std::size_t channel = 0; channel < 3; ++channel) {
                image_.pixels[3 * pixel + channel] = record_[1 + channel * plane + pixel];
            }
        }
        const auto width = static_cast<std::size_t>(shape_.bytes());
        const std::size_t at = examples_.labels.size() * width;
        fit_image(image_, shape_.channels, shape_.side,
                  {reinterpret_cast<std::uint8_t*>(examples_.values.data()) + at, width});
        examples_.labels.push_back(label);
    }

    const ReadJob& job_;
    ImageShape shape_;
    Examples& examples_;
    std::array<std::uint8_t, record_bytes> record_{};
    std::array<std::int64_t, class_count> seen_{};
    Image8 image_;
};

}  // namespace

bool is_cifar10(const fs::path& path)
{
    return batches_folder(path).has_value();
}

bool has_cifar10_part(const fs::path& path, DataSettings::Split split)
{
    const auto folder = batches_folder(path);
    return folder && holds(*folder, split);
}

Examples read_cifar10(const ReadJob& job)
{
    const auto folder = batches_folder(job.settings.path);
    if (!folder || !holds(*folder, job.settings.split)) {
        throw EngineError(
            ErrorCode::bad_file, "there is no " + names_of(job.settings.split).front() + " here",
            job.settings.path.string(), "Give the folder that CIFAR-10's binary version unpacks to.");
    }
    Examples examples;
    const std::vector<BatchFile> batches = find_batches(job, *folder, examples.bad_files);
    std::int64_t total = 0;
    for (const BatchFile& batch : batches) {
        total += batch.records;
    }
    const std::int64_t most =
        job.settings.limit == 0
            ? total
            : std::min<std::int64_t>(total, std::min(job.settings.limit, total) * class_count);
    const ImageShape shape = image_shape(job.settings, side, side, 3);
    require_data_memory(most, shape.bytes(), *folder);
    examples.channels = shape.channels;
    examples.side = shape.side;
    examples.class_names = read_names(*folder / "batches.meta.txt");
    examples.values.resize(static_cast<std::size_t>(most * shape.bytes()));

    Records records(job, shape, examples);
    std::int64_t done = 0;
    for (const BatchFile& batch : batches) {
        InputFile file(batch.path);
        for (std::int64_t i = 0; i < batch.records; ++i, ++done) {
            records.read(file, i);
            constexpr std::int64_t often = 256;
            if (done % often == 0) {
                job.check_stop();
                job.report(done, total);
            }
        }
    }
    job.report(total, total);
    examples.count = static_cast<std::int64_t>(examples.labels.size());
    examples.values.resize(static_cast<std::size_t>(examples.count * shape.bytes()));
    require_examples(job, examples);
    return examples;
}

}  // namespace duodiff
