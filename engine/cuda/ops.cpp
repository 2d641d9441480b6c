// SPDX-License-Identifier: MIT
#include "cuda/ops.h"

#include "cuda/gpu.h"
#include "cuda/twins.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/DeviceGuard.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <type_traits>
#include <utility>

namespace duodiff::cuda
{
namespace
{

/// Calls one of the two with a device that is current for launches.
template <class Twin, class Kernel>
void on(const c10::Device& device, const Twin& twin, const Kernel& kernel)
{
    if (device.is_cpu()) {
        twin();
        return;
    }
    const c10::DeviceGuard guard(device);
    kernel(raw_stream(current_stream(device)));
}

/// Calls `work` with a null T of the tensor's type: float or Bf16.
template <class Work>
void for_type(const at::Tensor& tensor, const Work& work)
{
    if (tensor.scalar_type() == at::kFloat) {
        work(static_cast<float*>(nullptr));
    } else {
        TORCH_CHECK(tensor.scalar_type() == at::kBFloat16, "activations are fp32 or bf16, not ",
                    tensor.scalar_type());
        work(static_cast<Bf16*>(nullptr));
    }
}

template <class T>
const T* input(const at::Tensor& tensor)
{
    if (!tensor.defined()) {
        return nullptr;
    }
    TORCH_CHECK(tensor.is_contiguous() && tensor.element_size() == sizeof(T),
                "a kernel's input has to lie in rows");
    return static_cast<const T*>(tensor.const_data_ptr());
}

template <class T>
T* output(const at::Tensor& tensor)
{
    TORCH_CHECK(tensor.is_contiguous() && tensor.element_size() == sizeof(T),
                "a kernel's output has to lie in rows");
    return static_cast<T*>(tensor.mutable_data_ptr());
}

/// Not from the stride, which says nothing where there is one row.
std::int64_t row_bytes(const at::Tensor& tensor)
{
    TORCH_CHECK(tensor.is_contiguous(), "rows have to lie one after the other");
    return tensor.size(0) == 0 ? 0 : tensor.numel() / tensor.size(0) * tensor.element_size();
}

std::int64_t rows_of(const at::Tensor& tensor)
{
    return tensor.size(-1) == 0 ? 0 : tensor.numel() / tensor.size(-1);
}

}  // namespace

at::Tensor probe_uncertainty(const at::Tensor& tokens, const at::Tensor& weight, const at::Tensor& bias)
{
    at::Tensor u = at::empty({tokens.size(0)}, tokens.options().dtype(at::kFloat));
    for_type(tokens, [&](auto* none) {
        using T = std::remove_pointer_t<decltype(none)>;
        const Probe<T> work{input<T>(tokens),
                            input<float>(weight),
                            input<float>(bias),
                            output<float>(u),
                            static_cast<int>(tokens.size(0)),
                            static_cast<int>(tokens.size(1)),
                            static_cast<int>(tokens.size(2))};
        on(
            tokens.device(), [&] { twin::probe(work); }, [&](Stream s) { probe(work, s); });
    });
    return u;
}

void move_rows_of(const std::vector<RowsOf>& tensors, const at::Tensor& from_rows, const at::Tensor& to_rows,
                  std::int64_t rows)
{
    constexpr auto most = static_cast<std::size_t>(RowMove::most_tensors);
    for (std::size_t first = 0; first < tensors.size() && rows > 0; first += most) {
        RowMove work;
        work.from_rows = input<std::int64_t>(from_rows);
        work.to_rows = input<std::int64_t>(to_rows);
        work.rows = static_cast<int>(rows);
        for (std::size_t i = first; i < std::min(tensors.size(), first + most); ++i) {
            const RowsOf& tensor = tensors[i];
            const std::int64_t bytes = row_bytes(tensor.from);
            TORCH_CHECK(bytes == row_bytes(tensor.to), "rows differ in size");
            work.tensors[work.tensor_count++] = {tensor.from.const_data_ptr(), tensor.to.mutable_data_ptr(),
                                                 bytes};
        }
        on(
            tensors.front().to.device(), [&] { twin::move_rows(work); },
            [&](Stream s) { move_rows(work, s); });
    }
}

SolverOutput solve(const SolverInput& in, const SolverCoefficients& coefficients)
{
    TORCH_CHECK(in.z.defined() || in.seeds.defined() || coefficients.noise == 0.0F, "noise needs z or seeds");
    TORCH_CHECK(in.before.defined() || coefficients.history == 0.0F,
                "history needs the x0 of the step before");
    SolverOutput out{at::empty_like(in.x), at::empty_like(in.x)};
    SolverUpdate work;
    work.x = input<float>(in.x);
    work.prediction = input<float>(in.prediction);
    work.before = input<float>(in.before);
    work.z = input<float>(in.z);
    work.seeds = reinterpret_cast<const std::uint64_t*>(input<std::int64_t>(in.seeds));
    work.noise_stream = in.noise_stream;
    work.step = in.step;
    work.next = output<float>(out.next);
    work.original = output<float>(out.original);
    work.images = in.x.size(0);
    work.values = in.x.size(0) == 0 ? 0 : in.x.numel() / in.x.size(0);
    work.coefficients = coefficients;
    on(
        in.x.device(), [&] { twin::solver_update(work); }, [&](Stream s) { solver_update(work, s); });
    return out;
}

at::Tensor pictures_of(const at::Tensor& x, const at::Tensor& map)
{
    at::Tensor rgbx = at::empty({x.size(0), x.size(2), x.size(3), 4}, x.options().dtype(at::kByte));
    const Pictures work{input<float>(x),
                        input<float>(map),
                        map.defined() ? static_cast<int>(map.size(0)) : 0,
                        output<std::uint8_t>(rgbx),
                        x.size(0),
                        static_cast<int>(x.size(1)),
                        x.size(2) * x.size(3)};
    on(
        x.device(), [&] { twin::make_pictures(work); }, [&](Stream s) { make_pictures(work, s); });
    return rgbx;
}

SumAndNorm add_and_norm(const at::Tensor& residual, at::Tensor product, const at::Tensor& bias,
                        const at::Tensor& weight, const at::Tensor& shift, double epsilon)
{
    at::Tensor normalised = at::empty_like(product);
    for_type(product, [&](auto* none) {
        using T = std::remove_pointer_t<decltype(none)>;
        const ResidualNorm<T> work{
            input<T>(residual),         input<T>(product), input<T>(bias),
            input<T>(weight),           input<T>(shift),   output<T>(product),
            output<T>(normalised),      rows_of(product),  static_cast<int>(product.size(-1)),
            static_cast<float>(epsilon)};
        on(
            product.device(), [&] { twin::residual_norm(work); }, [&](Stream s) { residual_norm(work, s); });
    });
    return {std::move(product), std::move(normalised)};
}

at::Tensor gelu_in_place(at::Tensor product, const at::Tensor& bias)
{
    for_type(product, [&](auto* none) {
        using T = std::remove_pointer_t<decltype(none)>;
        const BiasGelu<T> work{input<T>(product), input<T>(bias), output<T>(product), rows_of(product),
                               static_cast<int>(product.size(-1))};
        on(
            product.device(), [&] { twin::bias_gelu(work); }, [&](Stream s) { bias_gelu(work, s); });
    });
    return product;
}

}  // namespace duodiff::cuda
