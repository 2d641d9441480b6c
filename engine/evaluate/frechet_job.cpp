// SPDX-License-Identifier: MIT
#include "evaluate/frechet_job.h"

#include "base/device.h"
#include "base/error.h"
#include "data/data_parts.h"
#include "data/order.h"
#include "evaluate/classifier_training.h"
#include "evaluate/feature_pass.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <system_error>
#include <utility>

namespace duodiff
{
namespace
{

namespace fs = std::filesystem;

constexpr const char* milliseconds = "milliseconds";
constexpr const char* blocks = "block_share_sum";
constexpr const char* gflops = "gflops_sum";

/// Watches a run's frames for their share of the work only.
class ProgressSink final : public FrameSink
{
public:
    explicit ProgressSink(std::function<void(double)> show) : show_(std::move(show)) {}

    void on_frame(Frame&& frame) override
    {
        image_steps_ += static_cast<double>(frame.exit_layers.size());
        show_(image_steps_);
    }

private:
    std::function<void(double)> show_;
    double image_steps_ = 0.0;
};

class FrechetRun
{
public:
    FrechetRun(Engine& engine, const FrechetRequest& request, const Progress& progress, std::stop_token stop)
        : engine_(engine),
          request_(request),
          progress_(progress),
          stop_(std::move(stop)),
          device_(resolve_device(request.base.device))
    {
    }

    FrechetReport run()
    {
        check();
        make_folders();
        info_ = engine_.open(request_.source, progress_, stop_);
        report_.base = request_.base;
        const std::vector<FrechetPoint> points = wanted_points();
        open_data(picture_shape());
        open_features();
        const KeptStatistics real = real_statistics("data", *data_, in_order(*data_), "Features of the data");
        if (test_) {
            measure_test(real.statistics());
        }
        for (FrechetPoint point : points) {
            measure(point, real.statistics());
            report_.points.push_back(point);
        }
        add_notes();
        return std::move(report_);
    }

private:
    struct PictureShape {
        std::int64_t channels = 0;
        std::int64_t side = 0;
    };

    void check() const
    {
        if (request_.base.count < 2 || request_.part < 1) {
            throw EngineError(ErrorCode::usage,
                              fmt::format("{} images in parts of {}", request_.base.count, request_.part), {},
                              "A distance needs two images at least, and many for a good estimate.");
        }
    }

    void make_folders() const
    {
        std::error_code error;
        fs::create_directories(request_.folder / "parts", error);
        if (error) {
            throw EngineError(ErrorCode::failed, "the folder cannot be made: " + error.message(),
                              request_.folder.string(), "Choose another folder.");
        }
    }

    void show(const std::string& what, double fraction) const
    {
        if (progress_) {
            progress_(what, fraction);
        }
    }

    void require(const SamplingSettings& settings) const
    {
        if (auto failure = engine_.check(settings)) {
            throw EngineError(*failure);
        }
    }

    SamplingSettings settings_of(const FrechetPoint& point) const
    {
        SamplingSettings settings = request_.base;
        settings.policy = point.policy;
        if (point.policy == PolicyKind::duodiff) {
            settings.switch_step = static_cast<int>(point.value);
        }
        if (point.policy == PolicyKind::adadiff) {
            settings.threshold = point.value;
        }
        return settings;
    }

    std::vector<FrechetPoint> wanted_points() const
    {
        std::vector<FrechetPoint> points = {{.policy = PolicyKind::full}};
        const bool defaults = request_.switch_steps.empty() && request_.thresholds.empty();
        for (const int value : request_.switch_steps) {
            points.push_back({.policy = PolicyKind::duodiff, .value = static_cast<double>(value)});
        }
        for (const double value : request_.thresholds) {
            points.push_back({.policy = PolicyKind::adadiff, .value = value});
        }
        if (defaults && info_.has_shallow) {
            points.push_back(
                {.policy = PolicyKind::duodiff, .value = static_cast<double>(info_.switch_step_default)});
        }
        if (defaults && info_.has_early_exit) {
            points.push_back({.policy = PolicyKind::adadiff, .value = info_.threshold_default});
        }
        for (const FrechetPoint& point : points) {
            require(settings_of(point));
        }
        return points;
    }

    /// From one image after one step, so that the autoencoder's size is in it; this also warms the engine up.
    PictureShape picture_shape()
    {
        SamplingSettings settings = request_.base;
        settings.policy = PolicyKind::full;
        settings.count = 1;
        settings.steps = 1;
        ProgressSink nobody([](double) {});
        const RunOutcome outcome = engine_.sample(settings, 0, nobody, {.stop = stop_});
        if (outcome.images.empty()) {
            throw_cancelled();
        }
        report_.machine = outcome.record.machine;
        report_.model = outcome.record.model;
        const FinishedImage& image = outcome.images.front();
        if (image.height != image.width || (image.channels != 1 && image.channels != 3)) {
            throw EngineError(
                ErrorCode::usage,
                fmt::format("the model's images are {} x {} x {}", image.channels, image.height, image.width),
                report_.model.path, "Use a model of square gray or colour images, with its autoencoder.");
        }
        return {image.channels, image.width};
    }

