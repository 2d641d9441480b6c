// SPDX-License-Identifier: MIT
#include "kernels/isa.h"

namespace duodiff
{

std::string_view to_string(Isa isa)
{
    switch (isa) {
        case Isa::avx512_bf16:
            return "AVX-512 BF16";
        case Isa::avx512_vnni:
            return "AVX-512 VNNI";
        case Isa::avx512:
            return "AVX-512";
        case Isa::avx_vnni:
            return "AVX-VNNI";
        case Isa::avx2:
            return "AVX2";
        case Isa::plain:
            break;
    }
    return "plain C++";
}

bool is_supported(Isa isa)
{
#ifdef DUODIFF_X86_KERNELS
    const auto has_avx512 = [] {
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    };
    const auto has_avx2 = [] { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); };
    switch (isa) {
        case Isa::avx512_bf16:
            return has_avx512() && __builtin_cpu_supports("avx512bf16");
        case Isa::avx512_vnni:
            return has_avx512() && __builtin_cpu_supports("avx512vnni");
        case Isa::avx512:
            return has_avx512();
        case Isa::avx_vnni:
            return has_avx2() && __builtin_cpu_supports("avxvnni");
        case Isa::avx2:
            return has_avx2();
        case Isa::plain:
            break;
    }
#endif
    return isa == Isa::plain;
}

std::vector<Isa> supported_isas()
{
    std::vector<Isa> all;
    for (const Isa isa :
         {Isa::plain, Isa::avx2, Isa::avx_vnni, Isa::avx512, Isa::avx512_vnni, Isa::avx512_bf16}) {
        if (is_supported(isa)) {
            all.push_back(isa);
        }
    }
    return all;
}

Isa best_float_isa()
{
    return is_supported(Isa::avx512) ? Isa::avx512 : is_supported(Isa::avx2) ? Isa::avx2 : Isa::plain;
}

Isa best_bfloat16_isa()
{
    return is_supported(Isa::avx512_bf16) ? Isa::avx512_bf16 : Isa::plain;
}

Isa best_int8_isa()
{
    return is_supported(Isa::avx512_vnni) ? Isa::avx512_vnni
           : is_supported(Isa::avx_vnni)  ? Isa::avx_vnni
                                          : Isa::plain;
}

}  // namespace duodiff
