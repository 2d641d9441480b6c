// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/noise.h"
#include "evaluate/classifier.h"
#include "evaluate/classifier_job.h"
#include "evaluate/classifier_training.h"
#include "evaluate/exit_counts.h"
#include "evaluate/feature_pass.h"
#include "evaluate/frechet_files.h"

#include "evaluate/evaluation_support.h"

#include "support/doctest_torch.h"
#include "support/test_paths.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

constexpr int side = 12;

/// Stripes upright or lying by the class, at a place and with grain by the seed.
std::vector<float> stripes(std::uint64_t seed, std::int64_t label, float grain)
{
    std::vector<float> pixels(side * side);
    fill_normal(pixels, seed, NoiseStream::probe, 7);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
        const std::size_t along = label == 0 ? i % side : i / side;
        const bool bright = (along + seed / 2) % 4 < 2;
        pixels[i] = std::clamp((bright ? 0.3F : -0.3F) + grain * pixels[i], -1.0F, 1.0F);
    }
    return pixels;
}

void write_idx(const std::filesystem::path& folder, const std::string& part, int count, std::uint64_t seed)
{
    std::string images("\0\0\x08\x03", 4);
    std::string labels("\0\0\x08\x01", 4);
    const auto number = [](int value) {
        return std::string{'\0', '\0', static_cast<char>(value >> 8), static_cast<char>(value)};
    };
    images += number(count) + number(side) + number(side);
    labels += number(count);
    for (int i = 0; i < count; ++i) {
        for (const float pixel : stripes(seed + static_cast<std::uint64_t>(i), i % 2, 0.2F)) {
            images += static_cast<char>(static_cast<unsigned char>((pixel + 1.0F) * 127.5F + 0.5F));
        }
        labels += static_cast<char>(i % 2);
    }
    std::ofstream(folder / (part + "-images-idx3-ubyte"), std::ios::binary) << images;
    std::ofstream(folder / (part + "-labels-idx1-ubyte"), std::ios::binary) << labels;
}

