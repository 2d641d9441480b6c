// SPDX-License-Identifier: MIT
#include "model/arithmetic.h"

#include "base/error.h"
#include "kernels/int8.h"
#include "model/fused_block.h"

#include <fmt/format.h>

#include <algorithm>

namespace duodiff
{

Arithmetic int8_arithmetic()
{
    const bool has_bf16 = best_int8_isa() == Isa::avx512_vnni && best_bfloat16_isa() == Isa::avx512_bf16;
    return {has_bf16 ? c10::kBFloat16 : c10::kFloat, true};
}

std::string int8_obstacle(const BlockShape& shape, c10::Device device)
{
    if (!device.is_cpu()) {
        return fmt::format("8-bit products are computed on a CPU only, and this is {}", device.str());
    }
    if (best_int8_isa() == Isa::plain) {
        return "this processor has no 8-bit products (AVX-512 VNNI or AVX-VNNI)";
    }
    if (!has_fused_block(shape, device, int8_arithmetic().type)) {
        return fmt::format("there are no kernels for heads of {} numbers", shape.head_dim());
    }
    const std::int64_t terms = std::max(2 * shape.embed_dim, shape.hidden_dim);
    if (terms > most_int8_terms) {
        return fmt::format("this model has products over {} terms, and sums of bytes hold {}", terms,
                           most_int8_terms);
    }
    return {};
}

void require_int8(const BlockShape& shape, c10::Device device)
{
    const std::string obstacle = int8_obstacle(shape, device);
    if (!obstacle.empty()) {
        throw EngineError(ErrorCode::usage, "int8 is not possible here: " + obstacle, "--precision",
                          device.is_cpu() ? "Use bf16 or fp32, or leave the choice to auto."
                                          : "Sample on the CPU (--device cpu), or use bf16, fp32 or auto.");
    }
}

}  // namespace duodiff
