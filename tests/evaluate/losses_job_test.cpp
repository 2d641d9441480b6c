// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/noise.h"
#include "checkpoint/checkpoint.h"
#include "data/order.h"
#include "evaluate/losses_files.h"
#include "session/model_info.h"
#include "train/trainable.h"

#include "evaluate/evaluation_support.h"
#include "support/doctest_torch.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

struct LossesWorld {
    explicit LossesWorld(const char* file, int classes = 10)
    {
        write_images(folder / "data", classes, 2);
        request.source = source_of(file);
        request.data.path = folder / "data";
        request.base = few_images(7);
        request.base.batch = 3;
        request.buckets = 4;
        request.folder = folder / "out";
    }

    TemporaryFolder folder;
    LossesRequest request;
};

/// One example at one t: errors of every exit and u, from the network that training sees through.
struct Expected {
    std::vector<double> error;
    std::vector<double> said;
    std::vector<double> truth;
    double full = 0.0;
};

double mean_value(const at::Tensor& tensor)
{
    return tensor.to(at::kDouble).mean().item<double>();
}

Expected compute(const ModelPart& part, const at::Tensor& x0, std::int64_t label, std::uint32_t example,
                 int t, const LossesRequest& request, Parametrization parametrization)
{
    // alpha_bar by the definition: beta from 1e-4 to 0.02.
    double a = 1.0;
    double beta = 0.0;
    for (int i = 0; i <= t; ++i) {
        beta = 1e-4 + (0.02 - 1e-4) * i / 999.0;
        a *= 1.0 - beta;
    }
    at::Tensor noise = at::empty(x0.sizes(), at::kFloat);
    fill_normal({noise.data_ptr<float>(), static_cast<std::size_t>(noise.numel())}, request.base.seed,
                NoiseStream::probe, static_cast<std::uint32_t>(t), example);
    const at::Tensor x = x0 * std::sqrt(a) + noise * std::sqrt(1.0 - a);
    at::Tensor target = noise;
    if (parametrization == Parametrization::predict_original) {
        target = x0;
    } else if (parametrization == Parametrization::predict_previous) {
        // DDPM's mean written with the noise (arXiv 2006.11239, eq. 11).
        target = (x - noise * (beta / std::sqrt(1.0 - a))) / std::sqrt(1.0 - beta);
    }
    const Tensors tensors = from_file_names(part.checkpoint.tensors, part.config);
    const TrainableUVit network(part.config.uvit, tensors, backbone_prefix(part.config));
    TrainInput input;
    input.x = x.unsqueeze(0);
    input.t = at::full({1}, t, at::kLong);
    if (part.config.uvit.num_classes > 0) {
        input.labels = at::full({1}, label, at::kLong);
    }
    Expected expected;
    const auto look = [&](int layer, const at::Tensor& tokens) {
        if (!part.config.probe) {
            return;
        }
        const TrainableProbes probes(*part.config.probe, part.config.uvit, tensors);
        const int row = probes.row_at(layer);
        if (row < 0) {
            return;
        }
        const std::string prefix = head_prefix(part.config, layer);
        const at::Tensor said = prefix.empty() ? network.head(tokens) : network.head(tokens, prefix);
        const at::Tensor difference = said[0] - target;
        expected.error.push_back(mean_value(difference.square()));
        expected.truth.push_back(mean_value(difference.abs().tanh()));
        const at::Tensor u = probes(row, input.t, tokens);
        expected.said.push_back(part.config.probe == ProbeKind::certainty_map ? 1.0 - mean_value(u)
                                                                              : mean_value(u));
    };
    expected.full = mean_value((network.head(network.run(input, look))[0] - target).square());
    return expected;
}

