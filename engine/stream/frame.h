// SPDX-License-Identifier: MIT
#pragma once

#include "stream/settings.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace duodiff
{

/// 8-bit pictures of a batch, one under the other: `count` tiles of `width` x `height`, 4 bytes a pixel
/// (R, G, B, 255), rows without padding. Shared so that a window can wrap it without a copy.
struct PictureStrip {
    int width = 0;
    int height = 0;
    int count = 0;
    std::shared_ptr<const std::vector<std::uint8_t>> rgbx;  ///< size width * height * count * 4
};

/// What leaves the sampler after every step of every batch. A value; crosses the thread line.
struct Frame {
    std::uint64_t run_id = 0;
    int batch = 0;        ///< index of the batch in the run
    int first_image = 0;  ///< index in the run of the batch's first image
    int step = 0;         ///< 0..steps-1, in the order the steps run
    int t = 0;            ///< the timestep that the network was called with
    NetworkRole network = NetworkRole::full;
    double parameter = 0.0;  ///< t_s or theta or the static layer in force in this step; NaN for full
    double ms = 0.0;         ///< wall time of the step, previews excluded
    /// Blocks run for every image of the batch (0..depth of the network used).
    std::vector<std::int16_t> exit_layers;
    /// u[probe][image of the batch], row-major (probes x images); NaN where a probe was not run;
    /// empty where the network has no probes or the policy does not read them.
    std::vector<float> uncertainty;
    /// x after this step, in [0, 255]; only when the sink wanted one.
    std::optional<PictureStrip> picture;
};

/// A finished image: float pixels before clipping, in [-1, 1] scale, (channels, height, width).
struct FinishedImage {
    int index = 0;  ///< in the run
    std::uint64_t seed = 0;
    std::int64_t label = -1;  ///< class number; -1 for an unconditional model
    int channels = 0;
    int height = 0;
    int width = 0;
    std::vector<float> pixels;
};

/// x_t of one image, kept because the settings asked for it.
struct SavedState {
    int image = 0;
    int t = 0;
    int channels = 0;
    int height = 0;
    int width = 0;
    std::vector<float> pixels;
};

/// Drinks from the sampler. Called on the engine's thread; must not block for long.
class FrameSink
{
public:
    virtual ~FrameSink() = default;
    /// Every step, in order, none left out.
    virtual void on_frame(Frame&& frame) = 0;
    /// Asked once a step, before it ends: is a picture worth making now?
    virtual bool wants_picture() { return false; }
    /// After the last step of a batch, with its images in order.
    virtual void on_batch_finished(int batch, const std::vector<FinishedImage>& images)
    {
        (void)batch;
        (void)images;
    }
};

}  // namespace duodiff
