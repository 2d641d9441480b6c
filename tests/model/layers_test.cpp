// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/layers.h"
#include "base/error.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>

#include "support/doctest_torch.h"
#include "support/golden.h"

using namespace duodiff;

TEST_CASE("packed products equal plain ones, with and without bias, for any number of rows")
{
    const c10::InferenceMode inference;
    for (const auto type : {at::kFloat, at::kBFloat16}) {
        const double tolerance = type == at::kFloat ? 1e-5 : 3e-2;
        for (const bool with_bias : {true, false}) {
            const at::Tensor weight = at::randn({96, 32}, type);
            const at::Tensor bias = with_bias ? at::randn({96}, type) : at::Tensor();
            const Linear linear(weight, bias, 100);
            for (const std::int64_t rows : {1, 7, 100, 333}) {
                const at::Tensor x = at::randn({rows, 3, 32}, type);
                const at::Tensor residual = at::randn({rows, 3, 96}, type);
                const at::Tensor plain = at::linear(x.to(at::kFloat), weight.to(at::kFloat),
                                                    with_bias ? bias.to(at::kFloat) : bias);
                CHECK(test::relative_error(linear(x).to(at::kFloat), plain) < tolerance);
                CHECK(test::relative_error(linear.gelu(x).to(at::kFloat), at::gelu(plain)) < tolerance);
                CHECK(test::relative_error(linear.add(x, residual).to(at::kFloat),
                                           plain + residual.to(at::kFloat)) < tolerance);
            }
        }
    }
}

TEST_CASE("a tensor that is not there is named")
{
    const std::map<std::string, at::Tensor> tensors;
    try {
        TensorSource(tensors, c10::Device(c10::kCPU)).under("in_blocks.0.").at("norm1.weight", at::kFloat);
        FAIL("found");
    } catch (const EngineError& error) {
        CHECK(error.code() == ErrorCode::bad_file);
        CHECK(std::string(error.what()).find("in_blocks.0.norm1.weight") != std::string::npos);
    }
}
