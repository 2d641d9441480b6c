// SPDX-License-Identifier: MIT
// The IDX format of the MNIST family: a magic number, big-endian sizes, then bytes.
#include "data/fit_image.h"
#include "data/input_file.h"
#include "data/readers.h"

#include "base/error.h"
#include "base/hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <system_error>

namespace duodiff
{
namespace
{

namespace fs = std::filesystem;

constexpr std::uint32_t images_magic = 0x00000803;  // unsigned bytes, three dimensions
constexpr std::uint32_t labels_magic = 0x00000801;
constexpr std::uint32_t largest_side = 16384;

/// SHA-256 of the label bytes of both parts of Fashion-MNIST.
constexpr std::array fashion_mnist_labels = {
    std::string_view("657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7"),
    std::string_view("3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9")};

bool is_file(const fs::path& path)
{
    std::error_code ignored;
    return fs::is_regular_file(path, ignored);
}

/// The file or its packed form, whichever is there.
std::optional<fs::path> plain_or_packed(const fs::path& path)
{
    for (const char* ending : {"", ".gz"}) {
        const fs::path candidate = path.string() + ending;
        if (is_file(candidate)) {
            return candidate;
        }
    }
    return std::nullopt;
}

std::optional<fs::path> images_file(const fs::path& folder, DataSettings::Split split)
{
    const std::vector<std::string> parts = split == DataSettings::Split::train
                                               ? std::vector<std::string>{"train"}
                                               : std::vector<std::string>{"t10k", "test"};
    for (const std::string& part : parts) {
        for (const char* rest : {"-images-idx3-ubyte", "-images.idx3-ubyte"}) {
            if (auto found = plain_or_packed(folder / (part + rest))) {
                return found;
            }
        }
    }
    return std::nullopt;
}

/// The file of labels beside one of images, if there is one.
std::optional<fs::path> labels_file(const fs::path& images)
{
    std::string name = images.filename().string();
    const std::size_t at = name.find("images");
    if (at == std::string::npos) {
        return std::nullopt;
    }
    name.replace(at, 6, "labels");
    if (const std::size_t rank = name.find("idx3"); rank != std::string::npos) {
        name.replace(rank, 4, "idx1");
    }
    if (name.ends_with(".gz")) {
        name.resize(name.size() - 3);
    }
    return plain_or_packed(images.parent_path() / name);
}

std::uint32_t read_number(InputFile& file)
{
    std::array<std::byte, 4> bytes;
    file.read(bytes);
    std::uint32_t number = 0;
    for (const std::byte byte : bytes) {
        number = number << 8U | std::to_integer<std::uint32_t>(byte);
    }
    return number;
}

void expect_magic(InputFile& file, std::uint32_t expected, std::string_view content)
{
    const std::uint32_t magic = read_number(file);
    if (magic != expected) {
        throw EngineError(
            ErrorCode::bad_file,
            fmt::format("this is not an IDX file of {}: it begins with {:08x} in place of {:08x}", content,
                        magic, expected),
            file.path().string(), "Download the data set again.");
    }
}

/// Refuses sizes before memory is taken for them.
void expect_contents(const InputFile& file, std::uint64_t header, std::uint64_t bytes)
{
    const std::uint64_t most = file.largest_contents();
    if (header + bytes > most || (!file.packed() && header + bytes != most)) {
        throw EngineError(ErrorCode::bad_file,
                          fmt::format("its header announces {} bytes, but the file {} {}", header + bytes,
                                      file.packed() ? "cannot hold more than" : "has", most),
                          file.path().string(), "It is truncated or damaged: copy or download it again.");
    }
}

std::vector<std::int32_t> read_labels(const fs::path& path, std::int64_t count,
                                      std::vector<std::string>& names)
{
    InputFile file(path);
    expect_magic(file, labels_magic, "labels");
    const std::uint32_t labels = read_number(file);
    if (labels != count) {
        throw EngineError(ErrorCode::bad_file,
                          fmt::format("there are {} labels for {} images", labels, count), path.string(),
                          "Download both files of the data set again.");
    }
    expect_contents(file, 8, labels);
    std::vector<std::byte> bytes(labels);
    file.read(bytes);
    file.expect_end();
    const std::string digest = sha256_hex(bytes);
    if (std::find(fashion_mnist_labels.begin(), fashion_mnist_labels.end(), digest) !=
        fashion_mnist_labels.end()) {
        names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                 "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
    } else {
        names = numbered_classes(
            std::to_integer<std::int64_t>(*std::max_element(bytes.begin(), bytes.end())) + 1);
    }
    std::vector<std::int32_t> values(labels);
    std::transform(bytes.begin(), bytes.end(), values.begin(),
                   [](std::byte byte) { return std::to_integer<std::int32_t>(byte); });
    return values;
}

struct IdxHeader {
    std::uint32_t count = 0;
    std::uint32_t height = 0;
    std::uint32_t width = 0;
};

IdxHeader read_header(InputFile& file)
{
    expect_magic(file, images_magic, "images");
    const std::uint32_t count = read_number(file);
    const std::uint32_t height = read_number(file);
    const std::uint32_t width = read_number(file);
    if (count == 0 || height == 0 || width == 0 || height > largest_side || width > largest_side) {
        throw EngineError(ErrorCode::bad_file,
                          fmt::format("it announces {} images of {} x {} pixels", count, height, width),
                          file.path().string(), "It is damaged: copy or download it again.");
    }
    expect_contents(file, 16, std::uint64_t{count} * height * width);
    return {count, height, width};
}

fs::path chosen_images(const ReadJob& job)
{
    std::error_code ignored;
    if (!fs::is_directory(job.settings.path, ignored)) {
        return job.settings.path;
    }
    if (auto found = images_file(job.settings.path, job.settings.split)) {
        return *found;
    }
    const bool train = job.settings.split == DataSettings::Split::train;
    throw EngineError(
        ErrorCode::bad_file,
        fmt::format("there is no {}-images-idx3-ubyte, packed (.gz) or not", train ? "train" : "t10k"),
        job.settings.path.string(), "Give the folder that holds the files of the data set.");
}

void append_kept(const std::vector<std::int32_t>& labels, const std::vector<std::uint8_t>& kept,
                 Examples& examples)
{
    for (std::size_t i = 0; i < labels.size(); ++i) {
        if (kept[i] != 0) {
            examples.labels.push_back(labels[i]);
        }
    }
}

}  // namespace

bool is_idx(const fs::path& path)
{
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) {
        return images_file(path, DataSettings::Split::train) || images_file(path, DataSettings::Split::test);
    }
    const std::vector<std::byte> start = first_bytes(path, 4);
    constexpr std::array expected = {std::byte{0}, std::byte{0}, std::byte{8}, std::byte{3}};
    return std::equal(start.begin(), start.end(), expected.begin(), expected.end());
}

