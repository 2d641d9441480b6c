// SPDX-License-Identifier: MIT
#include "evaluate/frechet_job.h"

#include "base/device.h"
#include "base/error.h"
#include "base/only_engine_errors.h"
#include "data/order.h"
#include "evaluate/kept_classifier.h"
#include "evaluate/measured_point.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

namespace duodiff
{
namespace
{

namespace fs = std::filesystem;

constexpr int warm_up_steps = 2;

class FrechetRun
{
public:
    FrechetRun(Engine& engine, const FrechetRequest& request, const Progress& progress, std::stop_token stop)
        : engine_(engine),
          request_(checked(request)),
          progress_(progress),
          stop_(std::move(stop)),
          device_(resolve_device(request.base.device)),
          parts_(request.folder)
    {
    }

    FrechetReport run()
    {
        model_ = open_sampled_model(engine_, request_.source, request_.base, progress_, stop_);
        report_.base = request_.base;
        report_.machine = model_.machine;
        report_.model = model_.summary;
        const std::vector<PolicyPoint> points =
            policy_points(engine_, model_.info, request_.base, request_.switch_steps, request_.thresholds,
                          request_.fallback);
        open_data();
        open_features();
        const KeptStatistics real =
            real_statistics("data", *examples_.data, in_order(*examples_.data), "Features of the data");
        if (examples_.test) {
            measure_test(real.statistics());
        }
        measure(points, real.statistics());
        add_notes();
        return std::move(report_);
    }

private:
    static const FrechetRequest& checked(const FrechetRequest& request)
    {
        if (request.base.count < 2 || request.part < 1) {
            throw EngineError(ErrorCode::usage,
                              fmt::format("{} images in parts of {}", request.base.count, request.part), {},
                              "A distance needs two images at least, and many for a good estimate.");
        }
        return request;
    }

    void show(const std::string& what, double fraction) const
    {
        if (progress_) {
            progress_(what, fraction);
        }
    }

    void open_data()
    {
        if (model_.height != model_.width || (model_.channels != 1 && model_.channels != 3)) {
            throw EngineError(ErrorCode::usage,
                              fmt::format("the model's images are {} x {} x {}", model_.channels,
                                          model_.height, model_.width),
                              report_.model.path,
                              "Use a model of square gray or colour images, with its autoencoder.");
        }
        examples_ = open_evaluation_data(request_.examples, model_.channels, model_.width, progress_, stop_);
        const Dataset& data = *examples_.data;
        report_.data = describe_data(request_.examples.data, data);
        if (data.size() < 2) {
            throw EngineError(ErrorCode::usage, "the data hold one image only", report_.data.path,
                              "A distance needs two images at least, and many for a good estimate.");
        }
    }

    void open_features()
    {
        fs::path path = request_.features;
        if (path.empty()) {
            path = request_.folder / "classifier.safetensors";
            require_classifier(path, examples_, device_, progress_, stop_);
        }
        network_ = open_feature_network(path, device_);
        if (const auto* classifier = dynamic_cast<const Classifier*>(network_.get())) {
            report_.classifier_accuracy = classifier->card().test_accuracy;
        }
        report_.features = network_->name();
        report_.features_sha256 = network_->identity();
        report_.dimension = network_->dimension();
    }

    static std::vector<std::uint32_t> in_order(const Dataset& data)
    {
        std::vector<std::uint32_t> order(static_cast<std::size_t>(data.size()));
        std::iota(order.begin(), order.end(), 0U);
        return order;
    }

    KeptStatistics real_statistics(const std::string& name, const Dataset& data,
                                   std::span<const std::uint32_t> order, const std::string& what)
    {
        KeptStatistics kept(parts_.path_of(name + ".safetensors"), network_->dimension(),
                            {{"features", network_->identity()},
                             {"data", data.digest()},
                             {"images", std::to_string(order.size())}});
        if (kept.replaces_other()) {
            parts_.count_foreign();
        }
        add_examples(
            kept, *network_, data, order, [&](double fraction) { show(what, fraction); }, stop_);
        return kept;
    }

