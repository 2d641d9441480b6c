// SPDX-License-Identifier: MIT
#include "evaluate/classifier_training.h"

#include "base/error.h"
#include "base/noise.h"
#include "checkpoint/checkpoint.h"
#include "data/batch_loader.h"
#include "evaluate/classifier_metadata.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace duodiff
{
namespace
{

/// Convolutions and the head normal with the variance 2 / fan-in (He et al., arXiv 1502.01852), norms 1 and
/// 0; the last convolution of each residual branch and the head begin small.
NamedTensors first_weights(const ClassifierShape& shape, std::uint64_t seed, c10::Device device)
{
    NamedTensors tensors;
    std::uint32_t number = 0;
    for (const auto& [name, sizes] : shape.tensors()) {
        ++number;
        at::Tensor tensor;
        if (sizes.size() > 1) {
            tensor = at::empty(sizes, at::kFloat);
            fill_normal({tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())}, seed,
                        NoiseStream::probe, number);
            const auto fan_in = static_cast<double>(tensor.numel() / tensor.size(0));
            const bool small = name.ends_with("conv2.weight") || name.starts_with("head");
            tensor.mul_(std::sqrt(2.0 / fan_in) * (small ? 0.1 : 1.0));
        } else {
            tensor = name.ends_with("bias") ? at::zeros(sizes, at::kFloat) : at::ones(sizes, at::kFloat);
        }
        tensor = tensor.to(device);
        tensor.requires_grad_(true);
        tensors.emplace(name, tensor);
    }
    return tensors;
}

/// AdamW over two groups: weights, which decay, and everything of one dimension, which does not.
class Optimizer
{
public:
    Optimizer(const NamedTensors& tensors, double decay) : decay_(decay)
    {
        for (const auto& [name, tensor] : tensors) {
            Group& group = groups_[tensor.dim() > 1 ? 0 : 1];
            group.values.push_back(tensor);
            group.first_moments.push_back(at::zeros_like(tensor));
            group.second_moments.push_back(at::zeros_like(tensor));
            group.counts.push_back(at::zeros({}, tensor.options().dtype(at::kFloat)));
            state_.emplace("value/" + name, tensor.detach());
            state_.emplace("first_moment/" + name, group.first_moments.back());
            state_.emplace("second_moment/" + name, group.second_moments.back());
        }
    }

    std::int64_t steps() const { return count_; }

    /// Weights and moments; those of the training, not copies.
    const NamedTensors& state() const { return state_; }

    /// False, and nothing is changed, where one is missing or of another shape.
    bool restore(const NamedTensors& kept, std::int64_t steps)
    {
        const bool fits = std::all_of(state_.begin(), state_.end(), [&](const auto& entry) {
            const auto found = kept.find(entry.first);
            return found != kept.end() && found->second.sizes() == entry.second.sizes();
        });
        if (!fits) {
            return false;
        }
        for (const auto& [name, tensor] : state_) {
            tensor.copy_(kept.at(name));
        }
        count_ = steps;
        return true;
    }

    void step(double rate)
    {
        const at::NoGradGuard no_grad;
        ++count_;
        for (std::size_t i = 0; i < groups_.size(); ++i) {
            Group& group = groups_[i];
            std::vector<at::Tensor> gradients;
            for (std::size_t k = 0; k < group.values.size(); ++k) {
                gradients.push_back(group.values[k].grad());
                group.counts[k].fill_(static_cast<double>(count_));
            }
            at::_fused_adamw_(group.values, gradients, group.first_moments, group.second_moments, {},
                              group.counts, rate, 0.9, 0.999, i == 0 ? decay_ : 0.0, 1e-8, /*amsgrad=*/false,
                              /*maximize=*/false);
            for (const at::Tensor& value : group.values) {
                value.mutable_grad().reset();
            }
        }
    }

private:
    struct Group {
        std::vector<at::Tensor> values;
        std::vector<at::Tensor> first_moments;
        std::vector<at::Tensor> second_moments;
        std::vector<at::Tensor> counts;
    };
    std::array<Group, 2> groups_;
    NamedTensors state_;
    double decay_;
    std::int64_t count_ = 0;
};

/// Keeps a training's state in its file.
class KeptTraining
{
public:
    KeptTraining(const ClassifierTraining& settings, const ClassifierCard& card, c10::Device device)
        : path_(settings.state),
          identity_(
              fmt::format("{} {} epochs {} seed {} batch {} rate {} decay {} smoothing {} flip {} on {}",
                          card.data_digest, card.test_digest, settings.epochs, settings.seed, settings.batch,
                          settings.learning_rate, settings.weight_decay, settings.label_smoothing,
                          settings.flip, device.str()))
    {
    }

    /// Puts back what is there; `mean_loss` is left alone where nothing is.
    void restore(Optimizer& optimizer, double& mean_loss) const
    {
        std::error_code ignored;
        if (path_.empty() || !std::filesystem::exists(path_, ignored)) {
            return;
        }
        try {
            const Checkpoint file = read_checkpoint(path_);
            const ClassifierMetadata metadata(file);
            const auto step =
                metadata.number<std::int64_t>("step", 0, std::numeric_limits<std::int64_t>::max());
            const auto loss = metadata.number<double>("mean_loss", 0.0, std::numeric_limits<double>::max());
            if (metadata.text("training") == identity_ && optimizer.restore(file.tensors, step)) {
                mean_loss = loss;
            }
        } catch (const EngineError&) {
            // Damaged: it is begun again.
        }
    }

    void save(const Optimizer& optimizer, double mean_loss)
    {
        if (!path_.empty()) {
            write_safetensors(path_, optimizer.state(),
                              {{"training", identity_},
                               {"step", std::to_string(optimizer.steps())},
                               {"mean_loss", fmt::format("{}", mean_loss)}});
            saved_ = std::chrono::steady_clock::now();
        }
    }
    void save_now_and_then(const Optimizer& optimizer, double mean_loss)
    {
        constexpr std::chrono::seconds between_saves(30);
        if (std::chrono::steady_clock::now() - saved_ > between_saves) {
            save(optimizer, mean_loss);
        }
    }
    void forget() const
    {
        std::error_code ignored;
        if (!path_.empty()) {
            std::filesystem::remove(path_, ignored);
        }
    }

private:
    std::filesystem::path path_;
    std::string identity_;
    std::chrono::steady_clock::time_point saved_ = std::chrono::steady_clock::now();
};

double rate_at(const ClassifierTraining& settings, std::int64_t step, std::int64_t steps)
{
    const std::int64_t warm_up = std::max<std::int64_t>(1, steps / 20);
    if (step < warm_up) {
        return settings.learning_rate * static_cast<double>(step + 1) / static_cast<double>(warm_up);
    }
    const double done =
        static_cast<double>(step - warm_up) / static_cast<double>(std::max<std::int64_t>(1, steps - warm_up));
    return settings.learning_rate * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
}

void check(const Dataset& train, const Dataset& test, const ClassifierTraining& settings)
{
    const auto refuse = [](std::string what, std::string remedy) {
        throw EngineError(ErrorCode::usage, std::move(what), "classifier", std::move(remedy));
    };
    if (!train.has_labels() || train.class_names().size() < 2 || !test.has_labels()) {
        refuse("a classifier is trained on examples of two or more classes",
               "Use data with labels, for training and for the test.");
    }
    if (train.channels() != test.channels() || train.side() != test.side() ||
        train.class_names() != test.class_names()) {
        refuse(fmt::format(
                   "training data of {} x {} x {} in {} classes, and test data of {} x {} x {} in {}, are no "
                   "two parts of one set",
                   train.channels(), train.side(), train.side(), train.class_names().size(), test.channels(),
                   test.side(), test.side(), test.class_names().size()),
               "Use the same img_size, channels and classes for both.");
    }
    if (settings.epochs < 1 || settings.batch < 1 || !(settings.learning_rate > 0.0)) {
        refuse(fmt::format("{} epochs, a batch of {} and a learning rate of {}", settings.epochs,
                           settings.batch, settings.learning_rate),
               "Each has to be above 0.");
    }
}

struct TensorBatch {
    at::Tensor images;
    at::Tensor labels;
};

TensorBatch to_tensors(Batch& batch, const Dataset& data, c10::Device device)
{
    const at::Tensor images = at::from_blob(
        batch.images.data(), {batch.count, data.channels(), data.side(), data.side()}, at::kFloat);
    const at::Tensor labels = at::from_blob(batch.labels.data(), {batch.count}, at::kLong);
    return {images.to(device, false, /*copy=*/true), labels.to(device, false, /*copy=*/true)};
}

double accuracy(const ClassifierShape& shape, const NamedTensors& tensors, const Dataset& data,
                c10::Device device, const std::stop_token& stop)
{
    const at::NoGradGuard no_grad;
    constexpr std::int64_t most = 256;
    std::int64_t right = 0;
    for (std::int64_t first = 0; first < data.size(); first += most) {
        if (stop.stop_requested()) {
            throw EngineError(ErrorCode::cancelled, "training the classifier was stopped");
        }
        Batch batch;
        batch.count = std::min(most, data.size() - first);
        const auto width = static_cast<std::size_t>(data.values_an_example());
        batch.images.resize(static_cast<std::size_t>(batch.count) * width);
        for (std::int64_t i = 0; i < batch.count; ++i) {
            data.read(first + i, false,
                      std::span(batch.images).subspan(static_cast<std::size_t>(i) * width, width));
            batch.labels.push_back(data.label(first + i));
        }
        const auto [images, labels] = to_tensors(batch, data, device);
        const at::Tensor said = classify(tensors, run_classifier(shape, tensors, images)).argmax(1);
        right += (said == labels).sum().item<std::int64_t>();
    }
    return static_cast<double>(right) / static_cast<double>(data.size());
}

}  // namespace

