// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>

namespace duodiff
{

/// Takes tensors of one model by name, converted to a device and type. `at` throws
/// EngineError(bad_file) for a name that is not there.
class TensorSource
{
public:
    TensorSource(const std::map<std::string, at::Tensor>& tensors, c10::Device device,
                 std::string prefix = {});

    /// The tensor `prefix + name` on the device, as `type`.
    at::Tensor at(const std::string& name, c10::ScalarType type) const;
    bool has(const std::string& name) const;
    /// The same source, names continued with `more`.
    TensorSource under(const std::string& more) const;
    c10::Device device() const { return device_; }

private:
    const std::map<std::string, at::Tensor>* tensors_;
    c10::Device device_;
    std::string prefix_;
};

/// y = x W^T + b, W (out, in). On a CPU the weight is kept in oneDNN's blocked layout and the activation
/// and residual that may follow are fused into the product; elsewhere, and where this LibTorch lacks these
/// operators, plain ATen does the same (equal to rounding).
class Linear
{
public:
    Linear() = default;
    /// `bias` may be undefined. `rows`: the number of rows expected, a hint for the layout.
    Linear(at::Tensor weight, at::Tensor bias, std::int64_t rows);
    static Linear load(const TensorSource& source, c10::ScalarType type, std::int64_t rows);

    /// x (..., in) -> (..., out)
    at::Tensor operator()(const at::Tensor& x) const;
    /// GELU (exact, erf) of the product.
    at::Tensor gelu(const at::Tensor& x) const;
    /// residual + product.
    at::Tensor add(const at::Tensor& x, const at::Tensor& residual) const;

    std::size_t bytes() const;

private:
    friend class LayerNorm;  // which takes the bias into its own kernel on a GPU
    /// Without the bias.
    at::Tensor bare_product(const at::Tensor& x) const;
    at::Tensor gelu_on_gpu(const at::Tensor& x) const;

    at::Tensor weight_;
    at::Tensor packed_;  ///< oneDNN layout of `weight_`, which then is undefined
    at::Tensor bias_;
};

/// LayerNorm over the last dimension, eps 1e-5.
class LayerNorm
{
public:
    LayerNorm() = default;
    static LayerNorm load(const TensorSource& source, c10::ScalarType type);
    at::Tensor operator()(const at::Tensor& x) const;

    struct SumAndNorm {
        at::Tensor sum;
        at::Tensor normalised;
    };
    /// residual + linear(x), and the norm of that.
    SumAndNorm of_sum(const Linear& linear, const at::Tensor& x, const at::Tensor& residual) const;
    std::size_t bytes() const;

private:
    at::Tensor weight_;
    at::Tensor bias_;
};

/// Bytes that the tensor's elements take; 0 for an undefined one.
std::size_t tensor_bytes(const at::Tensor& tensor);

}  // namespace duodiff
