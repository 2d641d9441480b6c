// SPDX-License-Identifier: MIT
#pragma once

#include "cuda/kernels.h"

/// The kernels in plain C++, on host memory: what they are meant to do, written to be read. They share the
/// formulas of a single element with the kernels; sums are in double precision here.
namespace duodiff::cuda::twin
{

template <class T>
void probe(const Probe<T>& work);
void decide(const Decision& work);
void move_rows(const RowMove& work);
void solver_update(const SolverUpdate& work);
void make_pictures(const Pictures& work);
template <class T>
void residual_norm(const ResidualNorm<T>& work);
template <class T>
void bias_gelu(const BiasGelu<T>& work);

}  // namespace duodiff::cuda::twin
