// SPDX-License-Identifier: MIT
#include "session/pictures.h"

#include "base/device.h"
#include "cuda/gpu.h"
#include "cuda/preview.h"
#include "stream/picture_strip.h"

#include <ATen/ops/cat.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace duodiff
{
namespace
{

std::span<const float> values_of(const at::Tensor& contiguous)
{
    return {contiguous.const_data_ptr<float>(), static_cast<std::size_t>(contiguous.numel())};
}

BatchShape shape_of(const at::Tensor& x)
{
    const auto size = [&](std::int64_t dimension) { return static_cast<int>(x.size(dimension)); };
    return {size(0), size(1), size(2), size(3)};
}

}  // namespace

std::function<PictureStrip(const at::Tensor&)> picture_maker(const ModelBundle& bundle)
{
    const at::Tensor map =
        bundle.preview_map().defined() ? bundle.preview_map().cpu().contiguous() : at::Tensor();
    const auto preview = std::make_shared<std::optional<cuda::Preview>>();
    return [map, preview](const at::Tensor& x) {
        if (cuda::runs_on(x.device())) {
            if (!*preview) {
                preview->emplace(map, x.device());
            }
            const BatchShape shape = shape_of(x);
            return PictureStrip{shape.width, shape.height, shape.count, (*preview)->make(x)};
        }
        const at::Tensor values = x.cpu().contiguous();
        return map.defined() ? make_latent_strip(values_of(values), shape_of(values), values_of(map))
                             : make_strip(values_of(values), shape_of(values));
    };
}

std::vector<FinishedImage> decode_images(const at::Tensor& x, const ModelBundle& bundle, Ledger& ledger)
{
    at::Tensor pixels = x;
    if (bundle.autoencoder()) {
        const ScopedTimer timer(ledger.decoding, x.device());
        std::vector<at::Tensor> decoded;
        for (std::int64_t i = 0; i < x.size(0); ++i) {
            decoded.push_back(bundle.autoencoder()->decode(x.narrow(0, i, 1)));
        }
        pixels = at::cat(decoded);
    }
    const ScopedTimer timer(ledger.transfers, x.device());
    pixels = pixels.cpu();
    std::vector<FinishedImage> images;
    for (std::int64_t i = 0; i < pixels.size(0); ++i) {
        images.push_back(copy_pixels<FinishedImage>(pixels[i]));
    }
    return images;
}

}  // namespace duodiff