/// Makes stripes, the more grain in them the less of the network a policy uses; remembers what it was asked.
class ScriptedEngine final : public Engine
{
public:
    ModelInfo open(const ModelSource&, const Progress&, std::stop_token) override
    {
        ModelInfo info;
        info.num_classes = 2;
        info.has_shallow = true;
        info.has_early_exit = true;
        info.switch_step_default = 300;
        info.threshold_default = 0.1;
        info.threshold_minimum = 0.05;
        info.threshold_maximum = 0.2;
        return info;
    }
    std::optional<Failure> check(const SamplingSettings& settings) const override
    {
        if (settings.threshold > 1.0) {
            return Failure{ErrorCode::usage, "theta is too large", "--threshold", ""};
        }
        return std::nullopt;
    }
    RunOutcome sample(const SamplingSettings& settings, std::uint64_t, FrameSink& sink,
                      const RunControls& controls, const LiveParameters*, const SampleOptions&) override
    {
        RunOutcome outcome;
        outcome.record.settings = settings;
        outcome.record.model.depth = 4;
        outcome.record.model.sha256 = {{"full", "abc"}};
        outcome.record.machine.device = "cpu";
        outcome.record.machine.precision = "fp32";
        const bool stopped_before = controls.stop.stop_requested();
        Frame frame;
        frame.exit_layers.assign(static_cast<std::size_t>(settings.count),
                                 settings.policy == PolicyKind::full ? std::int16_t{4} : std::int16_t{3});
        for (int t : {999, 0}) {
            frame.t = t;
            sink.on_frame(Frame(frame));
            outcome.record.steps.emplace_back().t = t;
            outcome.record.steps.back().exit_layers = frame.exit_layers;
            if (controls.stop.stop_requested() && !stopped_before) {
                // Whoever looks at the first steps only; one image has its picture.
                outcome.record.state = RunState::cancelled;
                if (settings.count == 1) {
                    outcome.unfinished.push_back({{0, 0, 0, 1, side, side, stripes(0, 0, 0.1F)}, 1, 999});
                }
                return outcome;
            }
        }
        order.push_back(settings.policy);
        if (++runs == stop_at) {
            stop.request_stop();
        }
        if (controls.stop.stop_requested()) {
            outcome.record.state = RunState::cancelled;
            return outcome;
        }
        outcome.record.sampling_ms = (slow_part == runs ? 30.0 : 10.0) * settings.count;
        const float grain = settings.policy == PolicyKind::full ? 0.2F
                            : settings.policy == PolicyKind::duodiff
                                ? 0.2F + 0.001F * static_cast<float>(settings.switch_step)
                                : 0.2F + static_cast<float>(settings.threshold);
        for (int i = 0; i < settings.count; ++i) {
            const std::uint64_t seed = settings.seed + static_cast<std::uint64_t>(i);
            const std::int64_t label =
                settings.classes.empty()
                    ? i % 2
                    : settings.classes[static_cast<std::size_t>(i) % settings.classes.size()];
            outcome.images.push_back({i, seed, label, 1, side, side, stripes(100'000 + seed, label, grain)});
            outcome.record.images.push_back({i, seed, label, "", 0});
            seen.insert({settings.policy, seed, label});
        }
        return outcome;
    }
    LayerUncertainty uncertainty_of(const Trajectory&, int, int) override { return {}; }
    std::vector<FinishedImage> images_of(const Trajectory&, int, int, PictureKind) override { return {}; }

    struct Seen {
        PolicyKind policy;
        std::uint64_t seed;
        std::int64_t label;
        auto operator<=>(const Seen&) const = default;
    };
    std::multiset<Seen> seen;
    std::vector<PolicyKind> order;  ///< of the runs that were not cut short
    int runs = 0;
    int stop_at = 0;
    int slow_part = 0;
    std::stop_source stop;
};

class World
{
public:
    World()
    {
        write_idx(folder_.path(), "train", 400, 1);
        write_idx(folder_.path(), "t10k", 100, 5000);
        request.base.steps = 2;
        request.base.count = 250;
        request.base.batch = 32;
        request.base.device = "cpu";
        request.examples.data.path = folder_.path();
        request.folder = folder_ / "out";
        request.features = folder_ / "classifier.safetensors";
        save_classifier(request.features, classifier().card, classifier().tensors);
        request.part = 60;
    }

    FrechetReport run() { return evaluate_frechet(engine, request, {}, engine.stop.get_token()); }

    FrechetRequest request;
    ScriptedEngine engine;

private:
    const TrainedClassifier& classifier() const
    {
        static const TrainedClassifier trained = [this] {
            DataSettings test = request.examples.data;
            test.split = DataSettings::Split::test;
            return train_classifier(open_dataset(request.examples.data), open_dataset(test), {.batch = 32},
                                    at::kCPU);
        }();
        return trained;
    }

    TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("the further a policy's images are from the data, the larger its distance; test data are near")
{
    World world;
    world.request.switch_steps = {100, 500};
    world.request.thresholds = {0.2};
    const FrechetReport report = world.run();
    REQUIRE(report.points.size() == 4);
    CHECK(report.points[0].at.policy == PolicyKind::full);
    CHECK(report.points[0].distance < report.points[1].distance);
    CHECK(report.points[1].distance < report.points[3].distance);
    CHECK(report.points[3].distance < report.points[2].distance);
    REQUIRE(report.test_distance);
    CHECK(report.test_images == 100);
    CHECK(*report.test_distance < report.points[1].distance);
    CHECK(report.features == "classifier features");
    CHECK(report.data.images == 400);
    for (const FrechetPoint& point : report.points) {
        CHECK(point.images == 250);
        CHECK(point.seconds_an_image == doctest::Approx(0.01));
        CHECK(point.block_share == doctest::Approx(point.at.policy == PolicyKind::full ? 1.0 : 0.75));
    }
}

TEST_CASE("image k has the seed + k and the k-th class in turn, in whatever parts they are made")
{
    World world;
    world.request.base.seed = 40;
    world.request.base.count = 111;
    (void)world.run();
    CHECK(world.engine.seen.size() == 3 * 111);
    for (const PolicyKind policy : {PolicyKind::full, PolicyKind::duodiff, PolicyKind::adadiff}) {
        for (std::uint64_t k = 0; k < 111; ++k) {
            CHECK(world.engine.seen.count({policy, 40 + k, static_cast<std::int64_t>(k % 2)}) == 1);
        }
    }
}

TEST_CASE("an interrupted evaluation goes on where it was, to the same result")
{
    World whole;
    const FrechetReport expected = whole.run();
    for (const int stop_at : {1, 3, 7}) {
        World world;
        world.engine.stop_at = stop_at;
        CHECK_THROWS_AS(world.run(), EngineError);
        CHECK(world.engine.seen.size() < 3 * 250);
        world.engine.stop = std::stop_source();
        world.engine.stop_at = 0;
        const FrechetReport report = world.run();
        // Nothing was made twice.
        CHECK(world.engine.seen.size() == 3 * 250);
        for (std::size_t i = 0; i < report.points.size(); ++i) {
            CHECK(report.points[i].distance == doctest::Approx(expected.points[i].distance).epsilon(1e-9));
            CHECK(report.points[i].seconds_an_image == doctest::Approx(0.01));
        }
    }
}

TEST_CASE("points take turns, each round begins with another, and a slow round shows in its range only")
{
    World world;
    world.request.base.count = 320;
    world.request.part = 64;
    world.engine.slow_part = 4;  // the first part of the second round, that of DuoDiff
    const FrechetReport report = world.run();
    using enum PolicyKind;
    const std::vector<PolicyKind> first = {full, duodiff, adadiff, duodiff, adadiff,
                                           full, adadiff, full,    duodiff};
    REQUIRE(world.engine.order.size() == 15);
    CHECK(std::equal(first.begin(), first.end(), world.engine.order.begin()));
    for (const FrechetPoint& point : report.points) {
        CHECK(point.rounds == 5);
        CHECK(point.seconds_an_image == doctest::Approx(0.01));
        CHECK(point.fastest_seconds == doctest::Approx(0.01));
        CHECK(point.slowest_seconds == doctest::Approx(point.at.policy == duodiff ? 0.03 : 0.01));
    }
}

TEST_CASE("a sweep spreads its points over the model's range, and leaves AdaDiff's exits for the trend")
{
    World world;
    world.request.fallback = PointFallback::spread;
    const FrechetReport report = world.run();
    std::vector<double> thresholds;
    std::vector<double> switch_steps;
    for (const FrechetPoint& point : report.points) {
        if (point.at.policy == PolicyKind::adadiff) {
            thresholds.push_back(point.at.value);
        } else if (point.at.policy == PolicyKind::duodiff) {
            switch_steps.push_back(point.at.value);
        }
    }
    CHECK(switch_steps == std::vector<double>{200, 400, 600, 800});
    CHECK(thresholds == std::vector<double>{0.05, 0.1, 0.15, 0.2});
    const nlohmann::json exits = nlohmann::json::parse([&] {
        const std::string part = text_of(world.request.folder / "parts" / exit_part_name(0.1));
        return part.substr(part.find('\n') + 1);
    }());
    CHECK(exits["images"] == 250);
    CHECK(exits["timesteps"] == std::vector<int>{999, 0});
    CHECK(exits["left"][1][3] == 250);
}

TEST_CASE("the distance of a real model's images is that of all images of one run")
{
    const TemporaryFolder folder;
    write_images(folder / "data", 10, 3);
    ClassifierCard card;
    card.shape = {3, 16, 10};
    for (int label = 0; label < 10; ++label) {
        card.class_names.push_back(std::to_string(label));
    }
    NamedTensors tensors;
    std::uint32_t row = 0;
    for (const auto& [name, shape] : card.shape.tensors()) {
        at::Tensor tensor = at::empty(shape, at::kFloat);
        fill_normal({tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())}, 3,
                    NoiseStream::probe, 0, row++);
        tensors[name] = tensor * 0.2;
    }
    FrechetRequest request;
    request.source = source_of("adadiff_original.pth");
    request.base = few_images(10);
    request.part = 4;
    request.thresholds = {0.5};
    request.examples.data.path = folder / "data";
    request.features = folder / "classifier.safetensors";
    request.folder = folder / "out";
    save_classifier(request.features, card, tensors);
    const auto engine = make_engine();
    const FrechetReport report = evaluate_frechet(*engine, request);

    const auto network = open_feature_network(request.features, at::kCPU);
    const auto data = open_dataset(request.examples.data);
    FeatureStatistics real(network->dimension());
    for (std::int64_t i = 0; i < data->size(); ++i) {
        at::Tensor image = at::empty({1, 3, 16, 16}, at::kFloat);
        data->read(i, false, {image.data_ptr<float>(), 3 * 16 * 16});
        real.add(network->features(image));
    }
    REQUIRE(report.points.size() == 2);
    for (const FrechetPoint& point : report.points) {
        const RunOutcome outcome = run(*engine, settings_at(request.base, point.at));
        FeatureStatistics made(network->dimension());
        for (const FinishedImage& image : outcome.images) {
            at::Tensor pixels = at::empty({1, 3, 16, 16}, at::kFloat);
            for (std::size_t i = 0; i < image.pixels.size(); ++i) {
                const double level =
                    std::floor(std::clamp((image.pixels[i] + 1.0) / 2.0, 0.0, 1.0) * 255.0 + 0.5);
                pixels.data_ptr<float>()[i] = static_cast<float>(level / 255.0 * 2.0 - 1.0);
            }
            made.add(network->features(pixels));
        }
        CHECK(point.distance == doctest::Approx(frechet_distance(real, made)).epsilon(1e-4));
        CHECK(point.block_share == doctest::Approx(block_share(outcome.record)));
        CHECK(point.gflops_an_image == doctest::Approx(gflops_per_image(outcome.record)));
        CHECK(point.images == 10);
        CHECK(point.rounds == 3);
        CHECK(point.fastest_seconds > 0.0);
        CHECK(point.fastest_seconds <= point.seconds_an_image);
        CHECK(point.seconds_an_image <= point.slowest_seconds);
    }
    CHECK(report.points[1].block_share < 1.0);
}

TEST_CASE("a classifier is made once, and another one's file is not written over")
{
    World world;
    ClassifierRequest request;
    request.examples = world.request.examples;
    request.output = world.request.folder.parent_path() / "made.safetensors";
    request.epochs = 1;
    request.device = "cpu";
    const ClassifierReport first = make_classifier(request);
    CHECK_FALSE(first.was_there);
    CHECK(first.train_images == 400);
    CHECK(first.test_images == 100);
    CHECK(first.classes == 2);
    CHECK(first.test_accuracy == Classifier::load(request.output, at::kCPU)->card().test_accuracy);
    const std::string bytes = text_of(request.output);
    const ClassifierReport again = make_classifier(request);
    CHECK(again.was_there);
    CHECK(again.test_accuracy == first.test_accuracy);
    const auto refusal = [&] {
        try {
            (void)make_classifier(request);
        } catch (const EngineError& error) {
            return error.code();
        }
        return ErrorCode::cancelled;
    };
    request.epochs = 2;
    CHECK(refusal() == ErrorCode::usage);
    CHECK(text_of(request.output) == bytes);
    std::filesystem::remove(request.examples.data.path / "t10k-images-idx3-ubyte");
    request.output = world.request.folder.parent_path() / "other.safetensors";
    CHECK(refusal() == ErrorCode::usage);
    CHECK_FALSE(std::filesystem::exists(request.output));
}

TEST_CASE("statistics of other settings are made anew, and the notes say so")
{
    World world;
    world.request.base.count = 64;
    CHECK(world.run().notes ==
          std::vector<std::string>{"64 images do not span 128 features, so distances come out far too large, "
                                   "and only those of equally many images can be compared."});
    world.request.base.seed = 9;
    const std::vector<std::string> notes = world.run().notes;
    REQUIRE(notes.size() == 2);
    CHECK(notes[0].find("4 finished parts") != std::string::npos);
}

TEST_CASE("more images go on from those there are; other settings begin anew")
{
    World world;
    world.request.base.count = 128;
    (void)world.run();
    CHECK(world.engine.seen.size() == 3 * 128);
    world.request.base.count = 256;
    (void)world.run();
    CHECK(world.engine.seen.size() == 3 * 256);
    world.request.base.seed = 1;
    (void)world.run();
    CHECK(world.engine.seen.size() == 6 * 256);
    world.request.base.count = 100;
    CHECK(world.run().points[0].images == 100);
}

TEST_CASE("without features a classifier is trained once and kept")
{
    World world;
    world.request.features.clear();
    const FrechetReport first = world.run();
    REQUIRE(first.classifier_accuracy);
    const FrechetReport again = world.run();
    CHECK(again.features_sha256 == first.features_sha256);
    CHECK(world.engine.seen.size() == 3 * 250);
    CHECK(std::filesystem::exists(world.request.folder / "classifier.safetensors"));
}

TEST_CASE("files hold what was measured")
{
    World world;
    world.request.thresholds = {0.1, 0.3};
    const FrechetReport report = world.run();
    write_frechet_files(report, world.request.folder, "frechet");
    const nlohmann::json json = nlohmann::json::parse(text_of(world.request.folder / "frechet.json"));
    CHECK(json["features"]["kind"] == "classifier features");
    REQUIRE(json["points"].size() == 3);
    CHECK(json["points"][2]["threshold"] == 0.3);
    CHECK(json["points"][2]["frechet_distance"] == report.points[2].distance);
    CHECK(json["data"]["digest"] == report.data.digest);
    const std::string csv = text_of(world.request.folder / "frechet.csv");
    CHECK(std::count(csv.begin(), csv.end(), '\n') == 4);
    CHECK(csv.find("adadiff,0.3,250,") != std::string::npos);
    const std::string svg = text_of(world.request.folder / "frechet.svg");
    CHECK(svg.find("AdaDiff") != std::string::npos);
    CHECK(svg.find("FID") == std::string::npos);
    CHECK(text_of(world.request.folder / "frechet.png").starts_with("\x89PNG"));
}

TEST_CASE("what cannot be evaluated is refused before anything is sampled")
{
    const auto refusal = [](World& world) {
        try {
            (void)world.run();
        } catch (const EngineError& error) {
            CHECK(world.engine.runs == 0);
            return error.code();
        }
        return ErrorCode::cancelled;
    };
    World one;
    one.request.base.count = 1;
    CHECK(refusal(one) == ErrorCode::usage);
    World wild;
    wild.request.thresholds = {7.0};
    CHECK(refusal(wild) == ErrorCode::usage);
    World missing;
    missing.request.examples.data.path = "/nowhere/at/all";
    CHECK(refusal(missing) == ErrorCode::bad_file);
    World damaged;
    std::ofstream(damaged.request.features) << "nothing";
    CHECK(refusal(damaged) == ErrorCode::bad_file);
    World untestable;
    untestable.request.features.clear();
    std::filesystem::remove(untestable.request.examples.data.path / "t10k-images-idx3-ubyte");
    CHECK(refusal(untestable) == ErrorCode::usage);
}
