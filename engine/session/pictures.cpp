// SPDX-License-Identifier: MIT
#include "session/pictures.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/einsum.h>

#include <algorithm>
#include <cstdint>
#include <memory>
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

}  // namespace

PictureStrip make_strip(const at::Tensor& x)
{
    const at::Tensor pixels = x.cpu().contiguous();
    const auto count = static_cast<std::size_t>(pixels.size(0));
    const auto channels = static_cast<std::size_t>(pixels.size(1));
    const auto area = static_cast<std::size_t>(pixels.size(2) * pixels.size(3));
    const std::size_t green = channels >= 3 ? 1 : 0;
    const std::size_t blue = channels >= 3 ? 2 : 0;
    auto bytes = std::make_shared<std::vector<std::uint8_t>>(count * area * 4);
    std::uint8_t* out = bytes->data();
    for (std::size_t image = 0; image < count; ++image) {
        const float* in = pixels.const_data_ptr<float>() + image * channels * area;
        for (std::size_t i = 0; i < area; ++i, out += 4) {
            out[0] = to_byte(in[i]);
            out[1] = green == 0 ? out[0] : to_byte(in[green * area + i]);
            out[2] = blue == 0 ? out[0] : to_byte(in[blue * area + i]);
            out[3] = 255;
        }
    }
    return {static_cast<int>(pixels.size(3)), static_cast<int>(pixels.size(2)), static_cast<int>(count),
            bytes};
}

PictureStrip make_latent_strip(const at::Tensor& latents, const at::Tensor& map)
{
    const std::int64_t z = map.size(1) - 1;
    const at::Tensor weights = map.narrow(1, 0, z);
    const at::Tensor bias = map.select(1, z).reshape({1, -1, 1, 1});
    return make_strip(at::einsum("oc,bchw->bohw", {weights, latents.cpu()}) + bias);
}

}  // namespace duodiff
