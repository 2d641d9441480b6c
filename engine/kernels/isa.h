// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

namespace duodiff
{

/// Instruction sets that there are kernels for, the narrowest first.
enum class Isa { plain, avx2, avx_vnni, avx512, avx512_vnni, avx512_bf16 };

std::string_view to_string(Isa isa);

/// Whether this processor, and the system that saves its registers, can run it.
bool is_supported(Isa isa);

/// All that this processor supports, plain C++ first.
std::vector<Isa> supported_isas();

/// The widest one for fp32 kernels.
Isa best_float_isa();
/// The one for bf16 kernels: avx512_bf16, or plain where the processor has no bf16 products.
Isa best_bfloat16_isa();
/// The one for 8-bit products: avx512_vnni, avx_vnni, or plain where the processor has no such products.
Isa best_int8_isa();

}  // namespace duodiff
