// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/dataset_files.h"

#include <doctest/doctest.h>
#include <zlib.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>

namespace duodiff::test
{
namespace
{

void append_number(Bytes& bytes, std::uint32_t number)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        bytes.push_back(static_cast<std::uint8_t>(number >> static_cast<unsigned>(shift)));
    }
}

}  // namespace

void write_bytes(const std::filesystem::path& path, const Bytes& bytes)
{
    std::filesystem::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    REQUIRE(file.good());
}

Bytes read_bytes(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Bytes packed(const Bytes& bytes)
{
    z_stream stream = {};
    constexpr int gzip_window = 15 + 16;
    REQUIRE(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    Bytes out(deflateBound(&stream, bytes.size()));
    stream.next_in = const_cast<Bytef*>(bytes.data());
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(out.size());
    REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

Bytes idx_images(std::uint32_t count, std::uint32_t height, std::uint32_t width, const Bytes& pixels)
{
    Bytes bytes;
    append_number(bytes, 0x803);
    append_number(bytes, count);
    append_number(bytes, height);
    append_number(bytes, width);
    bytes.insert(bytes.end(), pixels.begin(), pixels.end());
    return bytes;
}

Bytes idx_labels(const Bytes& labels)
{
    Bytes bytes;
    append_number(bytes, 0x801);
    append_number(bytes, static_cast<std::uint32_t>(labels.size()));
    bytes.insert(bytes.end(), labels.begin(), labels.end());
    return bytes;
}

Bytes safetensors(const std::vector<StoredTensor>& tensors)
{
    nlohmann::json header;
    Bytes data;
    for (const StoredTensor& tensor : tensors) {
        header[tensor.name] = {{"dtype", tensor.dtype},
                               {"shape", tensor.shape},
                               {"data_offsets", {data.size(), data.size() + tensor.bytes.size()}}};
        data.insert(data.end(), tensor.bytes.begin(), tensor.bytes.end());
    }
    const std::string text = header.dump();
    Bytes file;
    for (unsigned i = 0; i < 8; ++i) {
        file.push_back(static_cast<std::uint8_t>(std::uint64_t{text.size()} >> (8U * i)));
    }
    file.insert(file.end(), text.begin(), text.end());
    file.insert(file.end(), data.begin(), data.end());
    return file;
}

Examples made_examples(std::int64_t count, std::int64_t side, int classes)
{
    Examples examples;
    examples.count = count;
    examples.channels = 1;
    examples.side = side;
    for (std::int64_t i = 0; i < count; ++i) {
        for (std::int64_t pixel = 0; pixel < side * side; ++pixel) {
            // The first two pixels number the example.
            const std::int64_t value = pixel == 0 ? i % 256 : pixel == 1 ? i / 256 : i * 31 + pixel * 7;
            examples.values.push_back(static_cast<std::byte>(value % 256));
        }
        examples.labels.push_back(static_cast<std::int32_t>(i % classes));
    }
    for (int i = 0; i < classes; ++i) {
        examples.class_names.push_back(std::string(1, static_cast<char>('a' + i)));
    }
    return examples;
}

std::shared_ptr<const Dataset> made_dataset(std::int64_t count, std::int64_t side, int classes)
{
    return std::make_shared<const Dataset>(made_examples(count, side, classes));
}

Failure refusal(const DataSettings& settings)
{
    try {
        (void)open_dataset(settings);
    } catch (const EngineError& error) {
        return error.failure();
    }
    FAIL("the data were not refused");
    return {};
}

std::vector<float> values_of(const Dataset& data, std::int64_t index, bool flip)
{
    std::vector<float> values(static_cast<std::size_t>(data.values_an_example()));
    data.read(index, flip, values);
    return values;
}

}  // namespace duodiff::test
