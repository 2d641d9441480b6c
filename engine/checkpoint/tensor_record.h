// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/mapped_file.h"

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace duodiff
{

/// Where a tensor's elements lie in a mapped file, before any LibTorch object exists for it.
struct TensorRecord {
    std::string name;
    at::ScalarType dtype = at::kFloat;
    std::vector<std::int64_t> shape;
    std::vector<std::int64_t> strides;  ///< in elements; empty: contiguous
    std::size_t offset = 0;             ///< of the first element, in bytes from the start of the file
};

/// Largest number of dimensions that a file may give a tensor.
inline constexpr std::size_t max_rank = 16;

/// Product of the dimensions; empty if one is negative or if the product of those that are not zero
/// does not fit (so that 0 × 2^62 × 2^62 is not taken for an empty tensor).
std::optional<std::uint64_t> checked_numel(std::span<const std::int64_t> shape);

/// Bytes from the first element to the end of the last one (0 for an empty tensor); empty on overflow or
/// a negative stride. `strides` may be empty: contiguous.
std::optional<std::uint64_t> checked_extent(std::span<const std::int64_t> shape,
                                            std::span<const std::int64_t> strides, std::size_t item_size);

/// Throws EngineError(bad_file) naming the tensor if a floating value is NaN or infinite. Copies nothing.
void require_finite(const MappedFile& file, const TensorRecord& record);

/// A read-only tensor over the mapping, which it keeps alive; a copy where the offset is not a multiple of
/// the element size. The record's extent has to lie inside the file.
at::Tensor tensor_of(const std::shared_ptr<const MappedFile>& file, const TensorRecord& record);

/// A name from a file for use in a message: short, on one line, in quotes.
std::string in_quotes(std::string_view name);

/// "(3, 16, 16)"
std::string shape_text(std::span<const std::int64_t> shape);

/// "float32", "int64", ...
std::string_view dtype_text(at::ScalarType dtype);

}  // namespace duodiff
