// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/error.h"
#include "model/arithmetic.h"
#include "model/fused_block.h"
#include "model/layers.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/norm.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>

#include "support/doctest_torch.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>

using namespace duodiff;

namespace
{

const c10::Device cpu(c10::kCPU);

struct Case {
    BlockShape shape;
    bool has_skip;
};

/// Widths that are no multiple of four, and of no panel of columns.
std::vector<Case> cases()
{
    return {{{.embed_dim = 64, .num_heads = 2, .hidden_dim = 256, .tokens = 17}, false},
            {{.embed_dim = 128, .num_heads = 4, .hidden_dim = 512, .tokens = 51}, true},
            {{.embed_dim = 66, .num_heads = 3, .hidden_dim = 202, .tokens = 9}, true},
            {{.embed_dim = 512, .num_heads = 8, .hidden_dim = 2048, .tokens = 40}, true}};
}

std::map<std::string, at::Tensor> random_block(const Case& c)
{
    const std::int64_t dim = c.shape.embed_dim;
    std::map<std::string, at::Tensor> tensors;
    const auto add_linear = [&](const std::string& name, std::int64_t out, std::int64_t in) {
        tensors[name + ".weight"] = at::randn({out, in}) / std::sqrt(static_cast<double>(in));
        tensors[name + ".bias"] = at::randn({out}) * 0.1;
    };
    for (const char* norm : {"norm1", "norm2"}) {
        tensors[std::string(norm) + ".weight"] = 1.0 + 0.2 * at::randn({dim});
        tensors[std::string(norm) + ".bias"] = 0.1 * at::randn({dim});
    }
    add_linear("attn.qkv", 3 * dim, dim);
    add_linear("attn.proj", dim, dim);
    add_linear("mlp.fc1", c.shape.hidden_dim, dim);
    add_linear("mlp.fc2", dim, c.shape.hidden_dim);
    if (c.has_skip) {
        add_linear("skip_linear", dim, 2 * dim);
    }
    return tensors;
}

at::Tensor random_tokens(const Case& c, std::int64_t batch)
{
    return at::randn({batch, c.shape.tokens, c.shape.embed_dim});
}

/// False, after a look at the refusal, on processors without 8-bit products.
bool has_int8(const BlockShape& shape)
{
    const std::string obstacle = int8_obstacle(shape, cpu);
    if (obstacle.empty()) {
        return true;
    }
    CHECK(obstacle.find("VNNI") != std::string::npos);
    CHECK_THROWS_AS(require_int8(shape, cpu), EngineError);
    return false;
}

}  // namespace

TEST_CASE("a block in 8 bits is near the one in fp32, for every shape and with a skip")
{
    const c10::InferenceMode inference;
    at::manual_seed(5);
    for (const Case& c : cases()) {
        if (!has_int8(c.shape)) {
            continue;
        }
        const auto tensors = random_block(c);
        const TensorSource source(tensors, cpu);
        const auto exact = load_fused_block(c.shape, source, at::kFloat);
        const at::Tensor x = random_tokens(c, 3);
        const at::Tensor skip = c.has_skip ? random_tokens(c, 3) : at::Tensor();
        const at::Tensor expected = exact->run(x, skip);
        CAPTURE(c.shape.embed_dim);
        // Between activations as they are kept here, and between fp32 as on processors without bf16.
        for (const Arithmetic& arithmetic : {int8_arithmetic(), Arithmetic(at::kFloat, true)}) {
            const auto rounded = load_fused_block(c.shape, source, arithmetic);
            const at::Tensor got =
                rounded->run(x.to(arithmetic.type), c.has_skip ? skip.to(arithmetic.type) : skip);
            const double error = at::norm(got.to(at::kFloat) - expected).item<double>();
            CHECK(error < 0.02 * at::norm(expected).item<double>());
        }
    }
}

TEST_CASE("an image's tokens are the same to the bit whatever batch they are in, in 8 bits too")
{
    const c10::InferenceMode inference;
    at::manual_seed(6);
    for (const Case& c : cases()) {
        if (!has_int8(c.shape)) {
            continue;
        }
        const auto tensors = random_block(c);
        const auto block = load_fused_block(c.shape, TensorSource(tensors, cpu), int8_arithmetic());
        const c10::ScalarType type = int8_arithmetic().type;
        const at::Tensor x = random_tokens(c, 5).to(type);
        const at::Tensor skip = c.has_skip ? random_tokens(c, 5).to(type) : at::Tensor();
        const at::Tensor whole = block->run(x, skip);
        for (const auto& [first, count] : {std::pair{0, 1}, {1, 3}, {4, 1}}) {
            const at::Tensor part = block->run(x.narrow(0, first, count),
                                               c.has_skip ? skip.narrow(0, first, count) : at::Tensor());
            CHECK(at::equal(part, whole.narrow(0, first, count)));
        }
    }
}

TEST_CASE("8-bit weights take a quarter of the memory of fp32's, and little more")
{
    const Case c = cases().back();
    if (has_int8(c.shape)) {
        const auto tensors = random_block(c);
        const TensorSource source(tensors, cpu);
        const auto exact = load_fused_block(c.shape, source, at::kFloat)->bytes();
        CHECK(static_cast<double>(load_fused_block(c.shape, source, int8_arithmetic())->bytes()) <
              0.26 * static_cast<double>(exact));
    }
}

TEST_CASE("where 8-bit products are not possible, it is said why and what to use")
{
    const BlockShape shape = cases().front().shape;
    const auto refusal = [](const BlockShape& of, c10::Device device) {
        try {
            require_int8(of, device);
        } catch (const EngineError& error) {
            CHECK(error.code() == ErrorCode::usage);
            return error.failure();
        }
        return Failure{};
    };
    const Failure on_gpu = refusal(shape, c10::Device(c10::kCUDA, 0));
    CHECK(on_gpu.what.find("CPU") != std::string::npos);
    CHECK(on_gpu.remedy.find("--device cpu") != std::string::npos);
    BlockShape huge = shape;
    huge.hidden_dim = 70'000;
    const Failure too_long = refusal(huge, cpu);
    CHECK_FALSE(too_long.what.empty());
    CHECK(too_long.remedy.find("bf16") != std::string::npos);
    if (int8_arithmetic().type == at::kBFloat16 && has_int8(shape)) {
        BlockShape odd = shape;
        odd.embed_dim = 33;
        odd.num_heads = 3;
        CHECK(refusal(odd, cpu).what.find("heads of 11") != std::string::npos);
    }
}