    [[noreturn]] void throw_cancelled() const
    {
        throw EngineError(ErrorCode::cancelled, "what was finished is kept in " + request_.folder.string() +
                                                    "; the same command goes on from there");
    }

    std::shared_ptr<const Dataset> open(DataSettings settings, const std::string& what) const
    {
        return open_dataset(
            settings,
            [&](std::int64_t done, std::int64_t total) {
                show(what, static_cast<double>(done) / static_cast<double>(std::max<std::int64_t>(total, 1)));
            },
            stop_);
    }

    void open_data(const PictureShape& shape)
    {
        DataSettings settings = request_.data;
        settings.img_size = shape.side;
        settings.channels = shape.channels;
        data_ = open(settings, "Reading the data");
        report_.data_path = settings.path.string();
        report_.data_digest = data_->digest();
        report_.data_images = data_->size();
        report_.bad_files = data_->bad_files();
        if (data_->size() < 2) {
            throw EngineError(ErrorCode::usage, "the data hold one image only", settings.path.string(),
                              "A distance needs two images at least, and many for a good estimate.");
        }
        DataSettings test = settings;
        test.split = settings.split == DataSettings::Split::train ? DataSettings::Split::test
                                                                  : DataSettings::Split::train;
        if (!request_.test_data.empty()) {
            test.path = request_.test_data;
            test.split = DataSettings::Split::test;
            test.format = DataSettings::Format::automatic;
            test_ = open(test, "Reading the test data");
        } else if (has_part(settings) && has_part(test)) {
            test_ = open(test, "Reading the test data");
        }
    }

    void open_features()
    {
        fs::path path = request_.features;
        if (path.empty()) {
            path = request_.folder / "classifier.safetensors";
            if (!has_classifier(path)) {
                train(path);
            }
        }
        network_ = open_feature_network(path, device_);
        if (const auto* classifier = dynamic_cast<const Classifier*>(network_.get())) {
            report_.classifier_accuracy = classifier->card().test_accuracy;
        }
        report_.features = network_->name();
        report_.features_sha256 = network_->identity();
        report_.dimension = network_->dimension();
    }

    bool has_classifier(const fs::path& path) const
    {
        std::error_code ignored;
        return fs::exists(path, ignored) &&
               Classifier::load(path, device_)->card().data_digest == report_.data_digest;
    }

    void train(const fs::path& path) const
    {
        if (!test_ || !data_->has_labels()) {
            throw EngineError(
                ErrorCode::usage,
                "there are no test data, or no classes, to train a classifier for features with",
                request_.data.path.string(),
                "Give --test-data with examples of the same classes, or --features with a classifier or "
                "Inception weights.");
        }
        const auto told = [&](const ClassifierProgress& now) {
            show(fmt::format("Training the classifier, loss {:.3f},", now.loss),
                 static_cast<double>(now.step) / static_cast<double>(now.steps));
        };
        const TrainedClassifier trained = train_classifier(data_, test_, {}, device_, told, stop_);
        save_classifier(path, trained.card, trained.tensors);
    }

    static std::vector<std::uint32_t> in_order(const Dataset& data)
    {
        std::vector<std::uint32_t> order(static_cast<std::size_t>(data.size()));
        std::iota(order.begin(), order.end(), 0U);
        return order;
    }

    KeptStatistics real_statistics(const std::string& name, const Dataset& data,
                                   std::span<const std::uint32_t> order, const std::string& what) const
    {
        KeptStatistics kept(part_file(name), network_->dimension(),
                            {{"features", network_->identity()},
                             {"data", data.digest()},
                             {"images", std::to_string(order.size())}});
        add_examples(
            kept, *network_, data, order, [&](double fraction) { show(what, fraction); }, stop_);
        return kept;
    }

    /// As many test examples as images are made, for distances shrink with their number; not the first ones,
    /// for these may be of one class.
    void measure_test(const FeatureStatistics& real)
    {
        std::vector<std::uint32_t> order = epoch_order(static_cast<std::uint32_t>(test_->size()), 0, 0);
        order.resize(std::min<std::size_t>(order.size(), static_cast<std::size_t>(request_.base.count)));
        if (order.size() < 2) {
            return;
        }
        const KeptStatistics kept = real_statistics("test", *test_, order, "Features of the test data");
        report_.test_images = kept.statistics().count();
        report_.test_distance = frechet_distance(real, kept.statistics());
    }

    fs::path part_file(const std::string& name) const
    {
        return request_.folder / "parts" / (name + ".safetensors");
    }

    static std::string point_name(const FrechetPoint& point)
    {
        return point.policy == PolicyKind::full ? std::string("full")
                                                : fmt::format("{}-{}", to_string(point.policy), point.value);
    }

