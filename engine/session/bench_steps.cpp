// SPDX-License-Identifier: MIT
#include "session/bench_steps.h"

#include "base/device.h"
#include "model/cost.h"
#include "session/random_model.h"
#include "session/reference_network.h"
#include "session/settings_check.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/_int_mm.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>

namespace duodiff
{
namespace
{

using Clock = std::chrono::steady_clock;
using Tensors = std::map<std::string, at::Tensor>;

constexpr int bench_t = 500;
constexpr double shortest_sample_ms = 30.0;

/// A network to be timed, by its weights.
struct Subject {
    std::string model;
    std::string network;
    UVitConfig shape;
    Tensors tensors;
};

Tensors without_prefix(const Tensors& tensors, const std::string& prefix)
{
    Tensors stripped;
    for (const auto& [name, tensor] : tensors) {
        if (name.starts_with(prefix)) {
            stripped[name.substr(prefix.size())] = tensor;
        }
    }
    return stripped;
}

Subject subject_of(const std::string& model, const char* network, const ModelPart& part)
{
    return {model, network, part.config.uvit,
            without_prefix(part.checkpoint.tensors, backbone_prefix(part.config))};
}

std::vector<Subject> subjects_of_pack(const ModelFiles& files)
{
    std::vector<Subject> subjects;
    if (files.full) {
        subjects.push_back(subject_of(files.name, "full", *files.full));
    } else if (files.early_exit) {
        subjects.push_back(subject_of(files.name, "full", *files.early_exit));
    }
    if (files.shallow) {
        subjects.push_back(subject_of(files.name, "shallow", *files.shallow));
    }
    return subjects;
}

std::vector<std::function<std::vector<Subject>()>> all_subjects(const BenchRequest& request,
                                                                const ModelFiles* files)
{
    // Made one after the other: the weights of all of them at once would fill a small machine.
    std::vector<std::function<std::vector<Subject>()>> all;
    if (files != nullptr) {
        all.emplace_back([files] { return subjects_of_pack(*files); });
    }
    for (const std::string& key : request.shapes) {
        all.emplace_back([shape = standard_shape(key)] {
            const UVitConfig shallow = shallow_partner(shape.config);
            return std::vector<Subject>{{shape.name, "full", shape.config, random_weights(shape.config, 1)},
                                        {shape.name, "shallow", shallow, random_weights(shallow, 2)}};
        });
    }
    return all;
}

/// One of those that are compared: what it is called, and one call of it.
struct Contestant {
    std::string name;
    Precision precision = Precision::fp32;
    std::function<void()> call;
    int repeats = 1;
    std::vector<double> ms;
};

double call_ms(const Contestant& contestant, c10::Device device)
{
    const auto start = Clock::now();
    for (int i = 0; i < contestant.repeats; ++i) {
        contestant.call();
    }
    synchronize(device);
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count() / contestant.repeats;
}

/// Two calls to warm up, and enough calls a sample that the clock does not matter.
void warm_up(Contestant& contestant, c10::Device device)
{
    call_ms(contestant, device);
    const double ms = call_ms(contestant, device);
    contestant.repeats = std::clamp(static_cast<int>(shortest_sample_ms / std::max(ms, 1e-3)) + 1, 1, 1000);
}

/// Those that LibTorch computes a step in.
std::vector<Precision> libtorch_precisions(c10::Device device)
{
    return has_fast_bf16(device) ? std::vector<Precision>{Precision::fp32, Precision::bf16}
                                 : std::vector<Precision>{Precision::fp32};
}

std::vector<Precision> all_precisions(const UVitConfig& shape, c10::Device device)
{
    std::vector<Precision> all = libtorch_precisions(device);
    if (UVit::int8_obstacle(shape, device).empty()) {
        all.push_back(Precision::int8);
    }
    return all;
}

/// The product that a U-ViT spends most of its time in, (B L, D) by (D, 4 D), through LibTorch's packed
/// weights (8-bit ones are not packed there, and the sums stay 32-bit integers).
Contestant product_contestant(const UVitConfig& shape, int batch, Precision precision, c10::Device device)
{
    const std::int64_t rows = batch * shape.tokens();
    if (precision == Precision::int8) {
        const at::Tensor x = at::randint(-128, 128, {rows, shape.embed_dim}, at::kChar);
        const at::Tensor weight = at::randint(-128, 128, {shape.mlp_dim(), shape.embed_dim}, at::kChar).t();
        return {"product", precision, [weight, x] { at::_int_mm(x, weight); }, 1, {}};
    }
    const auto options = at::TensorOptions().device(device).dtype(arithmetic_of(precision).type);
    const at::Tensor x = at::randn({rows, shape.embed_dim}, options);
    const auto product = std::make_shared<const Linear>(
        at::randn({shape.mlp_dim(), shape.embed_dim}, options), at::Tensor(), rows);
    return {"product", precision, [product, x] { (*product)(x); }, 1, {}};
}

double product_flop(const UVitConfig& shape, int batch)
{
    return 2.0 * batch * static_cast<double>(shape.tokens() * shape.embed_dim * shape.mlp_dim());
}

void run_step(const Network& network, const at::Tensor& x, const at::Tensor& labels)
{
    Activations activations = network.begin(x, bench_t, labels);
    while (activations.layer < network.depth()) {
        network.advance(activations);
    }
    network.leave(network.depth(), activations.tokens);
}

class StepBench
{
public:
    StepBench(const Subject& subject, int batch, c10::Device device)
        : subject_(subject), batch_(batch), device_(device)
    {
        const UVitConfig& shape = subject.shape;
        const at::Tensor x = at::randn({batch, shape.in_chans, shape.img_size, shape.img_size},
                                       at::make_generator<at::CPUGeneratorImpl>(3), at::kFloat)
                                 .to(device);
        const at::Tensor labels =
            shape.num_classes > 0 ? at::zeros({batch}, at::TensorOptions().dtype(at::kLong).device(device))
                                  : at::Tensor();
        for (const Precision precision : libtorch_precisions(device)) {
            const auto reference = std::make_shared<const ReferenceNetwork>(shape, subject.tensors, device,
                                                                            arithmetic_of(precision).type);
            contestants_.push_back({fmt::format("plain LibTorch {}", to_string(precision)),
                                    precision,
                                    [reference, x, labels] { reference->forward(x, bench_t, labels); },
                                    1,
                                    {}});
        }
        for (const Precision precision : all_precisions(shape, device)) {
            const auto network = std::make_shared<const Network>(std::make_shared<const UVit>(
                shape, TensorSource(subject.tensors, device), arithmetic_of(precision)));
            contestants_.push_back({fmt::format("duodiff {}", to_string(precision)),
                                    precision,
                                    [network, x, labels] { run_step(*network, x, labels); },
                                    1,
                                    {}});
            products_.push_back(product_contestant(shape, batch, precision, device));
        }
    }

