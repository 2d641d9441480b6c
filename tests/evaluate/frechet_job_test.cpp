// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/noise.h"
#include "evaluate/classifier.h"
#include "evaluate/classifier_training.h"
#include "evaluate/frechet_files.h"

#include "support/doctest_torch.h"
#include "support/test_paths.h"

#include <nlohmann/json.hpp>

#include <algorithm>
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
        const bool probe = settings.steps == 1;
        if (!probe) {
            ++runs;
            if (stop_at == runs) {
                stop.request_stop();
            }
        }
        if (controls.stop.stop_requested()) {
            outcome.record.state = RunState::cancelled;
            return outcome;
        }
        outcome.record.sampling_ms = 10.0 * settings.count;
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
            if (!probe) {
                seen.insert({settings.policy, seed, label});
            }
        }
        StepRecord step;
        step.exit_layers.assign(static_cast<std::size_t>(settings.count),
                                settings.policy == PolicyKind::full ? std::int16_t{4} : std::int16_t{3});
        outcome.record.steps.push_back(step);
        Frame frame;
        frame.exit_layers = step.exit_layers;
        sink.on_frame(std::move(frame));
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
    int runs = 0;
    int stop_at = 0;
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
        request.data.path = folder_.path();
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
            DataSettings test = request.data;
            test.split = DataSettings::Split::test;
            return train_classifier(open_dataset(request.data), open_dataset(test), {.batch = 32}, at::kCPU);
        }();
        return trained;
    }

    TemporaryFolder folder_;
};

std::string text_of(const std::filesystem::path& path)
{
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

}  // namespace

TEST_CASE("the further a policy's images are from the data, the larger its distance; test data are near")
{
    World world;
    world.request.switch_steps = {100, 500};
    world.request.thresholds = {0.2};
    const FrechetReport report = world.run();
    REQUIRE(report.points.size() == 4);
    CHECK(report.points[0].policy == PolicyKind::full);
    CHECK(report.points[0].distance < report.points[1].distance);
    CHECK(report.points[1].distance < report.points[3].distance);
    CHECK(report.points[3].distance < report.points[2].distance);
    REQUIRE(report.test_distance);
    CHECK(report.test_images == 100);
    CHECK(*report.test_distance < report.points[1].distance);
    CHECK(report.features == "classifier features");
    CHECK(report.data_images == 400);
    for (const FrechetPoint& point : report.points) {
        CHECK(point.images == 250);
        CHECK(point.seconds_an_image == doctest::Approx(0.01));
        CHECK(point.block_share == doctest::Approx(point.policy == PolicyKind::full ? 1.0 : 0.75));
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
    write_frechet_files(report, world.request.folder);
    const nlohmann::json json = nlohmann::json::parse(text_of(world.request.folder / "frechet.json"));
    CHECK(json["features"]["kind"] == "classifier features");
    REQUIRE(json["points"].size() == 3);
    CHECK(json["points"][2]["threshold"] == 0.3);
    CHECK(json["points"][2]["frechet_distance"] == report.points[2].distance);
    CHECK(json["data"]["digest"] == report.data_digest);
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
    missing.request.data.path = "/nowhere/at/all";
    CHECK(refusal(missing) == ErrorCode::bad_file);
    World damaged;
    std::ofstream(damaged.request.features) << "nothing";
    CHECK(refusal(damaged) == ErrorCode::bad_file);
    World untestable;
    untestable.request.features.clear();
    std::filesystem::remove(untestable.request.data.path / "t10k-images-idx3-ubyte");
    CHECK(refusal(untestable) == ErrorCode::usage);
}
