// SPDX-License-Identifier: MIT
#pragma once

#include "model/bundle.h"
#include "stream/frame.h"
#include "stream/run_record.h"

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace duodiff
{

/// x (B, C, H, W), fp32 -> 8-bit pictures, of latents approximately; see stream/picture_strip.h.
std::function<PictureStrip(const at::Tensor&)> picture_maker(const ModelBundle& bundle);

/// x (B, C, H, W) -> pixels, through the autoencoder where there is one; in order, without index, seed and
/// label. Adds the time to `ledger`.
std::vector<FinishedImage> decode_images(const at::Tensor& x, const ModelBundle& bundle, Ledger& ledger);

/// (C, H, W), fp32, on the CPU -> a FinishedImage or SavedState with these pixels.
template <class Image>
Image copy_pixels(const at::Tensor& image)
{
    Image copy;
    copy.channels = static_cast<int>(image.size(0));
    copy.height = static_cast<int>(image.size(1));
    copy.width = static_cast<int>(image.size(2));
    const at::Tensor pixels = image.contiguous();
    copy.pixels.assign(pixels.const_data_ptr<float>(), pixels.const_data_ptr<float>() + pixels.numel());
    return copy;
}

}  // namespace duodiff
