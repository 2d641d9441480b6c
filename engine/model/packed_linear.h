// SPDX-License-Identifier: MIT
#pragma once

#include "kernels/kernels.h"
#include "kernels/parallel.h"
#include "model/layers.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

namespace duodiff
{

template <class T>
const Kernels<T>& best_kernels();
template <>
inline const Kernels<float>& best_kernels()
{
    return float_kernels(best_float_isa());
}
template <>
inline const Kernels<BFloat16>& best_kernels()
{
    return bfloat16_kernels(best_bfloat16_isa());
}

template <class T>
constexpr c10::ScalarType type_of = sizeof(T) == sizeof(float) ? at::kFloat : at::kBFloat16;

template <class T>
const T* data_of(const at::Tensor& tensor)
{
    return static_cast<const T*>(tensor.const_data_ptr());
}

template <class T>
T* scratch_of(Scratch use, std::int64_t elements)
{
    return static_cast<T*>(thread_scratch(use, sizeof(T) * static_cast<std::size_t>(elements)));
}

/// A linear layer for the CPU's own kernels, weights packed for them.
template <class T>
class PackedLinear
{
public:
    PackedLinear() = default;
    PackedLinear(const TensorSource& source, const Kernels<T>& kernels)
        : PackedLinear(source.at("weight", type_of<T>),
                       source.has("bias") ? source.at("bias", at::kFloat) : at::Tensor(), kernels)
    {
    }
    /// weight (n, k); bias (n) in fp32, or undefined
    PackedLinear(const at::Tensor& weight, at::Tensor bias, const Kernels<T>& kernels)
        : bias_(std::move(bias)), n_(weight.size(0)), k_(weight.size(1))
    {
        packed_ = at::empty({kernels.layout.elements(n_, k_)}, weight.options());
        kernels.pack_weight(data_of<T>(weight), n_, k_, static_cast<T*>(packed_.data_ptr()));
    }

    /// The product of `rows` rows of `a`, to be completed by the caller.
    Product<T> of(const T* a, std::int64_t rows, T* out) const
    {
        Product<T> product;
        product.a = a;
        product.a_stride = k_;
        product.k = k_;
        product.weight = data_of<T>(packed_);
        product.bias = bias_.defined() ? data_of<float>(bias_) : nullptr;
        product.n = n_;
        product.out = out;
        product.out_stride = n_;
        product.rows = rows;
        return product;
    }
    std::int64_t columns() const { return n_; }
    std::size_t bytes() const { return tensor_bytes(packed_) + tensor_bytes(bias_); }

private:
    at::Tensor packed_;
    at::Tensor bias_;
    std::int64_t n_ = 0;
    std::int64_t k_ = 0;
};

}  // namespace duodiff
