// SPDX-License-Identifier: MIT
#include "evaluate/losses_job.h"

#include "base/device.h"
#include "base/noise.h"
#include "data/order.h"
#include "evaluate/example_tensors.h"
#include "evaluate/forward_process.h"
#include "evaluate/parts.h"
#include "sampler/forward.h"
#include "session/guard.h"
#include "session/machine.h"
#include "session/model_info.h"
#include "session/settings_check.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

namespace duodiff
{
namespace
{

class LossesRun
{
public:
    LossesRun(const LossesRequest& request, const Progress& progress, std::stop_token stop)
        : request_(checked(request)), progress_(progress), stop_(std::move(stop)), parts_(request.folder)
    {
    }

    LossesReport run()
    {
        open_model();
        open_data();
        for (int bucket = 0; bucket <= request_.buckets; ++bucket) {
            report_.bucket_edges.push_back(schedule_->steps() * bucket / request_.buckets);
        }
        report_.images = std::min<std::int64_t>(request_.base.count, data_->size());
        std::vector<std::uint32_t> order =
            epoch_order(static_cast<std::uint32_t>(data_->size()), request_.base.seed, 0);
        order.resize(static_cast<std::size_t>(report_.images));

        LossValues values(request_.buckets, bundle_->has(NetworkRole::shallow), layers_);
        const auto batch = static_cast<std::size_t>(request_.base.batch);
        for (std::size_t first = 0; first < order.size(); first += batch) {
            const std::vector<std::uint32_t> examples(
                order.begin() + static_cast<std::ptrdiff_t>(first),
                order.begin() + static_cast<std::ptrdiff_t>(std::min(order.size(), first + batch)));
            done_images_ = static_cast<std::int64_t>(first);
            values.add(values_of(static_cast<int>(first / batch), examples, values.series()),
                       static_cast<std::int64_t>(examples.size()));
        }
        report_.curves = values.curves(files_.depth(), report_.model.shallow_depth);
        report_.calibration = values.calibration();
        add_notes();
        return std::move(report_);
    }

private:
    static const LossesRequest& checked(const LossesRequest& request)
    {
        if (request.base.count < 1 || request.base.batch < 1 || request.buckets < 1 ||
            request.buckets > 1000) {
            throw EngineError(ErrorCode::usage,
                              fmt::format("{} images, {} at once, {} buckets of t", request.base.count,
                                          request.base.batch, request.buckets),
                              {}, "Use at least one of each, and at most 1000 buckets.");
        }
        return request;
    }

    void open_model()
    {
        show("Reading the model", -1.0);
        files_ = read_model(request_.source);
        device_ = resolve_device(request_.base.device);
        const Precision precision = resolve_precision(request_.base.precision, device_, files_.shape());
        bundle_ = std::make_unique<const ModelBundle>(files_, device_, arithmetic_of(precision));
        files_.drop_pages();
        schedule_ = std::make_unique<const NoiseSchedule>(files_.schedule);
        report_.machine = describe_machine(device_, precision, files_.shape());
        report_.model = describe_model(files_).summary;
        report_.base = request_.base;
        parametrization_ = request_.base.parametrization.value_or(
            files_.parametrization.value_or(Parametrization::predict_noise));
        report_.parametrization = to_string(parametrization_);
        if (bundle_->has(NetworkRole::early_exit)) {
            const Exits& exits = *bundle_->network(NetworkRole::early_exit).exits();
            report_.probes = to_string(exits.kind());
            for (int row = 0; row < exits.rows(); ++row) {
                layers_.push_back(exits.layer_of(row));
            }
        }
    }

    void open_data()
    {
        const UVitConfig& shape = files_.shape();
        DataSettings settings = request_.data;
        settings.img_size = shape.img_size;
        settings.channels = shape.in_chans;
        data_ = open_with_progress(settings, "Reading the data", progress_, stop_);
        report_.data = describe_data(settings, *data_);
        if (data_->channels() != shape.in_chans || data_->side() != shape.img_size) {
            throw EngineError(ErrorCode::bad_file,
                              fmt::format("the examples are {} x {} with {} channels, but the model takes "
                                          "{} x {} with {}",
                                          data_->side(), data_->side(), data_->channels(), shape.img_size,
                                          shape.img_size, shape.in_chans),
                              report_.data.path, "Give data of the model's shape.");
        }
        if (shape.num_classes > 0) {
            require_labels(shape.num_classes);
        }
    }

    void require_labels(std::int64_t num_classes) const
    {
        const auto classes = static_cast<std::int64_t>(data_->class_names().size());
        if (!data_->has_labels() || classes > num_classes) {
            throw EngineError(
                ErrorCode::bad_file,
                data_->has_labels()
                    ? fmt::format("the data have {} classes, but the model {}", classes, num_classes)
                    : std::string("the data have no classes, but the model is class-conditional"),
                report_.data.path, "Give the data that the model was trained on.");
        }
    }

    void show(const std::string& what, double fraction) const
    {
        if (progress_) {
            progress_(what, fraction);
        }
    }

    /// Everything that decides a batch's values.
    std::string identity_of_batch(std::size_t images) const
    {
        std::string text =
            fmt::format("{} images, batch {} seed {} buckets {} {} {} {} data {}", images,
                        request_.base.batch, request_.base.seed, request_.buckets, report_.parametrization,
                        report_.machine.device, report_.machine.precision, report_.data.digest);
        for (const auto& [part, sha256] : report_.model.sha256) {
            text += fmt::format(" {} {}", part, sha256);
        }
        return text;
    }