    /// As many test examples as images are made, for distances shrink with their number; not the first ones,
    /// for these may be of one class.
    void measure_test(const FeatureStatistics& real)
    {
        const Dataset& test = *examples_.test;
        std::vector<std::uint32_t> order = epoch_order(static_cast<std::uint32_t>(test.size()), 0, 0);
        order.resize(std::min<std::size_t>(order.size(), static_cast<std::size_t>(request_.base.count)));
        if (order.size() < 2) {
            return;
        }
        const KeptStatistics kept = real_statistics("test", test, order, "Features of the test data");
        report_.test_images = kept.statistics().count();
        report_.test_distance = frechet_distance(real, kept.statistics());
    }

    /// Whole batches, so that parts cost no time.
    int part_size() const
    {
        const int batch = std::max(1, request_.base.batch);
        return (request_.part + batch - 1) / batch * batch;
    }

    void measure(const std::vector<PolicyPoint>& wanted, const FeatureStatistics& real)
    {
        std::vector<MeasuredPoint> points;
        points.reserve(wanted.size());
        for (const PolicyPoint& point : wanted) {
            points.emplace_back(MeasuredPoint::Common{engine_, *network_, model_, parts_}, point,
                                settings_at(request_.base, point), part_size());
        }
        const std::int64_t count = request_.base.count;
        for (const MeasuredPoint& point : points) {
            if (point.images() < count) {
                warm_up(engine_, point.settings(), warm_up_steps, stop_);
            }
        }
        // Another point begins each round, so that none always follows the same one.
        for (std::int64_t round = 0; round * part_size() < count; ++round) {
            const std::int64_t until = std::min<std::int64_t>(count, (round + 1) * part_size());
            for (std::size_t i = 0; i < points.size(); ++i) {
                MeasuredPoint& point = points[(i + static_cast<std::size_t>(round)) % points.size()];
                while (point.images() < until) {
                    point.sample_part(
                        until, [&](double images) { show_images(points, point, images); }, stop_);
                }
            }
        }
        for (const MeasuredPoint& point : points) {
            report_.points.push_back(point.result(real));
        }
    }

    /// The share of all images of all points, `now` having come to `images`.
    void show_images(const std::vector<MeasuredPoint>& points, const MeasuredPoint& now, double images) const
    {
        double done = images;
        for (const MeasuredPoint& point : points) {
            done += &point == &now ? 0.0 : static_cast<double>(point.images());
        }
        show(fmt::format("Images of {}", point_name(now.point())),
             done / (static_cast<double>(request_.base.count) * static_cast<double>(points.size())));
    }

    void add_notes()
    {
        report_.notes = parts_.notes();
        if (request_.base.count <= report_.dimension) {
            report_.notes.push_back(fmt::format(
                "{} images do not span {} features, so distances come out far too large, and only those of "
                "equally many images can be compared.",
                request_.base.count, report_.dimension));
        }
        note_bad_files(report_.data, report_.notes);
        if (examples_.test && report_.test_images < request_.base.count) {
            report_.notes.push_back(
                fmt::format("The test data's distance is that of {} examples; distances shrink with "
                            "the number of images.",
                            report_.test_images));
        }
        for (std::string& note : notes_on_missing_parts(model_.info)) {
            report_.notes.push_back(std::move(note));
        }
    }

    Engine& engine_;
    const FrechetRequest& request_;
    const Progress& progress_;
    std::stop_token stop_;
    c10::Device device_;
    Parts parts_;
    SampledModel model_;
    EvaluationData examples_;
    std::shared_ptr<const FeatureNetwork> network_;
    FrechetReport report_;
};

}  // namespace

FrechetReport evaluate_frechet(Engine& engine, const FrechetRequest& request, const Progress& progress,
                               std::stop_token stop)
{
    return only_engine_errors("evaluation",
                              [&] { return FrechetRun(engine, request, progress, std::move(stop)).run(); });
}

}  // namespace duodiff
