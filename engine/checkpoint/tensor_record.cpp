// SPDX-License-Identifier: MIT
#include "checkpoint/tensor_record.h"

#include "base/error.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace duodiff
{
namespace
{

/// True if any of `count` words, which need not be aligned, is larger than `largest` without its sign bit.
/// Read as a number, a float grows with its size, and infinity and NaN are above all of them.
template <class Word>
bool any_above(const std::byte* words, std::size_t count, Word largest)
{
    constexpr auto without_sign = static_cast<Word>(std::numeric_limits<Word>::max() >> 1U);
    constexpr std::size_t chunk = 4096;
    for (std::size_t start = 0; start < count; start += chunk) {
        const std::size_t end = std::min(count, start + chunk);
        Word found = 0;
        for (std::size_t i = start; i < end; ++i) {
            Word word;
            std::memcpy(&word, words + i * sizeof(Word), sizeof(Word));
            found = static_cast<Word>(found |
                                      static_cast<Word>(static_cast<Word>(word & without_sign) > largest));
        }
        if (found) {
            return true;
        }
    }
    return false;
}

/// Doubles are compared with the largest float, which is what they become.
bool any_non_finite(const std::byte* data, std::size_t count, at::ScalarType dtype)
{
    switch (dtype) {
        case at::kDouble:
            return any_above<std::uint64_t>(data, count, 0x47efffffe0000000U);
        case at::kFloat:
            return any_above<std::uint32_t>(data, count, 0x7f7fffffU);
        case at::kHalf:
            return any_above<std::uint16_t>(data, count, 0x7bffU);
        case at::kBFloat16:
            return any_above<std::uint16_t>(data, count, 0x7f7fU);
        default:
            return false;
    }
}

bool is_contiguous(const TensorRecord& record)
{
    std::int64_t expected = 1;
    for (std::size_t d = record.strides.size(); d-- > 0;) {
        if (record.shape[d] != 1 && record.strides[d] != expected) {
            return false;
        }
        expected *= std::max<std::int64_t>(record.shape[d], 1);
    }
    return true;
}

/// Calls `visit(element offset)` for every element of a strided tensor.
template <class Visit>
void for_each_element(const TensorRecord& record, Visit visit)
{
    std::vector<std::int64_t> index(record.shape.size(), 0);
    std::int64_t offset = 0;
    while (true) {
        visit(offset);
        std::size_t d = record.shape.size();
        while (d-- > 0) {
            offset += record.strides[d];
            if (++index[d] < record.shape[d]) {
                break;
            }
            offset -= record.strides[d] * record.shape[d];
            index[d] = 0;
        }
        if (d == static_cast<std::size_t>(-1)) {
            return;
        }
    }
}

}  // namespace

std::optional<std::uint64_t> checked_numel(std::span<const std::int64_t> shape)
{
    std::int64_t product = 1;
    bool empty = false;
    for (const std::int64_t size : shape) {
        if (size < 0) {
            return std::nullopt;
        }
        if (size == 0) {
            empty = true;
        } else if (__builtin_mul_overflow(product, size, &product)) {
            return std::nullopt;
        }
    }
    return empty ? 0 : static_cast<std::uint64_t>(product);
}

std::optional<std::uint64_t> checked_extent(std::span<const std::int64_t> shape,
                                            std::span<const std::int64_t> strides, std::size_t item_size)
{
    const std::optional<std::uint64_t> numel = checked_numel(shape);
    if (!numel) {
        return std::nullopt;
    }
    std::uint64_t elements = *numel;
    if (!strides.empty() && *numel > 0) {
        elements = 1;
        for (std::size_t d = 0; d < shape.size(); ++d) {
            std::uint64_t reach = 0;
            if (strides[d] < 0 ||
                __builtin_mul_overflow(static_cast<std::uint64_t>(shape[d] - 1),
                                       static_cast<std::uint64_t>(strides[d]), &reach) ||
                __builtin_add_overflow(elements, reach, &elements)) {
                return std::nullopt;
            }
        }
    }
    std::uint64_t bytes = 0;
    if (__builtin_mul_overflow(elements, static_cast<std::uint64_t>(item_size), &bytes) ||
        bytes > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return std::nullopt;
    }
    return bytes;
}

void require_finite(const MappedFile& file, const TensorRecord& record)
{
    const std::size_t numel = checked_numel(record.shape).value_or(0);
    const std::byte* data = file.bytes().data() + record.offset;
    bool bad = false;
    if (numel == 0 || !at::isFloatingType(record.dtype)) {
        return;
    }
    if (is_contiguous(record)) {
        bad = any_non_finite(data, numel, record.dtype);
    } else {
        const std::size_t item_size = c10::elementSize(record.dtype);
        for_each_element(record, [&](std::int64_t element) {
            bad =
                bad || any_non_finite(data + static_cast<std::size_t>(element) * item_size, 1, record.dtype);
        });
    }
    if (bad) {
        throw EngineError(ErrorCode::bad_file,
                          "the tensor " + in_quotes(record.name) + " holds NaN or infinity" +
                              (record.dtype == at::kDouble ? ", or a number beyond single precision" : ""),
                          file.path().string(),
                          "The training that wrote it has diverged: use an earlier checkpoint.");
    }
}

at::Tensor tensor_of(const std::shared_ptr<const MappedFile>& file, const TensorRecord& record)
{
    const at::TensorOptions options(record.dtype);
    const std::size_t item_size = c10::elementSize(record.dtype);
    const std::size_t extent = checked_extent(record.shape, record.strides, item_size).value_or(0);
    if (extent == 0) {
        return at::empty(record.shape, options);
    }
    // LibTorch has no read-only tensors; the mapping itself is, so that a write would fault.
    auto* data = const_cast<std::byte*>(file->bytes().data() + record.offset);
    std::vector<std::int64_t> strides = record.strides;
    if (is_contiguous(record)) {
        strides.assign(record.shape.size(), 1);
        for (std::size_t d = record.shape.size(); d-- > 1;) {
            strides[d - 1] = strides[d] * record.shape[d];
        }
    }
    if (reinterpret_cast<std::uintptr_t>(data) % item_size != 0) {
        const at::Tensor storage = at::empty({static_cast<std::int64_t>(extent / item_size)}, options);
        std::memcpy(storage.data_ptr(), data, extent);
        return storage.as_strided(record.shape, strides);
    }
    return at::from_blob(
        data, record.shape, strides, [file](void*) {}, options);
}

std::string in_quotes(std::string_view name)
{
    constexpr std::size_t longest = 72;
    std::string text = "'";
    for (const char letter : name.substr(0, longest)) {
        const auto code = static_cast<unsigned char>(letter);
        text += code < 0x20 || code == 0x7f ? '?' : letter;
    }
    if (name.size() > longest) {
        // Not in the middle of a UTF-8 sequence.
        while ((static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80U) {
            text.pop_back();
        }
        if (static_cast<unsigned char>(text.back()) >= 0xc0U) {
            text.pop_back();
        }
        text += "...";
    }
    return text + "'";
}

std::string shape_text(std::span<const std::int64_t> shape)
{
    std::string text = "(";
    for (std::size_t i = 0; i < shape.size(); ++i) {
        text += (i ? ", " : "") + std::to_string(shape[i]);
    }
    return text + ")";
}

std::string_view dtype_text(at::ScalarType dtype)
{
    switch (dtype) {
        case at::kDouble:
            return "float64";
        case at::kFloat:
            return "float32";
        case at::kHalf:
            return "float16";
        case at::kBFloat16:
            return "bfloat16";
        case at::kLong:
            return "int64";
        case at::kInt:
            return "int32";
        case at::kShort:
            return "int16";
        case at::kChar:
            return "int8";
        case at::kByte:
            return "uint8";
        case at::kBool:
            return "bool";
        default:
            return c10::toString(dtype);
    }
}

}  // namespace duodiff
