// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels' twins against the code that the engine runs on a CPU.
#include "cuda/twins.h"

#include "base/noise.h"
#include "model/exits.h"
#include "sampler/solver.h"
#include "stream/picture_strip.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>

#include "cuda/random_values.h"
#include "support/doctest_torch.h"
#include "support/golden.h"

#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <vector>

using namespace duodiff;
namespace twin = duodiff::cuda::twin;
using duodiff::cuda::Bf16;
using duodiff::test::random_values;

namespace
{

/// What the twin draws: the step x_next = 1 * z.
std::vector<float> drawn(const std::vector<std::uint64_t>& seeds, std::int64_t values, NoiseStream stream,
                         std::uint32_t step)
{
    const std::vector<float> zeros(seeds.size() * static_cast<std::size_t>(values), 0.0F);
    std::vector<float> next(zeros.size());
    std::vector<float> original(zeros.size());
    cuda::SolverUpdate work{};
    work.x = work.prediction = zeros.data();
    work.seeds = seeds.data();
    work.noise_stream = static_cast<std::uint32_t>(stream);
    work.step = step;
    work.next = next.data();
    work.original = original.data();
    work.images = static_cast<std::int64_t>(seeds.size());
    work.values = values;
    work.coefficients.noise = 1.0F;
    twin::solver_update(work);
    return next;
}

cuda::SolverCoefficients coefficients(const SolverStep& step)
{
    return {static_cast<float>(step.x),       static_cast<float>(step.prediction),
            static_cast<float>(step.history), static_cast<float>(step.noise),
            static_cast<float>(step.x0_x),    static_cast<float>(step.x0_prediction)};
}

std::vector<float> values_of(const at::Tensor& tensor)
{
    const at::Tensor plain = tensor.to(at::kFloat).contiguous();
    return {plain.const_data_ptr<float>(), plain.const_data_ptr<float>() + plain.numel()};
}

const Bf16* bf16_pointer(const at::Tensor& tensor)
{
    return reinterpret_cast<const Bf16*>(tensor.const_data_ptr());
}

}  // namespace

TEST_CASE("the noise is the engine's to the bit, for any image size, seed, stream and step")
{
    const std::vector<std::uint64_t> seeds = {0, 1, 7, 0xFFFFFFFFULL, 0x100000000ULL, 0xFFFFFFFFFFFFFFFFULL};
    for (const std::size_t values : {1U, 3U, 4U, 63U, 64U, 65U, 784U, 3072U, 12289U}) {
        for (const NoiseStream stream : {NoiseStream::initial, NoiseStream::step, NoiseStream::probe}) {
            for (const std::uint32_t step : {0U, 1U, 999U}) {
                std::vector<float> expected(seeds.size() * values);
                for (std::size_t i = 0; i < seeds.size(); ++i) {
                    fill_normal({expected.data() + i * values, values}, seeds[i], stream, step);
                }
                const auto actual = drawn(seeds, static_cast<std::int64_t>(values), stream, step);
                INFO(values << " values, step " << step);
                CHECK(std::memcmp(actual.data(), expected.data(), expected.size() * sizeof(float)) == 0);
            }
        }
    }
}

