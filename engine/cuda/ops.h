// SPDX-License-Identifier: MIT
#pragma once

#include "cuda/kernels.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

/// The kernels over LibTorch's tensors: on a GPU the kernel, on a CPU its twin. Tensors are contiguous, fp32
/// or, where activations are meant, bf16. Nothing here waits for the device.
namespace duodiff::cuda
{

/// tokens (B, L, D), weight (D) fp32, bias () fp32 -> u (B) fp32
at::Tensor probe_uncertainty(const at::Tensor& tokens, const at::Tensor& weight, const at::Tensor& bias);

struct RowsOf {
    at::Tensor from;
    at::Tensor to;
};
/// to[to_rows[k]] = from[from_rows[k]], k < rows, of all tensors at once; an undefined list counts up.
void move_rows_of(const std::vector<RowsOf>& tensors, const at::Tensor& from_rows, const at::Tensor& to_rows,
                  std::int64_t rows);

struct SolverInput {
    at::Tensor x;           ///< (B, ...), fp32
    at::Tensor prediction;  ///< likewise
    at::Tensor before;      ///< x0 of the step before; may be undefined where there is no history
    at::Tensor z;           ///< undefined: drawn from the seeds
    at::Tensor seeds;       ///< (B) int64, the bits of the seeds
    std::uint32_t noise_stream = 0;
    std::uint32_t step = 0;
};
struct SolverOutput {
    at::Tensor next;
    at::Tensor original;
};
SolverOutput solve(const SolverInput& input, const SolverCoefficients& coefficients);

/// x (B, C, H, W) fp32, map (colours, C + 1) fp32 or undefined -> (B, H, W, 4) uint8
at::Tensor pictures_of(const at::Tensor& x, const at::Tensor& map);

struct SumAndNorm {
    at::Tensor sum;
    at::Tensor normalised;
};
/// residual + product + bias (D, or undefined), and its LayerNorm. Overwrites `product` with the sum.
SumAndNorm add_and_norm(const at::Tensor& residual, at::Tensor product, const at::Tensor& bias,
                        const at::Tensor& weight, const at::Tensor& shift, double epsilon);
/// GELU(product + bias), in the place of `product`.
at::Tensor gelu_in_place(at::Tensor product, const at::Tensor& bias);

}  // namespace duodiff::cuda
