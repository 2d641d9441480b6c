// SPDX-License-Identifier: MIT
#include "evaluate/feature_pass.h"

#include "base/error.h"
#include "evaluate/example_tensors.h"
#include "report/image8.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <system_error>
#include <utility>

namespace duodiff
{
namespace
{

constexpr std::int64_t images_at_once = 64;
constexpr std::chrono::seconds between_saves(30);

}  // namespace

KeptStatistics::KeptStatistics(std::filesystem::path path, std::int64_t dimension,
                               std::map<std::string, std::string> about)
    : path_(std::move(path)), about_(std::move(about)), statistics_(dimension)
{
    std::error_code ignored;
    if (!std::filesystem::exists(path_, ignored)) {
        return;
    }
    SavedStatistics saved = SavedStatistics::load(path_);
    const bool same = std::all_of(about_.begin(), about_.end(), [&](const auto& entry) {
        const auto found = saved.about.find(entry.first);
        return found != saved.about.end() && found->second == entry.second;
    });
    replaces_other_ = !same || saved.statistics.dimension() != dimension;
    if (!replaces_other_) {
        about_ = std::move(saved.about);
        statistics_ = std::move(saved.statistics);
    }
}

double KeptStatistics::number(const std::string& key) const
{
    const auto found = about_.find(key);
    if (found == about_.end()) {
        return 0.0;
    }
    double value = 0.0;
    const std::string& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
        throw EngineError(ErrorCode::bad_file, fmt::format("the number '{}' in this file is damaged", key),
                          path_.string(), "Remove the file: it is made again.");
    }
    return value;
}

void KeptStatistics::set_number(const std::string& key, double value)
{
    about_[key] = fmt::format("{}", value);
}

void KeptStatistics::save() const
{
    statistics_.save(path_, about_);
}

void add_examples(KeptStatistics& kept, const FeatureNetwork& network, const Dataset& data,
                  std::span<const std::uint32_t> order, const std::function<void(double fraction)>& progress,
                  const std::stop_token& stop)
{
    FeatureStatistics& statistics = kept.statistics();
    const auto total = static_cast<std::int64_t>(order.size());
    auto saved = std::chrono::steady_clock::now();
    bool changed = false;
    while (statistics.count() < total) {
        if (stop.stop_requested()) {
            kept.save();
            throw EngineError(ErrorCode::cancelled,
                              "what was finished is kept; the same command goes on from there");
        }
        const std::int64_t first = statistics.count();
        const std::int64_t count = std::min(images_at_once, total - first);
        statistics.add(network.features(read_examples(
            data, order.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)))));
        changed = true;
        if (progress) {
            progress(static_cast<double>(statistics.count()) / static_cast<double>(total));
        }
        if (std::chrono::steady_clock::now() - saved > between_saves) {
            kept.save();
            saved = std::chrono::steady_clock::now();
        }
    }
    if (changed) {
        kept.save();
    }
}

void add_images(FeatureStatistics& statistics, const FeatureNetwork& network,
                std::span<const FinishedImage> images)
{
    for (std::size_t first = 0; first < images.size(); first += images_at_once) {
        const auto part = images.subspan(first, std::min<std::size_t>(images_at_once, images.size() - first));
        const FinishedImage& shape = part.front();
        if (shape.channels != 1 && shape.channels != 3) {
            throw EngineError(
                ErrorCode::usage,
                fmt::format("the model's images have {} channels: they are latents", shape.channels), {},
                "Use a model pack with an autoencoder.");
        }
        const at::Tensor batch = at::empty(
            {static_cast<std::int64_t>(part.size()), shape.channels, shape.height, shape.width}, at::kFloat);
        float* out = batch.data_ptr<float>();
        for (const FinishedImage& image : part) {
            const Image8 picture = to_image8(image);
            const auto channels = static_cast<std::size_t>(picture.channels);
            const std::size_t pixels = picture.pixels.size() / channels;
            for (std::size_t channel = 0; channel < channels; ++channel) {
                for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
                    *out++ =
                        static_cast<float>(2.0 * picture.pixels[pixel * channels + channel] / 255.0 - 1.0);
                }
            }
        }
        statistics.add(network.features(batch));
    }
}

}  // namespace duodiff
