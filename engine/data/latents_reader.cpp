// SPDX-License-Identifier: MIT
// Latents: a safetensors file with `latents` (N, C, H, W) and, optionally, `labels` (N).
#include "data/input_file.h"
#include "data/readers.h"

#include "base/error.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

namespace duodiff
{
namespace
{

namespace fs = std::filesystem;

constexpr std::uint64_t length_bytes = 8;
constexpr std::uint64_t largest_header = 1U << 20U;  // two tensors and some metadata
constexpr std::int64_t largest_dimension = std::int64_t{1} << 32U;
constexpr std::int64_t most_classes = 65536;

struct Tensor {
    std::string dtype;
    std::vector<std::int64_t> shape;
    std::uint64_t begin = 0;  ///< within the data
    std::uint64_t end = 0;
};

[[noreturn]] void refuse(const fs::path& path, std::string what)
{
    throw EngineError(
        ErrorCode::bad_file, std::move(what), path.string(),
        "A file of latents is a safetensors file with 'latents' (N, C, H, W) as F32, F16 or BF16 and, "
        "optionally, 'labels' (N) as whole numbers.");
}

nlohmann::json read_header(InputFile& file, std::uint64_t& data_start)
{
    std::array<std::byte, length_bytes> bytes;
    file.read(bytes);
    std::uint64_t length = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) {
        length = length << 8U | std::to_integer<std::uint64_t>(bytes[i]);
    }
    if (length > largest_header || length + length_bytes > file.largest_contents()) {
        refuse(file.path(),
               fmt::format("its header would be {} bytes long: it is damaged or no file of latents", length));
    }
    std::string text(static_cast<std::size_t>(length), '\0');
    file.read(std::as_writable_bytes(std::span(text)));
    nlohmann::json header = nlohmann::json::parse(text, nullptr, false);
    if (!header.is_object()) {
        refuse(file.path(), "its header is not a JSON object: it is no safetensors file, or damaged");
    }
    data_start = length_bytes + length;
    return header;
}

/// A list of whole numbers that are not negative.
std::optional<std::vector<std::int64_t>> numbers(const nlohmann::json& entry, const char* key,
                                                 std::size_t most)
{
    const auto found = entry.find(key);
    if (found == entry.end() || !found->is_array() || found->size() > most) {
        return std::nullopt;
    }
    std::vector<std::int64_t> values;
    for (const nlohmann::json& value : *found) {
        if (!value.is_number_unsigned() || value.get<std::uint64_t>() > std::uint64_t{1} << 62U) {
            return std::nullopt;
        }
        values.push_back(value.get<std::int64_t>());
    }
    return values;
}

Tensor tensor_of(const InputFile& file, const nlohmann::json& header, const char* name,
                 std::uint64_t data_start)
{
    const nlohmann::json& entry = header.at(name);
    constexpr std::size_t highest_rank = 8;
    const auto shape = entry.is_object() ? numbers(entry, "shape", highest_rank) : std::nullopt;
    const auto offsets = entry.is_object() ? numbers(entry, "data_offsets", 2) : std::nullopt;
    if (!shape || !offsets || offsets->size() != 2 || !entry.contains("dtype") ||
        !entry["dtype"].is_string()) {
        refuse(file.path(), fmt::format("the header's entry '{}' is damaged", name));
    }
    Tensor tensor{entry["dtype"].get<std::string>(), *shape, static_cast<std::uint64_t>((*offsets)[0]),
                  static_cast<std::uint64_t>((*offsets)[1])};
    if (tensor.begin > tensor.end || tensor.end > file.largest_contents() - data_start) {
        refuse(file.path(),
               fmt::format("the data of '{}' (bytes {} to {}) do not lie inside the file's {}: it is cut off",
                           name, tensor.begin, tensor.end, file.largest_contents()));
    }
    return tensor;
}

/// Refuses a tensor whose bytes are not what its shape and type need; no product can overflow.
void expect_size(const fs::path& path, const char* name, const Tensor& tensor, std::uint64_t item)
{
    std::uint64_t bytes = item;
    for (const std::int64_t size : tensor.shape) {
        const auto factor = static_cast<std::uint64_t>(size);
        if (size > largest_dimension ||
            (factor != 0 && bytes > std::numeric_limits<std::uint64_t>::max() / factor)) {
            refuse(path, fmt::format("the shape of '{}' is absurd", name));
        }
        bytes *= factor;
    }
    if (bytes != tensor.end - tensor.begin) {
        refuse(path, fmt::format("the tensor '{}' needs {} bytes by its shape, but has {}", name, bytes,
                                 tensor.end - tensor.begin));
    }
}

Examples::Element element_of(const fs::path& path, const std::string& dtype)
{
    if (dtype == "F32") {
        return Examples::Element::float32;
    }
    if (dtype == "F16") {
        return Examples::Element::float16;
    }
    if (dtype == "BF16") {
        return Examples::Element::bfloat16;
    }
    refuse(path, "the latents are of the type " + dtype.substr(0, 16));
}

template <class Stored>
std::int64_t number_at(const std::vector<std::byte>& bytes, std::size_t index)
{
    Stored value;
    std::memcpy(&value, bytes.data() + index * sizeof(Stored), sizeof(Stored));
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if constexpr (std::is_same_v<Stored, std::uint64_t>) {
        return static_cast<std::int64_t>(std::min(value, most));
    } else {
        return static_cast<std::int64_t>(value);
    }
}

struct LabelType {
    std::string_view dtype;
    std::uint64_t bytes;
    std::int64_t (*read)(const std::vector<std::byte>&, std::size_t);
};

constexpr std::array label_types = {
    LabelType{"I64", 8, number_at<std::int64_t>},  LabelType{"I32", 4, number_at<std::int32_t>},
    LabelType{"I16", 2, number_at<std::int16_t>},  LabelType{"I8", 1, number_at<std::int8_t>},
    LabelType{"U64", 8, number_at<std::uint64_t>}, LabelType{"U32", 4, number_at<std::uint32_t>},
    LabelType{"U16", 2, number_at<std::uint16_t>}, LabelType{"U8", 1, number_at<std::uint8_t>}};

std::vector<std::int32_t> read_labels(const fs::path& path, const Tensor& tensor, std::uint64_t data_start,
                                      std::int64_t count)
{
    const auto* type = std::find_if(label_types.begin(), label_types.end(),
                                    [&](const LabelType& entry) { return entry.dtype == tensor.dtype; });
    if (type == label_types.end()) {
        refuse(path, "the labels are of the type " + tensor.dtype.substr(0, 16));
    }
    expect_size(path, "labels", tensor, type->bytes);
    if (tensor.shape != std::vector<std::int64_t>{count}) {
        refuse(path, fmt::format("there are {} latents, and 'labels' is not a row of as many", count));
    }
    InputFile file(path);
    file.skip(data_start + tensor.begin);
    std::vector<std::byte> bytes(static_cast<std::size_t>(tensor.end - tensor.begin));
    file.read(bytes);
    std::vector<std::int32_t> labels;
    labels.reserve(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
        const std::int64_t label = type->read(bytes, i);
        if (label < 0 || label >= most_classes) {
            refuse(path, fmt::format("the label of latent {} is {}, and classes are 0 to {}", i, label,
                                     most_classes - 1));
        }
        labels.push_back(static_cast<std::int32_t>(label));
    }
    return labels;
}

/// Whether all values are finite: their exponents are not all ones.
bool all_finite(std::span<const std::byte> bytes, Examples::Element element)
{
    const std::size_t item = element_size(element);
    const std::uint32_t exponent = element == Examples::Element::float32   ? 0x7F800000U
                                   : element == Examples::Element::float16 ? 0x7C00U
                                                                           : 0x7F80U;
    for (std::size_t at = 0; at < bytes.size(); at += item) {
        std::uint32_t bits = 0;
        std::memcpy(&bits, bytes.data() + at, item);
        if ((bits & exponent) == exponent) {
            return false;
        }
    }
    return true;
}

void expect_settings(const ReadJob& job, const std::vector<std::int64_t>& shape)
{
    const DataSettings& settings = job.settings;
    if (shape[2] != shape[3]) {
        throw EngineError(
            ErrorCode::bad_file,
            fmt::format("the latents are {} x {}, and training needs squares", shape[2], shape[3]),
            settings.path.string());
    }
    if ((settings.img_size != 0 && settings.img_size != shape[2]) ||
        (settings.channels != 0 && settings.channels != shape[1])) {
        throw EngineError(
            ErrorCode::usage,
            fmt::format("the latents are {} x {} x {}, which does not fit img_size {} and {} channels",
                        shape[1], shape[2], shape[3], settings.img_size, settings.channels),
            settings.path.string(), "Latents are not resized: use their own size, or 0.");
    }
}

/// Reads the examples that are kept one after another; those that are not finite are left out.
void read_values(const ReadJob& job, InputFile& file, std::vector<std::uint8_t>& kept, Examples& examples)
{
    const std::size_t width = static_cast<std::size_t>(examples.channels * examples.side * examples.side) *
                              element_size(examples.element);
    const auto total = static_cast<std::int64_t>(kept.size());
    examples.values.resize(static_cast<std::size_t>(examples.count) * width);
    std::size_t next = 0;
    for (std::int64_t i = 0; i < total; ++i) {
        constexpr std::int64_t often = 256;
        if (i % often == 0) {
            job.check_stop();
            job.report(i, total);
        }
        std::uint8_t& keep = kept[static_cast<std::size_t>(i)];
        if (keep == 0) {
            file.skip(width);
            continue;
        }
        const std::span<std::byte> values = std::span(examples.values).subspan(next * width, width);
        file.read(values);
        if (!all_finite(values, examples.element)) {
            keep = 0;
            job.skip(examples.bad_files, file.path().string() + fmt::format(", latent {}", i),
                     "it has a value that is not finite");
            continue;
        }
        ++next;
    }
    job.report(total, total);
    examples.count = static_cast<std::int64_t>(next);
    examples.values.resize(next * width);
}

}  // namespace

