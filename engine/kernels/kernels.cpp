// SPDX-License-Identifier: MIT
#include "kernels/int8.h"

#include "base/error.h"

#include <string>

namespace duodiff
{

extern const Kernels<float> plain_float_kernels;
extern const Kernels<BFloat16> plain_bfloat16_kernels;
extern const Int8Kernels<float> plain_int8_float_kernels;
extern const Int8Kernels<BFloat16> plain_int8_bfloat16_kernels;
#ifdef DUODIFF_X86_KERNELS
extern const Kernels<float> avx2_float_kernels;
extern const Kernels<float> avx512_float_kernels;
extern const Kernels<BFloat16> avx512_bfloat16_kernels;
extern const Int8Kernels<float> avx_vnni_int8_float_kernels;
extern const Int8Kernels<float> avx512_int8_float_kernels;
extern const Int8Kernels<BFloat16> avx512_int8_bfloat16_kernels;
#endif

namespace
{

[[noreturn]] void refuse(Isa isa, const char* type)
{
    throw EngineError(
        ErrorCode::usage,
        "there are no " + std::string(to_string(isa)) + " kernels for " + type + " on this processor", {},
        "Leave the choice to the program.");
}

}  // namespace

const Kernels<float>& float_kernels(Isa isa)
{
    if (!is_supported(isa)) {
        refuse(isa, "fp32");
    }
#ifdef DUODIFF_X86_KERNELS
    switch (isa) {
        case Isa::avx512_bf16:
        case Isa::avx512_vnni:
        case Isa::avx512:
            return avx512_float_kernels;
        case Isa::avx_vnni:
        case Isa::avx2:
            return avx2_float_kernels;
        case Isa::plain:
            break;
    }
#endif
    return plain_float_kernels;
}

const Kernels<BFloat16>& bfloat16_kernels(Isa isa)
{
    if (!is_supported(isa) || (isa != Isa::plain && isa != Isa::avx512_bf16)) {
        refuse(isa, "bf16");
    }
#ifdef DUODIFF_X86_KERNELS
    if (isa == Isa::avx512_bf16) {
        return avx512_bfloat16_kernels;
    }
#endif
    return plain_bfloat16_kernels;
}

const Int8Kernels<float>& int8_float_kernels(Isa isa)
{
    if (!is_supported(isa) || (isa != Isa::plain && isa != Isa::avx_vnni && isa != Isa::avx512_vnni)) {
        refuse(isa, "int8");
    }
#ifdef DUODIFF_X86_KERNELS
    if (isa != Isa::plain) {
        return isa == Isa::avx512_vnni ? avx512_int8_float_kernels : avx_vnni_int8_float_kernels;
    }
#endif
    return plain_int8_float_kernels;
}

const Int8Kernels<BFloat16>& int8_bfloat16_kernels(Isa isa)
{
    const bool is_there = isa == Isa::plain || (isa == Isa::avx512_vnni && is_supported(Isa::avx512_bf16));
    if (!is_supported(isa) || !is_there) {
        refuse(isa, "int8 with bf16");
    }
#ifdef DUODIFF_X86_KERNELS
    if (isa == Isa::avx512_vnni) {
        return avx512_int8_bfloat16_kernels;
    }
#endif
    return plain_int8_bfloat16_kernels;
}

}  // namespace duodiff