    std::vector<float> values_of(int batch, const std::vector<std::uint32_t>& examples, std::size_t series)
    {
        const std::string name = fmt::format("losses-{:05}", batch);
        const std::string identity = identity_of_batch(examples.size());
        std::vector<float> values(static_cast<std::size_t>(request_.buckets) * series * examples.size());
        const std::size_t size = values.size() * sizeof(float);
        if (const auto kept = parts_.find(name, identity); kept && kept->size() == size) {
            std::memcpy(values.data(), kept->data(), size);
            return values;
        }
        const at::Tensor images = read_examples(*data_, examples).to(device_);
        const at::Tensor labels = labels_of(examples);
        for (int bucket = 0; bucket < request_.buckets; ++bucket) {
            if (stop_.stop_requested()) {
                throw_cancelled_with(parts_);
            }
            const at::Tensor found = values_at(timestep_of(batch, bucket), examples, images, labels);
            std::memcpy(values.data() + static_cast<std::size_t>(bucket) * series * examples.size(),
                        found.const_data_ptr<float>(),
                        static_cast<std::size_t>(found.numel()) * sizeof(float));
            const double share = (bucket + 1.0) / request_.buckets * static_cast<double>(examples.size());
            show("Errors of every layer",
                 (static_cast<double>(done_images_) + share) / static_cast<double>(report_.images));
        }
        parts_.keep(name, identity, {reinterpret_cast<const char*>(values.data()), size});
        return values;
    }

    /// One of the bucket's, a function of seed, batch and bucket.
    int timestep_of(int batch, int bucket) const
    {
        const int low = report_.bucket_edges[static_cast<std::size_t>(bucket)];
        const int width = report_.bucket_edges[static_cast<std::size_t>(bucket) + 1] - low;
        const std::uint64_t bits =
            random_bits(request_.base.seed, NoiseStream::train_timestep, static_cast<std::uint32_t>(batch),
                        static_cast<std::uint32_t>(bucket));
        return low + static_cast<int>((bits * static_cast<std::uint64_t>(width)) >> 32U);
    }

    at::Tensor labels_of(const std::vector<std::uint32_t>& examples) const
    {
        if (files_.shape().num_classes <= 0) {
            return {};
        }
        std::vector<std::int64_t> labels;
        for (const std::uint32_t example : examples) {
            labels.push_back(data_->label(example));
        }
        return at::tensor(labels, at::TensorOptions().dtype(at::kLong)).to(device_);
    }

    /// (series, B) of one t.
    at::Tensor values_at(int t, const std::vector<std::uint32_t>& examples, const at::Tensor& images,
                         const at::Tensor& labels) const
    {
        const at::Tensor noise =
            evaluation_noise(request_.base.seed, examples, t, images.sizes().slice(1)).to(device_);
        const NoisyImages noisy = add_noise(images, noise, t, *schedule_, parametrization_);
        const auto error_of = [&](const at::Tensor& prediction) {
            return (prediction - noisy.target).square().flatten(1).mean(1);
        };
        std::vector<at::Tensor> rows;
        EveryExit every;
        const Network& full = bundle_->network(NetworkRole::full);
        if (!layers_.empty()) {
            const Network& exits = bundle_->network(NetworkRole::early_exit);
            every = run_every_exit(exits, noisy.x, t, labels);
            const bool shared = &exits.backbone() == &full.backbone();
            rows.push_back(error_of(shared ? every.output : run_every_exit(full, noisy.x, t, labels).output));
        } else {
            rows.push_back(error_of(run_every_exit(full, noisy.x, t, labels).output));
        }
        if (bundle_->has(NetworkRole::shallow)) {
            const Network& shallow = bundle_->network(NetworkRole::shallow);
            rows.push_back(error_of(run_every_exit(shallow, noisy.x, t, labels).output));
        }
        for (std::int64_t row = 0; row < static_cast<std::int64_t>(layers_.size()); ++row) {
            const at::Tensor difference = every.exit_outputs[row] - noisy.target;
            rows.push_back(difference.square().flatten(1).mean(1));
            rows.push_back(every.uncertainty[row]);
            rows.push_back(difference.abs().tanh().flatten(1).mean(1));
        }
        return at::stack(rows).to(at::kFloat).cpu().contiguous();
    }

    void add_notes()
    {
        report_.notes = parts_.notes();
        if (report_.images < request_.base.count) {
            report_.notes.push_back(
                fmt::format("The data hold {} images, so that is how many were used.", report_.images));
        }
        note_bad_files(report_.data, report_.notes);
        if (layers_.empty()) {
            report_.notes.push_back("The model has no early exits, so there are no layers and no probes.");
        }
        if (!bundle_->has(NetworkRole::shallow)) {
            report_.notes.push_back("The model has no shallow network to compare with.");
        }
    }

    const LossesRequest& request_;
    const Progress& progress_;
    std::stop_token stop_;
    Parts parts_;
    ModelFiles files_;
    c10::Device device_ = c10::kCPU;
    Parametrization parametrization_ = Parametrization::predict_noise;
    std::unique_ptr<const ModelBundle> bundle_;
    std::unique_ptr<const NoiseSchedule> schedule_;
    std::shared_ptr<const Dataset> data_;
    std::vector<int> layers_;  ///< of the probes
    std::int64_t done_images_ = 0;
    LossesReport report_;
};

}  // namespace

LossesReport evaluate_losses(const LossesRequest& request, const Progress& progress, std::stop_token stop)
{
    return guarded("evaluation", [&] { return LossesRun(request, progress, stop).run(); });
}

}  // namespace duodiff
