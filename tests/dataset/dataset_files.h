// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "base/error.h"
#include "data/dataset.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace duodiff::test
{

using Bytes = std::vector<std::uint8_t>;

void write_bytes(const std::filesystem::path& path, const Bytes& bytes);
Bytes read_bytes(const std::filesystem::path& path);
/// The same bytes as a gzip file has them.
Bytes packed(const Bytes& bytes);

Bytes idx_images(std::uint32_t count, std::uint32_t height, std::uint32_t width, const Bytes& pixels);
Bytes idx_labels(const Bytes& labels);

/// A dataset of `count` gray images of `side` pixels a side, all different, with labels i % classes.
Examples made_examples(std::int64_t count, std::int64_t side, int classes);
std::shared_ptr<const Dataset> made_dataset(std::int64_t count, std::int64_t side = 4, int classes = 3);

/// A safetensors file of these tensors; a tensor's bytes are taken as they are, whatever its shape says.
struct StoredTensor {
    std::string name;
    std::string dtype;
    std::vector<std::int64_t> shape;
    Bytes bytes;
};
Bytes safetensors(const std::vector<StoredTensor>& tensors);
/// The bytes of numbers as they lie in memory.
template <class Value>
Bytes bytes_of(const std::vector<Value>& values)
{
    const auto* begin = reinterpret_cast<const std::uint8_t*>(values.data());
    return {begin, begin + values.size() * sizeof(Value)};
}

/// What opening the dataset is refused with; fails the test if it is not.
Failure refusal(const DataSettings& settings);

/// All values of an example.
std::vector<float> values_of(const Dataset& data, std::int64_t index, bool flip = false);

}  // namespace duodiff::test