double correlation_of(const std::vector<double>& a, const std::vector<double>& b)
{
    double ma = 0.0;
    double mb = 0.0;
    const auto n = static_cast<double>(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        ma += a[i] / n;
        mb += b[i] / n;
    }
    double ab = 0.0;
    double aa = 0.0;
    double bb = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        ab += (a[i] - ma) * (b[i] - mb);
        aa += (a[i] - ma) * (a[i] - ma);
        bb += (b[i] - mb) * (b[i] - mb);
    }
    return ab / std::sqrt(aa * bb);
}

/// The job against TrainableUVit and plain sums.
void check_against_plain_sums(const std::filesystem::path& model, const LossesWorld& world,
                              Parametrization parametrization)
{
    INFO(model.filename().string());
    LossesRequest request = world.request;
    request.source.model = model;
    request.base.parametrization = parametrization;
    request.base.precision = Precision::fp32;
    const ModelFiles files = read_model(request.source);
    const ModelPart& part = files.early_exit ? *files.early_exit : *files.full;
    request.data.channels = part.config.uvit.in_chans;
    const LossesReport report = evaluate_losses(request);
    CHECK(report.images == 7);

    DataSettings data_settings = request.data;
    data_settings.img_size = part.config.uvit.img_size;
    const auto data = open_dataset(data_settings);
    std::vector<std::uint32_t> order =
        epoch_order(static_cast<std::uint32_t>(data->size()), request.base.seed, 0);
    const int buckets = request.buckets;
    std::vector<std::vector<Expected>> by_bucket(static_cast<std::size_t>(buckets));
    for (int i = 0; i < 7; ++i) {
        const std::uint32_t example = order[static_cast<std::size_t>(i)];
        at::Tensor x0 = at::empty({data->channels(), data->side(), data->side()}, at::kFloat);
        data->read(example, false, {x0.data_ptr<float>(), static_cast<std::size_t>(x0.numel())});
        for (int bucket = 0; bucket < buckets; ++bucket) {
            const std::uint64_t bits =
                random_bits(request.base.seed, NoiseStream::train_timestep, static_cast<std::uint32_t>(i / 3),
                            static_cast<std::uint32_t>(bucket));
            const int t = 250 * bucket + static_cast<int>((bits * 250) >> 32U);
            by_bucket[static_cast<std::size_t>(bucket)].push_back(
                compute(part, x0, data->label(example), example, t, request, parametrization));
        }
    }
    const std::size_t rows = by_bucket[0][0].error.size();
    REQUIRE(report.curves.size() == rows + 1);
    REQUIRE(report.calibration.size() == rows);
    for (std::size_t row = 0; row <= rows; ++row) {
        const LossCurve& curve = report.curves[row];
        CHECK(curve.network == (row < rows ? NetworkRole::early_exit : NetworkRole::full));
        for (int bucket = 0; bucket < buckets; ++bucket) {
            double sum = 0.0;
            double squares = 0.0;
            for (const Expected& one : by_bucket[static_cast<std::size_t>(bucket)]) {
                const double error = row < rows ? one.error[row] : one.full;
                sum += error;
                squares += error * error;
            }
            const double mean = sum / 7.0;
            const double variance = std::max(0.0, (squares - 7.0 * mean * mean) / 6.0);
            const LossCell& cell = curve.buckets[static_cast<std::size_t>(bucket)];
            CHECK(cell.mean == doctest::Approx(mean).epsilon(1e-3));
            CHECK(cell.standard_error == doctest::Approx(std::sqrt(variance / 7.0)).epsilon(0.02));
        }
    }
    for (std::size_t row = 0; row < rows; ++row) {
        std::vector<double> said;
        std::vector<double> truth;
        for (const auto& bucket : by_bucket) {
            for (const Expected& one : bucket) {
                said.push_back(one.said[row]);
                truth.push_back(one.truth[row]);
            }
        }
        const ProbeCalibration& probe = report.calibration[row];
        CHECK(probe.mean_said ==
              doctest::Approx(std::accumulate(said.begin(), said.end(), 0.0) / 28.0).epsilon(1e-3));
        CHECK(probe.mean_found ==
              doctest::Approx(std::accumulate(truth.begin(), truth.end(), 0.0) / 28.0).epsilon(1e-3));
        CHECK(probe.pearson == doctest::Approx(correlation_of(said, truth)).epsilon(0.01));
        std::int64_t pairs = 0;
        for (const ReliabilityBin& bin : probe.curve) {
            pairs += bin.pairs;
        }
        CHECK(pairs == 28);
    }
}

}  // namespace

