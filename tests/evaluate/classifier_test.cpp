// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluate/classifier.h"
#include "base/error.h"
#include "base/noise.h"
#include "checkpoint/checkpoint.h"
#include "evaluate/classifier_training.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include "support/doctest_torch.h"
#include "support/test_paths.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

/// Noisy stripes: the class is their direction, which mirroring keeps.
std::shared_ptr<const Dataset> stripes(std::int64_t count, std::uint64_t seed, bool labelled = true)
{
    constexpr std::int64_t side = 12;
    Examples examples;
    examples.count = count;
    examples.channels = 1;
    examples.side = side;
    std::vector<float> noise(static_cast<std::size_t>(count * side * side));
    fill_normal(noise, seed, NoiseStream::probe, 0);
    for (std::int64_t i = 0; i < count; ++i) {
        for (std::int64_t y = 0; y < side; ++y) {
            for (std::int64_t x = 0; x < side; ++x) {
                const bool bright = ((i % 2 == 0 ? x : y) + i / 2) % 4 < 2;
                const float grain = noise[examples.values.size()] * 30.0F;
                examples.values.push_back(
                    static_cast<std::byte>((bright ? 160.0F : 90.0F) + std::clamp(grain, -90.0F, 90.0F)));
            }
        }
        if (labelled) {
            examples.labels.push_back(static_cast<std::int32_t>(i % 2));
        }
    }
    if (labelled) {
        examples.class_names = {"upright", "lying"};
    }
    return std::make_shared<const Dataset>(std::move(examples));
}

const ClassifierTraining quick{.seed = 3, .epochs = 3, .batch = 32};

const TrainedClassifier& trained()
{
    static const TrainedClassifier result =
        train_classifier(stripes(512, 1), stripes(128, 2), quick, at::kCPU);
    return result;
}

at::Tensor images(std::int64_t count)
{
    at::Tensor values = at::empty({count, 1, 12, 12}, at::kFloat);
    fill_normal({values.data_ptr<float>(), static_cast<std::size_t>(values.numel())}, 5, NoiseStream::probe,
                1);
    return values;
}

}  // namespace

TEST_CASE("a classifier learns what tells the classes apart, and its accuracy is that on other examples")
{
    CHECK(trained().card.test_accuracy > 0.95);
    CHECK(trained().card.class_names == std::vector<std::string>{"upright", "lying"});
    CHECK(trained().card.data_digest == stripes(512, 1)->digest());
    CHECK(trained().card.test_digest == stripes(128, 2)->digest());
}

TEST_CASE("the same seed gives the same classifier, another seed another one")
{
    const TrainedClassifier again = train_classifier(stripes(512, 1), stripes(128, 2), quick, at::kCPU);
    ClassifierTraining other = quick;
    other.seed = 4;
    const TrainedClassifier different = train_classifier(stripes(512, 1), stripes(128, 2), other, at::kCPU);
    for (const auto& [name, tensor] : trained().tensors) {
        CHECK_MESSAGE(at::equal(tensor, again.tensors.at(name)), name);
    }
    CHECK_FALSE(at::equal(trained().tensors.at("stem.weight"), different.tensors.at("stem.weight")));
}

TEST_CASE("a classifier's features are 128 a picture, each picture's own, and survive its file")
{
    const TemporaryFolder folder;
    save_classifier(folder / "c.safetensors", trained().card, trained().tensors);
    const auto classifier = Classifier::load(folder / "c.safetensors", at::kCPU);
    CHECK(classifier->card().test_accuracy == trained().card.test_accuracy);
    CHECK(classifier->card().class_names == trained().card.class_names);
    CHECK(classifier->card().seed == 3);
    CHECK(classifier->name() == "classifier features");
    CHECK(classifier->identity().size() == 64);

    const at::Tensor all = classifier->features(images(6));
    CHECK(all.sizes() == at::IntArrayRef({6, classifier_features}));
    CHECK_FALSE(all.requires_grad());
    const at::Tensor direct = run_classifier(trained().card.shape, trained().tensors, images(6));
    CHECK((all - direct).abs().max().item<float>() < 1e-5F);
    const at::Tensor alone = classifier->features(images(6).narrow(0, 4, 1));
    CHECK((all.narrow(0, 4, 1) - alone).abs().max().item<float>() < 1e-4F);
    CHECK_THROWS_AS(classifier->features(at::zeros({1, 3, 12, 12})), EngineError);
    CHECK_THROWS_AS(classifier->features(at::zeros({1, 1, 16, 16})), EngineError);
}

TEST_CASE("images of every usual size end in 128 features")
{
    for (const std::int64_t side : {1, 8, 28, 32, 64, 100, 256}) {
        const ClassifierShape shape{.channels = 3, .side = side, .classes = 10};
        NamedTensors tensors;
        for (const auto& [name, sizes] : shape.tensors()) {
            tensors.emplace(name, at::full(sizes, 0.01, at::kFloat));
        }
        const at::Tensor features = run_classifier(shape, tensors, at::zeros({2, 3, side, side}));
        CHECK(features.sizes() == at::IntArrayRef({2, classifier_features}));
        CHECK(classify(tensors, features).sizes() == at::IntArrayRef({2, 10}));
    }
}

