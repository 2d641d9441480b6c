// SPDX-License-Identifier: MIT
#pragma once

#include "model/block.h"

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <string>

namespace duodiff
{

/// How blocks compute: the type of their activations, and whether the products between them are taken in
/// 8 bits.
struct Arithmetic {
    Arithmetic(c10::ScalarType activations = c10::kFloat, bool int8_products = false)
        : type(activations), int8(int8_products)
    {
    }
    c10::ScalarType type;
    bool int8;
    bool operator==(const Arithmetic&) const = default;
};

/// 8-bit products here: between bf16 activations where there are kernels for both, else between fp32.
Arithmetic int8_arithmetic();

/// Why blocks of this shape cannot compute with 8-bit products on `device`, such as "this processor has no
/// 8-bit products (AVX-512 VNNI or AVX-VNNI)"; empty where they can.
std::string int8_obstacle(const BlockShape& shape, c10::Device device);
/// Throws EngineError(usage) with that and what to do instead.
void require_int8(const BlockShape& shape, c10::Device device);

}  // namespace duodiff