TEST_CASE("errors, uncertainties and true errors are those of the network that training sees through")
{
    for (const char* model :
         {"early_exit_attention_probe.pth", "adadiff_original.pth", "uvit_unconditional.pth"}) {
        const LossesWorld world(model);
        check_against_plain_sums(golden(model), world, Parametrization::predict_noise);
    }
    const LossesWorld world("adadiff_original.pth");
    check_against_plain_sums(golden("adadiff_original.pth"), world, Parametrization::predict_original);
    check_against_plain_sums(golden("early_exit_attention_probe.pth"), world,
                             Parametrization::predict_previous);
}

TEST_CASE("the other kinds of probes, where their golden models are there")
{
    const std::filesystem::path shared = shared_dir();
    if (shared.empty()) {
        return;
    }
    for (const char* name : {"early_exit_mlp_probe_per_layer.pth", "early_exit_mlp_probe_per_timestep.pth",
                             "early_exit_mlp_probe_per_layer_per_timestep.pth"}) {
        const LossesWorld world("uvit_unconditional.pth");
        check_against_plain_sums(shared / "golden" / name, world, Parametrization::predict_noise);
    }
}

TEST_CASE("the shallow network of a pair gets the same noisy images")
{
    // Both networks of the pair, each of which alone is the full one.
    LossesWorld world("uvit_unconditional.pth");
    world.request.source.late_model = golden("early_exit_attention_probe.pth");
    const LossesReport pair = evaluate_losses(world.request);
    const auto curve_of = [](const LossesReport& report, NetworkRole role) {
        return *std::find_if(report.curves.begin(), report.curves.end(),
                             [role](const LossCurve& curve) { return curve.network == role; });
    };
    for (const NetworkRole role : {NetworkRole::shallow, NetworkRole::full}) {
        LossesWorld alone(role == NetworkRole::shallow ? "uvit_unconditional.pth"
                                                       : "early_exit_attention_probe.pth");
        const LossCurve expected = curve_of(evaluate_losses(alone.request), NetworkRole::full);
        const LossCurve found = curve_of(pair, role);
        for (std::size_t bucket = 0; bucket < 4; ++bucket) {
            CHECK(found.buckets[bucket].mean == doctest::Approx(expected.buckets[bucket].mean));
        }
    }
}

TEST_CASE("correlations, ranks and bins of small examples")
{
    const std::vector<float> a = {1, 2, 3, 4};
    const std::vector<float> b = {1, 4, 9, 16};
    const std::vector<float> down = {8, 6, 4, 2};
    const std::vector<float> flat = {5, 5, 5, 5};
    CHECK(pearson_correlation(a, down) == doctest::Approx(-1.0));
    CHECK(pearson_correlation(a, b) == doctest::Approx(0.98437404));
    CHECK(spearman_correlation(a, b) == doctest::Approx(1.0));
    CHECK(std::isnan(pearson_correlation(a, flat)));
    CHECK(std::isnan(spearman_correlation(flat, a)));
    CHECK(std::isnan(pearson_correlation(std::span(a).first(1), std::span(b).first(1))));
    // Ties share a rank: 0, 1.5, 1.5, 3 against 0, 2, 1, 3.
    const std::vector<float> tied = {1, 2, 2, 3};
    const std::vector<float> other = {1, 5, 4, 9};
    CHECK(spearman_correlation(tied, other) == doctest::Approx(0.9486833));

    const std::vector<float> said = {0.4F, 0.1F, 0.3F, 0.2F, 0.5F};
    const std::vector<float> found = {0.5F, 0.2F, 0.1F, 0.2F, 0.3F};
    const std::vector<ReliabilityBin> bins = reliability_curve(said, found, 2);
    REQUIRE(bins.size() == 2);
    CHECK(bins[0].pairs == 2);
    CHECK(bins[0].said == doctest::Approx(0.15));
    CHECK(bins[0].found == doctest::Approx(0.2));
    CHECK(bins[1].lowest == doctest::Approx(0.3));
    CHECK(bins[1].highest == doctest::Approx(0.5));
    CHECK(bins[1].found == doctest::Approx(0.3));
    CHECK(calibration_error(bins) == doctest::Approx((2 * 0.05 + 3 * 0.1) / 5.0));
    CHECK(reliability_curve(said, found, 100).size() == 5);
}