TEST_CASE("a solver's step is the engine's to an ulp of its terms, for every solver, batches to 300")
{
    const c10::InferenceMode inference;
    const NoiseSchedule schedule({});
    for (const SolverKind kind :
         {SolverKind::ddpm, SolverKind::ddim, SolverKind::dpm_solver_pp, SolverKind::euler_maruyama}) {
        for (const double eta : {0.0, 0.7}) {
            const SolverOptions options{.kind = kind, .steps = 20, .eta = eta};
            if (check_solver(options)) {
                continue;
            }
            for (const std::int64_t images : {1, 3, 64, 300}) {
                const at::Tensor x = at::randn({images, 3, 5, 5});
                const at::Tensor prediction = at::randn({images, 3, 5, 5});
                const at::Tensor before = at::randn({images, 3, 5, 5});
                std::vector<std::uint64_t> seeds(static_cast<std::size_t>(images));
                for (std::size_t i = 0; i < seeds.size(); ++i) {
                    seeds[i] = 11 + i;
                }
                std::uint32_t k = 0;
                for (const SolverStep& step : plan_solver(options, schedule)) {
                    at::Tensor z = at::empty_like(x);
                    for (std::size_t i = 0; i < seeds.size(); ++i) {
                        fill_normal({z.data_ptr<float>() + 75 * i, 75}, seeds[i], NoiseStream::step, k);
                    }
                    const Advanced expected = advance(step, x, prediction, z, before);
                    at::Tensor next = at::empty_like(x);
                    at::Tensor original = at::empty_like(x);
                    twin::solver_update({x.const_data_ptr<float>(), prediction.const_data_ptr<float>(),
                                         before.const_data_ptr<float>(), nullptr, seeds.data(),
                                         static_cast<std::uint32_t>(NoiseStream::step), k,
                                         next.data_ptr<float>(), original.data_ptr<float>(), images, 75,
                                         coefficients(step)});
                    // Where LibTorch's loop has no multiply-add, each term is rounded once more.
                    const at::Tensor size = x.abs() * std::abs(step.x) +
                                            prediction.abs() * std::abs(step.prediction) +
                                            before.abs() * std::abs(step.history) + z.abs() * step.noise;
                    const at::Tensor x0_size =
                        x.abs() * std::abs(step.x0_x) + prediction.abs() * std::abs(step.x0_prediction);
                    INFO(display_name(kind) << ", eta " << eta << ", " << images << " images, t " << step.t);
                    CHECK(((next - expected.x).abs() <= size * 2.4e-7).all().item<bool>());
                    CHECK(((original - expected.original).abs() <= x0_size * 2.4e-7).all().item<bool>());
                    ++k;
                }
            }
        }
    }
}

TEST_CASE("the probe's u is that of the engine's exits, for every kind of token probe")
{
    const c10::InferenceMode inference;
    ModelConfig config;
    config.kind = ModelKind::early_exit;
    config.uvit.img_size = 8;
    config.uvit.patch_size = 2;
    config.uvit.in_chans = 3;
    config.uvit.embed_dim = 32;
    config.uvit.depth = 3;
    config.uvit.num_heads = 4;
    for (const ProbeKind kind : {ProbeKind::mlp_per_layer, ProbeKind::mlp_per_timestep}) {
        config.probe = kind;
        std::map<std::string, at::Tensor> tensors;
        for (const auto& [name, sizes] : expected_tensors(config)) {
            tensors[name] = at::randn(sizes, at::kFloat);
        }
        const Exits exits(kind, config.uvit, TensorSource(tensors, c10::kCPU));
        for (const std::int64_t images : {1, 5, 300}) {
            const at::Tensor tokens = at::randn({images, config.uvit.tokens(), config.uvit.embed_dim});
            for (const int row : {0, 2}) {
                const int t = 500;
                const std::string name = kind == ProbeKind::mlp_per_layer ? std::to_string(row) : "500";
                const at::Tensor weight = tensors.at("matrix." + name + ".classifier.0.weight");
                const at::Tensor bias = tensors.at("matrix." + name + ".classifier.0.bias");
                std::vector<float> u(static_cast<std::size_t>(images));
                twin::probe(cuda::Probe<float>{
                    tokens.const_data_ptr<float>(), weight.const_data_ptr<float>(),
                    bias.const_data_ptr<float>(), u.data(), static_cast<int>(images),
                    static_cast<int>(config.uvit.tokens()), static_cast<int>(config.uvit.embed_dim)});
                const std::vector<float> expected = values_of(exits.uncertainty(row, t, tokens));
                for (std::size_t i = 0; i < u.size(); ++i) {
                    REQUIRE(u[i] == doctest::Approx(expected[i]).epsilon(1e-5));
                }
                const at::Tensor half = tokens.to(at::kBFloat16);
                twin::probe(cuda::Probe<Bf16>{
                    bf16_pointer(half), weight.const_data_ptr<float>(), bias.const_data_ptr<float>(),
                    u.data(), static_cast<int>(images), static_cast<int>(config.uvit.tokens()),
                    static_cast<int>(config.uvit.embed_dim)});
                const std::vector<float> in_half = values_of(exits.uncertainty(row, t, half));
                for (std::size_t i = 0; i < u.size(); ++i) {
                    REQUIRE(u[i] == doctest::Approx(in_half[i]).epsilon(1e-5));
                }
            }
        }
    }
}

