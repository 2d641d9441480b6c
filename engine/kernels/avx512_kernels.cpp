// SPDX-License-Identifier: MIT
#include "kernels/avx512_vectors.h"

namespace duodiff
{
namespace
{

struct Float16Lanes : Avx512Vectors {
    using Element = float;
    using Weights = __m512;
    using Unit = float;
    static constexpr bool is_exact = true;
    static constexpr int step = 1;

    static DUODIFF_INLINE Vector load_weights(const float* panel) { return _mm512_loadu_ps(panel); }
    static DUODIFF_INLINE Vector broadcast(const float* a) { return _mm512_set1_ps(*a); }
    static DUODIFF_INLINE Vector multiply_add(Vector a, Vector b, Vector sum)
    {
        return _mm512_fmadd_ps(a, b, sum);
    }
    static DUODIFF_INLINE void interleave(float* to, const float* value, const float*)
    {
        store(to, load(value));
        store(to + width, load(value + width));
    }
    static DUODIFF_INLINE float from_float(float x) { return x; }
};

}  // namespace

extern const Kernels<float> avx512_float_kernels;
constinit const Kernels<float> avx512_float_kernels = kernels_of<Float16Lanes>(Isa::avx512);

}  // namespace duodiff