TrainedClassifier train_classifier(const std::shared_ptr<const Dataset>& train,
                                   const std::shared_ptr<const Dataset>& test,
                                   const ClassifierTraining& settings, c10::Device device,
                                   const std::function<void(const ClassifierProgress&)>& progress,
                                   std::stop_token stop)
{
    check(*train, *test, settings);
    const auto begin = std::chrono::steady_clock::now();
    TrainedClassifier result;
    ClassifierCard& card = result.card;
    card.shape = {train->channels(), train->side(), static_cast<std::int64_t>(train->class_names().size())};
    card.class_names = train->class_names();
    card.data_digest = train->digest();
    card.test_digest = test->digest();
    card.epochs = settings.epochs;
    card.seed = settings.seed;

    const NamedTensors tensors = first_weights(card.shape, settings.seed, device);
    Optimizer optimizer(tensors, settings.weight_decay);
    KeptTraining kept(settings, card, device);
    double mean_loss = 0.0;
    kept.restore(optimizer, mean_loss);
    BatchLoader loader(train, {.seed = settings.seed, .batch = settings.batch, .flip = settings.flip},
                       optimizer.steps());
    const std::int64_t steps = std::max<std::int64_t>(1, train->size() * settings.epochs / settings.batch);
    for (std::int64_t step = optimizer.steps(); step < steps; ++step) {
        if (stop.stop_requested()) {
            kept.save(optimizer, mean_loss);
            throw EngineError(ErrorCode::cancelled,
                              settings.state.empty() ? "training the classifier was stopped"
                                                     : "what was trained is kept; the same command goes on "
                                                       "from there");
        }
        Batch batch = loader.next();
        const auto [images, labels] = to_tensors(batch, *train, device);
        const at::Tensor scores = classify(tensors, run_classifier(card.shape, tensors, images));
        const at::Tensor loss =
            at::cross_entropy_loss(scores, labels, {}, at::Reduction::Mean, -100, settings.label_smoothing);
        const auto value = loss.item<double>();
        if (!std::isfinite(value)) {
            throw EngineError(ErrorCode::failed, fmt::format("the loss is {} at step {}", value, step),
                              "classifier", "Use a smaller learning rate.");
        }
        loss.backward();
        optimizer.step(rate_at(settings, step, steps));
        mean_loss = step == 0 ? value : 0.98 * mean_loss + 0.02 * value;
        kept.save_now_and_then(optimizer, mean_loss);
        if (progress) {
            progress({step + 1, steps, mean_loss});
        }
    }
    for (const auto& [name, tensor] : tensors) {
        result.tensors.emplace(name, tensor.detach().to(at::kCPU));
    }
    kept.save(optimizer, mean_loss);  // the test takes its time too
    card.test_accuracy = accuracy(card.shape, tensors, *test, device, stop);
    kept.forget();
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return result;
}

}  // namespace duodiff