TEST_CASE("files that are no classifier, or a damaged one, are refused")
{
    const TemporaryFolder folder;
    const std::filesystem::path path = folder / "c.safetensors";
    const auto refused = [&] {
        try {
            (void)Classifier::load(path, at::kCPU);
        } catch (const EngineError& error) {
            return error.code() == ErrorCode::bad_file;
        }
        return false;
    };
    write_safetensors(path, trained().tensors);
    CHECK(refused());
    NamedTensors fewer = trained().tensors;
    fewer.erase("norm.bias");
    save_classifier(path, trained().card, fewer);
    CHECK(refused());
    NamedTensors wrong = trained().tensors;
    wrong["head.bias"] = at::zeros({3});
    save_classifier(path, trained().card, wrong);
    CHECK(refused());
    NamedTensors more = trained().tensors;
    more["extra"] = at::zeros({3});
    save_classifier(path, trained().card, more);
    CHECK(refused());
    ClassifierCard card = trained().card;
    card.shape.side = 1'000'000'000;
    save_classifier(path, card, trained().tensors);
    CHECK(refused());
    card = trained().card;
    card.class_names.pop_back();
    save_classifier(path, card, trained().tensors);
    CHECK(refused());
}

TEST_CASE("data that cannot train a classifier are refused")
{
    const auto refusal = [](const auto& train, const auto& test, const ClassifierTraining& settings) {
        try {
            (void)train_classifier(train, test, settings, at::kCPU);
        } catch (const EngineError& error) {
            return error.code();
        }
        return ErrorCode::cancelled;
    };
    CHECK(refusal(stripes(8, 1, false), stripes(8, 1), quick) == ErrorCode::usage);
    CHECK(refusal(stripes(8, 1), stripes(8, 1, false), quick) == ErrorCode::usage);
    ClassifierTraining none = quick;
    none.epochs = 0;
    CHECK(refusal(stripes(8, 1), stripes(8, 1), none) == ErrorCode::usage);
    ClassifierTraining wild = quick;
    wild.learning_rate = 1e30;
    CHECK(refusal(stripes(256, 1), stripes(8, 1), wild) == ErrorCode::failed);
}

TEST_CASE("an interrupted training of a classifier goes on to the same weights, and leaves only them")
{
    const TemporaryFolder folder;
    const auto data = stripes(512, 1);
    const auto test = stripes(128, 2);
    const TrainedClassifier whole = train_classifier(data, test, quick, at::kCPU);
    ClassifierTraining settings = quick;
    settings.state = folder / "classifier.safetensors.training";
    // Trains until so many steps are done, and says which was the first.
    const auto first_step_until = [&](std::int64_t last) {
        std::stop_source stop;
        std::int64_t first = 0;
        const auto progress = [&](const ClassifierProgress& now) {
            first = first == 0 ? now.step : first;
            if (now.step == last) {
                stop.request_stop();
            }
        };
        try {
            (void)train_classifier(data, test, settings, at::kCPU, progress, stop.get_token());
        } catch (const EngineError& error) {
            CHECK(error.code() == ErrorCode::cancelled);
        }
        return first;
    };
    CHECK(first_step_until(5) == 1);
    CHECK(std::filesystem::exists(settings.state));
    CHECK(first_step_until(20) == 6);

    ClassifierTraining other = settings;
    other.seed += 1;
    std::swap(other, settings);
    CHECK(first_step_until(1) == 1);  // a state of other settings is not read, but replaced
    std::swap(other, settings);
    CHECK(first_step_until(7) == 1);
    CHECK(first_step_until(9) == 8);

    std::int64_t first = 0;
    const auto progress = [&](const ClassifierProgress& now) { first = first == 0 ? now.step : first; };
    const TrainedClassifier resumed = train_classifier(data, test, settings, at::kCPU, progress);
    CHECK(first == 10);
    CHECK(resumed.card.test_accuracy == whole.card.test_accuracy);
    for (const auto& [name, tensor] : whole.tensors) {
        INFO(name);
        CHECK(resumed.tensors.at(name).equal(tensor));
    }
    CHECK_FALSE(std::filesystem::exists(settings.state));

    std::ofstream(settings.state) << "no state at all";
    CHECK(first_step_until(1) == 1);
}

TEST_CASE("training a classifier stops when asked to, and says how far it is")
{
    std::stop_source stop;
    std::int64_t last = 0;
    const auto progress = [&](const ClassifierProgress& now) {
        CHECK(now.step == last + 1);
        CHECK(now.steps == 512 * 3 / 32);
        last = now.step;
        if (now.step == 2) {
            stop.request_stop();
        }
    };
    try {
        (void)train_classifier(stripes(512, 1), stripes(128, 2), quick, at::kCPU, progress, stop.get_token());
        FAIL("not stopped");
    } catch (const EngineError& error) {
        CHECK(error.code() == ErrorCode::cancelled);
    }
    CHECK(last == 2);
}
