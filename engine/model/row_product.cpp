// SPDX-License-Identifier: MIT
#include "model/row_product.h"

#include "model/packed_linear.h"

namespace duodiff
{
namespace
{

template <class T>
class PackedProduct final : public RowProduct<T>
{
public:
    explicit PackedProduct(const TensorSource& source)
        : kernels_(best_kernels<T>()), linear_(source, kernels_)
    {
    }

    void run(const T* x, const T* x2, std::int64_t rows, const ProductResult<T>& result) const override
    {
        Product<T> product = linear_.of(x, rows, result.out);
        if (x2 != nullptr) {
            product.k /= 2;
            product.k2 = product.k;
            product.a_stride = product.a2_stride = product.k;
            product.a2 = x2;
        }
        product.residual = result.residual;
        product.residual_stride = linear_.columns();
        product.activation = result.activation;
        kernels_.product(product);
    }

    void run_normalised(const NormWeights& norm, const T* x, std::int64_t rows,
                        const ProductResult<T>& result) const override
    {
        const std::int64_t dim = norm.weight.size(0);
        T* normal = scratch_of<T>(Scratch::rows, rows * dim);
        kernels_.layer_norm(x, dim, rows, dim, data_of<float>(norm.weight), data_of<float>(norm.bias), normal,
                            dim);
        run(normal, nullptr, rows, result);
    }

    std::int64_t columns() const override { return linear_.columns(); }
    std::size_t bytes() const override { return linear_.bytes(); }

private:
    const Kernels<T>& kernels_;
    PackedLinear<T> linear_;
};

}  // namespace

NormWeights::NormWeights(const TensorSource& source)
    : weight(source.at("weight", at::kFloat)), bias(source.at("bias", at::kFloat))
{
}

template <class T>
std::unique_ptr<const RowProduct<T>> load_row_product(const TensorSource& source)
{
    return std::make_unique<const PackedProduct<T>>(source);
}

template std::unique_ptr<const RowProduct<float>> load_row_product(const TensorSource&);
template std::unique_ptr<const RowProduct<BFloat16>> load_row_product(const TensorSource&);

}  // namespace duodiff