    /// Everything that decides the images of a point but their number.
    std::string fingerprint(const FrechetPoint& point) const
    {
        const SamplingSettings& base = request_.base;
        std::string text =
            fmt::format("{} {} {} eta {} seed {} classes {} {} {} {} batch {} part {}", point_name(point),
                        to_string(base.solver), base.steps, base.eta, base.seed, fmt::join(base.classes, ","),
                        to_string(base.parametrization.value_or(info_.parametrization)),
                        report_.machine.device, report_.machine.precision, base.batch, part_size());
        for (const auto& [part, sha256] : report_.model.sha256) {
            text += fmt::format(" {} {}", part, sha256);
        }
        return text;
    }

    /// Whole batches, so that parts cost no time.
    int part_size() const
    {
        const int batch = std::max(1, request_.base.batch);
        return (request_.part + batch - 1) / batch * batch;
    }

    SamplingSettings part_settings(const FrechetPoint& point, std::int64_t done) const
    {
        SamplingSettings settings = settings_of(point);
        settings.count = static_cast<int>(std::min<std::int64_t>(part_size(), request_.base.count - done));
        settings.seed = request_.base.seed + static_cast<std::uint64_t>(done);
        if (settings.classes.empty()) {
            settings.classes.resize(static_cast<std::size_t>(std::max(0, info_.num_classes)));
            std::iota(settings.classes.begin(), settings.classes.end(), 0);
        }
        if (!settings.classes.empty()) {
            std::rotate(settings.classes.begin(),
                        settings.classes.begin() + done % static_cast<std::int64_t>(settings.classes.size()),
                        settings.classes.end());
        }
        return settings;
    }

    void measure(FrechetPoint& point, const FeatureStatistics& real) const
    {
        const std::map<std::string, std::string> about = {{"features", network_->identity()},
                                                          {"point", fingerprint(point)}};
        KeptStatistics kept(part_file(point_name(point)), network_->dimension(), about);
        if (kept.statistics().count() > request_.base.count) {
            // Images cannot be taken out again.
            std::error_code ignored;
            fs::remove(part_file(point_name(point)), ignored);
            kept = KeptStatistics(part_file(point_name(point)), network_->dimension(), about);
        }
        while (kept.statistics().count() < request_.base.count) {
            sample_part(point, kept);
        }
        const auto count = static_cast<double>(kept.statistics().count());
        point.images = kept.statistics().count();
        point.seconds_an_image = kept.number(milliseconds) / count / 1000.0;
        point.block_share = kept.number(blocks) / count;
        point.gflops_an_image = kept.number(gflops) / count;
        point.distance = frechet_distance(real, kept.statistics());
    }

    void sample_part(const FrechetPoint& point, KeptStatistics& kept) const
    {
        const std::int64_t done = kept.statistics().count();
        const SamplingSettings settings = part_settings(point, done);
        const std::string what = fmt::format("Images of {}", point_name(point));
        ProgressSink sink([&](double image_steps) {
            show(what, (static_cast<double>(done) + image_steps / settings.steps) / request_.base.count);
        });
        const RunOutcome outcome = engine_.sample(settings, 0, sink, {.stop = stop_});
        if (outcome.record.state != RunState::done) {
            throw_cancelled();
        }
        add_images(kept.statistics(), *network_, outcome.images);
        const auto images = static_cast<double>(outcome.images.size());
        const auto add = [&](const char* key, double value) {
            kept.set_number(key, kept.number(key) + value);
        };
        add(milliseconds, outcome.record.sampling_ms);
        add(blocks, images * block_share(outcome.record));
        const double cost = gflops_per_image(outcome.record);
        add(gflops, std::isfinite(cost) ? images * cost : 0.0);
        kept.save();
    }

    void add_notes()
    {
        if (request_.base.count <= report_.dimension) {
            report_.notes.push_back(fmt::format(
                "{} images do not span {} features: distances come out far too large, and only those of "
                "equally many images can be compared.",
                request_.base.count, report_.dimension));
        }
        if (!report_.bad_files.empty()) {
            report_.notes.push_back(fmt::format("{} files of the data were left out, the first: {}: {}.",
                                                report_.bad_files.size(), report_.bad_files.front().file,
                                                report_.bad_files.front().reason));
        }
        if (test_ && report_.test_images < request_.base.count) {
            report_.notes.push_back(
                fmt::format("The test data's distance is that of {} examples; distances shrink with "
                            "the number of images.",
                            report_.test_images));
        }
    }

    Engine& engine_;
    const FrechetRequest& request_;
    const Progress& progress_;
    std::stop_token stop_;
    c10::Device device_;
    ModelInfo info_;
    std::shared_ptr<const Dataset> data_;
    std::shared_ptr<const Dataset> test_;
    std::shared_ptr<const FeatureNetwork> network_;
    FrechetReport report_;
};

}  // namespace

FrechetReport evaluate_frechet(Engine& engine, const FrechetRequest& request, const Progress& progress,
                               std::stop_token stop)
{
    try {
        return FrechetRun(engine, request, progress, std::move(stop)).run();
    } catch (const EngineError&) {
        throw;
    } catch (...) {
        throw EngineError(current_failure("evaluation"));
    }
}

}  // namespace duodiff
