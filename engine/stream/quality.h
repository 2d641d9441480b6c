// SPDX-License-Identifier: MIT
#pragma once

#include "stream/frame.h"
#include "stream/trajectory.h"

#include <span>
#include <vector>

namespace duodiff
{

/// How far two pictures are apart, after both are brought from [-1, 1] to [0, 1] and clipped there. NaN on
/// either side makes both numbers NaN.
struct PictureDifference {
    double psnr = 0.0;           ///< 10 log10(1 / mean squared difference), dB; infinity for equal pictures
    double mean_absolute = 0.0;  ///< 0..1
};

/// Of two pictures of one size; std::logic_error for two sizes and for none.
PictureDifference picture_difference(std::span<const float> a, std::span<const float> b);

/// One number of steps done, all images of a run.
struct StepDifference {
    int steps_done = 0;
    int t = -1;  ///< of the next step; -1 at the end
    /// By index in the run; NaN for images that one of the two does not hold here.
    std::vector<PictureDifference> images;
    /// Means over the images that both hold. The PSNR is that of the mean squared difference, so that one
    /// equal pair does not make it infinite.
    PictureDifference all;
};

/// Of every number of steps that both trajectories hold with the same t, ascending. Batches may be cut
/// differently. `noisy` compares x_t, `predicted` the predicted x_0. Empty where the two differ in the
/// shape of their images. Latents are compared as they are, clipped like pixels.
std::vector<StepDifference> compare(const Trajectory& a, const Trajectory& b, PictureKind kind);

/// Of finished images with the same index; NaN for those that only one side has.
StepDifference compare(const std::vector<FinishedImage>& a, const std::vector<FinishedImage>& b);

}  // namespace duodiff
