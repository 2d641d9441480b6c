// SPDX-License-Identifier: MIT
#include "data/fit_image.h"

#include "base/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace duodiff
{
namespace
{

/// Source positions and weights of one target position.
struct Taps {
    std::size_t first = 0;
    std::vector<double> weights;
};

std::vector<Taps> shrinking_taps(std::size_t from, std::size_t to)
{
    const double scale = static_cast<double>(from) / static_cast<double>(to);
    std::vector<Taps> all(to);
    for (std::size_t i = 0; i < to; ++i) {
        const double begin = static_cast<double>(i) * scale;
        const double end = std::min(static_cast<double>(i + 1) * scale, static_cast<double>(from));
        Taps& taps = all[i];
        taps.first = static_cast<std::size_t>(begin);
        for (std::size_t at = taps.first; at < from && static_cast<double>(at) < end; ++at) {
            const double covered =
                std::min(end, static_cast<double>(at + 1)) - std::max(begin, static_cast<double>(at));
            taps.weights.push_back(covered / (end - begin));
        }
    }
    return all;
}

std::vector<Taps> growing_taps(std::size_t from, std::size_t to)
{
    const double scale = static_cast<double>(from) / static_cast<double>(to);
    std::vector<Taps> all(to);
    for (std::size_t i = 0; i < to; ++i) {
        const double centre = (static_cast<double>(i) + 0.5) * scale - 0.5;
        const double inside = std::clamp(centre, 0.0, static_cast<double>(from - 1));
        all[i].first = std::min(static_cast<std::size_t>(inside), from - 1);
        const double part = inside - static_cast<double>(all[i].first);
        all[i].weights = part > 0.0 ? std::vector{1.0 - part, part} : std::vector{1.0};
    }
    return all;
}

std::uint8_t rounded(double value)
{
    return static_cast<std::uint8_t>(std::clamp(std::floor(value + 0.5), 0.0, 255.0));
}

/// A channel of the central square as doubles are made from it.
class Square
{
public:
    Square(const Image8& image, std::int64_t channels)
        : image_(image), width_(static_cast<std::size_t>(image.width)), to_gray_(channels == 1)
    {
        const auto height = static_cast<std::size_t>(image.height);
        size_ = std::min(width_, height);
        left_ = (width_ - size_) / 2;
        top_ = (height - size_) / 2;
    }

    std::size_t size() const { return size_; }

    double at(std::size_t channel, std::size_t y, std::size_t x) const
    {
        const auto channels = static_cast<std::size_t>(image_.channels);
        const std::uint8_t* pixel = image_.pixels.data() + ((top_ + y) * width_ + left_ + x) * channels;
        if (channels == 1) {
            return pixel[0];
        }
        if (!to_gray_) {
            return on_white(pixel, channel);
        }
        return 0.299 * on_white(pixel, 0) + 0.587 * on_white(pixel, 1) + 0.114 * on_white(pixel, 2);
    }

private:
    double on_white(const std::uint8_t* pixel, std::size_t channel) const
    {
        if (image_.channels != 4) {
            return pixel[channel];
        }
        const double alpha = pixel[3] / 255.0;
        return alpha * pixel[channel] + (1.0 - alpha) * 255.0;
    }

    const Image8& image_;
    std::size_t width_;
    bool to_gray_;
    std::size_t size_ = 0;
    std::size_t left_ = 0;
    std::size_t top_ = 0;
};

void resize_channel(const Square& square, std::size_t channel, const std::vector<Taps>& taps,
                    std::span<std::uint8_t> out)
{
    const std::size_t side = taps.size();
    std::vector<double> row(side);
    for (std::size_t y = 0; y < side; ++y) {
        std::fill(row.begin(), row.end(), 0.0);
        for (std::size_t i = 0; i < taps[y].weights.size(); ++i) {
            for (std::size_t x = 0; x < side; ++x) {
                double sum = 0.0;
                for (std::size_t j = 0; j < taps[x].weights.size(); ++j) {
                    sum += taps[x].weights[j] * square.at(channel, taps[y].first + i, taps[x].first + j);
                }
                row[x] += taps[y].weights[i] * sum;
            }
        }
        std::transform(row.begin(), row.end(), out.begin() + static_cast<std::ptrdiff_t>(y * side), rounded);
    }
}

}  // namespace

void fit_image(const Image8& image, std::int64_t channels, std::int64_t side, std::span<std::uint8_t> out)
{
    const auto target = static_cast<std::size_t>(side);
    const auto pixels = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
    const bool known = image.channels == 1 || image.channels == 3 || image.channels == 4;
    if (!known || pixels == 0 || image.pixels.size() != pixels * static_cast<std::size_t>(image.channels) ||
        (channels != 1 && channels != 3) ||
        out.size() != static_cast<std::size_t>(channels) * target * target) {
        throw EngineError(
            ErrorCode::failed,
            fmt::format("an image of {} x {} x {} cannot fill {} x {} x {} in {} bytes", image.channels,
                        image.height, image.width, channels, side, side, out.size()));
    }
    const Square square(image, channels);
    const std::vector<Taps> taps =
        square.size() > target ? shrinking_taps(square.size(), target) : growing_taps(square.size(), target);
    const std::size_t plane = target * target;
    for (std::size_t channel = 0; channel < static_cast<std::size_t>(channels); ++channel) {
        const std::span<std::uint8_t> to = out.subspan(channel * plane, plane);
        if (image.channels == 1 && channel > 0) {
            std::copy_n(out.begin(), plane, to.begin());
        } else {
            resize_channel(square, channel, taps, to);
        }
    }
}

}  // namespace duodiff