TEST_CASE("pictures are the engine's to the byte, of pixels and of latents, batches to 300")
{
    for (const int count : {1, 2, 16, 300}) {
        for (const int channels : {1, 2, 3, 4, 6}) {
            const BatchShape shape{count, channels, 5, 7};
            std::vector<float> x = random_values(shape.values(), static_cast<unsigned>(count + channels));
            x.front() = std::nanf("");
            x.back() = -INFINITY;
            // Values whose byte is decided by the rounding.
            for (std::size_t i = 0; i + 2 < x.size() && i < 255; ++i) {
                x[i + 1] = (static_cast<float>(i) + 0.5F) / 127.5F - 1.0F;
            }
            std::vector<std::uint8_t> bytes(static_cast<std::size_t>(count) * 35 * 4);
            twin::make_pictures({x.data(), nullptr, 0, bytes.data(), count, channels, 35});
            CHECK(bytes == *make_strip(x, shape).rgbx);
            for (const int colours : {1, 3}) {
                const auto map = random_values(static_cast<std::size_t>(colours * (channels + 1)), 5);
                twin::make_pictures({x.data(), map.data(), colours, bytes.data(), count, channels, 35});
                CHECK(bytes == *make_latent_strip(x, shape, map).rgbx);
            }
        }
    }
}

TEST_CASE("residual, LayerNorm and GELU are LibTorch's, in fp32 and in bf16")
{
    const c10::InferenceMode inference;
    for (const std::int64_t dim : {32, 100, 512}) {
        const at::Tensor residual = at::randn({37, dim});
        const at::Tensor product = at::randn({37, dim});
        const at::Tensor bias = at::randn({dim});
        const at::Tensor weight = at::randn({dim});
        const at::Tensor shift = at::randn({dim});
        at::Tensor sum = at::empty_like(residual);
        at::Tensor norm = at::empty_like(residual);
        twin::residual_norm(cuda::ResidualNorm<float>{
            residual.const_data_ptr<float>(), product.const_data_ptr<float>(), bias.const_data_ptr<float>(),
            weight.const_data_ptr<float>(), shift.const_data_ptr<float>(), sum.data_ptr<float>(),
            norm.data_ptr<float>(), 37, static_cast<int>(dim), 1e-5F});
        const at::Tensor expected = residual + (product + bias);
        CHECK(test::relative_error(sum, expected) < 1e-6);
        CHECK(test::relative_error(norm, at::layer_norm(expected, {dim}, weight, shift, 1e-5)) < 2e-6);

        at::Tensor activated = at::empty_like(product);
        twin::bias_gelu(cuda::BiasGelu<float>{product.const_data_ptr<float>(), bias.const_data_ptr<float>(),
                                              activated.data_ptr<float>(), 37, static_cast<int>(dim)});
        CHECK(test::relative_error(activated, at::gelu(product + bias)) < 2e-6);

        const at::Tensor half = product.to(at::kBFloat16);
        const at::Tensor half_bias = bias.to(at::kBFloat16);
        at::Tensor half_out = at::empty_like(half);
        twin::bias_gelu(cuda::BiasGelu<Bf16>{bf16_pointer(half), bf16_pointer(half_bias),
                                             reinterpret_cast<Bf16*>(half_out.data_ptr()), 37,
                                             static_cast<int>(dim)});
        const at::Tensor exact = at::gelu(half.to(at::kFloat) + half_bias.to(at::kFloat));
        CHECK(test::relative_error(half_out.to(at::kFloat), exact) < 4e-3);
    }
}

TEST_CASE("fp32 becomes bf16 as in LibTorch, ties, infinities and NaN included")
{
    std::vector<float> values = random_values(1000, 21);
    for (const std::uint32_t bits : {0x3F808000U, 0x3F818000U, 0x3F808001U, 0x7F800000U, 0xFF800000U,
                                     0x7F7FFFFFU, 0x00000001U, 0x80000000U}) {
        float value = 0.0F;
        std::memcpy(&value, &bits, sizeof(value));
        values.push_back(value);
    }
    for (const float value : values) {
        Bf16 half{};
        cuda::store(half, value);
        CHECK(half.bits == c10::BFloat16(value).x);
        CHECK(cuda::load(half) == static_cast<float>(c10::BFloat16(value)));
    }
    Bf16 half{};
    cuda::store(half, std::nanf(""));
    CHECK(std::isnan(cuda::load(half)));
}
