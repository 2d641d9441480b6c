// SPDX-License-Identifier: MIT
// In place of the kernels and of gpu_cuda.cpp, in a program that was built without CUDA.
#include "cuda/gpu.h"

#include <stdexcept>

namespace duodiff::cuda
{
namespace
{

[[noreturn]] void refuse()
{
    throw std::logic_error("this program was built without CUDA kernels");
}

}  // namespace

bool has_kernels()
{
    return false;
}

std::string device_label(const c10::Device&)
{
    return {};
}

GraphPool make_graph_pool()
{
    return {};
}

std::unique_ptr<CapturedGraph> capture(const GraphPool&, const std::function<void()>&)
{
    refuse();
}

template <class T>
void probe(const Probe<T>&, Stream)
{
    refuse();
}
template void probe(const Probe<float>&, Stream);
template void probe(const Probe<Bf16>&, Stream);

void decide(const Decision&, Stream)
{
    refuse();
}

void move_rows(const RowMove&, Stream)
{
    refuse();
}

void solver_update(const SolverUpdate&, Stream)
{
    refuse();
}

void make_pictures(const Pictures&, Stream)
{
    refuse();
}

template <class T>
void residual_norm(const ResidualNorm<T>&, Stream)
{
    refuse();
}
template void residual_norm(const ResidualNorm<float>&, Stream);
template void residual_norm(const ResidualNorm<Bf16>&, Stream);

template <class T>
void bias_gelu(const BiasGelu<T>&, Stream)
{
    refuse();
}
template void bias_gelu(const BiasGelu<float>&, Stream);
template void bias_gelu(const BiasGelu<Bf16>&, Stream);

}  // namespace duodiff::cuda