bool has_idx_part(const fs::path& path, DataSettings::Split split)
{
    return images_file(path, split).has_value();
}

Examples read_idx(const ReadJob& job)
{
    const fs::path path = chosen_images(job);
    InputFile file(path);
    const IdxHeader header = read_header(file);
    const std::int64_t total = header.count;
    Examples examples;
    std::vector<std::int32_t> labels;
    if (const auto found = labels_file(path)) {
        labels = read_labels(*found, total, examples.class_names);
    }
    const std::vector<std::uint8_t> kept = within_limit(labels, total, job.settings.limit);
    append_kept(labels, kept, examples);
    examples.count = std::count(kept.begin(), kept.end(), 1);

    Image8 image;
    image.width = static_cast<int>(header.width);
    image.height = static_cast<int>(header.height);
    image.channels = 1;
    image.pixels.resize(std::size_t{header.width} * header.height);
    const ImageShape shape = image_shape(job.settings, image.width, image.height, 1);
    examples.channels = shape.channels;
    examples.side = shape.side;
    require_data_memory(examples.count, shape.bytes(), path);
    examples.values.resize(static_cast<std::size_t>(examples.count * shape.bytes()));

    const auto width = static_cast<std::size_t>(shape.bytes());
    auto* out = reinterpret_cast<std::uint8_t*>(examples.values.data());
    for (std::int64_t i = 0; i < total; ++i) {
        file.read(std::as_writable_bytes(std::span(image.pixels)));
        if (kept[static_cast<std::size_t>(i)] != 0) {
            fit_image(image, shape.channels, shape.side, {out, width});
            out += width;
        }
        constexpr std::int64_t often = 256;
        if (i % often == 0) {
            job.check_stop();
            job.report(i, total);
        }
    }
    file.expect_end();
    job.report(total, total);
    return examples;
}

}  // namespace duodiff
