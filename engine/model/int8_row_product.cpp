// SPDX-License-Identifier: MIT
#include "kernels/int8.h"
#include "model/packed_linear.h"
#include "model/row_product.h"

#include <ATen/ops/empty.h>

#include <algorithm>

namespace duodiff
{
namespace
{

template <class T>
const Int8Kernels<T>& best_int8_kernels();
template <>
const Int8Kernels<float>& best_int8_kernels()
{
    return int8_float_kernels(best_int8_isa());
}
template <>
const Int8Kernels<BFloat16>& best_int8_kernels()
{
    return int8_bfloat16_kernels(best_int8_isa());
}

template <class T>
class Int8RowProduct final : public RowProduct<T>
{
public:
    explicit Int8RowProduct(const TensorSource& source) : kernels_(best_int8_kernels<T>())
    {
        const at::Tensor weight = source.at("weight", at::kFloat).contiguous();
        const at::Tensor bias =
            source.has("bias") ? source.at("bias", at::kFloat).contiguous() : at::Tensor();
        n_ = weight.size(0);
        k_ = weight.size(1);
        terms_ = padded_terms(kernels_.layout, k_);
        const std::int64_t columns = kernels_.layout.columns;
        const std::int64_t panels = kernels_.layout.panels(n_);
        values_ = at::empty({panels * columns * terms_}, weight.options().dtype(at::kChar));
        scale_ = at::empty({panels * columns}, weight.options());
        sum_ = at::empty({panels * columns}, weight.options().dtype(at::kInt));
        bias_ = at::empty({panels * columns}, weight.options());
        parallel_for(panels, [&](std::int64_t panel) {
            const std::int64_t first = panel * columns;
            pack_int8_weight(kernels_.layout, data_of<float>(weight) + first * k_,
                             bias.defined() ? data_of<float>(bias) + first : nullptr,
                             std::min(columns, n_ - first), k_, packed(first));
        });
    }

    void run(const T* x, const T* x2, std::int64_t rows, const ProductResult<T>& result) const override
    {
        const std::int64_t width = x2 != nullptr ? k_ / 2 : k_;
        RowsToBytes<T> input;
        input.x = x;
        input.x_stride = width;
        input.k = width;
        input.x2 = x2;
        input.x2_stride = width;
        input.k2 = x2 != nullptr ? width : 0;
        input.rows = rows;
        input.out = bytes_for(rows);
        kernels_.to_bytes(input);
        multiply(input.out, rows, result);
    }

    void run_normalised(const NormWeights& norm, const T* x, std::int64_t rows,
                        const ProductResult<T>& result) const override
    {
        NormToBytes<T> input;
        input.x = x;
        input.x_stride = k_;
        input.rows = rows;
        input.dim = k_;
        input.weight = data_of<float>(norm.weight);
        input.bias = data_of<float>(norm.bias);
        input.out = bytes_for(rows);
        kernels_.norm_to_bytes(input);
        multiply(input.out, rows, result);
    }

    std::int64_t columns() const override { return n_; }
    std::size_t bytes() const override
    {
        return tensor_bytes(values_) + tensor_bytes(scale_) + tensor_bytes(sum_) + tensor_bytes(bias_);
    }

private:
    /// From column `first` on, which begins a panel.
    Int8Weight packed(std::int64_t first) const
    {
        return {.values = static_cast<std::int8_t*>(values_.data_ptr()) + first * terms_,
                .scale = static_cast<float*>(scale_.data_ptr()) + first,
                .sum = static_cast<std::int32_t*>(sum_.data_ptr()) + first,
                .bias = static_cast<float*>(bias_.data_ptr()) + first};
    }

    ByteRows bytes_for(std::int64_t rows) const
    {
        return {.values = scratch_of<std::uint8_t>(Scratch::rows, rows * terms_),
                .stride = terms_,
                .scales = scratch_of<RowScale>(Scratch::row_scales, rows)};
    }

    void multiply(const ByteRows& a, std::int64_t rows, const ProductResult<T>& result) const
    {
        Int8Product<T> product;
        product.a = a;
        product.k = terms_;
        product.weight = packed(0);
        product.residual = result.residual;
        product.residual_stride = n_;
        product.out = result.out;
        product.out_stride = n_;
        product.rows = rows;
        product.n = n_;
        product.activation = result.activation;
        kernels_.product(product);
    }

    const Int8Kernels<T>& kernels_;
    at::Tensor values_;
    at::Tensor scale_;
    at::Tensor sum_;
    at::Tensor bias_;
    std::int64_t n_ = 0;
    std::int64_t k_ = 0;
    std::int64_t terms_ = 0;  ///< k_ in whole steps
};

}  // namespace

template <class T>
std::unique_ptr<const RowProduct<T>> load_int8_row_product(const TensorSource& source)
{
    return std::make_unique<const Int8RowProduct<T>>(source);
}

template std::unique_ptr<const RowProduct<float>> load_int8_row_product(const TensorSource&);
template std::unique_ptr<const RowProduct<BFloat16>> load_int8_row_product(const TensorSource&);

}  // namespace duodiff
