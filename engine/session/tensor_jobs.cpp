// SPDX-License-Identifier: MIT
#include "base/device.h"
#include "checkpoint/checkpoint.h"
#include "sampler/forward.h"
#include "session/guard.h"
#include "session/jobs.h"
#include "session/model_info.h"
#include "session/settings_check.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace duodiff
{
namespace
{

using Tensors = std::map<std::string, at::Tensor>;

constexpr int timesteps = 1000;

int parse_timestep(const std::string& suffix, const std::filesystem::path& file)
{
    int t = -1;
    const auto parsed = std::from_chars(suffix.data(), suffix.data() + suffix.size(), t);
    if (parsed.ec != std::errc() || parsed.ptr != suffix.data() + suffix.size() || t < 0 || t >= timesteps) {
        throw EngineError(
            ErrorCode::bad_file,
            fmt::format("\"x.{}\" does not end in a timestep from 0 to {}", suffix, timesteps - 1),
            file.string());
    }
    return t;
}

void require_shape(const at::Tensor& tensor, const std::string& name, const std::vector<std::int64_t>& shape,
                   const std::filesystem::path& file)
{
    // -1 stands for any number but 0.
    bool fits = tensor.dim() == static_cast<std::int64_t>(shape.size());
    for (std::size_t i = 0; fits && i < shape.size(); ++i) {
        const std::int64_t size = tensor.size(static_cast<std::int64_t>(i));
        fits = shape[i] < 0 ? size > 0 : size == shape[i];
    }
    if (!fits) {
        throw EngineError(ErrorCode::bad_file,
                          fmt::format("\"{}\" has the shape {}, but this model needs {}", name,
                                      tensor.sizes().vec(), shape),
                          file.string());
    }
}

const at::Tensor& require(const Tensors& tensors, const std::string& name, const std::filesystem::path& file)
{
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
        throw EngineError(ErrorCode::bad_file, fmt::format("there is no tensor \"{}\" in it", name),
                          file.string());
    }
    return found->second;
}

at::Tensor labels_for(const Tensors& input, const std::string& suffix, const UVitConfig& shape,
                      std::int64_t batch, const ForwardRequest& request)
{
    if (shape.num_classes == 0) {
        return {};
    }
    const std::string name = "y." + suffix;
    const auto found = input.find(name);
    if (found == input.end()) {
        throw EngineError(ErrorCode::bad_file,
                          fmt::format("this model is class-conditional, and there is no \"{}\" in it", name),
                          request.input.string());
    }
    require_shape(found->second, name, {batch}, request.input);
    const at::Tensor labels = found->second.to(at::kLong).contiguous();
    for (std::int64_t i = 0; i < batch; ++i) {
        const std::int64_t label = labels.const_data_ptr<std::int64_t>()[i];
        if (label < 0 || label >= shape.num_classes) {
            throw EngineError(
                ErrorCode::bad_file,
                fmt::format("\"{}\" holds the class {}, but there are {}", name, label, shape.num_classes),
                request.input.string());
        }
    }
    return labels;
}

/// An unconditional model has no use for classes; a caller may have expected another model.
void note_unused_labels(const Tensors& input, const UVitConfig& shape, const ForwardRequest& request)
{
    std::vector<std::string> unused;
    for (const auto& [name, tensor] : input) {
        const bool used = shape.num_classes > 0 &&
                          input.contains("x." + name.substr(std::min<std::size_t>(2, name.size())));
        if (name.starts_with("y.") && !used) {
            unused.push_back(name);
        }
    }
    if (!unused.empty() && request.note) {
        request.note(fmt::format("{} {} not used: {}", fmt::join(unused, ", "),
                                 unused.size() == 1 ? "is" : "are",
                                 shape.num_classes > 0 ? "there is no x of the same name"
                                                       : "this model is unconditional, it knows no classes"));
    }
}

void do_forward(const ForwardRequest& request)
{
    const c10::Device device = resolve_device(request.device);
    const ModelFiles files =
        read_model({.model = request.model, .late_model = {}, .config = request.config, .late_config = {}});
    const UVitConfig& shape = files.shape();
    const Precision precision = resolve_precision(request.precision, device, shape);
    const ModelBundle bundle(files, device, arithmetic_of(precision));
    const Network& network =
        bundle.network(bundle.has(NetworkRole::early_exit) ? NetworkRole::early_exit : NetworkRole::full);

    const Tensors input = read_tensors(request.input);
    note_unused_labels(input, shape, request);
    Tensors output;
    for (const auto& [name, x] : input) {
        if (!name.starts_with("x.")) {
            continue;
        }
        const std::string suffix = name.substr(2);
        const int t = parse_timestep(suffix, request.input);
        require_shape(x, name, {-1, shape.in_chans, shape.img_size, shape.img_size}, request.input);
        const at::Tensor labels = labels_for(input, suffix, shape, x.size(0), request);
        const EveryExit every = run_every_exit(network, x.to(device, at::kFloat), t,
                                               labels.defined() ? labels.to(device) : labels);
        output["output." + suffix] = every.output.cpu();
        if (every.uncertainty.defined()) {
            output["uncertainty." + suffix] = every.uncertainty.cpu();
            output["exit_outputs." + suffix] = every.exit_outputs.cpu();
        }
        if (every.maps.defined()) {
            output["certainty_map." + suffix] = every.maps.cpu();
        }
    }
    if (output.empty()) {
        throw EngineError(ErrorCode::bad_file, "there is no tensor \"x.T\" in it, T being a timestep",
                          request.input.string());
    }
    write_safetensors(request.output, output);
}

void do_decode(const DecodeRequest& request)
{
    const c10::Device device = resolve_device(request.device);
    const Checkpoint checkpoint = read_checkpoint(request.autoencoder);
    const ModelConfig config = resolve_config(checkpoint, request.config);
    if (config.kind != ModelKind::autoencoder) {
        throw EngineError(ErrorCode::bad_file, fmt::format("is a {}, not an autoencoder", kind_of(config)),
                          request.autoencoder.string());
    }
    const Autoencoder autoencoder(config.autoencoder, TensorSource(checkpoint.tensors, device));
    const Tensors input = read_tensors(request.input);
    Tensors output;
    const at::Tensor& z = require(input, "z", request.input);
    require_shape(z, "z", {-1, config.autoencoder.embed_dim, -1, -1}, request.input);
    output["decoded"] = autoencoder.decode(z).cpu();
    if (input.contains("image")) {
        const at::Tensor& image = input.at("image");
        require_shape(image, "image", {-1, config.autoencoder.in_channels, -1, -1}, request.input);
        const std::int64_t f = autoencoder.factor();
        if (image.size(2) % f != 0 || image.size(3) % f != 0) {
            throw EngineError(ErrorCode::bad_file,
                              fmt::format("\"image\" is {}x{}, but both sides have to be multiples of {}",
                                          image.size(2), image.size(3), f),
                              request.input.string());
        }
        output["moments"] = autoencoder.moments(image).cpu();
    }
    write_safetensors(request.output, output);
}

at::Tensor samples_of(const std::vector<FinishedImage>& images)
{
    if (images.empty()) {
        return at::empty({0}, at::kFloat);
    }
    const FinishedImage& first = images.front();
    at::Tensor samples = at::empty(
        {static_cast<std::int64_t>(images.size()), first.channels, first.height, first.width}, at::kFloat);
    float* out = samples.data_ptr<float>();
    for (const FinishedImage& image : images) {
        out = std::copy(image.pixels.begin(), image.pixels.end(), out);
    }
    return samples;
}

/// Only finished images are in the file: the columns of a batch that was given up are left out.
void do_save(const std::filesystem::path& path, const RunOutcome& outcome)
{
    const RunRecord& record = outcome.record;
    const auto steps = static_cast<std::int64_t>(record.steps.size());
    const auto images = static_cast<std::int64_t>(outcome.images.size());
    const std::int64_t probes = record.probes;
    Tensors tensors;
    tensors["samples"] = samples_of(outcome.images);
    at::Tensor exits = at::full({steps, images}, -1, at::kLong);
    at::Tensor times = at::empty({steps}, at::kLong);
    at::Tensor uncertainty =
        at::full({steps, probes, images}, std::numeric_limits<double>::quiet_NaN(), at::kFloat);
    for (std::int64_t s = 0; s < steps; ++s) {
        const StepRecord& step = record.steps[static_cast<std::size_t>(s)];
        times.data_ptr<std::int64_t>()[s] = step.t;
        const auto columns = static_cast<std::int64_t>(step.exit_layers.size());
        for (std::int64_t k = 0; k < images; ++k) {
            const int place = outcome.images[static_cast<std::size_t>(k)].index;
            exits.data_ptr<std::int64_t>()[s * images + k] =
                step.exit_layers[static_cast<std::size_t>(place)];
            for (std::int64_t row = 0; row < probes && !step.uncertainty.empty(); ++row) {
                uncertainty.data_ptr<float>()[(s * probes + row) * images + k] =
                    step.uncertainty[static_cast<std::size_t>(row * columns + place)];
            }
        }
    }
    tensors["exit_layers"] = exits;
    tensors["timesteps"] = times;
    if (probes > 0) {
        tensors["uncertainty"] = uncertainty;
    }
    write_safetensors(path, tensors);
}

}  // namespace

void forward_file(const ForwardRequest& request)
{
    guarded(request.model.string(), [&] { do_forward(request); });
}

void decode_file(const DecodeRequest& request)
{
    guarded(request.autoencoder.string(), [&] { do_decode(request); });
}

void save_tensors(const std::filesystem::path& path, const RunOutcome& outcome)
{
    guarded(path.string(), [&] { do_save(path, outcome); });
}

}  // namespace duodiff
