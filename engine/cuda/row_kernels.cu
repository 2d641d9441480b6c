// SPDX-License-Identifier: MIT
#include "cuda/device_code.h"

#include <algorithm>

namespace duodiff::cuda
{
namespace
{

constexpr int move_threads = 256;
constexpr std::int64_t piece_bytes = 16384;  ///< that a block copies: enough rows of blocks for any batch

struct alignas(16) Sixteen {
    std::uint64_t half[2];
};

/// Blocks are (tensor, row, piece of the row), pieces fastest.
__global__ void move_rows_kernel(RowMove work, std::int64_t pieces)
{
    std::int64_t block = blockIdx.x;
    const std::int64_t piece = block % pieces;
    block /= pieces;
    const std::int64_t row = block % work.rows;
    const RowMove::Tensor& tensor = work.tensors[block / work.rows];
    const std::int64_t first = piece * piece_bytes;
    const std::int64_t left = tensor.row_bytes - first;
    if (left <= 0) {
        return;
    }
    const std::int64_t bytes = left < piece_bytes ? left : piece_bytes;
    const std::int64_t from_row = work.from_rows ? work.from_rows[row] : row;
    const std::int64_t to_row = work.to_rows ? work.to_rows[row] : row;
    const char* from = static_cast<const char*>(tensor.from) + from_row * tensor.row_bytes + first;
    char* to = static_cast<char*>(tensor.to) + to_row * tensor.row_bytes + first;
    const auto addresses = reinterpret_cast<std::uintptr_t>(from) | reinterpret_cast<std::uintptr_t>(to);
    const bool aligned = ((addresses | static_cast<std::uintptr_t>(bytes)) % sizeof(Sixteen)) == 0;
    const auto step = static_cast<std::int64_t>(blockDim.x);
    if (aligned) {
        const auto* source = reinterpret_cast<const Sixteen*>(from);
        auto* target = reinterpret_cast<Sixteen*>(to);
        for (std::int64_t i = threadIdx.x; i < bytes / static_cast<std::int64_t>(sizeof(Sixteen));
             i += step) {
            target[i] = source[i];
        }
    } else {
        for (std::int64_t i = threadIdx.x; i < bytes; i += step) {
            to[i] = from[i];
        }
    }
}

}  // namespace

void move_rows(const RowMove& work, Stream stream)
{
    std::int64_t widest = 0;
    for (int i = 0; i < work.tensor_count; ++i) {
        widest = std::max(widest, work.tensors[i].row_bytes);
    }
    const std::int64_t pieces = (widest + piece_bytes - 1) / piece_bytes;
    launch("move_rows", move_rows_kernel, pieces * work.rows * work.tensor_count, move_threads, stream, work,
           pieces);
}

}  // namespace duodiff::cuda
