// SPDX-License-Identifier: MIT
#pragma once

#include "stream/ledger.h"
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

/// What a picture of a batch in the making shows.
enum class PictureKind {
    noisy,      ///< x_t, what the solver works on
    predicted,  ///< the x_0 that the network predicts from it
};

/// Pictures that a sink has a use for at this moment; by default none.
struct PicturesWanted {
    bool noisy = false;
    bool predicted = false;
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
    /// x after this step, and the x_0 that the network predicted in it; only where the sink wanted them.
    std::optional<PictureStrip> picture;
    std::optional<PictureStrip> predicted;
    /// Where the time of the run went up to here, the time it was held left out.
    std::optional<Ledger> ledger;
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

/// An image of a batch that was stopped: the x_0 predicted in the last step that it had.
struct UnfinishedImage {
    FinishedImage picture;
    int steps_done = 0;  ///< solver steps, at least 1
    int t = 0;           ///< of the last of them
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
    /// Asked once a step, before it ends: which pictures are worth making now?
    virtual PicturesWanted wanted_pictures() { return {}; }
    /// After the last step of a batch, with its images in order.
    virtual void on_batch_finished(int batch, const std::vector<FinishedImage>& images)
    {
        (void)batch;
        (void)images;
    }
};

}  // namespace duodiff