Examples read_latents(const ReadJob& job)
{
    const fs::path& path = job.settings.path;
    InputFile file(path);
    std::uint64_t data_start = 0;
    const nlohmann::json header = read_header(file, data_start);
    if (!header.contains("latents")) {
        refuse(path, "there is no tensor 'latents' in it");
    }
    const Tensor latents = tensor_of(file, header, "latents", data_start);
    Examples examples;
    examples.element = element_of(path, latents.dtype);
    expect_size(path, "latents", latents, element_size(examples.element));
    constexpr std::size_t rank = 4;
    if (latents.shape.size() != rank || latents.begin == latents.end) {
        refuse(path, "'latents' is empty or does not have four dimensions");
    }
    expect_settings(job, latents.shape);
    const std::int64_t total = latents.shape[0];
    examples.channels = latents.shape[1];
    examples.side = latents.shape[2];
    std::vector<std::int32_t> labels;
    if (header.contains("labels")) {
        labels = read_labels(path, tensor_of(file, header, "labels", data_start), data_start, total);
        examples.class_names = numbered_classes(*std::max_element(labels.begin(), labels.end()) + 1);
    }
    std::vector<std::uint8_t> kept = within_limit(labels, total, job.settings.limit);
    examples.count = std::count(kept.begin(), kept.end(), 1);
    require_data_memory(examples.count, static_cast<std::int64_t>(latents.end - latents.begin) / total, path);
    file.skip(latents.begin);
    read_values(job, file, kept, examples);
    for (std::size_t i = 0; i < labels.size(); ++i) {
        if (kept[i] != 0) {
            examples.labels.push_back(labels[i]);
        }
    }
    require_examples(job, examples);
    return examples;
}

}  // namespace duodiff
