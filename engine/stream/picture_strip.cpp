// SPDX-License-Identifier: MIT
#include "stream/picture_strip.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <vector>

namespace duodiff
{
namespace
{

std::uint8_t to_byte(float value)
{
    const float scaled = (value + 1.0F) * 0.5F;
    // Written so that NaN becomes black.
    return scaled > 0.0F ? static_cast<std::uint8_t>(std::min(scaled, 1.0F) * 255.0F + 0.5F)
                         : std::uint8_t{0};
}

void require(bool holds, std::size_t got, std::size_t expected)
{
    if (!holds) {
        throw std::logic_error(fmt::format("a picture of {} values, but its shape has {}", got, expected));
    }
}

}  // namespace

PictureStrip make_strip(std::span<const float> pixels, const BatchShape& shape)
{
    require(pixels.size() == shape.values(), pixels.size(), shape.values());
    const auto count = static_cast<std::size_t>(shape.count);
    const auto channels = static_cast<std::size_t>(shape.channels);
    const auto area = static_cast<std::size_t>(shape.height) * static_cast<std::size_t>(shape.width);
    const std::size_t green = channels >= 3 ? 1 : 0;
    const std::size_t blue = channels >= 3 ? 2 : 0;
    auto bytes = std::make_shared<std::vector<std::uint8_t>>(count * area * 4);
    std::uint8_t* out = bytes->data();
    for (std::size_t image = 0; image < count; ++image) {
        const float* in = pixels.data() + image * channels * area;
        for (std::size_t i = 0; i < area; ++i, out += 4) {
            out[0] = to_byte(in[i]);
            out[1] = green == 0 ? out[0] : to_byte(in[green * area + i]);
            out[2] = blue == 0 ? out[0] : to_byte(in[blue * area + i]);
            out[3] = 255;
        }
    }
    return {shape.width, shape.height, shape.count, bytes};
}

PictureStrip make_latent_strip(std::span<const float> latents, const BatchShape& shape,
                               std::span<const float> map)
{
    require(latents.size() == shape.values(), latents.size(), shape.values());
    const auto channels = static_cast<std::size_t>(shape.channels);
    const std::size_t columns = channels + 1;
    const std::size_t colours = map.size() / columns;
    require(colours > 0 && map.size() == colours * columns, map.size(), colours * columns);
    const auto area = static_cast<std::size_t>(shape.height) * static_cast<std::size_t>(shape.width);
    std::vector<float> pixels(static_cast<std::size_t>(shape.count) * colours * area);
    for (std::size_t plane = 0; plane < static_cast<std::size_t>(shape.count) * colours; ++plane) {
        const float* weights = map.data() + (plane % colours) * columns;
        const float* in = latents.data() + (plane / colours) * channels * area;
        float* out = pixels.data() + plane * area;
        std::fill_n(out, area, weights[channels]);
        for (std::size_t channel = 0; channel < channels; ++channel) {
            for (std::size_t i = 0; i < area; ++i) {
                out[i] += weights[channel] * in[channel * area + i];
            }
        }
    }
    return make_strip(pixels, {shape.count, static_cast<int>(colours), shape.height, shape.width});
}

}  // namespace duodiff