TEST_CASE("losses that were stopped anywhere go on to the same files")
{
    const LossesWorld whole("adadiff_original.pth");
    (void)write_losses_files(evaluate_losses(whole.request), whole.request.folder);
    const auto expected = files_of(whole.request.folder);
    CHECK(expected.size() == 10);
    // Before the model is read, and in each of the three batches of four buckets.
    for (const int stop_at : {0, 2, 6, 8, 11}) {
        LossesWorld world("adadiff_original.pth");
        world.request.data.path = whole.request.data.path;
        StopAt stopper(stop_at, "Errors of every layer");
        bool stopped = false;
        try {
            (void)evaluate_losses(world.request, stopper.callback(), stopper.stop.get_token());
        } catch (const EngineError& error) {
            CHECK(error.code() == ErrorCode::cancelled);
            stopped = true;
        }
        CHECK(stopped);
        (void)write_losses_files(evaluate_losses(world.request), world.request.folder);
        CHECK(files_of(world.request.folder) == expected);
    }
}

TEST_CASE("parts of another seed are made again and said; a damaged one too")
{
    LossesWorld world("early_exit_attention_probe.pth");
    const LossesReport first = evaluate_losses(world.request);
    CHECK(first.notes == std::vector<std::string>{"The model has no shallow network to compare with."});
    world.request.base.seed = 5;
    CHECK(evaluate_losses(world.request).notes[0].find("3 finished parts") != std::string::npos);
    world.request.base.seed = 70;
    std::ofstream(world.request.folder / "parts" / "losses-00001", std::ios::binary) << "cut off";
    const LossesReport again = evaluate_losses(world.request);
    CHECK(again.notes[1].find("losses-00001") != std::string::npos);
    CHECK(again.curves[2].buckets[1].mean == first.curves[2].buckets[1].mean);
}

TEST_CASE("data that the model cannot take are refused in words")
{
    const auto refusal = [](const LossesRequest& request) {
        try {
            (void)evaluate_losses(request);
        } catch (const EngineError& error) {
            CHECK_FALSE(error.failure().what.empty());
            return error.code();
        }
        return ErrorCode::cancelled;
    };
    LossesWorld none("uvit_unconditional.pth");
    none.request.data.path = none.folder / "nothing";
    CHECK(refusal(none.request) == ErrorCode::bad_file);
    const LossesWorld many("adadiff_original.pth", 11);
    CHECK(refusal(many.request) == ErrorCode::bad_file);
    // Four channels: latents, of which no picture can be one.
    const LossesWorld latent("early_exit_class_conditional.pth");
    CHECK(refusal(latent.request) == ErrorCode::usage);
    LossesWorld odd("uvit_unconditional.pth");
    odd.request.buckets = 0;
    CHECK(refusal(odd.request) == ErrorCode::usage);
    odd.request.buckets = 4;
    odd.request.base.count = 1000;
    const LossesReport report = evaluate_losses(odd.request);
    CHECK(report.images == 20);
    CHECK(report.notes[0].find("20 images") != std::string::npos);
    CHECK(report.calibration.empty());
}