    StepBenchRow run(int rounds, const std::stop_token& stop)
    {
        for (auto* group : {&contestants_, &products_}) {
            for (Contestant& contestant : *group) {
                warm_up(contestant, device_);
            }
        }
        for (int round = 0; round < rounds; ++round) {
            for (auto* group : {&contestants_, &products_}) {
                for (Contestant& contestant : *group) {
                    if (stop.stop_requested()) {
                        throw EngineError(ErrorCode::cancelled, "the benchmark was stopped");
                    }
                    contestant.ms.push_back(call_ms(contestant, device_));
                }
            }
        }
        return row();
    }

    std::vector<ProductRate> rates() const
    {
        std::vector<ProductRate> rates;
        for (const Contestant& product : products_) {
            rates.push_back(
                {.model = subject_.model,
                 .batch = batch_,
                 .precision = product.precision,
                 .gflops = product_flop(subject_.shape, batch_) / spread_of(product.ms).median * 1e-6});
        }
        return rates;
    }

private:
    StepBenchRow row() const
    {
        StepBenchRow row{.model = subject_.model,
                         .network = subject_.network,
                         .depth = static_cast<int>(subject_.shape.depth),
                         .batch = batch_,
                         .gflop = 1e-9 * batch_ * UVitCost(subject_.shape).all_blocks(),
                         .timings = {}};
        for (const Contestant& contestant : contestants_) {
            std::vector<double> speedups;
            for (std::size_t i = 0; i < contestant.ms.size(); ++i) {
                speedups.push_back(contestants_.front().ms[i] / contestant.ms[i]);
            }
            StepTiming timing{.name = contestant.name,
                              .precision = contestant.precision,
                              .ms = spread_of(contestant.ms),
                              .speedup = spread_of(speedups)};
            timing.gflops = row.gflop / timing.ms.median * 1e3;
            for (const ProductRate& rate : rates()) {
                if (rate.precision == contestant.precision) {
                    timing.share_of_product = timing.gflops / rate.gflops;
                }
            }
            row.timings.push_back(std::move(timing));
        }
        return row;
    }

    const Subject& subject_;
    int batch_;
    c10::Device device_;
    std::vector<Contestant> contestants_;
    std::vector<Contestant> products_;
};

}  // namespace

Spread spread_of(std::vector<double> values)
{
    if (values.empty()) {
        throw EngineError(ErrorCode::usage, "nothing was measured");
    }
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    return {.median = values.size() % 2 == 1 ? values[middle] : 0.5 * (values[middle - 1] + values[middle]),
            .minimum = values.front(),
            .maximum = values.back()};
}

std::vector<StepBenchRow> bench_steps(const BenchRequest& request, const ModelFiles* files,
                                      c10::Device device, std::vector<ProductRate>& rates,
                                      const Progress& progress, const std::stop_token& stop)
{
    std::vector<StepBenchRow> rows;
    const auto groups = all_subjects(request, files);
    for (std::size_t group = 0; group < groups.size(); ++group) {
        for (const Subject& subject : groups[group]()) {
            for (const int batch : request.batches) {
                if (progress) {
                    progress(fmt::format("{}, {} network, batch {}", subject.model, subject.network, batch),
                             static_cast<double>(group) / static_cast<double>(groups.size()));
                }
                StepBench bench(subject, batch, device);
                rows.push_back(bench.run(request.rounds, stop));
                const auto measured = bench.rates();
                rates.insert(rates.end(), measured.begin(), measured.end());
            }
        }
    }
    return rows;
}

}  // namespace duodiff
