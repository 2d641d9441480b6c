// SPDX-License-Identifier: MIT
#include "model/layers.h"

#include "base/error.h"
#include "cuda/choice.h"
#include "cuda/gpu.h"
#include "cuda/ops.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/add.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace duodiff
{
namespace
{

constexpr double layer_norm_eps = 1e-5;

/// oneDNN's linear operators of LibTorch, which have no public C++ name.
struct OneDnn {
    using Reorder = at::Tensor(const at::Tensor&, std::optional<std::int64_t>);
    using Pointwise = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                                 std::string_view, c10::List<std::optional<at::Scalar>>,
                                 std::optional<std::string_view>);
    using Binary = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                              const std::optional<at::Tensor>&, std::string_view);

    c10::TypedOperatorHandle<Reorder> reorder;
    c10::TypedOperatorHandle<Pointwise> pointwise;
    c10::TypedOperatorHandle<Binary> binary;
};

const OneDnn* one_dnn()
{
    static const std::optional<OneDnn> operators = []() -> std::optional<OneDnn> {
        auto& dispatcher = c10::Dispatcher::singleton();
        const auto reorder = dispatcher.findSchema({"mkldnn::_reorder_linear_weight", ""});
        const auto pointwise = dispatcher.findSchema({"mkldnn::_linear_pointwise", ""});
        const auto binary = dispatcher.findSchema({"mkldnn::_linear_pointwise", "binary"});
        if (!reorder || !pointwise || !binary) {
            return std::nullopt;
        }
        return OneDnn{reorder->typed<OneDnn::Reorder>(), pointwise->typed<OneDnn::Pointwise>(),
                      binary->typed<OneDnn::Binary>()};
    }();
    return operators ? &*operators : nullptr;
}

c10::List<std::optional<at::Scalar>> no_scalars()
{
    return c10::List<std::optional<at::Scalar>>();
}

std::optional<at::Tensor> as_optional(const at::Tensor& tensor)
{
    return tensor.defined() ? std::optional<at::Tensor>(tensor) : std::nullopt;
}

}  // namespace

TensorSource::TensorSource(const std::map<std::string, at::Tensor>& tensors, c10::Device device,
                           std::string prefix)
    : tensors_(&tensors), device_(device), prefix_(std::move(prefix))
{
}

at::Tensor TensorSource::at(const std::string& name, c10::ScalarType type) const
{
    const auto found = tensors_->find(prefix_ + name);
    if (found == tensors_->end()) {
        throw EngineError(ErrorCode::bad_file, "a tensor is missing: " + prefix_ + name);
    }
    return found->second.to(at::TensorOptions().device(device_).dtype(type)).contiguous();
}

bool TensorSource::has(const std::string& name) const
{
    return tensors_->contains(prefix_ + name);
}

TensorSource TensorSource::under(const std::string& more) const
{
    return {*tensors_, device_, prefix_ + more};
}

Linear::Linear(at::Tensor weight, at::Tensor bias, std::int64_t rows)
    : weight_(std::move(weight)), bias_(std::move(bias))
{
    if (weight_.device().is_cpu() && one_dnn()) {
        packed_ = one_dnn()->reorder.call(weight_, rows);
        weight_ = at::Tensor();
    }
}

Linear Linear::load(const TensorSource& source, c10::ScalarType type, std::int64_t rows)
{
    return {source.at("weight", type), source.has("bias") ? source.at("bias", type) : at::Tensor(), rows};
}

at::Tensor Linear::operator()(const at::Tensor& x) const
{
    if (packed_.defined()) {
        return one_dnn()->pointwise.call(x, packed_, as_optional(bias_), "none", no_scalars(), std::nullopt);
    }
    return at::linear(x, weight_, as_optional(bias_));
}

at::Tensor Linear::gelu(const at::Tensor& x) const
{
    if (packed_.defined()) {
        return one_dnn()->pointwise.call(x, packed_, as_optional(bias_), "gelu", no_scalars(), "none");
    }
    if (cuda::runs_on(x.device())) {
        return gelu_on_gpu(x);
    }
    return at::gelu(at::linear(x, weight_, as_optional(bias_)));
}

at::Tensor Linear::gelu_on_gpu(const at::Tensor& x) const
{
    const std::vector<cuda::Candidate> ways = {
        {"LibTorch", [&] { return at::gelu(at::linear(x, weight_, as_optional(bias_))); }},
        {"fused", [&] { return cuda::gelu_in_place(bare_product(x), bias_); }}};
    return ways[cuda::fastest("product + GELU, " + cuda::shape_key(x), ways, x.device())].work();
}

at::Tensor Linear::bare_product(const at::Tensor& x) const
{
    return at::matmul(x, weight_.t());
}

at::Tensor Linear::add(const at::Tensor& x, const at::Tensor& residual) const
{
    if (packed_.defined()) {
        return one_dnn()->binary.call(x, residual, packed_, as_optional(bias_), "add");
    }
    return at::add(residual, at::linear(x, weight_, as_optional(bias_)));
}

std::size_t Linear::bytes() const
{
    return tensor_bytes(weight_) + tensor_bytes(bias_) + (packed_.defined() ? packed_.nbytes() : 0);
}

LayerNorm LayerNorm::load(const TensorSource& source, c10::ScalarType type)
{
    LayerNorm norm;
    norm.weight_ = source.at("weight", type);
    norm.bias_ = source.at("bias", type);
    return norm;
}

at::Tensor LayerNorm::operator()(const at::Tensor& x) const
{
    return at::layer_norm(x, weight_.sizes(), weight_, bias_, layer_norm_eps);
}

LayerNorm::SumAndNorm LayerNorm::of_sum(const Linear& linear, const at::Tensor& x,
                                        const at::Tensor& residual) const
{
    const auto one_by_one = [&]() -> SumAndNorm {
        at::Tensor sum = linear.add(x, residual);
        return {sum, (*this)(sum)};
    };
    if (!cuda::runs_on(x.device())) {
        return one_by_one();
    }
    const auto fused = [&]() -> SumAndNorm {
        cuda::SumAndNorm both = cuda::add_and_norm(residual, linear.bare_product(x), linear.bias_, weight_,
                                                   bias_, layer_norm_eps);
        return {std::move(both.sum), std::move(both.normalised)};
    };
    const std::vector<cuda::Candidate> ways = {{"LibTorch", [&] { return one_by_one().normalised; }},
                                               {"fused", [&] { return fused().normalised; }}};
    return cuda::fastest("product + sum + LayerNorm, " + cuda::shape_key(x), ways, x.device()) == 0
               ? one_by_one()
               : fused();
}

std::size_t LayerNorm::bytes() const
{
    return tensor_bytes(weight_) + tensor_bytes(bias_);
}

std::size_t tensor_bytes(const at::Tensor& tensor)
{
    return tensor.defined() ? tensor.nbytes() : 0;
}

}  // namespace duodiff
