// SPDX-License-Identifier: MIT
#pragma once

#include "stream/frame.h"

#include <ATen/core/Tensor.h>

namespace duodiff
{

/// x (B, C, H, W), fp32, in [-1, 1] scale -> 8-bit pictures: (x + 1) / 2, clipped to [0, 1]. One channel
/// becomes grey; of two, and of more than three, the first alone or the first three are shown.
PictureStrip make_strip(const at::Tensor& x);

/// Latents (B, z, h, w) -> pictures through a linear map (C, z + 1), see Autoencoder::fit_preview.
PictureStrip make_latent_strip(const at::Tensor& latents, const at::Tensor& map);

}  // namespace duodiff
