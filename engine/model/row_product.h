// SPDX-License-Identifier: MIT
#pragma once

#include "kernels/kernels.h"
#include "model/layers.h"

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace duodiff
{

/// What becomes of a product: out = activation(product) + residual, rows one after the other.
template <class T>
struct ProductResult {
    T* out = nullptr;
    const T* residual = nullptr;  ///< or null; may be `out`
    Activation activation = Activation::none;
};

/// The weight and bias of a LayerNorm, fp32.
struct NormWeights {
    explicit NormWeights(const TensorSource& source);
    at::Tensor weight;
    at::Tensor bias;
};

/// A linear layer of a block out of our own kernels, for some rows at a time, on the calling thread. T: type
/// of the activations, float or BFloat16. Immutable.
template <class T>
class RowProduct
{
public:
    virtual ~RowProduct() = default;

    /// Of rows [x | x2], both of the same width and contiguous, or where x2 is null of rows x.
    virtual void run(const T* x, const T* x2, std::int64_t rows, const ProductResult<T>& result) const = 0;
    /// Of LayerNorm(x).
    virtual void run_normalised(const NormWeights& norm, const T* x, std::int64_t rows,
                                const ProductResult<T>& result) const = 0;
    virtual std::int64_t columns() const = 0;
    /// Of the weights.
    virtual std::size_t bytes() const = 0;
};

/// Weights in the type of the activations.
template <class T>
std::unique_ptr<const RowProduct<T>> load_row_product(const TensorSource& source);

/// Weights and rows in 8 bits, see kernels/int8.h. Only where int8_obstacle names none.
template <class T>
std::unique_ptr<const RowProduct<T>> load_int8_row_product(const TensorSource& source);

}  // namespace duodiff
